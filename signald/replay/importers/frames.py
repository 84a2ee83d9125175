"""Frames of one venue's connection, one a line, with a receive time before each or not; plain or compressed.

The time is in seconds (with decimals or not), milliseconds, microseconds or nanoseconds since the epoch, told by its
digits, or in RFC 3339, as in Tardis.dev's raw files; blanks, a tab or a comma stand behind it::

    1723161253937085768 {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,…}}
    2024-08-08T23:54:13.9370857Z {"topic":"orderbook.50.BTCUSDT",…}
    {"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot",…}

A frame without one is taken to have come when the venue says it sent it (`E`, `ts`, `timestamp`), or with the frame
before it, or else with the first that has one. A
time before the last one is taken for that: clocks are set back, and recorders merge. Binance's REST snapshots stand
among the frames as they came, or in Tardis.dev's envelope (`@depthSnapshot`).

The file is read twice: for the books and their steps, then for the records.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from signald.errors import UNREADABLE, ImportFormatError
from signald.journal.session import Session, session_record
from signald.model.records import Record, RecordKind
from signald.model.time import Nanos, parse_rfc3339
from signald.replay.importers.recording import Imported, read_lines, write_import
from signald.replay.importers.sightings import Sightings, listed
from signald.replay.importers.venue_levels import is_known, levels_of_snapshot
from signald.sources.venues.binance.config import snapshot_key

_LINE: Final = re.compile(rb"(?:(?P<ts>\d[\d.:TZ+-]*)[ \t,]+)?(?P<frame>[{\[].*|ping|pong)")
_EPOCH: Final = re.compile(rb"(\d{10}|\d{13}|\d{16}|\d{19})(?:\.(\d{1,9}))?")
_SENT: Final = re.compile(rb'"(?:E|ts|time)":"?(\d{13})\b')
_SENT_TEXT: Final = re.compile(rb'"(?:timestamp|time_out)":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)"')
_SNAPSHOT: Final = re.compile(rb'\{"lastUpdateId":\d+,')
_ENVELOPE: Final = re.compile(rb'\{"stream":"([a-z0-9_]+)@depthSnapshot"')
_NS_PER_MS: Final = 1_000_000
_NS_DIGITS: Final = 19


class _Arrival(NamedTuple):
    """One line: when it came, and the frame, or the symbol of the snapshot it is."""

    ts: Nanos
    symbol: str
    body: bytes


class _Inner(msgspec.Struct):
    data: msgspec.Raw


def import_frames(
    sources: Sequence[Path], out: Path, *, venue: str, symbol: str | None = None, derivative: bool = False
) -> Imported:
    """Turn recordings of one connection into the journal ``out``.

    Args:
        sources: The files, in order of time.
        out: Directory of the new journal.
        venue: Whose frames they are, by its name in the registry.
        symbol: Whose the REST snapshots are, where several books are in the files.
        derivative: Whether symbols are of derivatives, on a venue whose symbols do not say so.

    Raises:
        ImportFormatError: The venue is not known, a line is no frame, or there is no book; file and line are named.
        JournalError: The journal cannot be written.
    """
    if not is_known(venue):
        raise ImportFormatError(str(sources[0]), 0, f"venue {venue!r} is none whose books we know")
    sightings = Sightings()
    for body in (line for path in sources for _, _, line in _split(path)):
        sightings.frame(venue, venue, body, derivative=derivative)
    seen = [one.venue_symbol for one in sightings.instruments]
    if not seen:
        raise ImportFormatError(str(sources[-1]), 0, f"there is no frame of a book of {venue} in it")
    only = symbol or (seen[0] if len(seen) == 1 else None)
    for arrival in _arrivals(sources, only):
        if arrival.symbol:
            name = listed(venue, arrival.symbol, derivative=derivative).id
            sightings.levels(name, levels_of_snapshot(arrival.body))
    session = Session(
        mode="import",
        instruments=tuple(one.id for one in sightings.instruments),
        channels=sightings.channels,
        steps=sightings.instruments,
    )
    skipped: Counter[str] = Counter()
    records = _records(_arrivals(sources, only), session, venue, skipped)
    return write_import(out, records, instruments=session.instruments, skipped=skipped)


def _records(arrivals: Iterable[_Arrival], session: Session, venue: str, skipped: Counter[str]) -> Iterator[Record]:
    last: Nanos | None = None
    for ts, symbol, body in arrivals:
        if last is None:
            yield session_record(session, ts)
            yield Record(RecordKind.CONNECTED, ts, venue, "", b"")
        elif ts < last:
            skipped["times before the last one (the frame is kept)"] += 1
        last = ts if last is None else max(last, ts)
        if symbol:
            yield Record(RecordKind.RESPONSE, last, venue, snapshot_key(symbol), body)
        else:
            yield Record(RecordKind.FRAME, last, venue, "", body)


def _arrivals(sources: Iterable[Path], only: str | None) -> Iterator[_Arrival]:
    """Every line with its time; ``only`` is whose bare snapshots are."""
    last: Nanos | None = None
    early: list[tuple[Path, int, bytes]] = []
    for path in sources:
        for number, told, body in _split(path):
            ts = _time(path, number, told) if told else _sent(body)
            last = last if ts is None else ts
            early.append((path, number, body))
            if last is None:
                continue  # with the first that says when it came
            yield from (_arrival(where, line, last, each, only) for where, line, each in early)
            early.clear()
    if early:
        path, number, _ = early[0]
        problem = "neither the line nor its frame has a time, and there is none in all that follows"
        raise ImportFormatError(str(path), number, problem)


def _arrival(path: Path, number: int, ts: Nanos, body: bytes, only: str | None) -> _Arrival:
    envelope = _ENVELOPE.match(body)
    if envelope is not None:
        try:
            return _Arrival(ts, envelope[1].decode().upper(), bytes(msgspec.json.decode(body, type=_Inner).data))
        except UNREADABLE as error:
            raise ImportFormatError(str(path), number, f"no snapshot: {error}") from error
    if _SNAPSHOT.match(body):
        if only is None:
            problem = "whose snapshot? there are several books: name the symbol"
            raise ImportFormatError(str(path), number, problem)
        return _Arrival(ts, only, body)
    return _Arrival(ts, "", body)


def _split(path: Path) -> Iterator[tuple[int, bytes, bytes]]:
    """Line number, time as it stands (or nothing), frame; blank lines are passed over."""
    for number, line in read_lines(path):
        if not line:
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            shown = line[:60].decode(errors="replace")
            raise ImportFormatError(str(path), number, f"{shown!r} is not a frame, with a time before it or not")
        yield number, found["ts"] or b"", found["frame"]


def _time(path: Path, number: int, told: bytes) -> Nanos:
    epoch = _EPOCH.fullmatch(told)
    if epoch is not None:
        whole, decimals = epoch[1].decode(), (epoch[2] or b"").decode()
        return int((whole + decimals).ljust(_NS_DIGITS, "0")[:_NS_DIGITS])
    try:
        return parse_rfc3339(told.decode())
    except ValueError as error:
        raise ImportFormatError(str(path), number, f"{told.decode()!r} is no time: {error}") from error


def _sent(body: bytes) -> Nanos | None:
    found = _SENT.search(body)
    if found:
        return int(found[1]) * _NS_PER_MS
    text = _SENT_TEXT.search(body)
    return parse_rfc3339(text[1].decode()) if text else None
