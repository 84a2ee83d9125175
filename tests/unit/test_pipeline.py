"""What a record's key says is ours to say."""

import pytest

from signald.core.board import Board
from signald.model.macro import SettledFigure
from signald.model.movers import Remembered
from signald.model.notices import Rejected
from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.pipeline import CALENDAR, RECALLED, RETAINED, Pipeline, heard_topic
from signald.sources.calendars.mqtt.source import MqttCalendar
from tests.support.calendar import CPI_JANUARY, INDICATORS, T0, control_payload, release_payload
from tests.support.engine import build_engine

PREFIX = "signald/v1/"
REMEMBERED = b'{"days":{},"recoveries":{"BTCUSDT.BINANCE":[1.0,1.0,1.0]}}'
SETTLED = b'{"release_id":"us.cpi.yoy:2025-01","actual":9.0,"ts_scheduled":1,"ts_known":1}'


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("movers/remembered", REMEMBERED),
        (f"calendar/settled/{CPI_JANUARY}", SETTLED),
        ("recalled:movers/remembered", REMEMBERED),
        (f"retained:recalled:calendar/settled/{CPI_JANUARY}", SETTLED),
        (f"sealed:signed:desk:calendar/release/{CPI_JANUARY}/bls", release_payload()),
        (f"limited:too_often:x:calendar/release/{CPI_JANUARY}/bls", release_payload()),
    ],
)
@pytest.mark.parametrize("prefix", [PREFIX, ""])
def test_a_broker_cannot_say_what_only_we_can_have_written(topic: str, payload: bytes, prefix: str) -> None:
    engine = build_engine()
    pipeline = Pipeline(engine=engine, board=Board([]), venues={}, calendar=MqttCalendar(INDICATORS))

    key = heard_topic(prefix + topic, PREFIX)
    fed = pipeline.feed(Record(RecordKind.MESSAGE, T0, CALENDAR, key, payload))

    [refused] = fed.outputs
    assert isinstance(refused, Rejected)
    assert refused.reason == "unknown_topic"
    assert engine.settled == []
    assert list(engine.surroundings.memory()) == []


@pytest.mark.parametrize(
    ("topic", "payload", "kind"),
    [("movers/remembered", REMEMBERED, Remembered), (f"calendar/settled/{CPI_JANUARY}", SETTLED, SettledFigure)],
)
def test_what_we_wrote_ourselves_is_believed(topic: str, payload: bytes, kind: type) -> None:
    pipeline = Pipeline(engine=build_engine(), board=Board([]), venues={}, calendar=MqttCalendar(INDICATORS))

    fed = pipeline.feed(Record(RecordKind.MESSAGE, T0, CALENDAR, RECALLED + topic, payload))

    assert [type(event) for event in fed.step.events] == [kind]


def test_a_topic_of_ours_is_taken_as_it_is() -> None:
    assert heard_topic(f"{PREFIX}calendar/release/{CPI_JANUARY}/bls", PREFIX) == f"calendar/release/{CPI_JANUARY}/bls"


@pytest.mark.parametrize(("mark", "said"), [(RETAINED, ["halt"]), (RECALLED, [])])
def test_a_halt_that_the_broker_kept_for_us_is_news_and_one_that_we_recall_is_none(mark: str, said: list[str]) -> None:
    engine = build_engine()
    pipeline = Pipeline(engine=engine, board=Board([]), venues={}, calendar=MqttCalendar(INDICATORS))

    halted = pipeline.feed(Record(RecordKind.MESSAGE, T0, CALENDAR, f"{mark}control/halt", control_payload()))
    again = pipeline.feed(Record(RecordKind.MESSAGE, T0 + 1, CALENDAR, f"{RETAINED}control/halt", control_payload()))

    assert [one.kind for one in halted.outputs if isinstance(one, Signal)] == said
    assert engine.controls.halted is not None
    assert again.outputs == ()
