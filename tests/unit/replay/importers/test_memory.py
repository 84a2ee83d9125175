"""What an importer holds does not grow with the length of its file."""

import json
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from signald.model.time import NS_PER_S, format_rfc3339
from signald.replay.importers.binance_stream import import_binance_stream
from signald.replay.importers.cryptofeed import import_cryptofeed
from signald.replay.importers.frames import import_frames
from signald.replay.importers.klines_csv import import_klines_csv
from signald.replay.importers.tardis import import_tardis

pytestmark = pytest.mark.timeout(120)  # each allocation is counted

_NS = 1_700_000_000_000_000_000
_FEW, _MANY = 1_000, 4_000
_ROOM = 1 << 17  # a journal's open block still grows; three thousand lines that were kept would take far more
_DEPTH = (
    '{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":%d,"s":"BTCUSDT","U":%d,"u":%d,'
    '"b":[["64000.1","0.5"],["64000.0","1.5"],["63999.9","2.5"]],"a":[["64000.2","0.25"]]}}'
)
_ADDRESS = "wss://stream.binance.com:9443/stream?streams=btcusdt@depth@100ms"


def _frames(count: int) -> Iterator[tuple[int, str]]:
    for number in range(1, count + 1):
        ts = _NS + number * NS_PER_S // 10
        yield ts, _DEPTH % (ts // 1_000_000, number, number)


def _stream(count: int) -> Iterator[str]:
    yield from (f"{ts} {frame}" for ts, frame in _frames(count))


def _cryptofeed(count: int) -> Iterator[str]:
    yield json.dumps({"t": "header", "format": 2, "exchange": "BINANCE", "config": {"l2_book": ["BTC-USDT"]}})
    yield json.dumps({"t": "connect", "conn": "B.ws.1", "ts": _NS / NS_PER_S, "addr": _ADDRESS})
    for ts, frame in _frames(count):
        yield json.dumps({"t": "recv", "conn": "B.ws.1", "ts": ts / NS_PER_S, "data": frame})


def _tardis(count: int) -> Iterator[str]:
    yield "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
    for number in range(4 * count):
        us = _NS // 1_000 + number // 2
        yield f"binance,BTCUSDT,{us},{us},{str(number < 2).lower()},{('bid', 'ask')[number % 2]},6400{number % 2}.1,0.5"


def _bars(count: int) -> Iterator[str]:
    yield "date,open,high,low,close,volume"
    for number in range(count // 2):
        price = 64_000 + number % 7
        yield f"{format_rfc3339(_NS + 300 * number * NS_PER_S)},{price}.5,{price}.5,{price}.5,{price + 1}.5,1.25"


_FORMS: list[tuple[str, Callable[[int], Iterator[str]], Callable[..., Any]]] = [
    ("stream.txt", _stream, import_binance_stream),
    ("frames.txt", _stream, partial(import_frames, venue="binance")),
    ("cryptofeed.jsonl", _cryptofeed, import_cryptofeed),
    ("binance_incremental_book_L2_2023-11-14_BTCUSDT.csv", _tardis, import_tardis),
    ("btc_5m.csv", _bars, import_klines_csv),
]


@pytest.mark.parametrize(("name", "lines", "read"), _FORMS, ids=[name for name, _, _ in _FORMS])
def test_four_times_the_lines_take_no_more_memory(
    tmp_path: Path, name: str, lines: Callable[[int], Iterator[str]], read: Callable[..., Any]
) -> None:
    def peak(count: int) -> int:
        folder = tmp_path / str(count)
        folder.mkdir()
        source = folder / name
        source.write_text("\n".join(lines(count)) + "\n", encoding="utf-8")
        tracemalloc.start()
        try:
            read([source], folder / "journal")
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)  # whatever is loaded once
    few = peak(_FEW)

    assert peak(_MANY) - few < _ROOM
