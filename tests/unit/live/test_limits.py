"""Size and rate of messages: who sends too much is refused, and nobody else; and a replay says the same."""

import pytest

from signald.live.limits import FAMILIES, Limits, Refused
from signald.model.limits import Limit, limit_of, limited
from signald.model.notices import Rejected
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_S
from signald.pipeline import CALENDAR, is_refused, topic_of
from signald.sources.calendars.mqtt.source import MAX_PAYLOAD_BYTES
from signald.transports.settings import LimitsConfig
from tests.support.calendar import CPI_JANUARY, T0, release_payload, schedule_payload
from tests.support.pipelines import build_pipeline

SCHEDULE, RELEASE = (f"calendar/{family}/{CPI_JANUARY}/bls" for family in ("schedule", "release"))
NOW = 7 * NS_PER_S
FEW = LimitsConfig(messages_per_s=10.0, messages_at_once=5, commands_per_s=1.0, commands_at_once=2)


def taken(limits: Limits, topic: str, *, tries: int = 20, is_forged: bool = False, now: int = NOW) -> int:
    return sum(limits.judge(topic, 100, is_forged=is_forged, now=now) is None for _ in range(tries))


def test_what_is_sent_by_default_is_within_all_limits() -> None:
    limits = Limits(LimitsConfig())

    assert taken(limits, SCHEDULE, tries=10_000) == 10_000
    assert taken(limits, "control/halt", tries=200) == 200
    assert set(limits.refused.values()) == {0}


def test_a_source_that_sends_too_much_spends_only_its_own() -> None:
    limits = Limits(FEW)

    assert taken(limits, f"calendar/release/{CPI_JANUARY}/noisy") == 5
    assert taken(limits, "calendar/release/us.nfp:2025-01/noisy") == 0
    assert taken(limits, RELEASE) == 5
    assert taken(limits, "calendar/schedule/us.nfp:2025-01/noisy") == 5
    assert taken(limits, "heartbeat/noisy") == 5
    assert limits.refused["release", "too_often"] == 15 + 20 + 15


def test_one_command_too_often_leaves_room_for_another() -> None:
    limits = Limits(FEW)

    assert taken(limits, "control/mute") == 2
    assert taken(limits, "control/halt") == 2
    assert taken(limits, "control/mute", now=NOW + NS_PER_S) == 1
    assert limits.refused["control", "too_often"] == 18 + 18 + 19


def test_forgeries_leave_room_for_what_their_source_signs() -> None:
    limits = Limits(FEW)

    assert taken(limits, "control/halt", is_forged=True) == 2
    assert taken(limits, "control/halt") == 2


def test_one_refusal_a_second_goes_on_record_with_the_number_of_the_others() -> None:
    limits = Limits(FEW)
    taken(limits, "control/halt", tries=2)

    first = [limits.judge("control/halt", 100, is_forged=False, now=NOW + n) for n in range(10)]
    second = [limits.judge("control/halt", 100, is_forged=False, now=NOW + NS_PER_S + n) for n in range(3)]

    assert first == [Refused(Limit("too_often", 1)), *[Refused(None)] * 9]
    assert second == [None, Refused(Limit("too_often", 10)), Refused(None)]


@pytest.mark.parametrize(
    ("topic", "size", "limit"),
    [
        (RELEASE, MAX_PAYLOAD_BYTES + 1, Limit("too_long", MAX_PAYLOAD_BYTES + 1)),
        ("policy/" + "é" * 600, 100, Limit("long_topic", 1_207)),
    ],
)
def test_what_is_too_long_is_refused_however_seldom_it_comes(topic: str, size: int, limit: Limit) -> None:
    limits = Limits(FEW)

    assert limits.judge(topic, size, is_forged=False, now=NOW) == Refused(limit)
    assert sum(limits.refused.values()) == 1
    assert limits.judge(RELEASE, MAX_PAYLOAD_BYTES, is_forged=False, now=NOW) is None


def test_who_takes_a_new_name_each_time_gains_no_room_and_no_memory() -> None:
    limits = Limits(FEW)

    taken_in_all = sum(taken(limits, f"heartbeat/{number}", tries=1) for number in range(5_000))
    known = limits.judge("heartbeat/3", 100, is_forged=False, now=NOW)
    later = taken(limits, "heartbeat/new", now=NOW + 3_600 * NS_PER_S)

    assert taken_in_all == 1_024 + 5
    assert (known, later) == (None, 5)


@pytest.mark.parametrize("topic", ["", "/", "calendar", "calendar/", "calendar/release", "x/y/z", "heartbeat", "\x00"])
def test_any_topic_is_of_some_family(topic: str) -> None:
    limits = Limits(FEW)

    assert taken(limits, topic) == 5
    assert {family for (family, _), n in limits.refused.items() if n} <= set(FAMILIES)


@pytest.mark.parametrize("limit", [Limit("too_long", 70_000), Limit("long_topic", 5_000), Limit("too_often", 12)])
def test_what_was_beyond_a_limit_is_said_from_the_record_alone(limit: Limit) -> None:
    key = limited(limit, RELEASE)
    said = [build_pipeline().feed(Record(RecordKind.MESSAGE, T0, CALENDAR, key, b"")).outputs for _ in range(2)]

    (one,) = said[0]
    assert said[0] == said[1]
    assert isinstance(one, Rejected)
    assert one.reason == ("too_often" if limit.reason == "too_often" else "too_long")
    assert (one.channel, str(limit.number) in one.problem) == (RELEASE, True)
    assert (limit_of(key), topic_of(key), is_refused(key)) == (limit, RELEASE, True)


def test_what_was_refused_changes_nothing() -> None:
    plain, flooded = build_pipeline(), build_pipeline()
    records = [
        Record(RecordKind.MESSAGE, T0 - 60 * NS_PER_S, CALENDAR, SCHEDULE, schedule_payload()),
        Record(RecordKind.MESSAGE, T0 + NS_PER_S, CALENDAR, RELEASE, release_payload()),
    ]

    outputs = [output for record in records for output in plain.feed(record).outputs]
    beyond = Record(RecordKind.MESSAGE, T0, CALENDAR, limited(Limit("too_often", 3), RELEASE), b"")
    mixed = [output for record in (records[0], beyond, records[1]) for output in flooded.feed(record).outputs]

    assert [
        output for output in mixed if not (isinstance(output, Rejected) and output.reason == "too_often")
    ] == outputs
    assert len(outputs) + 1 == len(mixed)
