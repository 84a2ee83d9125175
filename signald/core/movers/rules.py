"""How what moves the market beside the figures is measured, as configured."""

from dataclasses import dataclass, field
from typing import NamedTuple

from signald.model.expectations import CutsThreshold
from signald.model.time import NS_PER_S, Nanos


class PegRules(NamedTuple):
    """When a peg counts.

    Attributes:
        gate_bps: Farther from a dollar than this is no peg; books that differ by more dispute it.
        stale_after_ns: A book that has said nothing for so long says nothing.
    """

    gate_bps: float = 50.0
    stale_after_ns: Nanos = 60 * NS_PER_S


class RegimeRules(NamedTuple):
    """How it is measured."""

    symbols: tuple[str, ...] = ("NQ",)
    bar_ns: Nanos = 300 * NS_PER_S
    half_life_bars: float = 288.0
    stale_after_ns: Nanos = 60 * NS_PER_S


class DriftRules(NamedTuple):
    """When it is looked, and what is beyond.

    Attributes:
        from_ns: Moves are since so long before a release.
        at_ns: When before it they are looked at, earliest first.
        days: Weekdays before that are remembered.
        level: Share of quiet days that stay within the band.
    """

    from_ns: Nanos = 36_000 * NS_PER_S
    at_ns: tuple[Nanos, ...] = tuple(s * NS_PER_S for s in (18_000, 7_200, 3_600, 1_800, 600, 60))
    days: int = 20
    level: float = 0.9


class CutsRules(NamedTuple):
    """When a release has moved what is expected of the Federal Reserve.

    Attributes:
        window_ns: What comes so long after T0 is its doing.
        stale_after_ns: A word that was older at T0 does not say what was expected then.
        days: Weekdays without a release that are remembered at each time of the day.
        level: Share of them that stay within the threshold.
        threshold: In cuts, in the place of theirs; ``None``: theirs.
        estimated: The model's, from a longer history; ``None``: it has none.
    """

    window_ns: Nanos = 300 * NS_PER_S
    stale_after_ns: Nanos = 86_400 * NS_PER_S
    days: int = 20
    level: float = 0.9
    threshold: float | None = None
    estimated: CutsThreshold | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoverRules:
    """How each is measured; ``sample_ns`` is for how long books are looked at ten times a second after a figure."""

    pegs: PegRules = field(default_factory=PegRules)
    drift: DriftRules = field(default_factory=DriftRules)
    regime: RegimeRules = field(default_factory=RegimeRules)
    cuts: CutsRules = field(default_factory=CutsRules)
    sample_ns: Nanos = 30 * NS_PER_S
