"""One message in, one event or one rejection out; a rejection names topic, field and value."""

import json

import msgspec
import pytest

from signald.model.control import Control
from signald.model.macro import Heartbeat, Release, ReleaseKind, ScheduledRelease, ScheduleState
from signald.model.movers import Reference, Remembered
from signald.model.notices import Rejected
from signald.model.time import format_rfc3339
from signald.sources.calendars.mqtt.source import MAX_PAYLOAD_BYTES, MqttCalendar
from tests.support.calendar import (
    CPI_JANUARY,
    DAY,
    INDICATORS,
    T0,
    control_payload,
    heartbeat_payload,
    release_payload,
    schedule_payload,
)
from tests.support.policy import policy_event, policy_payload

SCHEDULE = f"calendar/schedule/{CPI_JANUARY}/bls"
RELEASE = f"calendar/release/{CPI_JANUARY}/bls"
HEARTBEAT = "heartbeat/bls"
NOW = T0 + 184_000_000


def read(topic: str, payload: bytes, now: int = NOW) -> object:
    step = MqttCalendar(INDICATORS).on_message(topic, payload, now)

    assert (step.frames, step.requests, step.reconnect) == ((), (), "")
    [event] = step.events
    return event


def refusal(topic: str, payload: bytes) -> Rejected:
    event = read(topic, payload)
    assert isinstance(event, Rejected), event
    assert event.ts_ingest == NOW
    assert len(event.problem) < 400
    msgspec.json.encode(event)  # the journal and the log will
    return event


# -- what is read -----------------------------------------------------------------------------------------------------


def test_a_schedule_is_read() -> None:
    event = read(SCHEDULE, schedule_payload())

    assert event == ScheduledRelease(
        release_id=CPI_JANUARY,
        indicator="us.cpi.yoy",
        period="2025-01",
        ts_scheduled=T0,
        consensus=2.9,
        prior=2.9,
        source="bls",
        sequence=7,
        ts_event=T0 - DAY,
        ts_ingest=NOW,
    )


def test_a_schedule_may_have_the_survey_and_a_state() -> None:
    event = read(
        SCHEDULE,
        schedule_payload(
            consensus=None,
            prior="2.8%",
            consensus_low=2.7,
            consensus_high="3.1%",
            consensus_std=0.08,
            consensus_n=44,
            state="tentative",
        ),
    )

    assert isinstance(event, ScheduledRelease)
    assert (event.consensus, event.prior) == (None, 2.8)
    assert (event.consensus_low, event.consensus_high, event.consensus_std) == (2.7, 3.1, 0.08)
    assert (event.consensus_n, event.state) == (44, ScheduleState.TENTATIVE)


def test_a_figure_is_read() -> None:
    event = read(RELEASE, release_payload(revised_prior="2.8", components={"energy": "\u22120.4%"}))

    assert event == Release(
        release_id=CPI_JANUARY,
        actual=3.0,
        kind=ReleaseKind.FIRST,
        source="bls",
        sequence=8,
        ts_event=T0,
        ts_ingest=NOW,
        revised_prior=2.8,
        components={"energy": -0.4},
    )


def reference_payload(**changes: object) -> bytes:
    fields: dict[str, object] = {
        "symbol": "NQ",
        "price": 21_834.25,
        "source": "feed",
        "sequence": 3,
        "ts_event": format_rfc3339(T0),
    }
    return json.dumps(fields | changes).encode()


def test_a_reference_is_read() -> None:
    event = read("reference/NQ", reference_payload())

    assert event == Reference(symbol="NQ", price=21_834.25, source="feed", sequence=3, ts_event=T0, ts_ingest=NOW)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"price": 0.0}, "price"), ({"price": -1.0}, "price"), ({"symbol": "DXY"}, "symbol"), ({"source": ""}, "source")],
)
def test_a_reference_that_makes_no_sense_is_refused(changes: dict[str, object], field: str) -> None:
    assert refusal("reference/NQ", reference_payload(**changes)).field == field


