"""One moment's releases under guard: what each instrument's quotes are to do on their account."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from signald.core.guard.rules import GuardRules
from signald.core.scoring import guidance as g
from signald.model.instruments import InstrumentId
from signald.model.macro import ReleaseId
from signald.model.signals import BookView, DeskGuidance, GuardState, Liquidity, Signal
from signald.model.time import NS_PER_S, Nanos

RANK: Final[dict[GuardState, int]] = {"normal": 0, "recover": 1, "widen": 2, "released": 3, "hold": 4}
"""Of two releases that overlap the higher state counts."""


class Level(NamedTuple):
    """How liquid a book is: spread in basis points, the smaller side's US dollars within 5 of them."""

    spread_bps: float
    depth_usd: float | None


def level_of(book: BookView | None) -> Level | None:
    """The level of a book; ``None`` if it cannot be believed."""
    if book is None:
        return None
    near = book.depth_usd.get("5")
    sides = (None, None) if near is None else (near.bid, near.ask)
    known = [side for side in sides if side is not None]
    return Level(book.spread_bps, min(known) if len(known) == len(sides) else None)


@dataclass(slots=True)
class Place:
    """One instrument's part.

    Attributes:
        state: Where its quotes are on this moment's account.
        uncertainty_bps: Standard deviation of the move before anything is out; ``None``: unknown.
        before: Its liquidity before the figure.
        now: Its liquidity at the last look.
        signal: The newest document that scored a figure of this moment.
        is_withdrawn: Whether what that rests on was taken back since: nothing follows from it any more.
        mid: Mid when the first figure was scored, or news came; ``None``: no book then.
        last_mid: Mid at the last look at which there was a book; kept for news only.
        usd: What its quote currency was worth when the first figure was scored; ``None``: no book had told.
        recovered_s: When after T0 its book was first seen to be back at the share that ends ``released``.
        held: Horizon → whether its interval held what happened, as far as that is known.
    """

    state: GuardState = "normal"
    uncertainty_bps: float | None = None
    before: Level | None = None
    now: Level | None = None
    signal: Signal | None = None
    is_withdrawn: bool = False
    mid: float | None = None
    last_mid: float | None = None
    usd: float | None = None
    recovered_s: float | None = None
    held: dict[str, bool] = field(default_factory=dict[str, bool])


