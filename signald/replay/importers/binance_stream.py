"""Recorded Binance streams, spot or USD-M: lines of ``<receive ns> <frame>``, gzip or plain.

A line with a combined-stream envelope is a frame. A line with a bare depth snapshot is the answer to the request that
the source makes when it needs one, at the place where the recorder got it::

    1723161253937085768 {"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT",…}}
    1723161254206652067 {"lastUpdateId":50093239218,"bids":[["61837.63000000","3.78826000"],…],"asks":[…]}

The file is read three times: for the symbols, which the journal's session must name, for the steps of their prices and
sizes, then for the records.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from signald.errors import ImportFormatError
from signald.journal.session import Session, session_record
from signald.model.instruments import Instrument, InstrumentId
from signald.model.records import Record, RecordKind
from signald.model.time import Nanos
from signald.replay.importers.recording import Imported, read_lines, write_import
from signald.replay.importers.sightings import Sightings, listed
from signald.replay.importers.venue_levels import levels_of_snapshot
from signald.sources.venues.binance.config import snapshot_key

_LINE: Final = re.compile(rb"(\d{16,19}) (\{.*\})")
_STREAM: Final = re.compile(rb'\{"stream":"([a-z0-9_]+)@([A-Za-z0-9@_]+)"')
_SNAPSHOT: Final = re.compile(rb'\{"lastUpdateId":\d+,')
_USDM: Final = re.compile(rb'"pu":\d+')


class Content(NamedTuple):
    """What a recording is of.

    Attributes:
        venue: ``binance`` or ``binance_usdm``; also the channel of its connection.
        symbols: In order of appearance, in the venue's spelling, ``BTCUSDT``.
    """

    venue: str
    symbols: tuple[str, ...]

    @property
    def instruments(self) -> tuple[InstrumentId, ...]:
        """Ours, in the same order."""
        return tuple(listed(self.venue, symbol).id for symbol in self.symbols)


def import_binance_stream(sources: Sequence[Path], out: Path, *, snapshot_symbol: str | None = None) -> Imported:
    """Turn recordings of one connection into the journal ``out``.

    Args:
        sources: The files, in order of time.
        out: Directory of the new journal.
        snapshot_symbol: Whose the snapshots are, needed where there are several symbols.

    Raises:
        ImportFormatError: A file is no such recording; file and line are named.
        JournalError: The journal cannot be written.
    """
    content = survey(sources)
    skipped: Counter[str] = Counter()
    symbol = snapshot_symbol or (content.symbols[0] if len(content.symbols) == 1 else None)
    steps = _look(sources, content, symbol).instruments
    records = binance_records(sources, content, snapshot_symbol=symbol, skipped=skipped, steps=steps)
    return write_import(out, records, instruments=content.instruments, skipped=skipped)


def survey(sources: Iterable[Path]) -> Content:
    """Find venue and symbols of recordings; raises :class:`ImportFormatError` where there is no frame in them."""
    symbols: dict[str, None] = {}
    venue = "binance"
    path = Path()
    for path in sources:
        for _, line in read_lines(path):
            found = _STREAM.match(line, line.find(b"{"))
            if found is None:
                continue
            symbols[found[1].decode().upper()] = None
            if found[2].startswith(b"depth") and _USDM.search(line):
                venue = "binance_usdm"
    if not symbols:
        raise ImportFormatError(str(path), 0, "there is no combined-stream frame in it")
    return Content(venue, tuple(symbols))


def _look(sources: Iterable[Path], content: Content, snapshot_symbol: str | None) -> Sightings:
    """Find the steps of the books in recordings."""
    sightings = Sightings()
    for symbol in content.symbols:
        sightings.name(content.venue, listed(content.venue, symbol))
    for path in sources:
        for _, line in read_lines(path):
            body = line[line.find(b"{") :]
            if _STREAM.match(body):
                sightings.frame(content.venue, content.venue, body)
            elif _SNAPSHOT.match(body) and snapshot_symbol is not None:
                sightings.levels(listed(content.venue, snapshot_symbol).id, levels_of_snapshot(body))
    return sightings


def binance_records(
    sources: Iterable[Path],
    content: Content,
    *,
    snapshot_symbol: str | None,
    skipped: Counter[str],
    steps: tuple[Instrument, ...] = (),
) -> Iterator[Record]:
    """The records of a recording, its session and its connection first; raises :class:`ImportFormatError`."""
    last: Nanos | None = None
    for path in sources:
        for number, line in read_lines(path):
            if not line:
                skipped["blank"] += 1
                continue
            ts_ingest, body = _split(path, number, line)
            if last is None:
                yield session_record(Session(mode="import", instruments=content.instruments, steps=steps), ts_ingest)
                yield Record(RecordKind.CONNECTED, ts_ingest, content.venue, "", b"")
            elif ts_ingest < last:
                raise ImportFormatError(str(path), number, f"received at {ts_ingest}, before the line before it")
            last = ts_ingest
            if _STREAM.match(body):
                yield Record(RecordKind.FRAME, ts_ingest, content.venue, "", body)
            elif _SNAPSHOT.match(body):
                if snapshot_symbol is None:
                    problem = f"whose snapshot? there are {', '.join(content.symbols)}: name the symbol"
                    raise ImportFormatError(str(path), number, problem)
                yield Record(RecordKind.RESPONSE, ts_ingest, content.venue, snapshot_key(snapshot_symbol), body)
            else:
                skipped["unknown"] += 1


def _split(path: Path, number: int, line: bytes) -> tuple[Nanos, bytes]:
    found = _LINE.fullmatch(line)
    if found is None:
        shown = line[:60].decode(errors="replace")
        raise ImportFormatError(str(path), number, f"{shown!r} is not a receive time in nanoseconds and a frame")
    return int(found[1]), found[2]
