"""What is said of one instrument, and what makes it a verdict."""

from collections.abc import Sequence
from typing import NamedTuple

from signald.core.kernels import score as k
from signald.model.instruments import InstrumentId
from signald.model.signals import DeskGuidance, Driver, Flag, Horizon, PastMove, Verdict


class Prediction(NamedTuple):
    """What the model says of one instrument.

    Attributes:
        instrument: Which.
        verdict: ``no_edge`` also where nothing can be said.
        confidence: Probability that the move at the primary horizon has the verdict's sign; for ``no_edge`` of the
            likelier sign; ``None`` where nothing can be said.
        horizons: By rising length; empty where nothing can be said.
        drivers: Of the releases that were heard, in the plan's order; they add up to the primary horizon's mean.
        desk: Guidance once the figure is out.
        flags: What makes the prediction weaker.
        nearest: Past events nearest to this one.
    """

    instrument: InstrumentId
    verdict: Verdict
    confidence: float | None
    horizons: tuple[Horizon, ...]
    drivers: tuple[Driver, ...]
    desk: DeskGuidance
    flags: tuple[Flag, ...]
    nearest: tuple[PastMove, ...] = ()


def judge_edge(mean_bps: float, std_mean_bps: float, *, cost_bps: float) -> Verdict:
    """Whether the mean survives the cost of taking it and what is not known of the response.

    Args:
        mean_bps: Predicted move.
        std_mean_bps: Standard error of that mean, parameters alone: its 90 % interval must not hold zero.
        cost_bps: Half the spread and the slippage of the desk's size.
    """
    if abs(mean_bps) <= max(cost_bps, k.Z_95 * std_mean_bps):
        return "no_edge"
    return "up" if mean_bps > 0.0 else "down"


def confidence_in(verdict: Verdict, p_up: float) -> float:
    """Probability of the verdict's sign; of the likelier one where there is no edge."""
    match verdict:
        case "up":
            return p_up
        case "down":
            return 1.0 - p_up
        case _:
            return max(p_up, 1.0 - p_up)


def horizon_of(seconds: int, said: Sequence[float]) -> Horizon:
    """A row of the kernel's answer as a document shows it."""
    return Horizon(
        seconds=seconds,
        mean_bps=said[k.MEAN],
        std_bps=said[k.STD],
        lo_bps=said[k.LOW],
        hi_bps=said[k.HIGH],
        p_up=said[k.P_UP],
        n=round(said[k.COUNT]),
    )
