"""The engine: told events and the time, handed the board's rows, it returns signals and notices. It never asks.

Live, demo, replay and backtest run this class; they differ in clock, sources and sinks only.
"""

import heapq
from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from signald.core.board import BoardRows
from signald.core.documents import Documents
from signald.core.liveness import SourceLiveness
from signald.core.release_window import Judgement, ReleaseWindow, WindowRules, judge
from signald.model.events import Event
from signald.model.macro import Heartbeat, Indicator, IndicatorId, Release, ReleaseId, ReleaseKind, ScheduledRelease
from signald.model.notices import Notice, Quarantined, Rejected, WindowChanged
from signald.model.signals import Flag, Signal
from signald.model.time import Nanos

Output: TypeAlias = Signal | Notice

MAX_WINDOWS = 20_000
"""Releases remembered, closed ones too: a repetition of an old figure must be known as one. The oldest go first."""

_Moment: TypeAlias = Literal["arm", "missed", "close"]
_ORDER: dict[_Moment, int] = {"arm": 0, "missed": 1, "close": 2}


class _Due(NamedTuple):
    """A moment in a release's life; void if the release has since been moved away from ``ts_scheduled``."""

    ts: Nanos
    order: int
    release_id: ReleaseId
    moment: _Moment
    ts_scheduled: Nanos


