"""How what moves the market beside the figures is measured, as configured."""

from dataclasses import dataclass, field
from typing import NamedTuple

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


@dataclass(frozen=True, slots=True, kw_only=True)
class MoverRules:
    """How each is measured; ``sample_ns`` is for how long books are looked at ten times a second after a figure."""

    pegs: PegRules = field(default_factory=PegRules)
    drift: DriftRules = field(default_factory=DriftRules)
    regime: RegimeRules = field(default_factory=RegimeRules)
    sample_ns: Nanos = 30 * NS_PER_S
