"""What moves the market beside a figure, as a document shows it."""

from collections.abc import Mapping

import msgspec

from signald.core.movers.drift import share_gone
from signald.core.movers.movers import Movers
from signald.core.news import News
from signald.core.nowcast import beside
from signald.core.release_window import ReleaseWindow
from signald.model.macro import ReleaseId
from signald.model.movers import DriftView
from signald.model.nowcast import NowcastView
from signald.model.signals import Horizon, Regime
from signald.model.time import Nanos


def drift_view(
    movers: Movers | None, place: int, primary: Horizon | None, *, scheduled: Nanos | None
) -> DriftView | msgspec.UnsetType:
    """What an instrument had moved before the figure, and how much of the adjustment that was.

    Args:
        movers: ``None``: nobody looks.
        place: The instrument's.
        primary: What is predicted; ``None``: nothing is.
        scheduled: When the figure was due.
    """
    found = () if movers is None else movers.drifts.at(scheduled)
    if not found or (moved := found[place]).bps is None:
        return msgspec.UNSET
    share = None if primary is None else share_gone(moved.bps, primary.mean_bps)
    return DriftView(
        realised_bps=moved.bps, band_bps=moved.band_bps, flow=moved.flow, flow_band=moved.flow_band, share=share
    )


def regime_view(news: News, movers: Movers | None, now: Nanos) -> Regime | msgspec.UnsetType:
    """What happened lately that no calendar announced, and what bitcoin goes along with; unset: nothing to say."""
    categories = news.categories(now)
    references = msgspec.UNSET if movers is None else movers.references
    if not categories and references is msgspec.UNSET:
        return msgspec.UNSET
    return Regime(policy=categories, references=references)


def nowcast_view(nowcasts: Mapping[ReleaseId, NowcastView], window: ReleaseWindow) -> NowcastView | msgspec.UnsetType:
    """What components say of a release, beside the consensus that holds now."""
    known = nowcasts.get(window.release_id)
    if known is None:
        return msgspec.UNSET
    return beside(known, window.expectation.consensus, ts_scheduled=window.ts_scheduled)
