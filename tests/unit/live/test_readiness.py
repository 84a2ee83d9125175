"""Ready is whoever has begun; what it lacks is said in words."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from signald.journal.writer import JournalWriter
from signald.live.readiness import SOON_NS, Readiness
from signald.model.records import Record, RecordKind
from tests.support.calendar import CPI_JANUARY, T0, schedule_payload
from tests.support.pipelines import NAMES, build_pipeline
from tests.unit.live.test_rehearsal import Clock

NO_BOOKS = [f"no live book of {name}" for name in NAMES]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[JournalWriter]:
    with JournalWriter(tmp_path) as writer:
        yield writer


def test_books_that_are_not_live_are_named(journal: JournalWriter) -> None:
    readiness = Readiness(build_pipeline(), Clock(T0), journal, is_warm=lambda: True)

    assert list(readiness.lacks()) == NO_BOOKS


def test_a_path_that_was_not_walked_is_said(journal: JournalWriter) -> None:
    readiness = Readiness(build_pipeline(), Clock(T0), journal, is_warm=lambda: False)

    assert list(readiness.lacks()) == ["the path was not rehearsed", *NO_BOOKS]


@pytest.mark.parametrize(
    ("ahead", "consensus", "lacks"),
    [
        (SOON_NS, None, [f"no consensus for {CPI_JANUARY}"]),
        (SOON_NS, 2.9, []),
        (SOON_NS + 1, None, []),
    ],
)
def test_a_release_that_is_near_needs_a_consensus(
    journal: JournalWriter, ahead: int, consensus: float | None, lacks: list[str]
) -> None:
    pipeline = build_pipeline()
    now = T0 - ahead
    key = f"calendar/schedule/{CPI_JANUARY}/bls"
    pipeline.feed(Record(RecordKind.MESSAGE, now, "mqtt", key, schedule_payload(consensus=consensus)))

    readiness = Readiness(pipeline, Clock(now), journal, is_warm=lambda: True)

    assert list(readiness.lacks()) == [*NO_BOOKS, *lacks]
