import numpy as np
import pytest

from signald.research.prices import Bars
from signald.research.sample import Floats
from signald.research.transfer import LEAST_BARS, follow, followers_of, lead
from tests.support.samples import build_sample

_STEP_NS = 300 * 10**9


def _bars(moves: Floats, *, first: int = 0, step_ns: int = _STEP_NS) -> Bars:
    start = step_ns * np.arange(first, first + len(moves), dtype=np.int64)
    return Bars(step_ns, start, np.full(len(moves), 100.0), 100.0 * (1.0 + moves), np.zeros(len(moves), dtype=np.int64))


def _pair(*, beta: float, noise: float, seed: int = 0) -> tuple[Floats, Floats]:
    random = np.random.default_rng(seed)
    leading = random.normal(size=20_000) * 1e-3
    return leading, beta * leading + random.normal(size=20_000) * noise


@pytest.mark.parametrize("beta", [1.4, -0.5])
def test_the_planted_beta_and_width_are_recovered(beta: float) -> None:
    leading, following = _pair(beta=beta, noise=1e-3)

    found = follow("BTC", [_bars(leading)], [_bars(following)])

    assert found is not None
    assert (found.asset, found.n) == ("BTC", 20_000)
    assert found.beta == pytest.approx(beta, abs=0.03)
    assert found.width == pytest.approx(np.sqrt(1.0 + beta**-2), rel=0.03)


def test_only_bars_of_the_same_minutes_are_compared() -> None:
    leading, following = _pair(beta=1.0, noise=0.0)

    found = follow("BTC", [_bars(leading)], [_bars(following[5_000:9_000], first=5_000)])

    assert found is not None
    assert (found.n, found.beta, found.width) == (4_000, 1.0, 1.0)


def test_too_few_bars_or_none_of_one_length_tell_nothing() -> None:
    leading, following = _pair(beta=1.0, noise=0.0)

    assert follow("BTC", [_bars(leading)], [_bars(following[: LEAST_BARS - 1])]) is None
    assert follow("BTC", [_bars(leading)], [_bars(following, step_ns=_STEP_NS // 5)]) is None


def test_an_asset_with_few_of_the_releases_follows_the_one_with_most() -> None:
    leading, following = _pair(beta=2.0, noise=1e-4)
    moves = np.arange(10.0)
    late = np.where(moves < 6.0, np.nan, moves)
    sample = build_sample(
        ["us.cpi.mom"], np.ones((10, 1)), {"BTC": {300: moves}, "DOGE": {300: late}, "ETH": {300: moves}}
    )
    prices = {"BTC": [_bars(leading)], "DOGE": [_bars(following)], "ETH": [_bars(leading)]}

    followers = followers_of(sample, prices, seconds=300)

    assert list(followers) == ["DOGE"]
    assert followers["DOGE"].beta == pytest.approx(2.0, abs=0.01)
    led = lead(sample, seconds=300)
    assert set(led.moves) == set(led.usual) == set(led.lately) == {"BTC", "ETH"}
