"""Whether one set of predictions is better than another of the same releases by more than which releases there were."""

from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np

from signald.model.time import Nanos
from signald.research.judging import Judged
from signald.research.scores import crps, log_score

DRAWS: Final = 4_000


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """One prediction and what became of it, in basis points; ``log_score`` in nats."""

    ts: Nanos
    mean: float
    scale: float
    move: float
    crps: float
    log_score: float


class Gain(msgspec.Struct, frozen=True, kw_only=True):
    """What one run is better by than another, with the central 90 % of its values in drawn samples of the releases.

    Attributes:
        mean: Mean over the releases of both; positive is better.
        lo: Lower end.
        hi: Upper end.
    """

    mean: float
    lo: float
    hi: float

    @property
    def beyond_noise(self) -> bool:
        """Whether the interval lies on one side of zero, and it is not zero."""
        return self.lo > 0.0 or self.hi < 0.0


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs over the releases that both predicted.

    Attributes:
        n: How many those are.
        changed: How many of them are predicted differently.
        crps: Gain in CRPS, as a share of the other run's.
        log_score: Gain in log score, nats.
    """

    n: int
    changed: int
    crps: Gain
    log_score: Gain


def scored(judged: Judged, ts: Mapping[int, Nanos]) -> tuple[Scored, ...]:
    """Each prediction with its scores; ``ts`` has the time of each of the sample's rows."""
    columns = (
        judged.model.mean,
        judged.model.scale,
        judged.moves,
        crps(judged.model, judged.moves),
        log_score(judged.model, judged.moves),
    )
    return tuple(
        Scored(ts=ts[row], mean=mean, scale=scale, move=move, crps=loss, log_score=density)
        for row, mean, scale, move, loss, density in zip(judged.rows, *(one.tolist() for one in columns), strict=True)
    )


def compare_pairs(ours: Mapping[Nanos, Scored], theirs: Mapping[Nanos, Scored]) -> Compared | None:
    """Compare release by release (paired bootstrap: Efron & Tibshirani 1993, ch. 16); ``None`` with none in common."""
    both = sorted(ours.keys() & theirs.keys())
    if not both:
        return None
    loss = np.array([[ours[ts].crps, theirs[ts].crps] for ts in both])
    density = np.array([ours[ts].log_score - theirs[ts].log_score for ts in both])
    n = len(both)
    drawn = np.random.default_rng(0).multinomial(n, np.full(n, 1.0 / n), DRAWS) / n
    losses = drawn @ loss
    return Compared(
        n=n,
        changed=sum((ours[ts].mean, ours[ts].scale) != (theirs[ts].mean, theirs[ts].scale) for ts in both),
        crps=_gain(1.0 - float(loss[:, 0].sum() / loss[:, 1].sum()), 1.0 - losses[:, 0] / losses[:, 1]),
        log_score=_gain(float(density.mean()), drawn @ density),
    )


def _gain(mean: float, drawn: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Gain:
    lo, hi = np.quantile(drawn, [0.05, 0.95])
    return Gain(mean=mean, lo=float(lo), hi=float(hi))
