"""A calendar file as the messages its source would have sent: to be laid over recorded books.

Each release of the file becomes a ``calendar/schedule`` message some time before it is due and, if it came out, a
``calendar/release`` message at its time; around each such time the source sends heartbeats, so that its figures are
not flagged ``silent_source``. The forms of file are those of :mod:`signald.sources.calendars.files`.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from signald.errors import ImportFormatError
from signald.journal.session import Session, session_record
from signald.model.macro import Indicator, IndicatorId
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos, format_rfc3339
from signald.replay.importers.recording import Imported, write_import
from signald.sources.calendars.files import CalendarRow, Reading, read_calendar

CHANNEL: Final = "mqtt"

_HEARTBEAT_NS: Final = 5 * NS_PER_S  # the contract's longest silence of a source that lives
_ALIVE_BEFORE_NS: Final = 15 * NS_PER_S
_ALIVE_AFTER_NS: Final = 75 * NS_PER_S  # beyond the minute after which a figure counts as missed
_ENCODER: Final = msgspec.json.Encoder()


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
        reading = _read(path, indicators)
        for fault, count in reading.faults.items():
            skipped[fault] = skipped.get(fault, 0) + count
        for row in reading.rows:
            if rows.setdefault(row.release_id, row) is not row:
                skipped["repeated"] = skipped.get("repeated", 0) + 1
    messages = calendar_messages(sorted(rows.values(), key=lambda row: (row.ts_scheduled, row.release_id)), how)
    return write_import(out, with_session(messages), instruments=(), skipped=skipped)


def calendar_messages(rows: Sequence[CalendarRow], how: CalendarImport) -> Iterator[Record]:
    """The messages of releases in order of their times, by ``ts_ingest``; heartbeats stand before figures."""
    return heapq.merge(
        _schedules(rows, how), _heartbeats(rows, how), _figures(rows, how), key=lambda record: record.ts_ingest
    )


def with_session(messages: Iterable[Record]) -> Iterator[Record]:
    """An import's session at the time of its first message, then the messages."""
    begun = False
    for message in messages:
        if not begun:
            yield session_record(Session(mode="import"), message.ts_ingest)
            begun = True
        yield message


def _read(path: Path, indicators: Mapping[IndicatorId, Indicator]) -> Reading:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ImportFormatError(str(path), 0, error.strerror or str(error)) from error
    return read_calendar(content, indicators, name=str(path))


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
        yield _message(ts, f"calendar/schedule/{_part(row.release_id)}/{_part(how.source)}", message)


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
        topic = f"calendar/release/{_part(row.release_id)}/{_part(how.source)}"
        yield _message(row.ts_scheduled + how.delay_ns, topic, message)


def _heartbeats(rows: Sequence[CalendarRow], how: CalendarImport) -> Iterator[Record]:
    """``heartbeat/{source}`` every five seconds around each time of the calendar."""
    covers: set[IndicatorId] = {row.indicator for row in rows}
    last: Nanos | None = None
    for row in rows:
        ts = row.ts_scheduled - _ALIVE_BEFORE_NS
        if last is not None:
            ts = max(ts, last + _HEARTBEAT_NS)
        while ts <= row.ts_scheduled + how.delay_ns + _ALIVE_AFTER_NS:
            message = {
                "source": how.source,
                "ts_event": format_rfc3339(ts),
                "sequence": ts,
                "covers": sorted(covers),
            }
            yield _message(ts, f"heartbeat/{_part(how.source)}", message)
            last = ts
            ts += _HEARTBEAT_NS


def _message(ts_ingest: Nanos, topic: str, message: Mapping[str, object]) -> Record:
    return Record(RecordKind.MESSAGE, ts_ingest, CHANNEL, topic, _ENCODER.encode(message))


def _part(text: str) -> str:
    """One level of a topic: the contract has ``%``, ``/``, ``+`` and ``#`` inside it percent-encoded."""
    return quote(text, safe=":.-_ ")
