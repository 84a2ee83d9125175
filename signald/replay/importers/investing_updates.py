"""Hourly copies of investing.com's calendar as the messages a source without faults would have sent.

What was known before a release is said when it was first seen; the first figure at the release's own minute, whenever
it was first seen, so that it can be laid over recorded books; corrections when they were seen. See
:mod:`signald.sources.calendars.files.investing` for how the releases are found among the faults.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from signald.model.macro import Indicator, IndicatorId, ReleaseKind, ScheduleState
from signald.model.records import Record
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos, format_rfc3339
from signald.replay.importers.messages import heartbeats, message_record, with_session
from signald.replay.importers.recording import Imported, read_whole, write_import
from signald.sources.calendars.files.investing import FeedFigure, FeedRelease, FeedSchedule, read_feed

_UNANNOUNCED_NS: Final = 60 * NS_PER_S  # how long before its time a release is said that was first seen after it


class UpdatesImport(msgspec.Struct, frozen=True, kw_only=True):
    """How the copies are turned into messages.

    Attributes:
        source: Who is said to have sent them.
        delay_ns: How long after its time a first figure comes in.
    """

    source: str = "investing"
    delay_ns: Nanos = 40 * NS_PER_MS


class _Word(msgspec.Struct, frozen=True):
    """A message still without its sequence."""

    ts: Nanos
    topic: tuple[str, ...]
    content: dict[str, object]


def import_investing_updates(
    sources: Sequence[Path],
    out: Path,
    indicators: Mapping[IndicatorId, Indicator],
    *,
    how: UpdatesImport | None = None,
) -> Imported:
    """Turn the update stream, pages kept verbatim, or both, into the journal ``out``.

    Args:
        sources: CSV of updates, JSON of pages; in any order.
        out: Directory of the new journal.
        indicators: The series that may be spoken of.
        how: When and by whom.

    Raises:
        ImportFormatError: A file is neither; ``out`` is not empty.
        JournalError: The journal cannot be written.
    """
    how = how or UpdatesImport()
    reading = read_feed([(str(path), read_whole(path)) for path in sources], indicators)
    messages = release_messages(reading.releases, how)
    faults: dict[str, int] = {**reading.faults}
    return write_import(out, with_session(messages, faults), instruments=(), skipped=faults)


def release_messages(releases: Sequence[FeedRelease], how: UpdatesImport) -> Iterator[Record]:
    """The messages of releases, by ``ts_ingest``; heartbeats stand before figures."""
    seen = [release for release in releases if release.figures]
    covers = sorted({release.indicator for release in seen})
    alive = heartbeats((release.ts_release for release in seen), covers, how.source, delay_ns=how.delay_ns)
    schedules = _numbered((word for release in releases for word in _schedules(release)), how)
    figures = _numbered((word for release in releases for word in _figures(release, how)), how)
    return heapq.merge(schedules, alive, figures, key=lambda record: record.ts_ingest)


def _numbered(words: Iterable[_Word], how: UpdatesImport) -> Iterator[Record]:
    """In order of time, with strictly increasing sequences."""
    sequence = 0
    for word in sorted(words, key=lambda word: word.ts):
        sequence = max(sequence + 1, word.ts)
        content = {**word.content, "source": how.source, "sequence": sequence}
        yield message_record(word.ts, (*word.topic, how.source), content)


def _schedules(release: FeedRelease) -> Iterator[_Word]:
    """``calendar/schedule/{release_id}/{source}``: what was seen, and at last the time at which it came."""
    said = list(release.schedules)
    if release.figures and (not said or said[-1].ts_scheduled != release.ts_release):
        last = said[-1] if said else None
        said.append(
            FeedSchedule(
                max(release.ts_release - _UNANNOUNCED_NS, last.ts_known + 1 if last else 0),
                release.ts_release,
                last.consensus if last else None,
                last.prior if last else None,
                ScheduleState.RESCHEDULED if last else ScheduleState.SCHEDULED,
            )
        )
    for one in said:
        content: dict[str, object] = {
            "release_id": release.release_id,
            "indicator": release.indicator,
            "period": release.period,
            "ts_scheduled": format_rfc3339(one.ts_scheduled),
            "consensus": one.consensus,
            "prior": one.prior,
            "state": one.state.value,
            "ts_event": format_rfc3339(one.ts_known),
        }
        yield _Word(one.ts_known, ("calendar", "schedule", release.release_id), content)


def _figures(release: FeedRelease, how: UpdatesImport) -> Iterator[_Word]:
    """``calendar/release/{release_id}/{source}``."""
    for figure in release.figures:
        content: dict[str, object] = {
            "release_id": release.release_id,
            "actual": figure.actual,
            "ts_event": format_rfc3339(figure.ts),
            "kind": figure.kind.value,
        }
        if figure.revised_prior is not None:
            content["revised_prior"] = figure.revised_prior
        yield _Word(_ts_of(figure, how), ("calendar", "release", release.release_id), content)


def _ts_of(figure: FeedFigure, how: UpdatesImport) -> Nanos:
    return figure.ts + how.delay_ns if figure.kind is ReleaseKind.FIRST else figure.ts
