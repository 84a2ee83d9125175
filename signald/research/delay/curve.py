"""Cost against delay: what a millisecond more costs whoever acts on documents, and whoever's quotes rest meanwhile."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from signald.research.delay.acting import Acted, Order, Plan
from signald.research.delay.latencies import HEADER
from signald.research.sample import Floats

WITHIN_MS: Final = 100.0
"""The millisecond's value is the slope of the cost up to here."""

_DRAWS: Final = 2_000
_BPS: Final = 1e4


class DelayPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One delay. Means over the same orders, and the same quotes, at every delay; ``None`` where there are none.

    Attributes:
        delay_ms: Added to the latencies.
        cost_bps: Average price against mid when the document was said, the worse the higher, without fees.
        cost_lo_bps: Lower end of its 90 % interval, release times drawn anew.
        cost_hi_bps: Upper end.
        earned_bps: From that price to the one at which the order was closed, less the fees of both sides.
        exposed_bps: What a quote resting at the touch at that moment would have lost by then, to mid; at least 0.
        bps_per_ms: Slope of the cost from here to the next delay; ``None`` at the last.
        usd_per_ms: The same of an order of the plan's size.
    """

    delay_ms: float
    cost_bps: float | None
    cost_lo_bps: float | None
    cost_hi_bps: float | None
    earned_bps: float | None
    exposed_bps: float | None
    bps_per_ms: float | None
    usd_per_ms: float | None


class DelayCurve(msgspec.Struct, frozen=True, kw_only=True):
    """The curve, and what it rests on.

    Attributes:
        size_usd: Of each order.
        fee_bps: Of each side.
        exit_s: From the first possible act to the closing.
        feed: Where the feed's latency is from.
        publication: Where that of the publication is from.
        draws: Of latencies, for each document.
        seed: Of the draws.
        releases: Release times acted on.
        orders: Documents with an edge that were acted on, each draw counted.
        quotes: Documents by which quotes were exposed, each draw counted.
        left_out: Orders and quotes that do not count, by reason: ``no_book`` none was live when the document came,
            ``thin`` the book had less than was wanted, ``unseen`` no live book at one of the delays.
        latency_ms: Median, 90 % and largest from the source's own time to the first possible act.
        points: By rising delay.
        within_ms: Up to where the following slopes are taken.
        millisecond_bps: What a millisecond more costs an order; ``None``: nothing was acted on.
        millisecond_lo_bps: Lower end of its 90 % interval.
        millisecond_hi_bps: Upper end.
        millisecond_usd: The same of an order of that size.
        millisecond_exposed_bps: What a millisecond more costs a resting quote.
    """

    size_usd: float
    fee_bps: float
    exit_s: int
    feed: str
    publication: str
    draws: int
    seed: int
    releases: int
    orders: int
    quotes: int
    left_out: dict[str, int]
    latency_ms: dict[str, float]
    points: tuple[DelayPoint, ...]
    within_ms: float
    millisecond_bps: float | None
    millisecond_lo_bps: float | None
    millisecond_hi_bps: float | None
    millisecond_usd: float | None
    millisecond_exposed_bps: float | None


def curve_of(acted: Acted, plan: Plan) -> DelayCurve:
    """Sum up what came of a plan."""
    ordered = [order for order in acted.orders if order.side]
    filled = [order for order in ordered if not np.isnan(order.prices).any()]
    quoted = [order for order in acted.orders if not np.isnan(order.mids).any()]
    thin = sum(order.thin and bool(np.isnan(order.prices).any()) for order in ordered)
    costs = np.array([_costs(order) for order in filled]).reshape(-1, len(plan.delays_ms))
    exposed = np.array([_exposed(order) for order in quoted]).reshape(-1, len(plan.delays_ms))
    latencies = np.array([order.latency_ms for order in acted.orders])
    drawn = _drawn_means(costs, [order.t0 for order in filled])
    slope = _slope(costs.mean(axis=0), plan) if filled else None
    slopes = [_slope(one, plan) for one in drawn]
    lo, hi = np.quantile(slopes, [0.05, 0.95]).tolist() if slopes else (None, None)
    return DelayCurve(
        size_usd=plan.size_usd,
        fee_bps=plan.fee_bps,
        exit_s=plan.exit_s,
        feed=plan.feed.name if plan.feed is not None else "recorded",
        publication=plan.publication.name if plan.publication is not None else "0 ms",
        draws=plan.times,
        seed=plan.seed,
        releases=len({order.t0 for order in acted.orders}),
        orders=len(filled),
        quotes=len(quoted),
        left_out={"no_book": acted.no_book, "thin": thin, "unseen": len(ordered) - len(filled) - thin},
        latency_ms={} if not len(latencies) else _spread(latencies),
        points=_points(filled, costs, exposed, drawn, plan),
        within_ms=_within(plan),
        millisecond_bps=slope,
        millisecond_lo_bps=lo,
        millisecond_hi_bps=hi,
        millisecond_usd=None if slope is None else slope / _BPS * plan.size_usd,
        millisecond_exposed_bps=_slope(exposed.mean(axis=0), plan) if quoted else None,
    )


def write_news(acted: Acted, path: Path) -> int:
    """Write how old books' news was, by seconds from the release, as a file that latencies are drawn from.

    Returns:
        How many are in it; those of recordings without a release are none.
    """
    near = [(seconds, age) for seconds, age in acted.news_ms if math.isfinite(seconds)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows((f"{seconds:.3f}", f"{age:.6f}") for seconds, age in near)
    return len(near)


def _costs(order: Order) -> Floats:
    return order.side * (np.array(order.prices) / order.mid - 1.0) * _BPS


def _exposed(order: Order) -> Floats:
    mids = np.array(order.mids)
    return np.maximum(np.maximum(mids - order.ask, order.bid - mids), 0.0) / order.mid * _BPS


def _earned(orders: Sequence[Order], place: int, fee_bps: float) -> float | None:
    closed = [one for one in orders if not math.isnan(one.exit)]
    moves = [one.side * (one.exit / one.prices[place] - 1.0) * _BPS - 2.0 * fee_bps for one in closed]
    return float(np.mean(moves)) if moves else None


def _points(
    filled: Sequence[Order], costs: Floats, exposed: Floats, drawn: Floats, plan: Plan
) -> tuple[DelayPoint, ...]:
    means: list[float | None] = costs.mean(axis=0).tolist() if len(costs) else [None] * len(plan.delays_ms)
    steps: list[float] = (np.diff(costs.mean(axis=0)) / np.diff(plan.delays_ms)).tolist() if len(costs) else []
    points: list[DelayPoint] = []
    for place, delay in enumerate(plan.delays_ms):
        lo, hi = np.quantile(drawn[:, place], [0.05, 0.95]).tolist() if len(drawn) else (None, None)
        slope = steps[place] if place < len(steps) else None
        point = DelayPoint(
            delay_ms=delay,
            cost_bps=means[place],
            cost_lo_bps=lo,
            cost_hi_bps=hi,
            earned_bps=_earned(filled, place, plan.fee_bps),
            exposed_bps=float(exposed[:, place].mean()) if len(exposed) else None,
            bps_per_ms=slope,
            usd_per_ms=None if slope is None else slope / _BPS * plan.size_usd,
        )
        points.append(point)
    return tuple(points)


def _drawn_means(costs: Floats, t0s: Sequence[int]) -> Floats:
    """Mean costs of samples of release times drawn anew, ``[draw, delay]``: orders of one release move together."""
    if not len(costs):
        return np.empty((0, 0))
    _, of = np.unique(t0s, return_inverse=True)
    count = int(of.max()) + 1
    sums = np.array([costs[of == one].sum(axis=0) for one in range(count)])
    sizes = np.bincount(of).astype(np.float64)
    drawn = np.random.default_rng(0).integers(count, size=(_DRAWS, count))
    return sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)[:, np.newaxis]


def _within(plan: Plan) -> float:
    """The longest delay up to :data:`WITHIN_MS`; where there is but one, the next."""
    near = [one for one in plan.delays_ms if one <= WITHIN_MS]
    return near[-1] if len(near) > 1 else plan.delays_ms[min(1, len(plan.delays_ms) - 1)]


def _slope(costs: Floats, plan: Plan) -> float:
    last = plan.delays_ms.index(_within(plan))
    return float(costs[last] - costs[0]) / (plan.delays_ms[last] - plan.delays_ms[0])


def _spread(latencies: Floats) -> dict[str, float]:
    median, high = np.quantile(latencies, [0.5, 0.9]).tolist()
    return {"p50": median, "p90": high, "max": float(latencies.max())}
