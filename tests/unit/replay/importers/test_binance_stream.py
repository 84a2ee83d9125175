import gzip
from pathlib import Path

import pytest

from signald.errors import ImportFormatError
from signald.journal.reader import read
from signald.journal.session import Session, read_session
from signald.model.records import Record, RecordKind
from signald.replay.importers.binance_stream import import_binance_stream
from signald.replay.importers.sightings import listed

TS = 1_723_161_253_937_085_768
DEPTH = b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,"b":[],"a":[]}}'
PERP_DEPTH = (
    b'{"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,"pu":0,"b":[],"a":[]}}'
)
ETHER = b'{"stream":"ethusdt@bookTicker","data":{"u":3,"s":"ETHUSDT","b":"1.0","B":"1.0","a":"1.1","A":"1.0"}}'
SNAPSHOT = b'{"lastUpdateId":1,"bids":[],"asks":[]}'


def recording(path: Path, *lines: bytes) -> Path:
    """A recording with a line a microsecond; a line that is given with its time, or is blank, stands as it is."""
    stamped = [
        line if line[:1] != b"{" else b"%d %s" % (TS + 1_000 * number, line) for number, line in enumerate(lines)
    ]
    path.write_bytes(b"\n".join(stamped) + b"\n")
    return path


def imported(tmp_path: Path, *lines: bytes, snapshot_symbol: str | None = None) -> list[Record]:
    source = recording(tmp_path / "recording", *lines)
    import_binance_stream([source], tmp_path / "journal", snapshot_symbol=snapshot_symbol)
    return list(read(tmp_path / "journal"))


def test_frames_and_snapshots_become_records_of_one_connection(tmp_path: Path) -> None:
    session, *records = imported(tmp_path, DEPTH, SNAPSHOT, DEPTH)

    assert read_session(session) == Session(
        mode="import", instruments=("BTCUSDT.BINANCE",), steps=(listed("binance", "BTCUSDT"),)
    )
    assert records == [
        Record(RecordKind.CONNECTED, TS, "binance", "", b""),
        Record(RecordKind.FRAME, TS, "binance", "", DEPTH),
        Record(RecordKind.RESPONSE, TS + 1_000, "binance", "snapshot:BTCUSDT", SNAPSHOT),
        Record(RecordKind.FRAME, TS + 2_000, "binance", "", DEPTH),
    ]


def test_futures_are_told_by_their_chained_frames(tmp_path: Path) -> None:
    session, connected, *_ = imported(tmp_path, PERP_DEPTH, SNAPSHOT)

    assert read_session(session).instruments == ("BTCUSDT-PERP.BINANCE",)
    assert connected.channel == "binance_usdm"


def test_a_compressed_recording_is_the_same(tmp_path: Path) -> None:
    plain = recording(tmp_path / "plain", DEPTH, SNAPSHOT)
    (tmp_path / "compressed").write_bytes(gzip.compress(plain.read_bytes()))

    for name in ("plain", "compressed"):
        import_binance_stream([tmp_path / name], tmp_path / f"{name}-journal")

    assert list(read(tmp_path / "plain-journal")) == list(read(tmp_path / "compressed-journal"))


def test_several_files_are_one_recording(tmp_path: Path) -> None:
    one = recording(tmp_path / "one", DEPTH)
    two = tmp_path / "two"
    two.write_bytes(b"%d %s\n" % (TS + 5, ETHER))

    result = import_binance_stream([one, two], tmp_path / "journal")

    assert result.instruments == ("BTCUSDT.BINANCE", "ETHUSDT.BINANCE")
    assert [record.kind for record in read(tmp_path / "journal")] == [
        RecordKind.SESSION,
        RecordKind.CONNECTED,
        RecordKind.FRAME,
        RecordKind.FRAME,
    ]


def test_a_snapshot_among_several_symbols_needs_a_name(tmp_path: Path) -> None:
    with pytest.raises(ImportFormatError, match=r"recording:3: whose snapshot\? there are BTCUSDT, ETHUSDT"):
        imported(tmp_path, DEPTH, ETHER, SNAPSHOT)


def test_a_snapshot_may_be_given_a_name(tmp_path: Path) -> None:
    records = imported(tmp_path, DEPTH, ETHER, SNAPSHOT, snapshot_symbol="ETHUSDT")

    assert records[-1].key == "snapshot:ETHUSDT"


def test_what_is_neither_is_skipped_and_counted(tmp_path: Path) -> None:
    source = recording(tmp_path / "recording", DEPTH, b'{"result":null,"id":1}', b"", DEPTH)

    result = import_binance_stream([source], tmp_path / "journal")

    assert result.skipped == {"unknown": 1, "blank": 1}
    assert result.records == 3
    assert (result.ts_first, result.ts_last) == (TS, TS + 3_000)


@pytest.mark.parametrize("line", [b"not a line", b"1723161253937085768", b"1723 {}", b"1723161253937085768 [1,2"])
def test_a_line_of_another_form_is_named(tmp_path: Path, line: bytes) -> None:
    with pytest.raises(ImportFormatError, match=r"recording:2: .* is not a receive time in nanoseconds and a frame"):
        imported(tmp_path, DEPTH, line)


def test_time_that_runs_backwards_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ImportFormatError, match="recording:2: received at 1723161253937085767, before the line before"):
        imported(tmp_path, DEPTH, b"%d %s" % (TS - 1, DEPTH))


def test_a_file_without_a_frame_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ImportFormatError, match="there is no combined-stream frame in it"):
        imported(tmp_path, SNAPSHOT)
