"""Says, once components are known, what they make of the figure that they lead to: a moment after they came.

Not at once: the documents about the figure itself must not wait for it, and the figures of one report come together.
"""

from collections.abc import Mapping
from typing import Final

from signald.core.board import BoardRows
from signald.core.documents.nowcast import nowcast_documents
from signald.core.engine.world import Output, World
from signald.core.nowcast import apply, nearest, usable
from signald.core.release_window import ReleaseWindow
from signald.core.release_window.window import indicator_of
from signald.model.macro import Indicator, IndicatorId, Release, ReleaseId, ReleaseKind, ScheduledRelease, SettledFigure
from signald.model.notices import NoNowcast
from signald.model.nowcast import REPORTS, TARGETS, Bridge, NowcastModel, is_alike, regressor_of
from signald.model.time import NS_PER_S, Nanos

AFTER_NS: Final[Nanos] = NS_PER_S
"""How long after its components came a nowcast is said."""

_FARTHEST: Final = 1_000.0  # percent: no price changes so much, and a sum of such is still a number
_MOST_TARGETS: Final = 64  # of which it is remembered what was said
_MOST_SAID: Final = 64  # times that one target's is said: who changes a consensus without end is not followed


class Nowcasts:
    """Looks at a period's components when they, or the consensus of what they lead to, have changed."""

    def __init__(self, world: World, indicators: Mapping[IndicatorId, Indicator]) -> None:
        """Take what the engine knows, and the series."""
        self._world = world
        self._sources: dict[IndicatorId, tuple[IndicatorId, ...]] = {
            target: tuple(one.id for one in indicators.values() if one.report in REPORTS and is_alike(one.id, target))
            for target in TARGETS
            if target in indicators
        }
        self._reported = frozenset(name for names in self._sources.values() for name in names)
        self._due: Nanos | None = None
        self._heard: dict[str, bool] = {}
        self._said: dict[ReleaseId, list[tuple[object, ...]]] = {}

    def next_ts(self) -> Nanos | None:
        """When there is something to look at."""
        return self._due

    def hear(self, event: Release | ScheduledRelease) -> None:
        """Be told of a figure or a schedule, once it is known what counts."""
        name, period = event.release_id.split(":")[:2]
        if isinstance(event, Release):
            is_news = name in self._reported and event.kind is not ReleaseKind.TEST and self._tells(name, event)
        elif name in self._sources:
            is_news = any(self._figures(name, period))
        else:  # figures may have come before it
            is_news = name in self._reported and bool(self._parts(name, period))
        if is_news:
            self._heard[period] = self._heard.get(period, False) or isinstance(event, Release)
            if self._due is None:  # not put off: who repeats himself must not silence it
                self._due = event.ts_ingest + AFTER_NS

    def fire(self, rows: BoardRows) -> list[Output]:
        """Say what has changed, at its own time."""
        assert self._due is not None  # the engine asks when it is
        now, heard, self._due, self._heard = self._due, self._heard, None, {}
        return [
            output
            for period, is_figure in heard.items()
            for target in self._sources
            for output in self._look(target, period, rows, now=now, is_figure=is_figure)
        ]

    def _look(self, target: IndicatorId, period: str, rows: BoardRows, *, now: Nanos, is_figure: bool) -> list[Output]:
        """What the components of a period say of one target, if that is news and its figure is not out."""
        release_id = f"{target}:{period}"
        window = self._world.register.windows.get(release_id)
        if self._is_over(window, target, period):
            return []
        figures = self._figures(target, period)
        known = {
            regressor_of(indicator_of(one.release_id), name): part
            for one in figures
            for name, part in one.components.items()
            if abs(part) <= _FARTHEST
        }
        bridges = self._bridges(target)
        bridge = usable(bridges, known)
        documents = self._world.documents
        if bridge is None:
            documents.nowcasts.pop(release_id, None)
            missing = nearest(bridges, known)
            wanted = is_figure and (bool(known) or bool(bridges))
            if not wanted or not self._is_news(release_id, missing):
                return []
            reason = "no_components" if bridges else "no_bridge"
            return [NoNowcast(release_id=release_id, reason=reason, missing=missing, ts_ingest=now)]
        consensus = None if window is None else window.expectation.consensus
        due = None if window is None else window.ts_scheduled
        view = apply(bridge, known, release_id=release_id, consensus=consensus, ts_scheduled=due)
        documents.nowcasts[release_id] = view
        if len(documents.nowcasts) > _MOST_TARGETS:
            del documents.nowcasts[next(iter(documents.nowcasts))]
        if not self._is_news(release_id, (view.nowcast, consensus, *bridge.regressors)):
            return []
        return [*nowcast_documents(documents, self._world.register, view, bridge, figures, rows, due=now)]

    def _tells(self, name: IndicatorId, event: Release) -> bool:
        """Whether a figure has components, may have taken some back, or was to have some."""
        if event.components or event.kind is not ReleaseKind.FIRST:
            return True
        wanted = regressor_of(name, "")
        return any(
            one.startswith(wanted) for target in self._sources for of in self._bridges(target) for one in of.regressors
        )

    def _bridges(self, target: IndicatorId) -> list[Bridge]:
        model = self._world.documents.scorer.parameters.nowcast
        return [one for one in model.bridges if one.target == target] if isinstance(model, NowcastModel) else []

    def _parts(self, name: IndicatorId, period: str) -> SettledFigure | None:
        """What counts of a series and a period, if components were said with it."""
        newest = self._world.register.series[name].newest(period)
        return newest if newest is not None and newest.components else None

    def _figures(self, target: IndicatorId, period: str) -> list[SettledFigure]:
        """All of them that may lead to a target, by series."""
        found = (self._parts(name, period) for name in self._sources[target])
        return [one for one in found if one is not None]

    def _is_over(self, window: ReleaseWindow | None, target: IndicatorId, period: str) -> bool:
        """Whether the target is out, or will not come."""
        if window is not None and (window.is_heard or window.state == "cancelled"):
            return True
        return self._world.register.series[target].newest(period) is not None

    def _is_news(self, release_id: ReleaseId, content: tuple[object, ...]) -> bool:
        said = self._said.setdefault(release_id, [])
        if said and said[-1] == content:
            return False
        if said and said[-1][:1] != content[:1]:
            said.clear()  # other components: what was said beside each consensus counts no more
        if len(said) >= _MOST_SAID:
            return False
        said.append(content)
        if len(self._said) > _MOST_TARGETS:
            del self._said[next(iter(self._said))]
        return True
