"""Schedules of open releases are written again and again, so that every restart finds them near the journal's end."""

from signald.core.guard.rules import GuardRules
from signald.live.recall import EVERY_NS, MOST_BYTES, Recall
from signald.model.control import Command, Control
from signald.model.notices import Rejected
from signald.pipeline import RECALLED, RETAINED
from signald.sources.calendars.mqtt.source import MqttCalendar
from tests.support.calendar import CPI_JANUARY, DAY, INDICATORS, T0, figure, schedule_payload, scheduled
from tests.support.engine import CLOSE, ROWS, build_engine, tell, wait
from tests.support.policy import policy_event

TOPIC = f"calendar/schedule/{CPI_JANUARY}/bls"
NOW = T0 - DAY


def said(recall: Recall, now: int) -> list[tuple[str, bytes]]:
    out: list[tuple[str, bytes]] = []
    recall.say(now, lambda key, payload: out.append((key, payload)))
    return out


def test_the_newest_schedule_of_an_open_release_is_said_again() -> None:
    engine = build_engine()
    tell(engine, scheduled())
    recall = Recall(engine)
    recall.heard(TOPIC, b"old", [scheduled(sequence=1)])

    recall.heard(RETAINED + TOPIC, schedule_payload(), [scheduled(sequence=2)])

    assert said(recall, NOW) == [(RECALLED + TOPIC, schedule_payload())]


def test_what_was_refused_or_is_older_does_not_displace_what_holds() -> None:
    engine = build_engine()
    tell(engine, scheduled())
    recall = Recall(engine)
    recall.heard(TOPIC, b"newest", [scheduled(sequence=3)])

    recall.heard(TOPIC, b"late", [scheduled(sequence=2)])
    recall.heard(TOPIC, b"{", [Rejected(channel="", reason="malformed_message", field="", problem="", ts_ingest=NOW)])

    assert said(recall, NOW) == [(RECALLED + TOPIC, b"newest")]


def test_a_closed_release_and_what_is_no_schedule_are_not_recalled() -> None:
    engine = build_engine()
    tell(engine, scheduled())
    recall = Recall(engine)
    recall.heard(TOPIC, schedule_payload(), [scheduled()])
    recall.heard(f"calendar/release/{CPI_JANUARY}/bls", b"{}", [figure()])

    wait(engine, T0 + CLOSE)

    assert said(recall, T0 + CLOSE) == []


def test_it_is_due_at_once_since_restarts_may_be_many_and_then_every_half_hour() -> None:
    recall = Recall(build_engine())

    assert recall.next_deadline() <= NOW
    said(recall, NOW)
    assert recall.next_deadline() == NOW + EVERY_NS


def test_what_was_recalled_once_is_recalled_from_there() -> None:
    engine = build_engine()
    tell(engine, scheduled())
    recall = Recall(engine)

    recall.heard(RECALLED + TOPIC, schedule_payload(), [scheduled()])

    assert said(recall, NOW) == [(RECALLED + TOPIC, schedule_payload())]


def test_halts_and_mutes_that_hold_are_said_again() -> None:
    engine = build_engine()
    commands: tuple[Command, ...] = ("mute", "mute", "unmute", "halt")
    for number, command in enumerate(commands):
        target = "*" if command == "halt" else f"us.cpi.{number % 2}"
        engine.controls.take(
            Control(command=command, target=target, by="ops", sequence=number, reason="", ts_event=T0, ts_ingest=T0)
        )

    keys = [key for key, _ in said(Recall(engine), T0)]

    assert keys == ["recalled:control/halt", "recalled:control/mute"]


def test_policy_event_that_is_still_news_is_said_again_until_it_expires() -> None:
    engine = build_engine(guard=GuardRules())
    heard = policy_event(expires_after_s=4.0 * 3_600)
    tell(engine, heard)
    recall = Recall(engine)

    [(key, payload)] = said(recall, T0 + EVERY_NS)
    after = said(recall, T0 + 9 * EVERY_NS)

    step = MqttCalendar({}).on_message(key.removeprefix(RECALLED), payload, heard.ts_ingest)
    assert step.events == (heard,)
    assert after == []


def test_the_figure_that_the_next_release_needs_as_its_prior_is_said_again_when_its_own_is_long_closed() -> None:
    engine = build_engine()
    tell(engine, scheduled(), figure(3.0))
    wait(engine, T0 + CLOSE)
    again = build_engine()

    for key, payload in said(Recall(engine), T0 + 20 * DAY):
        step = MqttCalendar(INDICATORS).on_recalled(key.removeprefix(RECALLED), payload, T0 + 20 * DAY)
        again.handle(step.events[0], ROWS)

    known = [[(one.release_id, one.actual, one.ts_known) for one in each.settled] for each in (engine, again)]
    assert known[0] == known[1] == [(CPI_JANUARY, 3.0, T0 + 184_000_000)]


def test_schedules_of_endless_sources_push_out_the_eldest_and_no_more_is_kept_than_may_be() -> None:
    engine = build_engine()
    tell(engine, scheduled())
    recall = Recall(engine)
    payload = schedule_payload() + b" " * 60_000

    for number in range(2 * MOST_BYTES // len(payload)):
        recall.heard(f"{TOPIC}{number}", payload, [scheduled(sequence=number)])
        recall.heard(f"{TOPIC}{number}", payload[:-1], [scheduled(sequence=number + 1)])

    again = said(recall, NOW)
    assert MOST_BYTES - 2 * len(payload) < recall.nbytes <= MOST_BYTES
    assert sum(len(key) - len(RECALLED) + len(one) for key, one in again) == recall.nbytes
    assert again[-1][0] == f"{RECALLED}{TOPIC}{number}"
