from pathlib import Path

import pytest

from signald.app.ci.plan import found, load_plan
from signald.errors import ConfigError


def test_a_plan_is_read_with_the_words_of_the_commands(tmp_path: Path) -> None:
    path = tmp_path / "ci.toml"
    path.write_text('[backtest]\ncalendars = ["c.csv"]\nprices = ["p.csv"]\nfrom = "2023-07-01"\n')

    plan = load_plan(path)

    assert plan.backtest is not None
    assert (plan.backtest.since, plan.backtest.until, plan.replay) == ("2023-07-01", "", None)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "nothing to run"),
        ('[replay]\njournal = ["x"]\n', "journal"),
        ("[replay\n", "ci.toml"),
        ('[backtest]\ncalendars = "c.csv"\nprices = []\n', "calendars"),
    ],
)
def test_a_plan_that_cannot_be_run_is_refused(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "ci.toml"
    path.write_text(content)

    with pytest.raises(ConfigError, match=problem):
        load_plan(path)


def test_a_missing_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nosuch\.toml"):
        load_plan(tmp_path / "nosuch.toml")


def test_patterns_are_files_by_name_in_the_order_of_the_patterns(tmp_path: Path) -> None:
    for name in ("b_2.csv", "b_1.csv", "a.csv"):
        (tmp_path / name).touch()

    paths = found(tmp_path, ("b_*.csv", "a.csv"))

    assert [path.name for path in paths] == ["b_1.csv", "b_2.csv", "a.csv"]
    with pytest.raises(ConfigError, match=r"c_\*\.csv"):
        found(tmp_path, ("c_*.csv",))


def test_the_plan_that_the_howto_prints_can_be_read(tmp_path: Path) -> None:
    howto = (Path(__file__).parents[4] / "docs" / "howto" / "backtest-in-ci.md").read_text(encoding="utf-8")
    path = tmp_path / "ci.toml"
    path.write_text(howto.split("```toml\n")[1].split("```")[0], encoding="utf-8")

    plan = load_plan(path)

    assert None not in (plan.replay, plan.verify, plan.backtest)
