"""Tardis.dev's files, made from books that are known: what is imported replays to the same books."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from signald.cli import EXIT_DONE, run
from signald.errors import ImportFormatError
from signald.journal.reader import read
from signald.model.records import RecordKind
from signald.replay.importers.tardis import import_tardis

pytestmark = pytest.mark.timeout(300)  # the first to replay loads the kernels

_START_US = 1_700_000_000_000_000
_INCREMENTAL = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
_EXCHANGES = [
    ("binance", "BTCUSDT", "BTCUSDT.BINANCE"),
    ("binance-futures", "BTCUSDT", "BTCUSDT-PERP.BINANCE"),
    ("bybit", "BTCUSDT", "BTCUSDT-PERP.BYBIT"),
    ("bybit-spot", "BTCUSDT", "BTCUSDT.BYBIT"),
    ("okex", "BTC-USDT", "BTC-USDT.OKX"),
    ("okex-swap", "BTC-USDT-SWAP", "BTC-USDT-SWAP.OKX"),
]


class _Message(NamedTuple):
    ts: int
    whole: bool
    bids: dict[str, str]
    asks: dict[str, str]


class _Market:
    """A book that changes at random, and is never crossed."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self.bids = {self._price(-1 - one): self._size() for one in range(20)}
        self.asks = {self._price(1 + one): self._size() for one in range(20)}

    def run(self, count: int) -> Iterator[_Message]:
        yield _Message(_START_US, whole=True, bids=dict(self.bids), asks=dict(self.asks))
        for index in range(1, count):
            bids = {self._price(-int(one)): self._change() for one in self._random.integers(1, 25, size=3)}
            asks = {self._price(int(one)): self._change() for one in self._random.integers(1, 25, size=2)}
            for side, changed in ((self.bids, bids), (self.asks, asks)):
                side.update(changed)
                for price in [price for price, size in side.items() if size == "0"]:
                    del side[price]
            yield _Message(_START_US + 100_000 * index, whole=False, bids=bids, asks=asks)

    def _price(self, ticks: int) -> str:
        return f"{64_000.0 + 0.1 * ticks:.1f}"

    def _size(self) -> str:
        return f"{self._random.integers(1, 5_000) / 1_000:.3f}"

    def _change(self) -> str:
        return "0" if self._random.random() < 0.3 else self._size()


def _incremental(path: Path, exchange: str, symbol: str, messages: list[_Message]) -> Path:
    lines = [_INCREMENTAL]
    for ts, whole, bids, asks in messages:
        for side, levels in (("bid", bids), ("ask", asks)):
            times = f"{exchange},{symbol},{ts - 2_000},{ts}"
            lines += [f"{times},{str(whole).lower()},{side},{price},{size}" for price, size in levels.items()]
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    return path


def _snapshots(path: Path, exchange: str, symbol: str, market: _Market, *, depth: int = 5) -> Path:
    names = [
        f"{side}[{rank}].{what}" for rank in range(depth) for side in ("asks", "bids") for what in ("price", "amount")
    ]
    lines = [",".join(("exchange,symbol,timestamp,local_timestamp", *names))]
    for message in market.run(60):
        asks = sorted(market.asks.items(), key=lambda one: float(one[0]))[:depth]
        bids = sorted(market.bids.items(), key=lambda one: -float(one[0]))[:depth]
        cells = [cell for ask, bid in zip(asks, bids, strict=True) for cell in (*ask, *bid)]
        lines.append(",".join((exchange, symbol, str(message.ts - 2_000), str(message.ts), *cells)))
    path.write_text("\n".join(lines) + "\n")
    return path


def _last_book(journal: Path, instrument: str) -> dict[str, Any]:
    """The last checkpoint of an instrument's book."""
    books = journal.with_suffix(".books")
    said = journal.with_suffix(".said")
    command = ["replay", str(journal), "--out", str(said), "--checkpoints", str(books), "--every", "1000"]
    assert run(command) == EXIT_DONE
    lines = [json.loads(line) for line in books.read_text().splitlines()]
    return [line for line in lines if line["instrument"] == instrument][-1]


def _best(market: _Market) -> tuple[tuple[float, float], tuple[float, float]]:
    bid = max(market.bids, key=float)
    ask = min(market.asks, key=float)
    return (float(bid), float(market.bids[bid])), (float(ask), float(market.asks[ask]))


@pytest.mark.parametrize(("exchange", "symbol", "instrument"), _EXCHANGES)
def test_an_incremental_file_replays_to_the_same_book(
    tmp_path: Path, exchange: str, symbol: str, instrument: str
) -> None:
    market = _Market(1)
    source = _incremental(tmp_path / "book.csv.gz", exchange, symbol, list(market.run(80)))

    imported = import_tardis([source], tmp_path / "journal")

    assert imported.instruments == (instrument,)
    assert imported.skipped == {}
    book = _last_book(tmp_path / "journal", instrument)
    assert (tuple(map(float, book["bid"])), tuple(map(float, book["ask"]))) == _best(market)
    assert (book["nb"], book["na"]) == (len(market.bids), len(market.asks))


