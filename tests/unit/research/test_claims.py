"""Claims on prices whose moves were planted: what is so is supported, what is not is contradicted."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from signald.errors import ConfigError
from signald.model.time import NS_PER_S
from signald.research.claims import Claim, Occasion, examine, read_claims
from signald.research.prices import Bars, Prices

BEGIN = datetime(2025, 1, 6, tzinfo=UTC)
STEP_S = 300
BARS = 12 * 24 * 70
T0 = datetime(2025, 2, 12, 13, 30, tzinfo=UTC)


def bars_of(returns_bps: Callable[[int], float], *, seed: int = 1, noise_bps: float = 1.0) -> Bars:
    """Ten weeks of five-minute bars with noise and a planted return, by number of the bar."""
    random = np.random.default_rng(seed)
    returns = noise_bps * random.standard_normal(BARS) + [returns_bps(number) for number in range(BARS)]
    close = 95_000.0 * np.cumprod(1.0 + 1e-4 * returns)
    start = round(BEGIN.timestamp()) * NS_PER_S + np.arange(BARS) * STEP_S * NS_PER_S
    opens = np.concatenate([[95_000.0], close[:-1]])
    return Bars(STEP_S * NS_PER_S, start, opens, close.astype(np.float64), np.ones(BARS, dtype=np.int64))


def number_of(moment: datetime) -> int:
    """The bar that begins then."""
    return round((moment - BEGIN).total_seconds()) // STEP_S


def claim(text: str) -> Claim:
    [read] = read_claims(f'[[claim]]\nid = "c"\nsays = "s"\n{text}'.encode(), where="test")
    return read


def fallen() -> Prices:
    """2.66 % down within the fifteen minutes after T0."""
    first = number_of(T0)
    return {"BTC": [bars_of(lambda number: -89.0 if first <= number < first + 3 else 0.0, noise_bps=0.1)]}


MOVE = 'test = "move"\nbegin = 2025-02-12T13:30:00Z\nend = 2025-02-12T13:45:00Z\n'


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(-2.91, -2.41, "supported"), (-1.0, 0.0, "contradicted"), (0.0, 9.0, "contradicted")]
)
def test_move_is_supported_within_what_is_claimed(low: float, high: float, verdict: str) -> None:
    found = examine(claim(f"{MOVE}low = {low}\nhigh = {high}"), fallen(), ())

    assert found.verdict == verdict
    assert found.found.startswith("-2.64 %") or found.found.startswith("-2.65 %")
    assert "; 0 of" in found.found
    assert found.n > 50


def test_move_without_prices_of_its_time_is_not_testable() -> None:
    elsewhere = MOVE.replace("2025", "2021")

    found = examine(claim(f"{elsewhere}low = -3\nhigh = -2"), fallen(), ())

    assert (found.verdict, found.n) == ("not testable", 0)


@pytest.mark.parametrize(("within", "verdict"), [(1.0, "supported"), (0.1, "contradicted")])
def test_turn_is_where_the_lowest_close_is(within: float, verdict: str) -> None:
    bottom = number_of(T0 + timedelta(hours=12))
    prices = {"BTC": [bars_of(lambda number: -1.0 if number < bottom else 1.0, noise_bps=0.1)]}

    found = examine(
        claim(f'test = "turn"\nkind = "bottom"\nat = {T0.isoformat()}\nwithin_days = {within}\nspan_days = 5'),
        prices,
        (),
    )

    assert found.verdict == verdict
    assert found.found.startswith("+0.50 days")


def test_path_holds_only_if_every_leg_does() -> None:
    text = """test = "path"
        legs = [{ begin = 2025-02-12T13:30:00Z, end = 2025-02-12T13:45:00Z, low = -3, high = -2 },
                { begin = 2025-02-12T13:45:00Z, end = 2025-02-12T14:45:00Z, low = -0.5, high = UP }]"""

    held, broken = (examine(claim(text.replace("UP", up)), fallen(), ()) for up in ("0.5", "-0.4"))

    assert (held.verdict, broken.verdict) == ("supported", "contradicted")
    assert held.n == 2


def days(count: int) -> list[datetime]:
    """A release on every other weekday at half past one."""
    return [BEGIN + timedelta(days=7 + day, hours=13, minutes=30) for day in range(0, 2 * count, 2)]


@pytest.mark.parametrize(("planted_bps", "verdict"), [(30.0, "supported"), (0.0, "not testable")])
def test_reaction_is_seen_where_it_was_planted_only(planted_bps: float, verdict: str) -> None:
    moments = {number_of(day): (-1) ** index for index, day in enumerate(days(25))}
    prices = {"BTC": [bars_of(lambda number: planted_bps * moments.get(number, 0), noise_bps=5.0)]}
    occasions = [Occasion(round(day.timestamp()) * NS_PER_S, ("us.cpi.yoy",)) for day in days(25)]

    found = examine(claim('test = "reaction"\nindicators = ["us.cpi.yoy"]'), prices, occasions)
    none = examine(claim('test = "reaction"\nindicators = ["us.nfp"]'), prices, occasions)

    assert found.verdict == verdict
    assert found.n == 25
    assert (none.verdict, none.n) == ("not testable", 0)


@pytest.mark.parametrize(("beta", "verdict"), [(1.0, "supported"), (0.0, "contradicted")])
def test_asset_follows_another_as_far_as_they_move_together(beta: float, verdict: str) -> None:
    other = bars_of(lambda _: 0.0, seed=7)
    own = 1e4 * (other.close / other.open - 1.0)
    prices = {"BTC": [bars_of(lambda number: beta * float(own[number]), seed=8)], "NQ": [other]}

    found = examine(claim('test = "follows"\nreference = "NQ"'), prices, ())
    missing = examine(claim('test = "follows"\nreference = "NQ"'), {"BTC": prices["BTC"]}, ())

    assert found.verdict == verdict
    assert found.n == BARS // 12
    assert missing.verdict == "not testable"


def test_file_that_is_none_is_named() -> None:
    with pytest.raises(ConfigError, match=r"claims\.toml"):
        read_claims(b'[[claim]]\nid = "x"\nsays = "y"\ntest = "wish"', where="claims.toml")
