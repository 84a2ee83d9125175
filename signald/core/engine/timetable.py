"""What is due when, and what follows when it is: schedules come in, moments of releases' lives go out."""

from signald.core.board import BoardRows
from signald.core.engine.world import Output, World, crowded, repeated
from signald.core.release_window import Due, Moment, ReleaseWindow, is_plausible
from signald.model.macro import ScheduledRelease, ScheduleState
from signald.model.notices import Rejected, Unconfirmed, WindowChanged
from signald.model.time import Nanos


class Timetable:
    """Keeps every release's place in time."""

    def __init__(self, world: World) -> None:
        """Take what the engine knows."""
        self._world = world

    def schedule(self, word: ScheduledRelease, rows: BoardRows) -> list[Output]:
        """Take one source's word on when a release is due and what is expected."""
        window = self._world.open(word.release_id)
        if window.is_crowded(word):
            return [crowded(word.release_id, word.source, word.ts_ingest)]
        refused = [
            _implausible(word, name, figure)
            for name, figure in (("consensus", word.consensus), ("prior", word.prior))
            if figure is not None and not is_plausible(figure, window.indicator)
        ]
        names = {rejected.field for rejected in refused}
        consensus = None if "consensus" in names else word.consensus
        prior = None if "prior" in names else word.prior
        if not window.schedule(word, consensus=consensus, prior=prior):
            return [repeated(word.release_id, word.source, word.sequence, word.ts_ingest)]
        bundle = None if window.ts_scheduled is None else self._world.register.bundles.get(window.ts_scheduled)
        was_partial = bundle is not None and bundle.is_partial
        followed = self._follow(window, word)
        if bundle is not None and was_partial and not bundle.is_partial:  # who was waited for will not come
            bundle.is_final = True
            followed += self._world.finish(bundle, rows, due=word.ts_ingest, gone=window.release_id)
        return [*refused, *followed, *self._world.foresee(window, rows, now=word.ts_ingest)]

    def fire(self, due: Due, rows: BoardRows) -> list[Output]:
        """Do what is due, at its own time."""
        window = self._world.register.windows[due.release_id]
        match due.moment:
            case "watch":
                return [*self._world.liveness.missing(due.release_id, window.indicator.id, due.ts)]
            case "arm":
                return [*self._arm(window, due.ts), *self._world.foresee(window, rows, now=due.ts)]
            case "final":
                return self._finish(window, due.ts, rows)
            case "confirm":
                return self._confirm(window, due.ts)
            case "missed":
                return self._miss(window, due.ts, rows)
            case "close":
                self._world.register.close(window)
                return [WindowChanged(release_id=due.release_id, state="closed", ts_ingest=due.ts)]

    # -- schedules ---------------------------------------------------------------------------------------------------

    def _follow(self, window: ReleaseWindow, word: ScheduledRelease) -> list[Output]:
        """Move the release to where its most trusted source has it now."""
        promise = window.promise
        assert promise is not None  # it has just been given
        after = None if promise.state is ScheduleState.CANCELLED else promise.ts_scheduled
        if window.current is not None:
            return [] if after == window.ts_scheduled else [_too_late(window, word)]
        if after is None:
            return self._cancel(window, word.ts_ingest)
        is_tentative = promise.state is ScheduleState.TENTATIVE
        if after != window.ts_scheduled:
            return self._move(window, after, word.ts_ingest, is_tentative=is_tentative)
        if is_tentative == (window.state == "tentative") or window.state not in {"tentative", "scheduled", "armed"}:
            return []
        return self._plan(window, after, word.ts_ingest, is_tentative=is_tentative)

    def _cancel(self, window: ReleaseWindow, now: Nanos) -> list[Output]:
        if window.state == "cancelled":
            return []
        before = window.ts_scheduled
        self._world.register.move(window, None)
        self._world.agenda.drop(window.release_id)
        window.begin_anew()
        window.state = "cancelled"
        self.lay_out_anew(before)
        return [WindowChanged(release_id=window.release_id, state="cancelled", ts_ingest=now)]

    def _move(self, window: ReleaseWindow, after: Nanos, now: Nanos, *, is_tentative: bool) -> list[Output]:
        before = window.ts_scheduled
        self._world.register.move(window, after)
        outputs: list[Output] = []
        if before is not None:
            window.begin_anew()
            outputs.append(WindowChanged(release_id=window.release_id, state="rescheduled", ts_ingest=now))
        outputs.extend(self._plan(window, after, now, is_tentative=is_tentative))
        self.lay_out_anew(before)
        self.lay_out_anew(after)
        return outputs

    def _plan(self, window: ReleaseWindow, scheduled: Nanos, now: Nanos, *, is_tentative: bool) -> list[Output]:
        """Note the moments still to come; what is past when it becomes known is history, not an alarm."""
        rules = self._world.rules
        moments: dict[Moment, Nanos] = {
            "watch": scheduled - rules.watch_before_ns,
            "arm": scheduled - rules.arm_before_ns,
            "missed": scheduled + rules.late_after_ns,
            "close": scheduled + rules.close_after_ns,
        }
        self._world.agenda.plan(window.release_id, {moment: ts for moment, ts in moments.items() if ts > now})
        if now >= moments["close"]:
            self._world.register.close(window)
            return []
        window.state = "tentative" if is_tentative else "scheduled"
        outputs: list[Output] = [WindowChanged(release_id=window.release_id, state=window.state, ts_ingest=now)]
        if moments["arm"] <= now < moments["missed"]:
            outputs.extend(self._arm(window, now))
        return outputs

    def lay_out_anew(self, scheduled: Nanos | None) -> None:
        """A bundle that was laid out has changed, or what is multiplied with: lay it out anew, before its figures."""
        bundle = None if scheduled is None else self._world.register.bundles.get(scheduled)
        if bundle is not None and any(window.state == "armed" for window in bundle.windows.values()):
            self._world.documents.arm(bundle)

    # -- moments -----------------------------------------------------------------------------------------------------

    def _arm(self, window: ReleaseWindow, now: Nanos) -> list[Output]:
        self._world.documents.arm(self._world.bundle_of(window))
        if window.state != "scheduled":
            return []
        window.state = "armed"
        return [WindowChanged(release_id=window.release_id, state="armed", ts_ingest=now)]

    def _finish(self, window: ReleaseWindow, now: Nanos, rows: BoardRows) -> list[Output]:
        """The bundle has waited long enough: say it without ``partial_bundle``, if that was said."""
        bundle = self._world.bundle_of(window)
        was_partial = bundle.is_partial
        bundle.is_final = True
        return self._world.finish(bundle, rows, due=now) if was_partial else []

    def _confirm(self, window: ReleaseWindow, now: Nanos) -> list[Output]:
        """An alarm if a figure that several sources are to say is said by one alone. A later correction has its own."""
        heard = window.claims.settle(window.indicator.sources, quorum=1)
        if heard is None or window.is_confirmed:
            return []
        word = heard.claim.release if window.current is None else window.current.release
        if now < word.ts_ingest + self._world.rules.confirm_within_ns:
            return []
        said = window.claims.supporters(word.actual)
        missing = tuple(name for name in self._world.witnesses(window, now) if name not in said)
        if not missing or word.actual is None:
            return []
        return [
            Unconfirmed(
                release_id=window.release_id, source=word.source, actual=word.actual, missing=missing, ts_ingest=now
            )
        ]

    def _miss(self, window: ReleaseWindow, now: Nanos, rows: BoardRows) -> list[Output]:
        if window.state not in {"scheduled", "armed"} or window.is_heard:
            return []
        late_from = self._late_from(window)
        if now < late_from:
            self._world.agenda.add(window.release_id, "missed", late_from)
            return []
        bundle = self._world.bundle_of(window)
        was_partial = bundle.is_partial
        window.state = "missed"
        silent = self._world.is_silent(window, now)
        return [
            WindowChanged(release_id=window.release_id, state="missed", ts_ingest=now),
            self._world.documents.missed(bundle, window, due=now, silent=silent),
            *(self._world.finish(bundle, rows, due=now) if was_partial and not bundle.is_partial else ()),
        ]

    def _late_from(self, window: ReleaseWindow) -> Nanos:
        """When a figure is late by our clock, as far as that is known to be ahead by more than is tolerated."""
        ahead = max(0, self._world.offset_ns) if self._world.documents.clock_is_off else 0
        return self._world.bundle_of(window).ts_scheduled + self._world.rules.late_after_ns + ahead


def _implausible(word: ScheduledRelease, name: str, figure: float) -> Rejected:
    problem = f"{figure!r} of {word.release_id} from {word.source} lies where no figure of this series can"
    return Rejected(channel=word.source, reason="implausible", field=name, problem=problem, ts_ingest=word.ts_ingest)


def _too_late(window: ReleaseWindow, word: ScheduledRelease) -> Rejected:
    problem = f"{word.source} moves or cancels {window.release_id}, whose figure is out"
    return Rejected(
        channel=word.source, reason="conflict", field="ts_scheduled", problem=problem, ts_ingest=word.ts_ingest
    )
