from pathlib import Path

import pytest

from signald.app.world import load_known_indicators
from signald.config import Config, find_file, load_config
from signald.errors import ConfigError

LISTED = """
[[indicator]]
id = "us.cpi.yoy"
name = "Consumer prices"
unit = "percent"
step = 0.1
plausible = [-5.0, 20.0]
family = "inflation"
agency = "BLS"
release_time = "08:30"
time_zone = "America/New_York"
frequency = "monthly"
lag_days = 20

[[indicator]]
id = "us.ppi.yoy"
name = "Producer prices"
unit = "percent"
step = 0.1
plausible = [-5.0, 20.0]
family = "inflation"
agency = "BLS"
release_time = "08:30"
time_zone = "America/New_York"
frequency = "monthly"
lag_days = 20
sources = ["wire"]
quorum = 3
"""


def configured(path: Path, text: str) -> Config:
    (path / "indicators.toml").write_text(LISTED)
    (path / "signald.toml").write_text(f'[calendar]\nindicators = "{path / "indicators.toml"}"\n{text}')
    return load_config(path / "signald.toml", {})


def test_as_shipped_every_feed_is_equal_and_the_first_one_scores() -> None:
    indicators = load_known_indicators(load_config(find_file("configs/signald.toml"), {}))

    assert {(one.sources, one.quorum) for one in indicators.values()} == {((), 1)}


def test_series_that_name_no_sources_have_the_deployments(tmp_path: Path) -> None:
    indicators = load_known_indicators(configured(tmp_path, 'sources = ["bls", "wire"]\n'))

    assert [one.sources for one in indicators.values()] == [("bls", "wire"), ("wire",)]


def test_a_quorum_may_be_raised_for_all_series_or_for_some(tmp_path: Path) -> None:
    indicators = load_known_indicators(
        configured(tmp_path, 'quorum = 2\nquorums = { "us.c*" = 4, "us.ppi.yoy" = 1 }\n')
    )

    assert [one.quorum for one in indicators.values()] == [4, 3]


def test_a_quorum_for_a_series_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"calendar\.quorums: 'us\.cpy\.yoy' is no series"):
        load_known_indicators(configured(tmp_path, 'quorums = { "us.cpy.yoy" = 2 }\n'))