def test_what_an_earlier_run_remembered_is_read() -> None:
    payload = b'{"days":{"1|2|BTC":[[20131,-12.5,0.25],[20132,3,null]]},"recoveries":{"BTC":[4.1,null]}}'

    [event] = MqttCalendar(INDICATORS).on_recalled("movers/remembered", payload, NOW).events

    assert event == Remembered(
        days={"1|2|BTC": ((20_131, -12.5, 0.25), (20_132, 3.0, None))},
        recoveries={"BTC": (4.1, None)},
        ts_ingest=NOW,
    )


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("movers/remembered", b'{"days":{},"recoveries":{}}'),
        (
            "calendar/settled/us.cpi.yoy:2025-01",
            b'{"release_id":"us.cpi.yoy:2025-01","actual":9,"ts_scheduled":1,"ts_known":1}',
        ),
    ],
)
def test_what_only_we_can_have_written_is_refused_from_anybody_else(topic: str, payload: bytes) -> None:
    [own] = MqttCalendar(INDICATORS).on_recalled(topic, payload, NOW).events

    assert not isinstance(own, Rejected)
    assert refusal(topic, payload).reason == "unknown_topic"


@pytest.mark.parametrize(("spelling", "actual"), [(256, 256.0), ("256K", 256.0), ("0.256M", 256.0), (256000, 256000.0)])
def test_a_figure_is_read_in_its_indicators_unit_and_never_repaired(spelling: object, actual: float) -> None:
    event = read("calendar/release/us.nfp:2025-01/bls", release_payload(release_id="us.nfp:2025-01", actual=spelling))

    assert isinstance(event, Release)
    assert event.actual == actual


def test_a_retraction_needs_no_figure() -> None:
    event = read(RELEASE, release_payload(kind="retraction", actual=...))

    assert isinstance(event, Release)
    assert (event.kind, event.actual) == (ReleaseKind.RETRACTION, None)


def test_a_heartbeat_is_read() -> None:
    event = read(HEARTBEAT, heartbeat_payload(covers=["us.*", "gb.cpi.yoy"]))

    assert event == Heartbeat(source="bls", sequence=9, ts_event=T0, ts_ingest=NOW, covers=("us.*", "gb.cpi.yoy"))


def test_fields_that_we_do_not_know_are_ignored() -> None:
    event = read(RELEASE, release_payload(colour="red", nested={"deep": [1, {"a": None}]}))

    assert isinstance(event, Release)


@pytest.mark.parametrize("period", ["2025", "2025-12", "2025-Q1", "2025-W06", "2025-W53", "2025-03-19"])
@pytest.mark.parametrize("stage", ["", ":advance"])
def test_each_kind_of_period_and_a_stage_are_read(period: str, stage: str) -> None:
    release_id = f"us.gdp.qoq:{period}{stage}"

    event = read(
        f"calendar/schedule/{release_id}/bls",
        schedule_payload(release_id=release_id, indicator="us.gdp.qoq", period=period),
    )

    assert isinstance(event, ScheduledRelease)
    assert (event.release_id, event.period) == (release_id, period)


def test_what_has_a_meaning_in_a_topic_comes_percent_encoded() -> None:
    event = read(
        "calendar/release/us.gdp.qoq:2025-Q1:2nd%2Fb%25%2B%23/a%2Fb",
        release_payload(release_id="us.gdp.qoq:2025-Q1:2nd/b%+#", source="a/b"),
    )

    assert isinstance(event, Release)
    assert (event.release_id, event.source) == ("us.gdp.qoq:2025-Q1:2nd/b%+#", "a/b")


# -- what is refused --------------------------------------------------------------------------------------------------


def test_an_unknown_indicator_is_named() -> None:
    refused = refusal("calendar/release/us.magic:2025-01/bls", release_payload(release_id="us.magic:2025-01"))

    assert (refused.channel, refused.reason) == ("calendar/release/us.magic:2025-01/bls", "unknown_indicator")
    assert (refused.field, "'us.magic'" in refused.problem) == ("indicator", True)


