"""Files as data.binance.vision publishes them, made small."""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signald.cli import EXIT_DONE, run
from signald.errors import ImportFormatError
from signald.journal.reader import read
from signald.model.records import RecordKind
from signald.replay.importers.binance_public import import_binance_public
from signald.replay.importers.recording import watched

pytestmark = pytest.mark.timeout(300)  # the first to replay loads the kernels

_MS = 1_704_412_800_000  # 2024-01-05T00:00:00Z
_BARS = [
    f"{_MS},43000.0,43100.0,42900.0,43050.5,12.345,{_MS + 59_999},530000.1,900,6.1,262000.2,0",
    f"{_MS + 60_000},43050.5,43060.0,43000.0,43010.1,8.100,{_MS + 119_999},348000.7,700,4.0,172000.3,0",
]
_TRADES = [
    f"1,43050.50,0.250,10,11,{_MS + 1_000},true",
    f"2,43050.60,0.100,12,12,{_MS + 2_000},false",
    f"3,43050.40,0.300,13,13,{_MS + 1_500},true",
]
_DEPTH = [
    "2024-01-05 00:00:05,-2,300.5,12840000.0",
    "2024-01-05 00:00:05,-1,100.5,4300000.0",
    "2024-01-05 00:00:05,1,90.0,3880000.0",
    "2024-01-05 00:00:05,2,250.0,10850000.0",
]


def _zip(folder: Path, name: str, lines: list[str], header: str = "") -> Path:
    path = folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.csv", "\n".join([header, *lines] if header else lines) + "\n")
    return path


def _books(journal: Path) -> Iterator[dict[str, Any]]:
    """The books after each frame."""
    books, said = journal.with_suffix(".books"), journal.with_suffix(".said")
    assert run(["replay", str(journal), "--out", str(said), "--checkpoints", str(books), "--every", "1"]) == EXIT_DONE
    yield from (json.loads(line) for line in books.read_text().splitlines()[:-1])  # the last one is told twice


def _mid(book: dict[str, Any]) -> float:
    return round((float(book["bid"][0]) + float(book["ask"][0])) / 2, 6)


def test_bars_become_a_book_whose_mid_is_their_open_and_then_their_close(tmp_path: Path) -> None:
    source = _zip(tmp_path, "BTCUSDT-1m-2024-01-05", _BARS)

    imported = import_binance_public([source], tmp_path / "journal")

    assert imported.instruments == ("BTCUSDT.BINANCE",)
    assert (imported.ts_first, imported.ts_last) == (_MS * 1_000_000, (_MS + 119_999) * 1_000_000)
    assert [_mid(book) for book in _books(tmp_path / "journal")] == [43050.5, 43050.5, 43010.1]


def test_times_in_microseconds_are_read(tmp_path: Path) -> None:
    bar = _BARS[0].replace(f"{_MS}", f"{_MS}000", 1).replace(f"{_MS + 59_999}", f"{_MS + 59_999}999")

    imported = import_binance_public([_zip(tmp_path, "BTCUSDT-1m-2025-01", [bar])], tmp_path / "journal")

    assert (imported.ts_first, imported.ts_last) == (_MS * 1_000_000, (_MS * 1_000 + 59_999_999) * 1_000)


def test_trades_tell_their_market_and_a_time_before_the_last_is_taken_for_that(tmp_path: Path) -> None:
    header = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
    source = _zip(tmp_path, "BTCUSDT-aggTrades-2024-01-05", _TRADES, header)

    imported = import_binance_public([source], tmp_path / "journal")

    assert imported.instruments == ("BTCUSDT-PERP.BINANCE",)
    assert imported.skipped == {"times before the last one (the price is kept)": 1}
    assert [_mid(book) for book in _books(tmp_path / "journal")] == [43050.6, 43050.4]


def test_trades_of_spot_have_a_column_more(tmp_path: Path) -> None:
    source = _zip(tmp_path, "BTCUSDT-aggTrades-2024-01", [f"{line},true" for line in _TRADES])

    assert import_binance_public([source], tmp_path / "journal").instruments == ("BTCUSDT.BINANCE",)


def test_bands_rest_at_their_mean_price_around_the_touch_of_bars(tmp_path: Path) -> None:
    bars = _zip(tmp_path, "BTCUSDT-1m-2024-01-05", _BARS)
    depth = _zip(tmp_path, "BTCUSDT-bookDepth-2024-01-05", _DEPTH, "timestamp,percentage,depth,notional")

    imported = import_binance_public([bars, depth], tmp_path / "journal")

    assert imported.instruments == ("BTCUSDT-PERP.BINANCE",)  # bars alone do not say: the bands do
    frames = [json.loads(one.payload)["data"] for one in read(tmp_path / "journal") if one.kind is RecordKind.FRAME]
    assert frames[0]["b"] == [["42786.1", "100.5"], ["42700", "200.0"]]
    assert frames[0]["a"] == [["43111.1", "90.0"], ["43562.5", "160.0"]]
    assert [_mid(book) for book in _books(tmp_path / "journal")] == [43000.0, 43050.5, 43050.5, 43010.1]


