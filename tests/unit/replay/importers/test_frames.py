import gzip
from pathlib import Path

import pytest

from signald.errors import ImportFormatError
from signald.journal.reader import read
from signald.journal.session import read_session
from signald.model.records import Record, RecordKind
from signald.replay.importers.frames import import_frames

_DYDX = (
    '{"type":"subscribed","message_id":1,"channel":"v4_orderbook","id":"BTC-USD",'
    '"contents":{"bids":[{"price":"1","size":"1"}],"asks":[]}}'
)
_OKX = (
    '{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"%s",'
    '"data":[{"asks":[["64000.1","0.5","0","1"]],"bids":[],"ts":"%d"}]}'
)
_DEPTH = (
    '{"stream":"%s@depth@100ms","data":{"e":"depthUpdate","E":1700000000500,"s":"%s",'
    '"U":8,"u":8,"b":[["1.25","0.5"]],"a":[]}}'
)
_SNAPSHOT = '{"lastUpdateId":7,"bids":[["1.2","0.125"]],"asks":[]}'
_NS = 1_700_000_000_000_000_000


def _import(tmp_path: Path, *lines: str, venue: str = "okx", symbol: str | None = None) -> list[Record]:
    source = tmp_path / "frames"
    source.write_text("\n".join(lines) + "\n")
    import_frames([source], tmp_path / "journal", venue=venue, symbol=symbol)
    return list(read(tmp_path / "journal"))


@pytest.mark.parametrize(
    ("told", "ts"),
    [
        ("1700000000", _NS),
        ("1700000000.25", _NS + 250_000_000),
        ("1700000000123", _NS + 123_000_000),
        ("1700000000123456", _NS + 123_456_000),
        ("1700000000123456789", _NS + 123_456_789),
        ("2023-11-14T22:13:20.1234567Z", _NS + 123_456_700),
    ],
)
@pytest.mark.parametrize("blank", [" ", "\t", ", "])
def test_the_time_before_a_frame_is_when_it_came(tmp_path: Path, told: str, ts: int, blank: str) -> None:
    frame = _OKX % ("snapshot", 1_700_000_000_000)

    session, connected, record = _import(tmp_path, f"{told}{blank}{frame}")

    assert record == Record(RecordKind.FRAME, ts, "okx", "", frame.encode())
    assert connected.kind is RecordKind.CONNECTED
    assert read_session(session).instruments == ("BTC-USDT.OKX",)
    assert str(read_session(session).steps[0].tick_size) == "0.1"


def test_a_frame_without_a_time_came_when_it_was_sent_or_with_the_one_before(tmp_path: Path) -> None:
    lines = [_OKX % ("snapshot", 1_700_000_000_000), '{"event":"subscribe"}', _OKX % ("update", 1_700_000_000_100)]

    records = _import(tmp_path, *lines)[2:]

    assert [record.ts_ingest - _NS for record in records] == [0, 0, 100_000_000]


def test_a_time_before_the_last_one_is_taken_for_that_and_counted(tmp_path: Path) -> None:
    source = tmp_path / "frames.gz"
    lines = [f"{ts} {_OKX % ('update', 1_700_000_000_000)}" for ts in (_NS + 5, _NS + 3, _NS + 6)]
    source.write_bytes(gzip.compress("\n".join(lines).encode()))

    imported = import_frames([source], tmp_path / "journal", venue="okx")

    assert [record.ts_ingest - _NS for record in list(read(tmp_path / "journal"))[2:]] == [5, 5, 6]
    assert imported.skipped == {"times before the last one (the frame is kept)": 1}


def test_a_bare_snapshot_of_binance_is_the_answer_to_the_request_for_the_only_book(tmp_path: Path) -> None:
    lines = [f"{_NS} {_DEPTH % ('btcusdt', 'BTCUSDT')}", f"{_NS + 1} {_SNAPSHOT}"]

    session, *records = _import(tmp_path, *lines, venue="binance")

    assert records[-1] == Record(RecordKind.RESPONSE, _NS + 1, "binance", "snapshot:BTCUSDT", _SNAPSHOT.encode())
    steps = read_session(session).steps[0]
    assert (str(steps.tick_size), str(steps.lot_size)) == ("0.01", "0.001")


def test_a_snapshot_in_an_envelope_says_whose_it_is(tmp_path: Path) -> None:
    envelope = f'{{"stream":"ethusdt@depthSnapshot","generated":true,"data":{_SNAPSHOT}}}'
    lines = [
        f"2023-11-14T22:13:20Z {_DEPTH % ('btcusdt', 'BTCUSDT')}",
        f"2023-11-14T22:13:20Z {_DEPTH % ('ethusdt', 'ETHUSDT')}",
        f"2023-11-14T22:13:21Z {envelope}",
    ]

    *_, record = _import(tmp_path, *lines, venue="binance")

    assert (record.kind, record.key, record.payload) == (
        RecordKind.RESPONSE,
        "snapshot:ETHUSDT",
        _SNAPSHOT.encode(),
    )


def test_whose_a_bare_snapshot_is_must_be_told_where_there_are_several_books(tmp_path: Path) -> None:
    lines = [f"{_NS} {_DEPTH % (name.lower(), name)}" for name in ("BTCUSDT", "ETHUSDT")]

    with pytest.raises(ImportFormatError, match="whose snapshot"):
        _import(tmp_path, *lines, f"{_NS} {_SNAPSHOT}", venue="binance")

    records = _import(tmp_path, *lines, f"{_NS} {_SNAPSHOT}", venue="binance", symbol="ETHUSDT")
    assert records[-1].key == "snapshot:ETHUSDT"


@pytest.mark.parametrize(
    ("lines", "venue", "problem"),
    [
        (["no frame"], "okx", "'no frame' is not a frame"),
        (["17 {}"], "okx", "there is no frame of a book"),
        ([_DYDX], "dydx", "neither the line nor its frame"),
        ([f"17 {_OKX % ('update', 1_700_000_000_000)}"], "okx", "'17' is no time"),
        (["{}"], "nosuch", "venue 'nosuch'"),
    ],
)
def test_what_makes_no_sense_is_named(tmp_path: Path, lines: list[str], venue: str, problem: str) -> None:
    with pytest.raises(ImportFormatError, match=problem) as refused:
        _import(tmp_path, *lines, venue=venue)

    assert refused.value.path == str(tmp_path / "frames")