@pytest.mark.parametrize(
    "topic",
    [
        *("", "/", "heartbeat", "heartbeat/a/b", "calendar", "calendar/release", "calendar/release/x", "policy"),
        *(f"{RELEASE}/x", f"/{RELEASE}", f"signald/v1/{RELEASE}", "calendar/releases/us.cpi.yoy:2025-01/bls"),
        *("\x00", "\ud800", "é" * 70_000),
    ],
)
def test_a_topic_that_is_not_the_calendars_is_refused(topic: str) -> None:
    refused = refusal(topic, release_payload())

    assert (refused.reason, refused.field) == ("unknown_topic", "topic")
    assert len(refused.channel) <= 512


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"actual": ...}, "actual", "first"),
        ({"actual": None}, "actual", "first"),
        ({"actual": ""}, "actual", "''"),
        ({"actual": "<0.1%"}, "actual", "'<0.1%'"),
        ({"actual": "n/a"}, "actual", "'n/a'"),
        ({"actual": True}, "actual", "True"),
        ({"actual": [3.0]}, "actual", "[3.0]"),
        ({"actual": {"value": 3.0}}, "actual", "{'value': 3.0}"),
        ({"actual": "256K"}, "actual", "'256K'"),
        ({"actual": 10**400}, "actual", "beyond any double"),
        ({"revised_prior": "?"}, "revised_prior", "'?'"),
        ({"components": {"a": "x"}}, "components.a", "'x'"),
        ({"components": {"a": []}}, "components[...]", "{'a': []}"),
        ({"components": 3}, "components", "3"),
        ({"kind": "final"}, "kind", "'final'"),
        ({"kind": ...}, "kind", "missing"),
        ({"sequence": ...}, "sequence", "missing"),
        ({"sequence": -1}, "sequence", "-1"),
        ({"sequence": 2**63}, "sequence", str(2**63)),
        ({"sequence": 10**400}, "sequence", "1000"),
        ({"sequence": "8"}, "sequence", "'8'"),
        ({"sequence": 1.5}, "sequence", "1.5"),
        ({"ts_event": "44 min"}, "ts_event", "'44 min'"),
        ({"ts_event": "2025-02-12T13:30:00"}, "ts_event", "'2025-02-12T13:30:00'"),
        ({"ts_event": "9999-12-31T23:59:59Z"}, "ts_event", "9999"),
        ({"ts_event": "2025-02-14T13:30:00Z"}, "ts_event", "2025-02-14"),
        ({"ts_event": 1_739_367_000}, "ts_event", "1739367000"),
        ({"source": "wire"}, "source", "'wire'"),
        ({"source": None}, "source", "None"),
        ({"release_id": "us.cpi.yoy:2025-02"}, "release_id", "us.cpi.yoy:2025-02"),
        ({"release_id": "us.cpi.yoy:2025-01\x00"}, "release_id", "\\x00"),
        ({"source": "x" * 60_000}, "source", "xxxx"),
    ],
)
def test_a_figure_with_a_wrong_field_is_refused_by_topic_field_and_value(
    changes: dict[str, object], field: str, value: str
) -> None:
    refused = refusal(RELEASE, release_payload(**changes))

    assert (refused.channel, refused.reason, refused.field) == (RELEASE, "malformed_message", field)
    assert value in refused.problem


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"consensus": ...}, "consensus", "missing"),
        ({"prior": ...}, "prior", "missing"),
        ({"consensus": "n/a"}, "consensus", "'n/a'"),
        ({"consensus": False}, "consensus", "False"),
        ({"consensus_std": "wide"}, "consensus_std", "'wide'"),
        ({"consensus_std": -0.1}, "consensus_std", "-0.1"),
        ({"consensus_n": 4.5}, "consensus_n", "4.5"),
        ({"indicator": "us.core_cpi.yoy"}, "indicator", "us.core_cpi.yoy"),
        ({"period": "2025-02"}, "period", "2025-02"),
        ({"state": "maybe"}, "state", "'maybe'"),
        ({"ts_scheduled": "0001-01-01T00:00:00Z"}, "ts_scheduled", "0001"),
        ({"ts_scheduled": "2025-02-30T13:30:00Z"}, "ts_scheduled", "2025-02-30"),
    ],
)
def test_a_schedule_with_a_wrong_field_is_refused_by_topic_field_and_value(
    changes: dict[str, object], field: str, value: str
) -> None:
    refused = refusal(SCHEDULE, schedule_payload(**changes))

    assert (refused.channel, refused.reason, refused.field) == (SCHEDULE, "malformed_message", field)
    assert value in refused.problem


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"covers": "us.*"}, "covers"), ({"covers": [1]}, "covers[0]"), ({"covers": ["x"] * 2_000}, "covers")],
)
def test_a_heartbeat_that_covers_nonsense_is_refused(changes: dict[str, object], field: str) -> None:
    assert refusal(HEARTBEAT, heartbeat_payload(**changes)).field == field


@pytest.mark.parametrize(
    "release_id",
    [
        *("us.cpi.yoy", "us.cpi.yoy:", ":2025-01", "us.cpi.yoy:2025-01:", "us.cpi.yoy:2025-01:a:b"),
        *("us.cpi.yoy:2025-01:a b", "us.cpi.yoy:2025-01:\ud800", "us.cpi.yoy:2025-01:\x00"),
        "us.cpi.yoy:2025-01:" + "x" * 100,
    ],
)
def test_a_release_id_of_another_shape_is_refused(release_id: str) -> None:
    topic = f"calendar/release/{release_id}/bls"

    refused = refusal(topic, json.dumps({**json.loads(release_payload()), "release_id": release_id}).encode("utf-8"))

    assert refused.field in {"release_id", ""}


