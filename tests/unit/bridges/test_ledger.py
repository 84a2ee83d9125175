from typing import Any

import msgspec

from signald.bridges.ledger import Ledger, Message
from signald.model.events import Event
from signald.model.macro import Heartbeat, Release, ScheduledRelease
from signald.model.time import NS_PER_S
from signald.sources.calendars.mqtt.source import MqttCalendar
from signald.sources.feed_rows import FeedRow
from tests.support.calendar import CPI_JANUARY, DAY, INDICATORS, T0

PLAIN = FeedRow(
    release_id=CPI_JANUARY, indicator="us.cpi.yoy", period="2025-01", ts_scheduled=T0, consensus=2.9, prior=2.9
)


def row(**changes: Any) -> FeedRow:  # noqa: ANN401 - any field of a row
    return msgspec.structs.replace(PLAIN, **changes)


def understood(messages: list[Message], now: int) -> list[Event]:
    calendar = MqttCalendar(INDICATORS)
    events = [event for one in messages for event in calendar.on_message(one.topic, one.payload, now).events]
    assert len(events) == len(messages)
    return [event for event in events if isinstance(event, Event)]


def test_a_schedule_is_said_once_and_again_when_it_changes() -> None:
    ledger = Ledger("te")

    said = [
        ledger.take([PLAIN], T0 - DAY),
        ledger.take([PLAIN], T0 - DAY + 1),
        ledger.take([row(consensus=3.0)], T0 - 9),
    ]

    assert [len(messages) for messages in said] == [1, 0, 1]
    (event,) = understood(said[2], T0)
    assert isinstance(event, ScheduledRelease)
    assert (event.consensus, event.state, event.source) == (3.0, "scheduled", "te")
    assert all(message.retain for messages in said for message in messages)


def test_what_stands_is_told_again_word_for_word() -> None:
    ledger = Ledger("te")
    schedule = ledger.take([PLAIN], T0 - DAY)
    figure = ledger.take([row(actual=3.0)], T0 + 1)
    correction = ledger.take([row(actual=3.1)], T0 + 2)

    assert ledger.standing(T0 + 3) == [*schedule, *correction]
    assert figure[0] not in ledger.standing(T0 + 3)
    assert ledger.standing(T0 + DAY) == []


def test_a_release_that_moves_is_rescheduled() -> None:
    ledger = Ledger("te")
    ledger.take([PLAIN], T0 - 2 * DAY)

    (event,) = understood(ledger.take([row(ts_scheduled=T0 + DAY)], T0 - DAY), T0)

    assert isinstance(event, ScheduledRelease)
    assert (event.state, event.ts_scheduled) == ("rescheduled", T0 + DAY)


def test_a_figure_is_said_once_and_its_change_is_a_correction() -> None:
    ledger = Ledger("te")
    ledger.take([PLAIN], T0 - DAY)
    out = row(actual=3.0, revised_prior=2.8, consensus=3.0)

    said = [ledger.take([out], T0 + 1), ledger.take([out], T0 + 2), ledger.take([row(actual=3.1)], T0 + 3)]

    events = [event for messages in said for event in understood(messages, T0 + 3)]
    assert [(one.kind, one.actual, one.revised_prior) for one in events if isinstance(one, Release)] == [
        ("first", 3.0, 2.8),
        ("correction", 3.1, None),
    ]
    assert len(events) == 2
    assert not any(message.retain for messages in said for message in messages)


def test_a_figure_that_is_blanked_is_not_retracted() -> None:
    ledger = Ledger("te")
    ledger.take([row(actual=3.0)], T0 + 1)

    messages = [*ledger.take([row(actual=None)], T0 + 2), *ledger.take([row(actual=3.0)], T0 + 3)]

    assert [message for message in messages if not message.retain] == []
    assert ledger.counts["withdrawn"] == 1


def test_what_is_old_when_it_is_first_seen_is_history() -> None:
    ledger = Ledger("te")

    said = ledger.take([row(actual=3.0)], T0 + 2 * 3_600 * NS_PER_S)
    corrected = ledger.take([row(actual=3.1)], T0 + 2 * 3_600 * NS_PER_S + 1)

    assert said == []
    assert ledger.counts["history"] == 1
    assert len(corrected) == 1


def test_a_release_first_seen_with_its_figure_is_scheduled_first() -> None:
    events = understood(Ledger("csv").take([row(actual=3.0)], T0 + 1), T0 + 1)

    assert [type(event) for event in events] == [ScheduledRelease, Release]


def test_sequences_rise_even_when_the_clock_does_not() -> None:
    ledger = Ledger("te")
    messages = [ledger.heartbeat(["us.*"], T0), *ledger.take([PLAIN], T0), ledger.heartbeat(["us.*"], T0 - 5)]

    events = understood(messages, T0)

    assert [event.sequence for event in events] == [T0, T0 + 1, T0 + 2]
    assert isinstance(events[0], Heartbeat)
