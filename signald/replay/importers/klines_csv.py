"""Price bars as CSV, plain or compressed: `date,open,high,low,close,volume`, `date` the bar's start in UTC.

::

    date,open,high,low,close,volume,market,src
    2023-01-01T00:00:00Z,16537.5,16538.0,16523.0,16529.2,844.251,um,catman77

A bar tells two prices at known times: its open at its start, its close a millisecond before the next one starts. Where
between them its high and low were, nobody knows. `market` is `um` for a USD-M perpetual, anything else is spot; how
long bars are is told by the file's name (`btc_5m_2023.csv.gz`), or by the first two. The files are read twice: for
markets and steps, then for the records; see :mod:`signald.replay.importers.price_books` for what is made of them.
"""

import heapq
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Final, NamedTuple

from signald.errors import ImportFormatError
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos, parse_rfc3339
from signald.replay.importers.book_changes import records_of_changes
from signald.replay.importers.price_books import Market, Point, changes_of_points, survey_points
from signald.replay.importers.recording import Imported, read_lines, write_import

_COLUMNS: Final = ("date", "open", "high", "low", "close", "volume")
_ASSET: Final = re.compile(r"([a-z]+)[_.-]")
_LENGTH: Final = re.compile(r"[_.-](\d+)([smhd])[_.-]")
_SECONDS: Final[Mapping[str, int]] = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_NUMBER: Final = re.compile(r"\d+(\.\d+)?")
_EXPONENT: Final = re.compile(r"\d+(\.\d+)?[eE][-+]?\d{1,2}")
_NO_OFFSET: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?")
_NO_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d")


class _Row(NamedTuple):
    number: int
    start: Nanos
    market: Market
    open: str
    close: str
    volume: str


def import_klines_csv(sources: Sequence[Path], out: Path, *, symbol: str | None = None) -> Imported:
    """Turn files of bars into the journal ``out``.

    Args:
        sources: The files; each in order of time.
        out: Directory of the new journal.
        symbol: Binance's, of all of them; ``None``: told by each file's name, ``BTCUSDT`` by `btc_5m_2023.csv.gz`.

    Raises:
        ImportFormatError: A file has not these columns, is not in order, or its name tells no asset; file and line are
            named.
        JournalError: The journal cannot be written.
    """
    session = survey_points(point for path in sources for point in _points(path, symbol, Counter()))
    if not session.instruments:
        raise ImportFormatError(str(sources[-1]), 1, "there is no bar in it")
    skipped: Counter[str] = Counter()
    merged = heapq.merge(*(_points(path, symbol, skipped) for path in sources), key=lambda point: point.ts)
    records = records_of_changes(changes_of_points(merged, session.steps), session, skipped)
    return write_import(out, records, instruments=session.instruments, skipped=skipped)


def asset_of_name(path: Path) -> str:
    """The asset that the name of a price file begins with, ``BTC``; raises :class:`ImportFormatError`."""
    found = _ASSET.match(path.name.lower())
    if found is None:
        raise ImportFormatError(path.name, 0, "the name does not begin with an asset, as btc_5m_2023.csv.gz does")
    return found[1].upper()


def plain_number(path: Path, number: int, text: str) -> str:
    """A price or size as decimal text without exponent; raises :class:`ImportFormatError`."""
    if _NUMBER.fullmatch(text):
        return text
    if _EXPONENT.fullmatch(text):
        return f"{Decimal(text):f}"
    raise ImportFormatError(str(path), number, f"{text!r} is no price or size")


def _points(path: Path, symbol: str | None, skipped: Counter[str]) -> Iterator[Point]:
    rows = _rows(path, symbol or f"{asset_of_name(path)}USDT")
    head = list(islice(rows, 2))
    length = _length(path, head)
    last: _Row | None = None
    for row in chain(head, rows):
        if last is not None and row.start < last.start:
            raise ImportFormatError(str(path), row.number, "the bar begins before the one in the line before")
        if last is not None and row.start == last.start:
            if row._replace(number=last.number) != last:
                raise ImportFormatError(str(path), row.number, "another bar than in the line before, at the same time")
            skipped["bars told twice"] += 1
            continue
        last = row
        yield Point(row.start, row.market, row.open, row.volume)
        yield Point(row.start + length - NS_PER_MS, row.market, row.close, row.volume)


def _length(path: Path, head: Sequence[_Row]) -> Nanos:
    """How long the bars of a file are."""
    told = _LENGTH.search(path.name.lower())
    if told is not None:
        return int(told[1]) * _SECONDS[told[2]] * NS_PER_S
    steps = [after.start - before.start for before, after in pairwise(head)]
    if head and (not steps or steps[0] <= 0):
        problem = "neither the name nor the first two bars tell how long a bar is"
        raise ImportFormatError(str(path), head[-1].number, problem)
    return steps[0] if steps else 0


def _rows(path: Path, symbol: str) -> Iterator[_Row]:
    lines = read_lines(path)
    header = next(lines, (0, b""))[1].decode(errors="replace").lstrip("\ufeff").split(",")
    missing = [column for column in _COLUMNS if column not in header]
    if missing:
        raise ImportFormatError(str(path), 1, f"no column {', '.join(missing)}")
    date, opened, closed, volume = (header.index(name) for name in ("date", "open", "close", "volume"))
    market = header.index("market") if "market" in header else -1
    for number, line in lines:
        if not line:
            continue
        cells = line.decode(errors="replace").split(",")
        if len(cells) != len(header):
            raise ImportFormatError(str(path), number, f"{len(cells)} columns, not the header's {len(header)}")
        is_perpetual = market >= 0 and cells[market] == "um"
        yield _Row(
            number=number,
            start=_start(path, number, cells[date]),
            market=Market("binance_usdm" if is_perpetual else "binance", symbol),
            open=plain_number(path, number, cells[opened]),
            close=plain_number(path, number, cells[closed]),
            volume=plain_number(path, number, cells[volume]),
        )


def _start(path: Path, number: int, text: str) -> Nanos:
    if _NO_TIME.fullmatch(text):  # bars of days begin at midnight
        text = f"{text}T00:00:00Z"
    elif _NO_OFFSET.fullmatch(text):  # as spreadsheets and pandas write it
        text = f"{text.replace(' ', 'T')}{':00' if text.count(':') == 1 else ''}Z"
    try:
        return parse_rfc3339(text)
    except ValueError as error:
        raise ImportFormatError(str(path), number, f"date {text!r}: {error}") from error