@pytest.mark.parametrize(("exchange", "symbol", "instrument"), [_EXCHANGES[1], _EXCHANGES[4]])
def test_a_file_of_snapshots_replays_to_the_same_touch(
    tmp_path: Path, exchange: str, symbol: str, instrument: str
) -> None:
    market = _Market(2)
    source = _snapshots(tmp_path / "book.csv", exchange, symbol, market)

    import_tardis([source], tmp_path / "journal")

    book = _last_book(tmp_path / "journal", instrument)
    assert (tuple(map(float, book["bid"])), tuple(map(float, book["ask"]))) == _best(market)
    assert (book["nb"], book["na"]) == (5, 5)


@pytest.mark.parametrize(("exchange", "symbol", "instrument"), [_EXCHANGES[0], _EXCHANGES[2]])
def test_a_whole_book_in_the_midst_replaces_the_one_before(
    tmp_path: Path, exchange: str, symbol: str, instrument: str
) -> None:
    first, second = _Market(3), _Market(4)
    later = [one._replace(ts=one.ts + 60_000_000) for one in second.run(40)]
    source = _incremental(tmp_path / "book.csv.gz", exchange, symbol, [*first.run(40), *later])

    import_tardis([source], tmp_path / "journal")

    book = _last_book(tmp_path / "journal", instrument)
    assert (tuple(map(float, book["bid"])), tuple(map(float, book["ask"]))) == _best(second)
    assert (book["nb"], book["na"]) == (len(second.bids), len(second.asks))


def test_files_of_several_symbols_are_merged_by_the_recorders_time(tmp_path: Path) -> None:
    sources = [
        _incremental(tmp_path / f"{symbol}.csv.gz", "binance", symbol, list(_Market(5).run(10)))
        for symbol in ("BTCUSDT", "ETHUSDT")
    ]

    imported = import_tardis(sources, tmp_path / "journal")

    times = [record.ts_ingest for record in read(tmp_path / "journal")]
    assert imported.instruments == ("BTCUSDT.BINANCE", "ETHUSDT.BINANCE")
    assert times == sorted(times)
    assert times[0] == _START_US * 1_000


def test_changes_before_the_first_whole_book_are_counted_and_left_out(tmp_path: Path) -> None:
    messages = list(_Market(6).run(10))
    early = [one._replace(ts=one.ts - 60_000_000) for one in messages[1:4]]
    source = _incremental(tmp_path / "book.csv.gz", "okex", "BTC-USDT", [*early, *messages])

    imported = import_tardis([source], tmp_path / "journal")

    frames = [record for record in read(tmp_path / "journal") if record.kind is RecordKind.FRAME]
    assert imported.skipped == {"changes before a whole book": 3}
    assert len(frames) == 10


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("binance,BTCUSDT,1,2,true,ask,1.0", "7 columns"),
        ("binance,BTCUSDT,1,2,yes,ask,1.0,1", "is_snapshot 'yes'"),
        ("binance,BTCUSDT,1,2,true,offer,1.0,1", "side 'offer'"),
        ("binance,BTCUSDT,1,2,true,ask,-1.0,1", "'-1.0' is no price"),
        ("binance,BTCUSDT,1,2,true,ask,1.0,NaN", "'NaN' is no price"),
        ("binance,BTCUSDT,1,soon,true,ask,1.0,1", "'soon' is no time"),
        ("bitfoo,BTCUSDT,1,2,true,ask,1.0,1", "exchange 'bitfoo'"),
        ("binance,BTCUSDT,1,1,true,ask,1.0,1", "before the line before it"),
    ],
)
def test_a_line_that_makes_no_sense_is_named(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "book.csv"
    path.write_text(f"{_INCREMENTAL}\nbinance,BTCUSDT,1,2,true,ask,1.0,1\n{line}\n")

    with pytest.raises(ImportFormatError, match=problem) as refused:
        import_tardis([path], tmp_path / "journal")

    assert refused.value.path == str(path)
    assert not (tmp_path / "journal").exists()


@pytest.mark.parametrize("content", ["", "a,b,c\n"])
def test_another_file_is_refused_by_its_header(tmp_path: Path, content: str) -> None:
    path = tmp_path / "book.csv"
    path.write_text(content)

    with pytest.raises(ImportFormatError, match="incremental_book_L2"):
        import_tardis([path], tmp_path / "journal")
