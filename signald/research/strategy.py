"""What the obvious strategy would have earned, and how little of that is left once one knows how many were tried."""

# SciPy has no type stubs: what comes out of it is given its type here.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from signald.model.time import NS_PER_S
from signald.research.judging import Judged
from signald.research.sample import Floats

COST_BPS: Final = 10.0
"""A round trip that crosses the spread twice at a taker's fee of 5 basis points each way."""

LEAST_TRADES: Final = 3
"""Trades below which nothing is said of their spread."""

_YEAR_NS: Final = 365.25 * 86_400.0 * NS_PER_S
_DRAWS: Final = 2_000


class Strategy(msgspec.Struct, frozen=True, kw_only=True):
    """Trading each release in the direction of the predicted mean where that exceeds the costs, until the horizon ends.

    It buys and sells at the price of the release's own second, which nobody gets: it bounds what was there.

    Attributes:
        seconds: The horizon.
        cost_bps: Of one round trip.
        trades: How many.
        mean_bps: Per trade, net; ``None`` without trades.
        mean_lo_bps: Lower end of its 90 % interval, trades drawn anew.
        mean_hi_bps: Upper end.
        total_bps: Sum, net.
        drawdown_bps: Largest fall of the running sum.
        sharpe: Mean over standard deviation, per trade; ``None`` with fewer than three.
        sharpe_year: The same per year, at as many trades a year as there were.
        trials: Strategies tried: each predictor and rule over each horizon.
        sharpe_luck: Best Sharpe ratio per trade to be expected from so many trials without any skill.
        deflated_sharpe: Probability that the true ratio exceeds that one, given length, skewness and tails.
    """

    seconds: int
    cost_bps: float
    trades: int
    mean_bps: float | None
    mean_lo_bps: float | None
    mean_hi_bps: float | None
    total_bps: float
    drawdown_bps: float
    sharpe: float | None
    sharpe_year: float | None
    trials: int
    sharpe_luck: float | None
    deflated_sharpe: float | None


class Trades(NamedTuple):
    """What one strategy earned: ``ts`` of each trade, and basis points net of costs."""

    ts: NDArray[np.int64]
    earned: Floats


def try_all(judged: Mapping[int, Judged], ts: NDArray[np.int64], *, cost_bps: float) -> dict[tuple[str, int], Trades]:
    """Every strategy over every horizon: by name and seconds.

    Args:
        judged: Seconds → predictions.
        ts: Times of the sample's rows.
        cost_bps: Of one round trip.
    """
    tried: dict[tuple[str, int], Trades] = {}
    for seconds, one in judged.items():
        moments = ts[list(one.rows)]
        for name, mean in (("model", one.model.mean), *((name, one.baselines[name].mean) for name in ("ols", "sign"))):
            tried[name, seconds] = _trade(moments, np.sign(mean) * (np.abs(mean) > cost_bps), one.moves, cost_bps)
        tried["verdict", seconds] = _trade(moments, one.edge, one.moves, cost_bps)
    return tried


def sum_up(
    tried: Mapping[tuple[str, int], Trades], *, seconds: int, cost_bps: float, others: Sequence[float | None] = ()
) -> Strategy:
    """The model's own strategy over one horizon, held against all that were tried.

    ``others`` are the Sharpe ratios per trade of strategies tried elsewhere, as in a sweep: each is a trial more.
    """
    trades = tried["model", seconds]
    earned = trades.earned
    running = np.concatenate([[0.0], np.cumsum(earned)])
    ratio = sharpe(earned)
    ratios = [*(sharpe(of.earned) for of in tried.values()), *others]
    luck = luckiest([one for one in ratios if one is not None], trials=len(ratios))
    years = float(trades.ts[-1] - trades.ts[0]) / _YEAR_NS if len(earned) > 1 else 0.0
    lo, hi = _spread(earned) if len(earned) >= LEAST_TRADES else (None, None)
    return Strategy(
        seconds=seconds,
        cost_bps=cost_bps,
        trades=len(earned),
        mean_bps=float(earned.mean()) if len(earned) else None,
        mean_lo_bps=lo,
        mean_hi_bps=hi,
        total_bps=float(running[-1]),
        drawdown_bps=float(np.max(np.maximum.accumulate(running) - running)),
        sharpe=ratio,
        sharpe_year=ratio * math.sqrt(len(earned) / years) if ratio is not None and years > 0.0 else None,
        trials=len(ratios),
        sharpe_luck=luck,
        deflated_sharpe=None if ratio is None or luck is None else _deflate(earned, ratio, luck),
    )


def sharpe(earned: Floats) -> float | None:
    """Mean over standard deviation; ``None`` of fewer than three trades, or of equal ones."""
    if len(earned) < LEAST_TRADES:
        return None
    spread = float(earned.std(ddof=1))
    return float(earned.mean()) / spread if spread > 0.0 else None


def luckiest(ratios: Sequence[float], *, trials: int) -> float | None:
    """The best of ``trials`` Sharpe ratios to be expected where all true ones are zero.

    Bailey & López de Prado (2014), "The Deflated Sharpe Ratio", equation 1: the expected maximum of so many normal
    draws with the variance seen between the trials. ``None`` of fewer than two known ratios.
    """
    if len(ratios) < 2 or trials < 2:  # noqa: PLR2004 - one has no spread
        return None
    high = float(stats.norm.ppf(1.0 - 1.0 / trials))
    higher = float(stats.norm.ppf(1.0 - 1.0 / (trials * math.e)))
    return float(np.std(ratios, ddof=1)) * ((1.0 - np.euler_gamma) * high + np.euler_gamma * higher)


def deflated_sharpe(ratio: float, *, luck: float, count: int, skewness: float, kurtosis: float) -> float:
    """Probability that the true Sharpe ratio is above ``luck`` (the same paper, equation 2).

    Args:
        ratio: Sharpe ratio per trade.
        luck: See :func:`luckiest`.
        count: Trades it rests on.
        skewness: Of what they earned.
        kurtosis: Likewise; 3 for the normal law.
    """
    variance = 1.0 - skewness * ratio + (kurtosis - 1.0) / 4.0 * ratio**2
    return float(stats.norm.cdf((ratio - luck) * math.sqrt((count - 1) / variance)))


def _trade(ts: NDArray[np.int64], side: Floats, moves: Floats, cost_bps: float) -> Trades:
    traded = side != 0.0
    return Trades(ts[traded], side[traded] * moves[traded] - cost_bps)


def _deflate(earned: Floats, ratio: float, luck: float) -> float:
    skewness, kurtosis = float(stats.skew(earned)), float(stats.kurtosis(earned, fisher=False))
    return deflated_sharpe(ratio, luck=luck, count=len(earned), skewness=skewness, kurtosis=kurtosis)


def _spread(earned: Floats) -> tuple[float, float]:
    drawn = np.random.default_rng(0).integers(len(earned), size=(_DRAWS, len(earned)))
    lo, hi = np.quantile(earned[drawn].mean(axis=1), [0.05, 0.95])
    return float(lo), float(hi)