def test_bands_alone_are_a_book(tmp_path: Path) -> None:
    source = _zip(tmp_path, "BTCUSDT-bookDepth-2024-01-05", _DEPTH)

    import_binance_public([source, _later(tmp_path)], tmp_path / "journal")

    last = list(_books(tmp_path / "journal"))[-1]
    assert (float(last["bid"][0]), float(last["ask"][0])) == (42786.1, 43111.1)


def _later(folder: Path) -> Path:
    return _zip(folder, "BTCUSDT-bookDepth-2024-01-06", [line.replace("-05 00", "-06 00") for line in _DEPTH])


@pytest.mark.parametrize(("folder", "market"), [("spot", "BTCUSDT.BINANCE"), ("futures/um", "BTCUSDT-PERP.BINANCE")])
def test_the_archives_folders_tell_the_market(tmp_path: Path, folder: str, market: str) -> None:
    home = tmp_path / "data" / folder / "daily"
    home.mkdir(parents=True)

    imported = import_binance_public([_zip(home, "BTCUSDT-1m-2024-01-05", _BARS)], tmp_path / "journal")

    assert imported.instruments == (market,)


def test_a_market_that_is_named_counts(tmp_path: Path) -> None:
    source = _zip(tmp_path, "BTCUSDT-1m-2024-01-05", _BARS)

    assert import_binance_public([source], tmp_path / "journal", market="um").instruments == ("BTCUSDT-PERP.BINANCE",)


def test_the_published_checksum_is_checked(tmp_path: Path) -> None:
    source = _zip(tmp_path, "BTCUSDT-1m-2024-01-05", _BARS)
    beside = tmp_path / f"{source.name}.CHECKSUM"
    beside.write_text(f"{hashlib.sha256(source.read_bytes()).hexdigest()}  {source.name}\n")
    import_binance_public([source], tmp_path / "sound")
    source.write_bytes(_zip(tmp_path, "BTCUSDT-1m-2024-01-06", _BARS[:1]).read_bytes())

    with pytest.raises(ImportFormatError, match=r"is not that of BTCUSDT-1m-2024-01-05\.zip\.CHECKSUM"):
        import_binance_public([source], tmp_path / "changed")


@pytest.mark.parametrize(
    ("name", "lines", "problem"),
    [
        ("BTCUSDT-1m-2024-01-05", [_BARS[0], "1,2,3"], r"\.zip:2: 3 columns, not 12"),
        ("BTCUSDT-1m-2024-01-05", [_BARS[0].replace("43050.5", "NaN", 1)], r"\.zip:1: 'NaN' is no price or size"),
        ("BTCUSDT-1m-2024-01-05", [f"x{_BARS[0]}"], r"\.zip:1: 'x1704412800000' is no time"),
        ("BTCUSDT-aggTrades-2024-01-05", [_TRADES[0], _TRADES[1] + ",,"], r"\.zip:2: 9 columns, not 7 or 8"),
        ("BTCUSDT-bookDepth-2024-01-05", [_DEPTH[0], _DEPTH[1].replace("-1,", "-one,")], r"\.zip:2: 'one' is no price"),
        ("BTCUSDT-1m-2024-01-05", [], r"\.zip:1: there is neither price nor depth in it"),
        ("BTCUSDT", _BARS, r"the name is none of the archive's"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(tmp_path: Path, name: str, lines: list[str], problem: str) -> None:
    source = _zip(tmp_path, name, lines)

    with pytest.raises(ImportFormatError, match=problem):
        import_binance_public([source], tmp_path / "journal")


def test_contracts_worth_dollars_are_refused(tmp_path: Path) -> None:
    home = tmp_path / "futures" / "cm"
    home.mkdir(parents=True)

    with pytest.raises(ImportFormatError, match="COIN-M"):
        import_binance_public([_zip(home, "BTCUSDT-1m-2024-01-05", _BARS)], tmp_path / "journal")


def test_an_archive_of_two_files_is_refused(tmp_path: Path) -> None:
    source = _zip(tmp_path, "BTCUSDT-1m-2024-01-05", _BARS)
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr("other.csv", "")

    with pytest.raises(ImportFormatError, match="holds 2 files, not one"):
        import_binance_public([source], tmp_path / "journal")


def test_who_watches_is_told_of_every_pass(tmp_path: Path) -> None:
    source = _zip(tmp_path, "BTCUSDT-1m-2024-01-05", _BARS)
    seen: list[int] = []

    with watched(lambda _, read: seen.append(read)):
        import_binance_public([source], tmp_path / "journal", market="spot")

    size = source.stat().st_size
    assert seen == [0, size, 0, size]


def test_the_command_says_what_it_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = _zip(tmp_path, "BTCUSDT-1m-2024-01-05", _BARS)

    code = run(["import", "binance-public", str(source), "--out", str(tmp_path / "journal"), "--json"])

    assert code == EXIT_DONE
    assert json.loads(capsys.readouterr().out)["instruments"] == ["BTCUSDT.BINANCE"]
