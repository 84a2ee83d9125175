from pathlib import Path

import msgspec
import numpy as np
import pytest

from signald.errors import ImportFormatError
from signald.journal.reader import read
from signald.journal.session import read_session
from signald.model.records import Record, RecordKind
from signald.replay.importers import hftbacktest
from signald.replay.importers.hftbacktest import import_hftbacktest

_DTYPE = np.dtype(
    [
        *(("ev", "<u8"), ("exch_ts", "<i8"), ("local_ts", "<i8"), ("px", "<f8"), ("qty", "<f8")),
        *(("order_id", "<u8"), ("ival", "<i8"), ("fval", "<f8")),
    ],
    align=True,
)
_DEPTH, _TRADE, _CLEAR, _SNAPSHOT = 1, 2, 3, 4
_SELL, _BUY, _LOCAL, _EXCHANGE = 1 << 28, 1 << 29, 1 << 30, 1 << 31
_T = 1_700_000_000_000_000_000
_BOTH = _LOCAL | _EXCHANGE
_EVENTS = [
    (_CLEAR | _BOTH | _BUY, _T, _T + 5, 99.9, 0.0),
    (_SNAPSHOT | _BOTH | _BUY, _T, _T + 5, 100.1, 1.5),
    (_SNAPSHOT | _BOTH | _SELL, _T, _T + 5, 100.2, 2.0),
    (_DEPTH | _BOTH | _BUY, _T + 10, _T + 15, 100.1, 0.0),
    (_DEPTH | _BOTH | _BUY, _T + 10, _T + 15, 100.05, 0.125),
    (_TRADE | _BOTH | _SELL, _T + 12, _T + 17, 100.1, 0.5),
    (_DEPTH | _EXCHANGE | _SELL, _T + 14, _T + 19, 100.3, 9.0),
    (_DEPTH | _BOTH | _SELL, _T + 20, _T + 25, 100.25, 1e-05),
]


def _file(path: Path, events: list[tuple[int, int, int, float, float]]) -> Path:
    data = np.zeros(len(events), dtype=_DTYPE)
    for place, event in enumerate(events):
        data[place] = (*event, 0, 0, 0.0)
    if path.suffix == ".npz":
        np.savez_compressed(path, data=data)
    else:
        np.save(path, data)
    return path


def _import(tmp_path: Path, source: Path, venue: str = "binance_usdm", symbol: str = "BTCUSDT") -> list[Record]:
    import_hftbacktest([source], tmp_path / "journal", venue=venue, symbol=symbol)
    return list(read(tmp_path / "journal"))


@pytest.mark.parametrize("name", ["book.npz", "book.npy"])
def test_events_of_one_message_are_one_frame_at_the_recorders_time(tmp_path: Path, name: str) -> None:
    session, connected, snapshot, *frames = _import(tmp_path, _file(tmp_path / name, _EVENTS))

    assert read_session(session).instruments == ("BTCUSDT-PERP.BINANCE",)
    assert connected.kind is RecordKind.CONNECTED
    assert (snapshot.kind, snapshot.key, snapshot.ts_ingest) == (RecordKind.RESPONSE, "snapshot:BTCUSDT", _T + 5)
    assert msgspec.json.decode(snapshot.payload) == {
        "lastUpdateId": 1,
        "bids": [["100.1", "1.5"]],
        "asks": [["100.2", "2"]],
    }
    assert [frame.ts_ingest - _T for frame in frames] == [15, 25]
    assert msgspec.json.decode(frames[0].payload)["data"]["b"] == [["100.1", "0"], ["100.05", "0.125"]]
    assert msgspec.json.decode(frames[1].payload)["data"]["a"] == [["100.25", "0.00001"]]


def test_the_steps_are_the_finest_that_occur(tmp_path: Path) -> None:
    session, *_ = _import(tmp_path, _file(tmp_path / "book.npz", _EVENTS), venue="okx", symbol="BTC-USDT")

    steps = read_session(session).steps[0]
    assert (str(steps.tick_size), str(steps.lot_size)) == ("0.01", "0.00001")


def test_trades_are_counted_and_what_the_recorder_never_got_is_not(tmp_path: Path) -> None:
    source = _file(tmp_path / "book.npz", _EVENTS)

    imported = import_hftbacktest([source], tmp_path / "journal", venue="okx", symbol="BTC-USDT")

    assert imported.skipped == {"trades and other events": 1}
    assert imported.records == 4


def test_a_file_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = _file(tmp_path / "book.npz", _EVENTS)
    whole = _import(tmp_path / "whole", source)

    monkeypatch.setattr(hftbacktest, "_PART", 3)

    assert _import(tmp_path / "parts", source) == whole


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ((_DEPTH | _BOTH, _T, _T + 30, 100.0, 1.0), "neither or both sides"),
        ((_DEPTH | _BOTH | _BUY, _T, _T + 30, float("nan"), 1.0), "no price and size"),
        ((_DEPTH | _BOTH | _BUY, _T, _T + 1, 100.0, 1.0), "before the event before it"),
    ],
)
def test_an_event_that_makes_no_sense_is_named(
    tmp_path: Path, event: tuple[int, int, int, float, float], problem: str
) -> None:
    source = _file(tmp_path / "book.npz", [*_EVENTS, event])

    with pytest.raises(ImportFormatError, match=problem) as refused:
        _import(tmp_path, source)

    assert (refused.value.path, refused.value.line) == (str(source), len(_EVENTS) + 1)


@pytest.mark.parametrize("content", [b"", b"no array", b"PK\x05\x06" + bytes(18)])
def test_a_file_that_holds_no_such_array_is_refused(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "book.npz"
    source.write_bytes(content)

    with pytest.raises(ImportFormatError, match="no array of hftbacktest"):
        _import(tmp_path, source)


def test_an_array_of_another_version_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "book.npz", data=np.zeros((3, 6)))

    with pytest.raises(ImportFormatError, match="version 2"):
        _import(tmp_path, tmp_path / "book.npz")


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    source = _file(tmp_path / "book.npy", _EVENTS)
    source.write_bytes(source.read_bytes()[:-70])

    with pytest.raises(ImportFormatError, match="cut off"):
        _import(tmp_path, source)