class Engine:
    """Walks every release through its life and says what follows from each figure."""

    def __init__(
        self, *, indicators: Mapping[IndicatorId, Indicator], documents: Documents, rules: WindowRules
    ) -> None:
        """Take what is known beforehand: the series, the writer of documents (which holds the model), the moments."""
        self._indicators = indicators
        self._documents = documents
        self._rules = rules
        self._windows: dict[ReleaseId, ReleaseWindow] = {}
        self._bundles: dict[Nanos, dict[ReleaseId, ReleaseWindow]] = {}
        self._due: list[_Due] = []
        self._liveness = SourceLiveness()

    @property
    def windows(self) -> Mapping[ReleaseId, ReleaseWindow]:
        """Every release known, for status; not to be written."""
        return self._windows

    def next_deadline(self) -> Nanos | None:
        """When :meth:`advance` is next due; a void moment may make it too early, never too late."""
        while self._due and self._is_void(self._due[0]):
            heapq.heappop(self._due)
        return self._due[0].ts if self._due else None

    def advance(self, now: Nanos, rows: BoardRows) -> list[Output]:  # noqa: ARG002 - no step reads the board yet
        """Fire each deadline up to ``now`` at its own due time."""
        outputs: list[Output] = []
        while self._due and self._due[0].ts <= now:
            due = heapq.heappop(self._due)
            if not self._is_void(due):
                outputs.extend(self._fire(due))
        return outputs

    def handle(self, event: Event, rows: BoardRows) -> list[Output]:
        """Fire what is due by ``event.ts_ingest``, then apply the event to what the board showed at that instant."""
        outputs = self.advance(event.ts_ingest, rows)
        if isinstance(event, Heartbeat):
            self._liveness.heard(event)
        elif isinstance(event, ScheduledRelease):
            outputs.extend(self._schedule(event))
        else:
            outputs.extend(self._release(event, rows))
        return outputs

    # -- the calendar ------------------------------------------------------------------------------------------------

    def _schedule(self, word: ScheduledRelease) -> list[Output]:
        window = self._window(word.release_id, word.indicator)
        before = window.ts_scheduled
        if not window.schedule(word):
            return [_repeated(word.release_id, word.source, word.sequence, word.ts_ingest)]
        after = window.ts_scheduled
        if after == before:
            return []
        self._move(window, before, after)
        if after is None:
            if window.current is None:
                window.state = "cancelled"
            return [WindowChanged(release_id=word.release_id, state="cancelled", ts_ingest=word.ts_ingest)]
        return self._plan(window, after, word.ts_ingest)

    def _move(self, window: ReleaseWindow, before: Nanos | None, after: Nanos | None) -> None:
        if before is not None:
            siblings = self._bundles[before]
            del siblings[window.release_id]
            if not siblings:
                del self._bundles[before]
        if after is not None:
            self._bundles.setdefault(after, {})[window.release_id] = window

    def _plan(self, window: ReleaseWindow, scheduled: Nanos, now: Nanos) -> list[Output]:
        """Note the moments still to come; what is past by more than its validity is history, not an alarm."""
        rules = self._rules
        moments: dict[_Moment, Nanos] = {
            "arm": scheduled - rules.arm_before_ns,
            "missed": scheduled + rules.late_after_ns,
            "close": scheduled + rules.close_after_ns,
        }
        for moment, ts in moments.items():
            if ts > now:
                due = _Due(ts, _ORDER[moment], window.release_id, moment, scheduled)
                heapq.heappush(self._due, due)
        if window.current is not None:
            return []
        if now >= moments["close"]:
            window.state = "closed"
            return []
        window.state = "scheduled"
        outputs: list[Output] = [WindowChanged(release_id=window.release_id, state="scheduled", ts_ingest=now)]
        if moments["arm"] <= now < moments["missed"]:
            outputs.extend(self._fire(_Due(now, 0, window.release_id, "arm", scheduled)))
        return outputs

    def _is_void(self, due: _Due) -> bool:
        window = self._windows.get(due.release_id)
        return window is None or window.ts_scheduled != due.ts_scheduled

    def _fire(self, due: _Due) -> list[Output]:
        window = self._windows[due.release_id]
        changed: list[Output] = []
        match due.moment:
            case "arm" if window.state == "scheduled":
                window.state = "armed"
                self._documents.arm(self._siblings(due.ts_scheduled))
                changed.append(WindowChanged(release_id=due.release_id, state="armed", ts_ingest=due.ts))
            case "missed" if window.state in {"scheduled", "armed"}:
                window.state = "missed"
                changed.append(WindowChanged(release_id=due.release_id, state="missed", ts_ingest=due.ts))
                changed.append(
                    self._documents.missed(
                        window, ts_scheduled=due.ts_scheduled, due=due.ts, silent=self._silent(window, due.ts)
                    )
                )
            case "close":
                window.state = "closed"
                changed.append(WindowChanged(release_id=due.release_id, state="closed", ts_ingest=due.ts))
            case _:
                pass
        return changed

    # -- figures -----------------------------------------------------------------------------------------------------

    def _release(self, release: Release, rows: BoardRows) -> list[Output]:
        window = self._window(release.release_id, release.release_id.partition(":")[0])
        if release.kind is ReleaseKind.TEST:
            silent = self._silent(window, release.ts_ingest)
            return [*self._documents.test(window, release, rows, silent=silent)]
        if window.is_repetition(release):
            return [_repeated(release.release_id, release.source, release.sequence, release.ts_ingest)]
        if release.kind is ReleaseKind.RETRACTION:
            return self._retract(window, release)
        return self._figure(window, release, rows)

    def _figure(self, window: ReleaseWindow, release: Release, rows: BoardRows) -> list[Output]:
        if window.current is not None and release.actual == window.current.release.actual:
            return []  # another source confirms, or the same one says it again
        farthest = self._documents.scorer.farthest(release.release_id)
        judgement = judge(window, release, self._rules, farthest=farthest)
        if judgement.reason not in {"early_release", "unscheduled"}:
            window.freeze()
        if judgement.verdict == "quarantine":
            return self._quarantine(window, release, judgement, rows)
        if window.current is not None and release.kind is ReleaseKind.FIRST:
            return [_contradicted(window, release)]
        return self._score(window, release, judgement.flags, rows)

    def _score(self, window: ReleaseWindow, release: Release, flags: tuple[Flag, ...], rows: BoardRows) -> list[Output]:
        window.accept(release, flags)
        scheduled = window.ts_scheduled
        assert scheduled is not None  # an unscheduled figure is quarantined
        siblings = self._siblings(scheduled)
        changed = WindowChanged(release_id=window.release_id, state=window.state, ts_ingest=release.ts_ingest)
        silent = self._silent(window, release.ts_ingest)
        return [*self._documents.scored(siblings, release, rows, silent=silent), changed]

    def _quarantine(
        self, window: ReleaseWindow, release: Release, judgement: Judgement, rows: BoardRows
    ) -> list[Output]:
        assert judgement.reason  # a quarantine always has one
        notice = Quarantined(
            release_id=release.release_id,
            source=release.source,
            actual=release.actual,
            reason=judgement.reason,
            ts_ingest=release.ts_ingest,
        )
        if release.actual == window.doubted:
            return [notice]
        silent = self._silent(window, release.ts_ingest)
        signals = self._documents.quarantined(window, release, rows, flags=judgement.flags, silent=silent)
        window.doubt(release)
        return [*signals, notice]

    def _retract(self, window: ReleaseWindow, release: Release) -> list[Output]:
        if window.current is None:
            return [
                Quarantined(
                    release_id=release.release_id,
                    source=release.source,
                    actual=release.actual,
                    reason="retracted_unknown",
                    ts_ingest=release.ts_ingest,
                )
            ]
        outputs: list[Output] = [*self._documents.retracted(window, release)]
        window.retract()
        outputs.append(WindowChanged(release_id=release.release_id, state="retracted", ts_ingest=release.ts_ingest))
        return outputs

    def _siblings(self, scheduled: Nanos) -> list[ReleaseWindow]:
        """Releases due at one moment, by id."""
        return [window for _, window in sorted(self._bundles[scheduled].items())]

    def _silent(self, window: ReleaseWindow, now: Nanos) -> bool:
        return self._liveness.is_silent(window.indicator.id, now)

    def _window(self, release_id: ReleaseId, indicator: IndicatorId) -> ReleaseWindow:
        found = self._windows.get(release_id)
        if found is None:
            found = self._windows[release_id] = ReleaseWindow(release_id, self._indicators[indicator])
            if len(self._windows) > MAX_WINDOWS:
                self._forget_oldest()
        return found

    def _forget_oldest(self) -> None:
        oldest = next(iter(self._windows))
        self._move(self._windows[oldest], self._windows[oldest].ts_scheduled, None)
        del self._windows[oldest]


def _repeated(release_id: ReleaseId, source: str, sequence: int, now: Nanos) -> Rejected:
    problem = f"{sequence} is not newer than what {source} said before of {release_id}"
    return Rejected(channel=source, reason="repeated", field="sequence", problem=problem, ts_ingest=now)


def _contradicted(window: ReleaseWindow, release: Release) -> Rejected:
    assert window.current is not None
    known = window.current.release
    problem = f"{release.actual!r} from {release.source} contradicts {known.actual!r} from {known.source}"
    return Rejected(
        channel=release.source, reason="conflict", field="actual", problem=problem, ts_ingest=release.ts_ingest
    )
