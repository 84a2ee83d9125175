"""Files of Binance's public archive, data.binance.vision, zipped as they come or not.

What a file holds is told by its name: bars (`BTCUSDT-1m-2024-01.zip`), aggregated trades
(`BTCUSDT-aggTrades-2024-01-05.zip`), or how much rests in bands around the price of a USD-M future
(`BTCUSDT-bookDepth-2024-01-05.zip`)::

    1735689600000000,4.1507,4.1587,4.1506,4.1554,539.23,1735693199999999,2240.3986,13,401.82,1669.9812,0
    26129,0.01633102,4.70443515,27781,27781,1498793709153,true
    2024-01-05 00:00:09,-1,2843.411,125029394.8732

Times are milliseconds, of spot microseconds since 2025, or text in UTC; a header may stand first. A band tells what
rests from the price to so many per cent away, its size and its worth, so two neighbours tell size and mean price of
what lies between. Spot or USD-M is told by `--market`, the folders (`data/spot/…`, `data/futures/um/…`), a file of
bands, or the columns of trades; bars alone are taken for spot. Where its `.CHECKSUM` lies beside a file, it is checked.

The files are read twice: for markets and steps, then for the records; see
:mod:`signald.replay.importers.price_books` for what is made of them. Documented at
https://github.com/binance/binance-public-data
"""

import hashlib
import heapq
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby, pairwise
from operator import attrgetter
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from signald.errors import ImportFormatError
from signald.model.time import NS_PER_MS, NS_PER_US, Nanos, parse_rfc3339
from signald.replay.importers.book_changes import records_of_changes
from signald.replay.importers.klines_csv import plain_number
from signald.replay.importers.price_books import Band, Market, Point, changes_of_points, survey_points
from signald.replay.importers.recording import Imported, read_lines, write_import

Venue: TypeAlias = Literal["binance", "binance_usdm"]
Row: TypeAlias = tuple[int, list[str]]

_NAME: Final = re.compile(r"([A-Z0-9]+(?:_\d{6})?)-(aggTrades|bookDepth|\d+(?:s|m|h|d|w|mo))-\d{4}-\d\d(?:-\d\d)?[.].*")
_HEADERS: Final = ("open_time", "agg_trade_id", "timestamp")
_SPOT_TRADE: Final = 8  # columns; one less of futures
_MS_DIGITS: Final = 13
_US_DIGITS: Final = 16
_CHUNK: Final = 1 << 20


class _File(NamedTuple):
    path: Path
    market: Market
    kind: str


def import_binance_public(
    sources: Sequence[Path], out: Path, *, market: Literal["spot", "um"] | None = None
) -> Imported:
    """Turn files of the archive into the journal ``out``.

    Args:
        sources: The files; each in order of time, as they are published.
        out: Directory of the new journal.
        market: Of all of them; ``None``: see above.

    Raises:
        ImportFormatError: A name tells nothing, a checksum differs, or a line is not what its name says; file and line
            are named.
        JournalError: The journal cannot be written.
    """
    files = _files(sources, market)
    for file in files:
        _check(file.path)
    session = survey_points(point for file in files for point in _points(file, Counter()))
    if not session.instruments:
        raise ImportFormatError(str(sources[-1]), 1, "there is neither price nor depth in it")
    skipped: Counter[str] = Counter()
    merged = heapq.merge(*(_points(file, skipped) for file in files), key=attrgetter("ts"))
    records = records_of_changes(changes_of_points(merged, session.steps), session, skipped)
    return write_import(out, records, instruments=session.instruments, skipped=skipped)


def _files(sources: Sequence[Path], market: Literal["spot", "um"] | None) -> list[_File]:
    names = [_NAME.fullmatch(path.name) for path in sources]
    for path, name in zip(sources, names, strict=True):
        if name is None:
            problem = "the name is none of the archive's: BTCUSDT-1m-2024-01.zip, …-aggTrades-…, …-bookDepth-…"
            raise ImportFormatError(str(path), 0, problem)
    known = [(path, name[1], name[2]) for path, name in zip(sources, names, strict=True) if name is not None]
    told: dict[str, Venue] = {}
    for path, symbol, kind in known:
        told.update(_told(path, symbol, kind, market))
    files: list[_File] = []
    for path, symbol, kind in known:
        venue: Venue = _told(path, symbol, kind, market).get(symbol) or told.get(symbol) or "binance"
        files.append(_File(path, Market(venue, symbol), kind))
    return files


