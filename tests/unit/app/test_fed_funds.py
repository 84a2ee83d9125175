from pathlib import Path

import pytest

from signald.app.fed_funds import read_fed_funds
from signald.errors import ConfigError, ImportFormatError


def test_a_file_of_prices_gives_the_odds_of_each_meeting(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("month,price\n2015-08,99.8675\n2015-09,99.805\n")

    found = read_fed_funds(path, ["2015-09-17"], rate=0.14)

    (one,) = found.meetings
    assert (str(one.meeting), one.p_cut) == ("2015-09-17", 0.0)
    assert one.p_hike == pytest.approx(0.536, abs=5e-4)
    assert one.levels == pytest.approx({"0": 1.0 - one.p_hike, "1": one.p_hike})
    assert found.implied_cuts_year_end is None


def test_cuts_by_the_end_of_the_year_are_counted_where_prices_reach_it(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("month,price\n2025-11,96.0\n2025-12,96.25\n2026-01,96.5\n")

    found = read_fed_funds(path, ["2025-12-10"], rate=4.0)

    assert found.implied_cuts_year_end == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("month,rate\n", 1),
        ("month,price\n2025-13,95\n", 2),
        ("month,price\n2025-03,4.33\n", 2),
        ("month,price\n2025-03,95\n2025-03,95\n", 3),
        ("month,price\n2025-03\n", 2),
        ("month,price\n2025-03,x\n", 2),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / "prices.csv"
    path.write_text(text)

    with pytest.raises(ImportFormatError, match=f"prices.csv:{line}:"):
        read_fed_funds(path, ["2025-03-19"], rate=None)


@pytest.mark.parametrize("meetings", [["soon"], ["2025-03-01", "2025-03-19"]])
def test_what_is_no_meeting_is_refused(tmp_path: Path, meetings: list[str]) -> None:
    with pytest.raises(ConfigError, match="--meeting"):
        read_fed_funds(tmp_path / "none.csv", meetings, rate=None)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.csv"):
        read_fed_funds(tmp_path / "none.csv", ["2025-03-19"], rate=None)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ImportFormatError, match="no CSV"):
        read_fed_funds(path, ["2025-03-19"], rate=None)
