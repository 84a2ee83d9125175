"""What was said to whom, when and on what grounds: a journal as a page for people."""

from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

import msgspec

from signald.errors import UNREADABLE, JournalError
from signald.journal.reader import read
from signald.journal.session import Session, read_session
from signald.model.notices import BlackoutTurned, Controlled, Withheld
from signald.model.records import Record, RecordKind
from signald.model.signals import Cause, PolicyView, Signal
from signald.model.time import Nanos, format_rfc3339
from signald.research.report.page import page, table, write_page
from signald.sinks.encoding import read_data

_COLUMNS = ("time, and identity", "what", "said", "on what grounds")
_STYLE = (
    "<style>.said th,.said td{text-align:left;white-space:normal;vertical-align:top;padding:7px 14px 7px 0}"
    ".said td:first-child{overflow-wrap:anywhere;min-width:19em}.said small{display:block;padding:0;min-width:0}"
    ".said td b{font-weight:600}@media(max-width:640px){.said thead{display:none}.said tr{display:block;padding:8px 0;"
    "border-bottom:1px solid var(--faint)}.said td{display:block;border:0;padding:1px 0}}</style>"
)
_GROUNDS = ("", "book ", "model ", "doubts: ")
"""What stands before each of a row's grounds: figures, book, model, flags."""
_TOLD = frozenset({RecordKind.SIGNAL, RecordKind.NOTICE})
_NOTICES = frozenset({"Withheld", "Controlled", "BlackoutTurned"})
_UNREAD = "written by another version: not read here"


def write_history(path: Path, out: Path, *, from_ts: Nanos | None, to_ts: Nanos | None) -> int:
    """Write the page of a journal; returns how many documents are on it.

    What another version wrote and has no meaning here stands there by its time and identity, and says so.

    Raises:
        JournalError: The journal cannot be read.
        ConfigError: ``out`` cannot be written.
    """
    records = [record for record in read(path, from_ts=from_ts, to_ts=to_ts) if record.kind in _TOLD]
    told = [record for record in records if record.kind is RecordKind.SIGNAL]
    shown = table(_COLUMNS, map(_cells, _rows(records)))
    parts = [_STYLE, *map(_run, _sessions(path)), f"<div class=said>{shown}</div>"]
    subtitle = f"{path}: {len(told)} documents" + (
        f", {format_rfc3339(told[0].ts_ingest)} to {format_rfc3339(told[-1].ts_ingest)}" if told else ""
    )
    text = page(
        "What was said", subtitle, parts, foot="From the journal alone; <code>signald verify</code> replays it."
    )
    write_page(out, text)
    return len(told)


def _sessions(path: Path) -> Iterator[tuple[Record, Session | None]]:
    for record in read(path):
        if record.kind is RecordKind.SESSION:
            try:
                yield record, read_session(record)
            except JournalError:
                yield record, None


def _run(begun: tuple[Record, Session | None]) -> str:
    record, session = begun
    if session is None:
        return f"<p><b>{escape(format_rfc3339(record.ts_ingest))}</b> a run began: {_UNREAD}</p>"
    consumers = [f"{one['name']} ({one['jurisdiction']})" for one in session.rules.get("consumers", ())]
    facts = f"model {session.model_id or 'none'}, version {session.version or 'unknown'}"
    to = f"told: {', '.join(consumers)}" if consumers else "told: nobody but the stream of all signals"
    return f"<p><b>{escape(format_rfc3339(record.ts_ingest))}</b> a run began: {escape(facts)}; {escape(to)}</p>"


def _cells(row: tuple[str, ...]) -> list[str]:
    """A row's facts as four cells of HTML: on a phone they stand below one another."""
    time, what, instrument, said, *grounds, name = map(escape, row)
    told = "<br>".join(f"{before}{fact}" for before, fact in zip(_GROUNDS, grounds, strict=True) if fact)
    return [f"{time}<small>{name}</small>", f"<b>{what}</b><small>{instrument}</small>", said, told]


def _rows(records: Iterable[Record]) -> Iterator[tuple[str, ...]]:
    for record in records:
        if record.kind is RecordKind.NOTICE and record.key not in _NOTICES:
            continue
        try:
            yield _row(record, read_data(record.payload)) if record.kind is RecordKind.SIGNAL else _noticed(record)
        except UNREADABLE:
            yield format_rfc3339(record.ts_ingest), record.kind.name.lower(), "", _UNREAD, "", "", "", "", record.key


def _row(record: Record, signal: Signal) -> tuple[str, ...]:
    book = "" if signal.book is None else f"{signal.book.bid:g} / {signal.book.ask:g}, {signal.book.age_ms:.0f} ms old"
    return (
        format_rfc3339(record.ts_ingest),
        signal.kind,
        signal.instrument or "",
        _said(signal),
        "; ".join(map(_figure, signal.causes)),
        book,
        "" if signal.model is None else signal.model.id,
        ", ".join(signal.flags),
        signal.id,
    )


def _noticed(record: Record) -> tuple[str, ...]:
    notice = msgspec.json.decode(record.payload, type=Withheld | Controlled | BlackoutTurned)
    time = format_rfc3339(record.ts_ingest)
    if isinstance(notice, Withheld):
        return time, f"{notice.kind} withheld", notice.instrument, notice.reason, "", "", "", "", notice.id
    if isinstance(notice, BlackoutTurned):
        what = "blackout began" if notice.begins else "blackout ended"
        return time, what, notice.instrument, f"{notice.by}: {notice.reason}", "", "", "", "", ""
    return time, notice.command, notice.target, f"{notice.by}: {notice.reason}", "", "", "", "", ""


def _said(signal: Signal) -> str:
    words: list[str] = [signal.verdict or ""]
    if signal.horizons and signal.kind in {"release", "correction"}:
        words.append(f"{signal.horizons[0].mean_bps:+.1f} bps in {signal.horizons[0].seconds} s")
    if signal.desk is not None:
        words.append(f"guard {signal.desk.state}")
    if isinstance(signal.realised_bps, float):
        words.append(f"realised {signal.realised_bps:+.1f} bps")
    if isinstance(signal.policy, PolicyView):
        words.append(f"{signal.policy.source}: {signal.policy.headline}")
    if isinstance(signal.reason, str):
        words.append(f"{signal.by}: {signal.reason}")
    return ", ".join(filter(None, words))


def _figure(cause: Cause) -> str:
    if cause.actual is None:
        return cause.release_id
    consensus = "no consensus" if cause.consensus is None else f"{cause.consensus:g}"
    return f"{cause.release_id}: {cause.actual:g} against {consensus}"