def _told(path: Path, symbol: str, kind: str, market: Literal["spot", "um"] | None) -> dict[str, Venue]:
    """Where a file's symbol is from, if anything of it tells."""
    folders = path.absolute().parts
    if "cm" in folders and "futures" in folders:
        raise ImportFormatError(str(path), 0, "contracts worth dollars (COIN-M) are not books that we know")
    is_spot, is_um = market == "spot", market == "um"
    if market is None:
        is_spot, is_um = "spot" in folders, "um" in folders or kind == "bookDepth"
    if not is_spot and not is_um and kind == "aggTrades":
        first = next(_cells(path), None)
        is_spot = first is not None and len(first[1]) == _SPOT_TRADE
        is_um = not is_spot
    return {symbol: "binance"} if is_spot else {symbol: "binance_usdm"} if is_um else {}


def _check(path: Path) -> None:
    """Hold a file against the checksum that was published with it."""
    beside = path.with_name(path.name + ".CHECKSUM")
    if not beside.is_file():
        return
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    expected = beside.read_text(encoding="utf-8", errors="replace").split(maxsplit=1)
    if expected[:1] != [digest.hexdigest()]:
        raise ImportFormatError(str(path), 0, f"SHA-256 {digest.hexdigest()} is not that of {beside.name}")


def _points(file: _File, skipped: Counter[str]) -> Iterator[Point]:
    """What a file tells, in order of time: a time before the last one is taken for that."""
    last: Nanos = 0
    for point in _TELL.get(file.kind, _bars)(file):
        if point.ts < last:
            skipped["times before the last one (the price is kept)"] += 1
        last = max(last, point.ts)
        yield point if point.ts == last else point._replace(ts=last)


def _bars(file: _File) -> Iterator[Point]:
    """The open of each bar at its start, the close at its end: where its high and low were, nobody knows."""
    for number, cells in _cells(file.path):
        _require_columns(file.path, number, cells, {12})
        start, end = (_time(file.path, number, cells[one]) for one in (0, 6))
        opened, closed, volume = (plain_number(file.path, number, cells[one]) for one in (1, 4, 5))
        yield Point(start, file.market, opened, volume)
        yield Point(end, file.market, closed, volume)


def _trades(file: _File) -> Iterator[Point]:
    for number, cells in _cells(file.path):
        _require_columns(file.path, number, cells, {7, _SPOT_TRADE})
        price, size = (plain_number(file.path, number, cells[one]) for one in (1, 2))
        yield Point(_time(file.path, number, cells[5]), file.market, price, size)


def _depth(file: _File) -> Iterator[Point]:
    for text, group in groupby(_cells(file.path), key=lambda row: row[1][0]):
        rows = list(group)
        ts = _time(file.path, rows[0][0], text)
        bands = tuple(_bands(file.path, rows, is_bid=True)) + tuple(_bands(file.path, rows, is_bid=False))
        if bands:
            yield Point(ts, file.market, bands=bands)


def _bands(path: Path, rows: Sequence[Row], *, is_bid: bool) -> Iterator[Band]:
    """One side's bands, from the price outwards: the difference of each to the one within it."""
    sums = [(Decimal(0), Decimal(0), Decimal(0))]
    for number, cells in rows:
        _require_columns(path, number, cells, {4})
        distance = plain_number(path, number, cells[1].removeprefix("-"))
        if cells[1].startswith("-") == is_bid:
            size, worth = (Decimal(plain_number(path, number, cells[one])) for one in (2, 3))
            sums.append((Decimal(distance), size, worth))
    for (_, size, worth), (_, more, worth_more) in pairwise(sorted(sums)):
        if more > size and worth_more > worth:
            yield Band(is_bid, (worth_more - worth) / (more - size), f"{more - size:f}")


_TELL: Final[Mapping[str, Callable[[_File], Iterator[Point]]]] = {"aggTrades": _trades, "bookDepth": _depth}


def _cells(path: Path) -> Iterator[Row]:
    """The lines of a file but for its header."""
    for number, line in read_lines(path):
        text = line.decode(errors="replace").lstrip("\ufeff")
        if text and not (number == 1 and text.startswith(_HEADERS)):
            yield number, text.split(",")


def _require_columns(path: Path, number: int, cells: Sequence[str], counts: set[int]) -> None:
    if len(cells) not in counts:
        expected = " or ".join(map(str, sorted(counts)))
        raise ImportFormatError(str(path), number, f"{len(cells)} columns, not {expected}")


def _time(path: Path, number: int, text: str) -> Nanos:
    if text.isascii() and text.isdigit() and len(text) in {_MS_DIGITS, _US_DIGITS}:
        return int(text) * (NS_PER_MS if len(text) == _MS_DIGITS else NS_PER_US)
    try:
        return parse_rfc3339(f"{text.replace(' ', 'T', 1)}Z")
    except ValueError as error:
        problem = f"{text!r} is no time in milliseconds, microseconds or as 2024-01-05 00:00:09"
        raise ImportFormatError(str(path), number, problem) from error
