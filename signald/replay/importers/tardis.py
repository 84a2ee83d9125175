"""Tardis.dev's CSV files of books, plain or compressed: ``incremental_book_L2`` and ``book_snapshot_N``.

A line of the first is one level of a message; the lines of a message share both times. Times are microseconds::

    exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount
    binance,BTCUSDT,1585699200245000,1585699202957211,true,ask,6392.02,0.04516

A line of the second is the best N levels of each side after a message::

    exchange,symbol,timestamp,local_timestamp,asks[0].price,asks[0].amount,bids[0].price,bids[0].amount,…

They are read twice: for the books and their steps, then for the records; see
:mod:`signald.replay.importers.book_changes` for what is made of them. Files of several symbols are merged by the
recorder's time. Documented at https://docs.tardis.dev/downloadable-csv-files
"""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from signald.errors import ImportFormatError
from signald.replay.importers.book_changes import Change, changed, records_of_changes, survey_changes
from signald.replay.importers.recording import Imported, read_lines, write_import

_INCREMENTAL: Final = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
_SNAPSHOT: Final = "exchange,symbol,timestamp,local_timestamp,asks[0].price,asks[0].amount,bids[0].price,bids[0].amount"
_NS_PER_US: Final = 1_000
_COLUMNS: Final = 8
_BEFORE_LEVELS: Final = 4
_PER_LEVEL: Final = 4


class _Venue(NamedTuple):
    name: str
    derivative: bool


_VENUES: Final[Mapping[str, _Venue]] = {
    "binance": _Venue("binance", derivative=False),
    "binance-futures": _Venue("binance_usdm", derivative=True),
    "bybit": _Venue("bybit", derivative=True),
    "bybit-spot": _Venue("bybit", derivative=False),
    "okex": _Venue("okx", derivative=False),
    "okex-swap": _Venue("okx", derivative=True),
    "okex-futures": _Venue("okx", derivative=True),
}


class _Level(NamedTuple):
    exchange: str
    symbol: str
    ts_event: int
    ts_ingest: int
    whole: bool
    side: str
    price: str
    size: str


def import_tardis(sources: Sequence[Path], out: Path) -> Imported:
    """Turn files of books into the journal ``out``; files of one symbol are given in order of time.

    Raises:
        ImportFormatError: A file is no such one, of an exchange we do not know, or not in order; file and line are
            named.
        JournalError: The journal cannot be written.
    """
    session = survey_changes(change for path in sources for change in read_changes(path))
    skipped: Counter[str] = Counter()
    merged = heapq.merge(*map(read_changes, sources), key=lambda change: change.ts_ingest)
    records = records_of_changes(merged, session, skipped)
    return write_import(out, records, instruments=session.instruments, skipped=skipped)


def read_changes(path: Path) -> Iterator[Change]:
    """The changes in one file, in its order; raises :class:`ImportFormatError`."""
    lines = read_lines(path)
    header = next(lines, (0, b""))[1].decode(errors="replace").lstrip("\ufeff")
    if header == _INCREMENTAL:
        changes = _incremental(path, lines)
    elif header.startswith(_SNAPSHOT):
        changes = _snapshots(path, lines, header.split(","))
    else:
        problem = f"{header[:80]!r} is the header of neither incremental_book_L2 nor book_snapshot_N"
        raise ImportFormatError(str(path), 1, problem)
    last = 0
    for number, change in changes:
        if change.ts_ingest < last:
            raise ImportFormatError(str(path), number, "received before the line before it")
        last = change.ts_ingest
        yield change


def _incremental(path: Path, lines: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, Change]]:
    def levels() -> Iterator[tuple[int, _Level]]:
        for number, line in lines:
            if line:
                yield number, _level(path, number, line)

    for _, group in groupby(levels(), key=lambda one: one[1][:5]):
        rows = list(group)
        number, first = rows[0]
        bids = [(one.price, one.size) for _, one in rows if one.side == "bid"]
        asks = [(one.price, one.size) for _, one in rows if one.side == "ask"]
        venue = _venue(path, number, first.exchange)
        yield (
            number,
            Change(
                venue=venue.name,
                symbol=first.symbol,
                ts_event=first.ts_event,
                ts_ingest=first.ts_ingest,
                whole=first.whole,
                bids=bids,
                asks=asks,
                derivative=venue.derivative,
            ),
        )


def _level(path: Path, number: int, line: bytes) -> _Level:
    cells = line.decode(errors="replace").split(",")
    if len(cells) != _COLUMNS:
        raise ImportFormatError(str(path), number, f"{len(cells)} columns, not {_COLUMNS}")
    exchange, symbol, event, local, whole, side, price, size = cells
    if whole not in {"true", "false"} or side not in {"bid", "ask"}:
        problem = f"is_snapshot {whole!r} is not true or false, or side {side!r} not bid or ask"
        raise ImportFormatError(str(path), number, problem)
    _require_numbers(path, number, (price, size))
    return _Level(
        exchange=exchange,
        symbol=symbol,
        ts_event=_nanos(path, number, event),
        ts_ingest=_nanos(path, number, local),
        whole=whole == "true",
        side=side,
        price=price,
        size=size,
    )


def _snapshots(path: Path, lines: Iterator[tuple[int, bytes]], header: Sequence[str]) -> Iterator[tuple[int, Change]]:
    shown: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
    for number, line in lines:
        cells = line.decode(errors="replace").split(",")
        if not line:
            continue
        if len(cells) != len(header) or (len(cells) - _BEFORE_LEVELS) % _PER_LEVEL:
            raise ImportFormatError(str(path), number, f"{len(cells)} columns, not the header's {len(header)}")
        levels = cells[_BEFORE_LEVELS:]
        _require_numbers(path, number, [one for one in levels if one])
        asks = {price: size for price, size in zip(levels[::4], levels[1::4], strict=True) if price}
        bids = {price: size for price, size in zip(levels[2::4], levels[3::4], strict=True) if price}
        symbol = cells[1]
        before = shown.get(symbol)
        shown[symbol] = (bids, asks)
        venue = _venue(path, number, cells[0])
        yield (
            number,
            Change(
                venue=venue.name,
                symbol=symbol,
                ts_event=_nanos(path, number, cells[2]),
                ts_ingest=_nanos(path, number, cells[3]),
                whole=before is None,
                bids=changed(before[0] if before else {}, bids),
                asks=changed(before[1] if before else {}, asks),
                derivative=venue.derivative,
            ),
        )


def _venue(path: Path, number: int, exchange: str) -> _Venue:
    venue = _VENUES.get(exchange)
    if venue is None:
        raise ImportFormatError(str(path), number, f"exchange {exchange!r} is none of {', '.join(sorted(_VENUES))}")
    return venue


def _nanos(path: Path, number: int, microseconds: str) -> int:
    if not (microseconds.isascii() and microseconds.isdigit()):
        raise ImportFormatError(str(path), number, f"{microseconds!r} is no time in microseconds")
    return int(microseconds) * _NS_PER_US


def _require_numbers(path: Path, number: int, texts: Sequence[str]) -> None:
    wrong = next((one for one in texts if not one.replace(".", "", 1).isdecimal()), None)
    if wrong is not None:
        raise ImportFormatError(str(path), number, f"{wrong!r} is no price or size")
