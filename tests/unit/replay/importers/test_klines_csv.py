import gzip
import json
from pathlib import Path

import pytest

from signald.cli import EXIT_DONE, run
from signald.errors import ImportFormatError
from signald.journal.reader import read
from signald.journal.session import read_session
from signald.model.records import RecordKind
from signald.model.time import parse_rfc3339
from signald.replay.importers.klines_csv import import_klines_csv
from tests.support.shared_data import shared_data

pytestmark = pytest.mark.timeout(300)  # the first to replay loads the kernels

_HEADER = "date,open,high,low,close,volume,market,src"
_ROWS = [
    "2023-01-01T00:00:00Z,16537.5,16538.0,16523.0,16529.2,844.251,um,somebody",
    "2023-01-01T00:05:00Z,16529.2,16533.6,16519.0,16521.5,1e-05,um,somebody",
    "2023-01-01T00:10:00Z,16520.0,16533.6,16519.0,16531.25,321.527,spot,somebody",
]


def _write(path: Path, rows: list[str], header: str = _HEADER) -> Path:
    path.write_bytes(gzip.compress("\n".join([header, *rows]).encode()))
    return path


def test_bars_tell_their_open_when_they_begin_and_their_close_when_they_end(tmp_path: Path) -> None:
    source = _write(tmp_path / "btc_5m.csv.gz", _ROWS)

    imported = import_klines_csv([source], tmp_path / "journal")

    assert imported.instruments == ("BTCUSDT-PERP.BINANCE", "BTCUSDT.BINANCE")
    assert imported.ts_first == parse_rfc3339("2023-01-01T00:00:00Z")
    assert imported.ts_last == parse_rfc3339("2023-01-01T00:14:59.999Z")
    records = list(read(tmp_path / "journal"))
    steps = {one.id: (str(one.tick_size), str(one.lot_size)) for one in read_session(records[0]).steps}
    assert steps == {"BTCUSDT-PERP.BINANCE": ("0.1", "0.00001"), "BTCUSDT.BINANCE": ("0.01", "0.001")}
    frames = [json.loads(one.payload)["data"] for one in records if one.kind is RecordKind.FRAME]
    assert (frames[0]["b"], frames[0]["a"]) == (
        [["16529.1", "0.00001"], ["16537.4", "0"]],
        [["16529.3", "0.00001"], ["16537.6", "0"]],
    )


def test_a_calendar_laid_over_bars_is_scored_on_their_open(tmp_path: Path) -> None:
    rows = [
        f"2023-02-14 {hour:02}:{minute:02},{22_000 - hour}.0,0,0,{22_000 - hour}.0,9.5"
        for hour in (13, 14)
        for minute in range(0, 60, 5)
    ]
    source = _write(tmp_path / "btc.csv", rows, "date,open,high,low,close,volume")
    calendar = tmp_path / "calendar.csv"
    figure = "2023-02-14T13:30:00Z,us.cpi.yoy,2023-01,6.4,6.2,6.5"
    calendar.write_text(f"ts_scheduled,indicator,period,actual,consensus,prior\n{figure}\n")
    books, figures, said = tmp_path / "books", tmp_path / "figures", tmp_path / "said"

    assert run(["import", "klines-csv", str(source), "--out", str(books), "--json"]) == EXIT_DONE
    assert run(["import", "calendar-csv", str(calendar), "--out", str(figures)]) == EXIT_DONE
    assert run(["replay", str(books), str(figures), "--out", str(said)]) == EXIT_DONE

    documents = [json.loads(line) for line in said.read_text().splitlines()]
    scored = next(one for one in documents if one["kind"] == "release" and one["instrument"] == "BTCUSDT.BINANCE")
    assert scored["book"]["mid"] == 21_987.0
    assert scored["flags"] == []  # the bar opens with the figure


def test_bars_of_days_begin_at_midnight_utc(tmp_path: Path) -> None:
    days = ["2023-01-01,16537.5,16538.0,16523.0,16529.2,844.2", "2023-01-02,16529.2,16533.6,16519.0,16521.5,321.5"]
    source = _write(tmp_path / "btc_1d.csv.gz", days, "date,open,high,low,close,volume")

    imported = import_klines_csv([source], tmp_path / "journal")

    assert imported.ts_first == parse_rfc3339("2023-01-01T00:00:00Z")
    assert imported.ts_last == parse_rfc3339("2023-01-02T23:59:59.999Z")


def test_the_same_bar_twice_is_left_out_and_counted(tmp_path: Path) -> None:
    source = _write(tmp_path / "btc_5m.csv", [_ROWS[0], _ROWS[0], _ROWS[1]])

    assert import_klines_csv([source], tmp_path / "journal").skipped == {"bars told twice": 1}


@pytest.mark.parametrize(
    ("name", "header", "rows", "problem"),
    [
        ("btc_5m.csv", "date,open,high,low,close", [], r"btc_5m\.csv:1: no column volume"),
        ("btc_5m.csv", _HEADER, [_ROWS[0], _ROWS[1].replace("16529.2", "?")], r":3: '\?' is no price or size"),
        ("btc_5m.csv", _HEADER, [_ROWS[1], _ROWS[0]], r":3: the bar begins before the one in the line before"),
        ("btc_5m.csv", _HEADER, [_ROWS[0], _ROWS[0].replace("844", "845")], r":3: another bar than in the line before"),
        ("btc_5m.csv", _HEADER, ["yesterday,1,1,1,1,1,um,x"], r":2: date 'yesterday'"),
        ("btc_5m.csv", _HEADER, ["2023-01-01T00:00:00Z,1"], r":2: 2 columns, not the header's 8"),
        ("btc.csv", _HEADER, _ROWS[:1], r":2: neither the name nor the first two bars tell how long a bar is"),
        ("_5m.csv", _HEADER, _ROWS, r"the name does not begin with an asset"),
        ("btc_5m.csv", _HEADER, [], r"there is no bar in it"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(
    tmp_path: Path, name: str, header: str, rows: list[str], problem: str
) -> None:
    source = _write(tmp_path / name, rows, header)

    with pytest.raises(ImportFormatError, match=problem):
        import_klines_csv([source], tmp_path / "journal")


def test_a_shared_price_file_gives_two_records_a_bar(tmp_path: Path) -> None:
    source = shared_data("macro", "prices", "btc_1m_2023-05.csv.gz")

    imported = import_klines_csv([source], tmp_path / "journal")

    assert imported.instruments == ("BTCUSDT.BINANCE",)
    assert imported.records == 2 * 1_262 + 1  # and the connection
