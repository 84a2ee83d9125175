import gzip
from pathlib import Path

import numpy as np
import pytest

from signald.errors import ImportFormatError
from signald.model.time import parse_rfc3339
from signald.research.prices import load_prices, moves_of, volatility_of
from tests.support.shared_data import shared_data

_HEADER = "date,open,high,low,close,volume,market,src"


def _write(path: Path, bars: list[tuple[str, float, float, str]]) -> Path:
    lines = [_HEADER, *(f"2024-01-11T{at}:00Z,{start},0,0,{end},1,{market},x" for at, start, end, market in bars)]
    content = "\n".join(lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def _at(clock: str) -> int:
    return parse_rfc3339(f"2024-01-11T{clock}:00Z")


_BARS = [
    ("13:25", 100.0, 200.0, "um"),
    ("13:30", 200.0, 202.0, "um"),
    ("13:35", 202.0, 198.0, "um"),
    ("13:40", 198.0, 204.0, "um"),
    ("13:45", 5_000.0, 5_100.0, "spot"),
]


def test_a_move_runs_from_the_open_of_the_release_bar_to_the_close_of_the_last(tmp_path: Path) -> None:
    prices = load_prices([_write(tmp_path / "btc_5m.csv", _BARS)])

    assert list(prices) == ["BTC"]
    assert moves_of(prices["BTC"], [_at("13:30")], 300).tolist() == pytest.approx([100.0])
    assert moves_of(prices["BTC"], [_at("13:30")], 600).tolist() == pytest.approx([-100.0])
    assert moves_of(prices["BTC"], [_at("13:30")], 900).tolist() == pytest.approx([200.0])


def test_no_move_runs_across_two_markets_or_off_the_record(tmp_path: Path) -> None:
    bars = load_prices([_write(tmp_path / "btc_5m.csv", _BARS)])["BTC"]

    assert np.isnan(moves_of(bars, [_at("13:35")], 900)).all()
    assert np.isnan(moves_of(bars, [_at("13:45"), _at("13:50"), _at("12:00")], 600)).all()
    assert moves_of(bars, [_at("13:45")], 300).tolist() == pytest.approx([200.0])


def test_a_moment_inside_a_bar_has_no_move(tmp_path: Path) -> None:
    bars = load_prices([_write(tmp_path / "btc_5m.csv", _BARS)])["BTC"]

    assert np.isnan(moves_of(bars, [_at("13:32")], 300)).all()


def test_a_horizon_shorter_than_a_bar_has_no_move(tmp_path: Path) -> None:
    bars = load_prices([_write(tmp_path / "btc_5m.csv", _BARS)])["BTC"]

    assert np.isnan(moves_of(bars, [_at("13:30")], 60)).all()


def test_prices_before_the_release_change_nothing(tmp_path: Path) -> None:
    before = [("13:25", 7.0, 9.0, "um"), *_BARS[1:]]

    one = load_prices([_write(tmp_path / "btc_a.csv", _BARS)])["BTC"]
    other = load_prices([_write(tmp_path / "btc_b.csv", before)])["BTC"]

    assert moves_of(one, [_at("13:30")], 900) == moves_of(other, [_at("13:30")], 900)


def test_files_are_joined_by_asset_and_the_first_to_have_a_bar_wins(tmp_path: Path) -> None:
    paths = [
        _write(tmp_path / "btc_1.csv.gz", _BARS[:3]),
        _write(tmp_path / "btc_2.csv", [("13:35", 1.0, 1.0, "um"), *_BARS[3:]]),
        _write(tmp_path / "eth_1.csv", [("13:30", 10.0, 20.0, "um"), ("13:35", 20.0, 20.0, "um")]),
    ]

    prices = load_prices(paths)

    assert sorted(prices) == ["BTC", "ETH"]
    assert moves_of(prices["BTC"], [_at("13:30")], 900).tolist() == pytest.approx([200.0])
    assert moves_of(prices["ETH"], [_at("13:30")], 300).tolist() == pytest.approx([10_000.0])


def test_short_bars_serve_where_the_long_ones_are_silent(tmp_path: Path) -> None:
    minutes = [(f"14:{minute:02d}", 100.0 + minute, 101.0 + minute, "um") for minute in range(10)]
    prices = load_prices([_write(tmp_path / "btc_1m.csv", minutes), _write(tmp_path / "btc_5m.csv", _BARS)])

    assert moves_of(prices["BTC"], [_at("14:00")], 60).tolist() == pytest.approx([100.0])
    assert moves_of(prices["BTC"], [_at("14:00"), _at("13:30")], 300).tolist() == pytest.approx([500.0, 100.0])


def test_the_asset_may_be_told(tmp_path: Path) -> None:
    path = _write(tmp_path / "2024.csv", _BARS)

    assert list(load_prices([path], asset="DOGE")) == ["DOGE"]
    with pytest.raises(ImportFormatError, match="begin with an asset"):
        load_prices([path])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("date,open\n2024-01-11T13:30:00Z,1\n", "no column high"),
        (f"{_HEADER}\nnoon,1,1,1,1,1,um,x\nnoon,1,1,1,1,1,um,x\n", "date"),
        (f"{_HEADER}\n2024-01-11T13:30:00Z,one,1,1,1,1,um,x\n", "one"),
        (f"{_HEADER}\n2024-01-11T13:30:00Z,1,1,1,1,1,um,x\n", "fewer than two"),
        ("", "btc.csv"),
    ],
)
def test_a_file_that_is_no_price_file_is_an_error_that_names_it(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "btc.csv"
    path.write_text(content)

    with pytest.raises(ImportFormatError, match=problem) as refused:
        load_prices([path])

    assert refused.value.path == "btc.csv"


def test_the_shared_bars_are_whole() -> None:
    prices = load_prices(sorted(shared_data("macro", "prices").glob("*_5m_*.csv.gz")))

    assert {asset: len(bars[0].start) for asset, bars in prices.items()} == {
        "BTC": 201_600,
        "ETH": 201_600,
        "SOL": 201_584,
    }


def test_volatility_is_that_of_the_bars_that_had_ended(tmp_path: Path) -> None:
    bars = load_prices([_write(tmp_path / "btc_5m.csv", _BARS)])["BTC"]

    before = volatility_of(bars, [_at("13:40"), _at("13:35")], lookback_s=600, seconds=1200)

    of_normal = np.sqrt(np.pi / 2.0)
    assert before[0] == pytest.approx(2.0 * of_normal * np.mean([100.0, 1e4 * (1.0 - 198.0 / 202.0)]))
    assert before[1] == pytest.approx(2.0 * of_normal * np.mean([1e4, 100.0]))


def test_volatility_without_half_its_bars_is_not_known(tmp_path: Path) -> None:
    bars = load_prices([_write(tmp_path / "btc_5m.csv", _BARS)])["BTC"]

    assert np.isnan(volatility_of(bars, [_at("13:25")], lookback_s=600, seconds=300)).all()
    assert np.isnan(volatility_of(bars, [_at("13:40")], lookback_s=3600, seconds=300)).all()


def test_rows_in_any_order_and_twice_the_same_are_one_file(tmp_path: Path) -> None:
    plain = load_prices([_write(tmp_path / "btc_5m.csv", _BARS)])
    mixed = load_prices([_write(tmp_path / "btc_mixed.csv", [*reversed(_BARS), *_BARS[1:3]])])

    assert mixed["BTC"][0].start.tolist() == plain["BTC"][0].start.tolist()
    assert mixed["BTC"][0].close.tolist() == plain["BTC"][0].close.tolist()


def test_two_bars_of_one_moment_that_disagree_are_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "btc_5m.csv", [*_BARS, ("13:30", 200.0, 777.0, "um")])

    with pytest.raises(ImportFormatError, match="one moment"):
        load_prices([path])
