"""A calendar file as the messages its source would have sent: to be laid over recorded books.

Each release of the file becomes a ``calendar/schedule`` message some time before it is due and, if it came out, a
``calendar/release`` message at its time; around each such time the source sends heartbeats, so that its figures are
not flagged ``silent_source``. The forms of file are those of :mod:`signald.sources.calendars.files`.

Messages go by time and files by what they like, so a file is held whole; what is no calendar's size is refused.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from signald.model.macro import Indicator, IndicatorId
from signald.model.records import Record
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos, format_rfc3339
from signald.replay.importers.messages import heartbeats, message_record, with_session
from signald.replay.importers.recording import Imported, read_whole, write_import
from signald.sources.calendars.files import CalendarRow, read_calendar


class CalendarImport(msgspec.Struct, frozen=True, kw_only=True):
    """How a calendar file is turned into messages.

    Attributes:
        source: Who is said to have sent them.
        ahead_ns: How long before a release its schedule is known.
        delay_ns: How long after its time a figure comes in.
    """

    source: str = "csv"
    ahead_ns: Nanos = 24 * 3_600 * NS_PER_S
    delay_ns: Nanos = 40 * NS_PER_MS


def import_calendar_csv(
    sources: Sequence[Path],
    out: Path,
    indicators: Mapping[IndicatorId, Indicator],
    *,
    how: CalendarImport | None = None,
) -> Imported:
    """Turn calendar files into the journal ``out``.

    Args:
        sources: The files; what they say of one release is said once, by the first of them.
        out: Directory of the new journal.
        indicators: The series that may be spoken of; others are skipped and counted.
        how: When and by whom.

    Raises:
        ImportFormatError: A file is no calendar, or has a faulty line; ``out`` is not empty.
        JournalError: The journal cannot be written.
    """
    how = how or CalendarImport()
    skipped: dict[str, int] = {}
    rows: dict[str, CalendarRow] = {}
    for path in sources:
        reading = read_calendar(read_whole(path), indicators, name=str(path))
        for fault, count in reading.faults.items():
            skipped[fault] = skipped.get(fault, 0) + count
        for row in reading.rows:
            if rows.setdefault(row.release_id, row) is not row:
                skipped["repeated"] = skipped.get("repeated", 0) + 1
    messages = calendar_messages(sorted(rows.values(), key=lambda row: (row.ts_scheduled, row.release_id)), how)
    return write_import(out, with_session(messages, skipped), instruments=(), skipped=skipped)


def calendar_messages(rows: Sequence[CalendarRow], how: CalendarImport) -> Iterator[Record]:
    """The messages of releases in order of their times, by ``ts_ingest``; heartbeats stand before figures."""
    covers = sorted({row.indicator for row in rows})
    alive = heartbeats((row.ts_scheduled for row in rows), covers, how.source, delay_ns=how.delay_ns)
    return heapq.merge(_schedules(rows, how), alive, _figures(rows, how), key=lambda record: record.ts_ingest)


def _schedules(rows: Iterable[CalendarRow], how: CalendarImport) -> Iterator[Record]:
    """``calendar/schedule/{release_id}/{source}``."""
    sequence = 0
    for row in rows:
        ts = row.ts_scheduled - how.ahead_ns
        sequence = max(sequence + 1, ts)  # strictly increasing, as the contract asks
        message: dict[str, object] = {
            "release_id": row.release_id,
            "indicator": row.indicator,
            "period": row.period,
            "ts_scheduled": format_rfc3339(row.ts_scheduled),
            "consensus": row.consensus,
            "prior": row.prior,
            "source": how.source,
            "sequence": sequence,
            "ts_event": format_rfc3339(ts),
        }
        for name in ("consensus_low", "consensus_high", "consensus_std", "consensus_n"):
            if (value := getattr(row, name)) is not None:
                message[name] = value
        yield message_record(ts, ("calendar", "schedule", row.release_id, how.source), message)


def _figures(rows: Iterable[CalendarRow], how: CalendarImport) -> Iterator[Record]:
    """``calendar/release/{release_id}/{source}``."""
    sequence = 0
    for row in rows:
        if row.actual is None:
            continue
        sequence = max(sequence + 1, row.ts_scheduled)
        message: dict[str, object] = {
            "release_id": row.release_id,
            "actual": row.actual,
            "ts_event": format_rfc3339(row.ts_scheduled),
            "source": how.source,
            "sequence": sequence,
            "kind": "first",
        }
        if row.revised_prior is not None:
            message["revised_prior"] = row.revised_prior
        topic = ("calendar", "release", row.release_id, how.source)
        yield message_record(row.ts_scheduled + how.delay_ns, topic, message)
