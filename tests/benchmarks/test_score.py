"""``signald bench score`` still measures what it says; its figures are reported, never asserted."""

import msgspec
import pytest

from signald.app.world import load_world
from signald.bench.score import TOLERANCE, bench_score
from signald.config import Config
from signald.errors import ConfigError

MODEL = load_world(Config()).parameters


@pytest.mark.timeout(60)
def test_bench_reports_what_the_contract_names() -> None:
    result = bench_score(MODEL, rounds=1, calls=50)

    assert result["us_per_call"] > 0
    assert result["ratio_to_numpy"] > 0
    assert (result["instruments"], result["horizons"], result["figures"]) == (64, 4, 6)
    assert result["largest_difference"] < TOLERANCE


def test_a_model_without_those_figures_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"us\.cpi\.mom"):
        bench_score(msgspec.structs.replace(MODEL, own=()))