@pytest.mark.parametrize("period", ["2025-1", "2025-13", "2025-00", "2025-Q5", "2025-W54", "2025-01-32", "Jan", "٢٠٢٥"])
def test_a_period_of_another_shape_is_refused_or_one_figure_would_be_two_releases(period: str) -> None:
    refused = refusal(f"calendar/release/us.cpi.yoy:{period}/bls", release_payload(release_id=f"us.cpi.yoy:{period}"))

    assert refused.field == "period"


@pytest.mark.parametrize("source", ["", "a b", "a\x00", "%FF", "x" * 100])
def test_a_source_without_a_proper_name_is_refused(source: str) -> None:
    assert refusal(f"heartbeat/{source}", heartbeat_payload(source=source)).field == "source"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"3",
        b'"text"',
        b"{}",
        b"{",
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf" + release_payload(),
        release_payload() + release_payload(),
        release_payload() + b"\x00",
        release_payload().replace(b"3.0", b"NaN"),
        release_payload().replace(b"3.0", b"-Infinity"),
        release_payload().replace(b"3.0", b"1e999"),
        release_payload().replace(b"3.0", b"9" * 5_000),
        release_payload().replace(b'"sequence": 8', b'"sequence": ' + b"9" * 5_000),
        release_payload().replace(b'"bls"', b'"\\ud800"'),
        release_payload().replace(b'"bls"', b'"\xff"'),
        release_payload().replace(b'"bls"', b'"b\\u0000ls"'),
        release_payload().replace(b"}", b', "x": ' + b"[" * 30_000 + b"]" * 30_000 + b"}"),
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b" " * (MAX_PAYLOAD_BYTES + 1),
        b"x" * 1_048_576,
    ],
    ids=lambda payload: repr(payload[:24]),
)
@pytest.mark.parametrize("topic", [SCHEDULE, RELEASE, HEARTBEAT])
def test_a_hostile_payload_gives_one_rejection_and_nothing_else(topic: str, payload: bytes) -> None:
    refused = refusal(topic, payload)

    assert (refused.channel, refused.reason) == (topic, "malformed_message")
    assert refused.problem


def test_command_is_read_as_it_was_given() -> None:
    calendar = MqttCalendar(INDICATORS)

    [control] = calendar.on_message("control/halt", control_payload(), T0 + 5).events

    assert control == Control(
        command="halt", target="*", by="ops", sequence=7, reason="venue in trouble", ts_event=T0, ts_ingest=T0 + 5
    )


@pytest.mark.parametrize(
    ("topic", "changes", "field"),
    [
        ("control/resume", {"command": "resume", "reason": " "}, "reason"),
        ("control/resume", {}, "command"),
        ("control/explode", {"command": "explode"}, "command"),
        ("control/halt", {"target": "us.cpi.yoy"}, "target"),
        ("control/halt", {"by": ""}, "by"),
        ("control/mute", {"command": "mute", "target": ""}, "target"),
    ],
)
def test_command_that_makes_no_sense_is_refused_by_its_field(
    topic: str, changes: dict[str, object], field: str
) -> None:
    [rejected] = MqttCalendar(INDICATORS).on_message(topic, control_payload(**changes), T0).events

    assert isinstance(rejected, Rejected)
    assert rejected.field == field


# -- what nobody announced --------------------------------------------------------------------------------------------


def test_policy_event_is_read() -> None:
    event = read("policy/tariff", policy_payload())

    assert event == policy_event(ts_ingest=NOW)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"category": "reserve"}, "category"),
        ({"category": "weather"}, "category"),
        ({"stance": -1.1}, "stance"),
        ({"severity": 2}, "severity"),
        ({"severity": None}, "severity"),
        ({"event_id": "two words"}, "event_id"),
        ({"event_id": ...}, "event_id"),
        ({"headline": ""}, "headline"),
        ({"headline": "x" * 1_001}, "headline"),
        ({"source": ""}, "source"),
        ({"expires_after_s": 0}, "expires_after_s"),
        ({"ts_event": "tomorrow"}, "ts_event"),
        ({"sequence": -1}, "sequence"),
    ],
)
def test_policy_event_with_a_wrong_field_is_refused_by_it(changes: dict[str, object], field: str) -> None:
    refused = refusal("policy/tariff", policy_payload(**changes))

    assert (refused.reason, refused.field) == ("malformed_message", field)
