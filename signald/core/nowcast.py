"""Applies bridges: components that are known → the figure that they make likely, beside its consensus.

Baffigi, Golinelli & Parigi 2004, "Bridge models to forecast the euro area GDP", International Journal of
Forecasting 20.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from signald.core.surprise import WINDOW, surprise
from signald.model.macro import ReleaseId
from signald.model.nowcast import Bridge, NowcastView
from signald.model.time import Nanos

_DECIMALS: Final = 9


def usable(bridges: Iterable[Bridge], known: Mapping[str, float]) -> Bridge | None:
    """Of the bridges whose components are all known the one with the smallest past error; ``None``: there is none."""
    ready = [one for one in bridges if all(name in known for name in one.regressors)]
    return min(ready, key=lambda one: (one.past_error, -len(one.regressors)), default=None)


def nearest(bridges: Iterable[Bridge], known: Mapping[str, float]) -> tuple[str, ...]:
    """What is missing of the bridge that wants least more; the shorter of two; nothing without bridges."""
    missing = [tuple(name for name in one.regressors if name not in known) for one in bridges]
    return min(missing, key=lambda names: (len(names), names), default=())


def is_thin(bridge: Bridge) -> bool:
    """Whether its error rests on fewer nowcasts than make a standard deviation elsewhere."""
    return bridge.past_n < WINDOW


def is_outside(bridge: Bridge, known: Mapping[str, float]) -> bool:
    """Whether a component lies farther outside of all that the bridge was estimated on than that is wide."""
    return any(
        not low - (high - low) <= known[name] <= high + (high - low)
        for name, (low, high) in zip(bridge.regressors, bridge.ranges, strict=True)
    )


def apply(
    bridge: Bridge,
    known: Mapping[str, float],
    *,
    release_id: ReleaseId,
    consensus: float | None,
    ts_scheduled: Nanos | None,
) -> NowcastView:
    """The nowcast of ``release_id``; all of the bridge's components must be known."""
    shares = {name: beta * known[name] for name, beta in zip(bridge.regressors, bridge.beta, strict=True)}
    nowcast = round(math.fsum((bridge.constant, *shares.values())), _DECIMALS)
    view = NowcastView(
        release_id=release_id,
        ts_scheduled=None,
        nowcast=nowcast,
        error=bridge.past_error,
        lo=round(nowcast - bridge.bound, _DECIMALS),
        hi=round(nowcast + bridge.bound, _DECIMALS),
        consensus=None,
        difference=None,
        is_beyond=False,
        consensus_error=bridge.consensus_error,
        n=bridge.n,
        past_n=bridge.past_n,
        components={name: known[name] for name in bridge.regressors},
        contributions={
            name: round(share, _DECIMALS) for name, share in (("constant", bridge.constant), *shares.items())
        },
    )
    return beside(view, consensus, ts_scheduled=ts_scheduled)


def beside(view: NowcastView, consensus: float | None, *, ts_scheduled: Nanos | None) -> NowcastView:
    """The same nowcast beside this consensus."""
    difference = None if consensus is None else surprise(view.nowcast, consensus)
    return msgspec.structs.replace(
        view,
        consensus=consensus,
        ts_scheduled=ts_scheduled,
        difference=difference,
        is_beyond=difference is not None and abs(difference) > view.error,
    )
