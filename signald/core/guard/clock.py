"""The liquidity clock of one moment: since when each book is back, when it is expected to be, and what follows.

A book is back from the first look on after the last one that found spread or depth worse than the share that ends
``released``. Looks are the guard's own and, for half a minute after the figure, ten a second.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np

from signald.core.guard.rules import GuardRules
from signald.core.guard.watch import Place, Watch
from signald.core.movers.movers import Movers
from signald.model.instruments import InstrumentId
from signald.model.signals import Liquidity
from signald.model.time import NS_PER_S, Nanos

_SOONEST: Final[Nanos] = NS_PER_S


class LiquidityClock:
    """Watches books come back."""

    def __init__(self, movers: Movers | None, rules: GuardRules) -> None:
        """Without ``movers`` nothing is remembered, and nothing expected."""
        self._movers = movers
        self._rules = rules

    def looks(self, watch: Watch, now: Nanos) -> list[Nanos]:
        """When to look besides: when books are expected back, and when nine of ten were."""
        movers = self._movers
        if movers is None:
            return []
        known = [f(name) for name in watch.places for f in (movers.recoveries.expected_s, movers.recoveries.bound_s)]
        moments = {watch.ts_scheduled + max(_SOONEST, round(one * NS_PER_S)) for one in known if one is not None}
        latest = watch.ts_scheduled + self._rules.recover_after_ns
        return sorted(ts for ts in moments if now < ts < latest)

    def see(self, watch: Watch, due: Nanos) -> None:
        """Note since when books are back, up to a look of the guard's."""
        movers = self._movers
        if movers is None:
            return
        followed = [(index, place) for index, place in enumerate(watch.places.values()) if _is_followed(place)]
        self._sampled(watch, followed, movers)
        share = self._rules.recover_share
        for name, place in watch.places.items():
            if not _is_followed(place):
                continue
            if not watch.is_back(name, share):
                place.recovered_s = None
            elif place.recovered_s is None:
                place.recovered_s = (due - watch.ts_scheduled) / NS_PER_S

    def conclude(self, watch: Watch) -> None:
        """Remember how long it took, for the next time."""
        if self._movers is None:
            return
        for name, place in watch.places.items():
            if place.signal is not None and place.before is not None:
                self._movers.recoveries.note(name, place.recovered_s)

    def is_overdue(self, name: InstrumentId, elapsed: Nanos) -> bool:
        """Whether nine of ten books of it were back by so long after T0."""
        bound = None if self._movers is None else self._movers.recoveries.bound_s(name)
        return bound is not None and elapsed >= max(_SOONEST, round(bound * NS_PER_S))

    def liquidity(self, watch: Watch, name: InstrumentId) -> Liquidity:
        """Liquidity now against before, with what is expected and what was seen."""
        now, movers = watch.liquidity(name), self._movers
        if movers is None:
            return now
        return msgspec.structs.replace(
            now,
            expected_s=_given(movers.recoveries.expected_s(name)),
            bound_s=_given(movers.recoveries.bound_s(name)),
            recovered_s=_given(watch.places[name].recovered_s),
        )

    def _sampled(self, watch: Watch, followed: list[tuple[int, Place]], movers: Movers) -> None:
        """Go through the looks since the figure that were not gone through yet."""
        seen = movers.sampler.seen[watch.sampled :] if movers.sampler.began == watch.ts_heard else []
        watch.sampled += len(seen)
        if not seen:
            return
        share = self._rules.recover_share
        spread, depth = np.array([one.spread_bps for one in seen]), np.array([one.depth for one in seen])
        for index, place in followed:
            assert place.before is not None
            if place.before.depth_usd is None:
                continue
            known = ~np.isnan(spread[:, index])
            back = spread[:, index] * share <= place.before.spread_bps
            back &= depth[:, index] * movers.usd[index] >= place.before.depth_usd * share
            for at, is_back in _changes(np.flatnonzero(known), back):
                if not is_back:
                    place.recovered_s = None
                elif place.recovered_s is None:
                    place.recovered_s = (seen[at].ts - watch.ts_scheduled) / NS_PER_S


def _changes(
    known: "np.ndarray[tuple[int], np.dtype[np.intp]]", back: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]"
) -> Iterator[tuple[int, bool]]:
    """Where it turns: the first look, and each that differs from the one before."""
    before: bool | None = None
    for at in known.tolist():
        now = bool(back[at])
        if now != before:
            yield at, now
        before = now


def _is_followed(place: Place) -> bool:
    return place.signal is not None and place.before is not None and place.state != "normal"


def _given(seconds: float | None) -> float | msgspec.UnsetType:
    return msgspec.UNSET if seconds is None else seconds