@dataclass(slots=True)
class Watch:
    """The releases of one moment.

    Attributes:
        ts_scheduled: T0.
        places: By instrument.
        plan: Which plan its moments are of: those of an older one are void.
        ts_widen: When its first step is due.
        edition: How often this moment was called off before: its steps are new ones then.
        releases: Whose steps these are; settled when the first step is told.
        is_begun: Whether its first step was told.
        is_overdue: Whether no figure had come in time.
        ts_heard: When the first figure was scored.
        sampled: How many of the looks since then were gone through.
    """

    ts_scheduled: Nanos
    places: dict[InstrumentId, Place]
    plan: int
    ts_widen: Nanos
    edition: int = 0
    releases: tuple[ReleaseId, ...] = ()
    is_begun: bool = False
    is_overdue: bool = False
    ts_heard: Nanos | None = None
    sampled: int = 0

    def move(self, state: GuardState, names: Sequence[InstrumentId] = ()) -> None:
        """These instruments, or all, are in ``state`` from now on."""
        for name in names or self.places:
            self.places[name].state = state

    @property
    def is_over(self) -> bool:
        """Whether nothing of it bears on any quote any more."""
        return all(place.state == "normal" for place in self.places.values())

    def is_back(self, name: InstrumentId, share: float) -> bool:
        """Whether spread and depth are back at ``share`` of what they were; not where that is not known."""
        return is_back(self.places[name], share)

    def liquidity(self, name: InstrumentId) -> Liquidity:
        """Liquidity now against before; see :func:`liquidity_of`."""
        return liquidity_of(self.places[name])

    # -- what quotes are to do ---------------------------------------------------------------------------------------

    def guidance(
        self, name: InstrumentId, now: Nanos, rules: GuardRules, *, quote_life_s: float, horizon_s: float
    ) -> DeskGuidance:
        """Guidance on this moment's account alone."""
        place = self.places[name]
        widen, skew, size = self._numbers(place, now, quote_life_s=quote_life_s, horizon_s=horizon_s)
        return DeskGuidance(
            state=place.state,
            quote_widen_bps=widen,
            skew_bps=skew,
            max_size_usd=size,
            ts_expires=self._next_ts(place.state, rules) + rules.grace_ns,
        )

    def _numbers(
        self, place: Place, now: Nanos, *, quote_life_s: float, horizon_s: float
    ) -> tuple[float | None, float | None, float | None]:
        depth = None if place.now is None else place.now.depth_usd
        std = place.uncertainty_bps
        scored = None if place.signal is None or place.is_withdrawn else place.signal.desk
        if place.state == "hold":
            return (None if std is None else g.jump_bps(std)), 0.0, 0.0
        if place.state == "released" and scored is not None:
            return scored.quote_widen_bps, scored.skew_bps, scored.max_size_usd
        if place.state == "recover":
            std = _predicted_std(place.signal, horizon_s) if place.signal is not None else std
            if std is None:
                return None, 0.0, depth
            left = g.remaining_bps(std, elapsed_s=(now - self.ts_scheduled) / NS_PER_S, horizon_s=horizon_s)
            widen = g.widen_bps(left, quote_life_s=quote_life_s, horizon_s=horizon_s) + excess_bps(place)
            return widen, 0.0, g.size_usd(depth, widen)
        if std is None:
            return None, 0.0, depth
        widen = g.widen_bps(std, quote_life_s=quote_life_s, horizon_s=horizon_s)
        return widen, 0.0, g.size_usd(depth, widen)

    def _next_ts(self, state: GuardState, rules: GuardRules) -> Nanos:
        """When the next step is due at the latest."""
        match state:
            case "widen":
                after = rules.recover_after_ns if self.is_overdue else -rules.hold_before_ns
            case "hold":
                after = rules.overdue_after_ns
            case "released":
                after = rules.recover_after_ns
            case _:
                after = rules.normal_after_ns
        return self.ts_scheduled + after


def is_back(place: Place, share: float) -> bool:
    """Whether spread and depth are back at ``share`` of what they were; not where that is not known."""
    if place.before is None or place.now is None:
        return False
    spread = g.recovered(place.now.spread_bps, place.before.spread_bps, share=share, falling=True)
    return spread and g.recovered(place.now.depth_usd, place.before.depth_usd, share=share, falling=False)


def liquidity_of(place: Place) -> Liquidity:
    """Liquidity now against before, as ratios; ``None`` where it is not known or was nothing."""
    before, now = place.before, place.now
    if before is None or now is None:
        return Liquidity(spread_ratio=None, depth_ratio=None)
    return Liquidity(
        spread_ratio=now.spread_bps / before.spread_bps if before.spread_bps > 0.0 else None,
        depth_ratio=now.depth_usd / before.depth_usd if now.depth_usd is not None and before.depth_usd else None,
    )


def combine(members: Sequence[DeskGuidance]) -> DeskGuidance:
    """The widest of several: the highest state, the widest quote, the smallest size, until the first of them ends.

    The skew is that of a released figure, the farthest of several; no figure, no skew.
    """
    widths = [one.quote_widen_bps for one in members if one.quote_widen_bps is not None]
    sizes = [one.max_size_usd for one in members if one.max_size_usd is not None]
    skews = [one.skew_bps for one in members if one.state == "released" and one.skew_bps is not None]
    states: list[GuardState] = [one.state for one in members]
    return DeskGuidance(
        state=max(states, key=RANK.__getitem__),
        quote_widen_bps=max(widths, default=None),
        skew_bps=max(skews, key=abs, default=None if any(one.state == "released" for one in members) else 0.0),
        max_size_usd=min(sizes, default=None),
        ts_expires=min(one.ts_expires for one in members),
    )


def _predicted_std(signal: Signal, horizon_s: float) -> float | None:
    return next((one.std_bps for one in signal.horizons if one.seconds == horizon_s), None)


def excess_bps(place: Place) -> float:
    """Half of what the market's own spread is wider than before."""
    if place.before is None or place.now is None:
        return 0.0
    return max(0.0, place.now.spread_bps - place.before.spread_bps) / 2.0
