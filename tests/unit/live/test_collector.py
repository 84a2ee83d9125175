"""Garbage is collected when no release is near."""

import gc
from collections.abc import Iterator

import pytest

from signald.live.collector import PATIENCE_NS, Collector
from signald.live.situation import AFTER_NS, KnownSituation
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_S
from signald.pipeline import Pipeline
from tests.support.calendar import CPI_JANUARY, T0, schedule_payload
from tests.support.pipelines import build_pipeline
from tests.unit.live.test_rehearsal import Clock

HOUR = 3_600 * NS_PER_S


@pytest.fixture
def pipeline() -> Pipeline:
    """A release is due at T0."""
    built = build_pipeline()
    key = f"calendar/schedule/{CPI_JANUARY}/bls"
    built.feed(Record(RecordKind.MESSAGE, T0 - HOUR, "mqtt", key, schedule_payload()))
    return built


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


def test_nothing_is_collected_by_itself_once_it_has_settled() -> None:
    Collector(lambda: False, Clock(T0)).settle()

    assert not gc.isenabled()
    assert gc.get_freeze_count() > 0


@pytest.mark.parametrize(
    ("now", "pauses"), [(T0 - HOUR, 1), (T0 - NS_PER_S, 0), (T0 + NS_PER_S, 0), (T0 + AFTER_NS + 1, 1)]
)
def test_a_release_that_is_near_is_left_alone(pipeline: Pipeline, now: int, pauses: int) -> None:
    clock = Clock(now)
    collector = Collector(KnownSituation(pipeline.engine, clock).is_close, clock)

    collector.look()

    assert collector.pauses == pauses
    assert collector.full == 0


def test_memory_does_not_wait_for_ever(pipeline: Pipeline) -> None:
    clock = Clock(T0)
    collector = Collector(KnownSituation(pipeline.engine, clock).is_close, clock)
    clock.mono = PATIENCE_NS

    collector.look()

    assert collector.pauses == 1


def test_everything_is_looked_at_once_an_hour(pipeline: Pipeline) -> None:
    clock = Clock(T0 - HOUR)
    collector = Collector(KnownSituation(pipeline.engine, clock).is_close, clock)
    clock.mono = HOUR

    collector.look()
    collector.look()

    assert (collector.pauses, collector.full) == (2, 1)
