"""What an importer holds does not grow with the length of its file."""

import json
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signald.errors import ImportFormatError
from signald.model.time import NS_PER_MS, NS_PER_S, format_rfc3339
from signald.replay.importers import recording
from signald.replay.importers.binance_public import import_binance_public
from signald.replay.importers.binance_stream import import_binance_stream
from signald.replay.importers.calendar_csv import import_calendar_csv
from signald.replay.importers.cryptofeed import import_cryptofeed
from signald.replay.importers.frames import import_frames
from signald.replay.importers.hftbacktest import import_hftbacktest
from signald.replay.importers.investing_updates import import_investing_updates
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


def _archived_bars(count: int) -> Iterator[str]:
    for number in range(count // 2):
        start, price = _NS // 1_000_000 + 60_000 * number, 64_000 + number % 7
        yield f"{start},{price}.5,{price}.5,{price}.5,{price + 1}.5,1.25,{start + 59_999},80000.1,13,0.5,32000.1,0"


def _archived_trades(count: int) -> Iterator[str]:
    for number in range(count):
        yield f"{number},6400{number % 7}.5,0.125,{number},{number},{_NS // 1_000_000 + number},true"


def _archived_bands(count: int) -> Iterator[str]:
    yield "timestamp,percentage,depth,notional"
    for number in range(count // 8):
        at = format_rfc3339(_NS + 30 * number * NS_PER_S).replace("T", " ").removesuffix("Z")
        for band in (-2, -1, 1, 2):
            size = 100 * abs(band) + number % 7
            yield f"{at},{band},{size}.5,{64_000 * size + 32_000}.25"


def _written(lines: Callable[[int], Iterator[str]]) -> Callable[[Path, int], object]:
    return lambda path, count: path.write_text("\n".join(lines(count)) + "\n", encoding="utf-8")


def _events(path: Path, count: int) -> None:
    fields = [("ev", "<u8"), ("exch_ts", "<i8"), ("local_ts", "<i8"), ("px", "<f8"), ("qty", "<f8")]
    events = np.zeros(4 * count, [*fields, ("order_id", "<u8"), ("ival", "<i8"), ("fval", "<f8")])
    number = np.arange(len(events))
    events["ev"] = 0xC000_0001 | np.where(number % 2 == 0, 1 << 29, 1 << 28)
    events["exch_ts"] = events["local_ts"] = _NS + number // 2 * NS_PER_MS
    events["px"], events["qty"] = 64_000.1 + number % 2, 0.5
    np.savez_compressed(path, data=events)


_FORMS: list[tuple[str, Callable[[Path, int], object], Callable[..., Any]]] = [
    ("stream.txt", _written(_stream), import_binance_stream),
    ("frames.txt", _written(_stream), partial(import_frames, venue="binance")),
    ("cryptofeed.jsonl", _written(_cryptofeed), import_cryptofeed),
    ("binance_incremental_book_L2_2023-11-14_BTCUSDT.csv", _written(_tardis), import_tardis),
    ("btc_5m.csv", _written(_bars), import_klines_csv),
    ("btcusdt.npz", _events, partial(import_hftbacktest, venue="binance", symbol="BTCUSDT")),
    ("BTCUSDT-1m-2023-11.csv", _written(_archived_bars), import_binance_public),
    ("BTCUSDT-aggTrades-2023-11-14.csv", _written(_archived_trades), import_binance_public),
    ("BTCUSDT-bookDepth-2023-11-14.csv", _written(_archived_bands), import_binance_public),
]


@pytest.mark.parametrize(("name", "write", "read"), _FORMS, ids=[name for name, _, _ in _FORMS])
def test_four_times_the_lines_take_no_more_memory(
    tmp_path: Path, name: str, write: Callable[[Path, int], object], read: Callable[..., Any]
) -> None:
    def peak(count: int) -> int:
        folder = tmp_path / str(count)
        folder.mkdir()
        source = folder / name
        write(source, count)
        tracemalloc.start()
        try:
            read([source], folder / "journal")
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)  # whatever is loaded once
    few = peak(_FEW)

    assert peak(_MANY) - few < _ROOM


@pytest.mark.parametrize("read", [import_calendar_csv, import_investing_updates])
def test_what_is_no_calendars_size_is_refused_before_it_is_read(
    tmp_path: Path, read: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "_LARGEST_CALENDAR", _ROOM)
    line = "2025-02-12T13:30:00Z,us.cpi.yoy,2025-01,3.0,2.9,2.9\n"
    (tmp_path / "calendar.csv").write_text(line * (40 * _ROOM // len(line)), encoding="utf-8")

    tracemalloc.start()
    try:
        with pytest.raises(ImportFormatError, match="has more than") as refused:
            read([tmp_path / "calendar.csv"], tmp_path / "journal", {})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert refused.value.path == str(tmp_path / "calendar.csv")
    assert refused.value.line == _ROOM // len(line) + 1
    assert peak < 10 * _ROOM
