"""The ``[movers]`` section: how what moves the market beside the figures is measured."""

from typing import Annotated, TypeAlias

import msgspec

from signald.core.movers.rules import CutsRules, DriftRules, MoverRules, PegRules, RegimeRules
from signald.model.expectations import CutsModel
from signald.model.time import NS_PER_S

Positive: TypeAlias = Annotated[float, msgspec.Meta(gt=0)]
Days: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=60)]
Level: TypeAlias = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Window: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=3_600)]
Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=60)]


class MoversConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What else moves the market.

    Attributes:
        enabled: Whether anybody looks.
        depeg_bps: A quote currency farther from a dollar is flagged.
        peg_stale_after_s: A peg's book that has said nothing for so long says nothing.
        drift_from_s: Moves before a release are since so long before it.
        drift_at_s: When before it they are looked at, earliest first.
        drift_days: Weekdays without a release that are remembered at each time of the day.
        drift_level: Share of them that the placebo band holds.
        references: Symbols with which bitcoin is compared.
        reference_bar_s: Returns are so long.
        reference_half_life_bars: What was seen counts half after so many of them.
        reference_stale_after_s: A reference that has said nothing for so long is stale.
        cuts_window_s: What is said of rates so long after a release is its doing.
        cuts_threshold: Change in priced cuts beyond which that is told; 0: what quiet days stayed within.
        sample_s: For how long after a figure books are looked at ten times a second; 0: not at all.
    """

    enabled: bool = True
    depeg_bps: Positive = 50.0
    peg_stale_after_s: Positive = 60.0
    drift_from_s: Positive = 36_000.0
    drift_at_s: tuple[Positive, ...] = (18_000.0, 7_200.0, 3_600.0, 1_800.0, 600.0, 60.0)
    drift_days: Days = 20
    drift_level: Level = 0.9
    references: Annotated[tuple[str, ...], msgspec.Meta(max_length=8)] = ("NQ",)
    reference_bar_s: Positive = 300.0
    reference_half_life_bars: Positive = 288.0
    reference_stale_after_s: Positive = 60.0
    cuts_window_s: Window = 300.0
    cuts_threshold: Annotated[float, msgspec.Meta(ge=0, le=40)] = 0.0
    sample_s: Seconds = 30.0

    def rules(self, estimated: CutsModel | None = None) -> MoverRules | None:
        """The same, in nanoseconds, with what the model has ``estimated``; ``None``: nobody looks."""
        if not self.enabled:
            return None
        return MoverRules(
            pegs=PegRules(self.depeg_bps, round(self.peg_stale_after_s * NS_PER_S)),
            drift=DriftRules(
                from_ns=round(self.drift_from_s * NS_PER_S),
                at_ns=tuple(round(one * NS_PER_S) for one in self.drift_at_s if one < self.drift_from_s),
                days=self.drift_days,
                level=self.drift_level,
            ),
            regime=RegimeRules(
                symbols=self.references,
                bar_ns=round(self.reference_bar_s * NS_PER_S),
                half_life_bars=self.reference_half_life_bars,
                stale_after_ns=round(self.reference_stale_after_s * NS_PER_S),
            ),
            cuts=CutsRules(
                window_ns=round(self.cuts_window_s * NS_PER_S),
                days=self.drift_days,
                level=self.drift_level,
                threshold=self.cuts_threshold or None,
                estimated=None if estimated is None else estimated.threshold,
            ),
            sample_ns=round(self.sample_s * NS_PER_S),
        )
