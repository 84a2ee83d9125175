"""What follows from a figure: it is scored, or quarantined, or it takes another one back."""

from typing import Final

from signald.core.board import BoardRows
from signald.core.engine.world import Output, World, crowded, repeated
from signald.core.release_window import Judgement, ReleaseWindow, Settlement, judge
from signald.model.macro import Release, ReleaseId, ReleaseKind
from signald.model.notices import Contradicted, NoSurprise, Quarantined, WindowChanged
from signald.model.time import Nanos

MAX_TESTS: Final = 1_024
"""Test messages remembered, so that each is answered once."""

_CONFIRMED_BY: Final = 2  # sources that say the same


class Figures:
    """Takes figures, corrections, retractions and tests."""

    def __init__(self, world: World) -> None:
        """Take what the engine knows."""
        self._world = world
        self._tests: dict[Nanos, None] = {}

    def take(self, release: Release, rows: BoardRows, *, now: Nanos = 0) -> list[Output]:
        """Take one message about a figure; ``now`` is given if that is later than it came."""
        if release.kind is ReleaseKind.TEST:
            return self._test(release, rows)
        window = self._world.open(release.release_id)
        if window.is_crowded(release):
            return [crowded(release.release_id, release.source, release.ts_ingest)]
        if window.is_repetition(release):
            return [repeated(release.release_id, release.source, release.sequence, release.ts_ingest)]
        if release.kind is ReleaseKind.RETRACTION:
            return self._retract(window, release, rows)
        return self._figure(window, release, rows, now=now)

    def take_held(self, release_id: ReleaseId, rows: BoardRows, now: Nanos) -> list[Output]:
        """Take what came before the schedule that is known from ``now`` on.

        It is early by when it came, and late by now: nobody acts upon a move that is over.
        """
        window = self._world.open(release_id)
        return [output for release in window.let_go() for output in self.take(release, rows, now=now)]

    def _test(self, release: Release, rows: BoardRows) -> list[Output]:
        """The whole path, but nothing of it is remembered. A test is known by its time: that is its identity."""
        if release.ts_event in self._tests:
            return [repeated(release.release_id, release.source, release.sequence, release.ts_ingest)]
        self._tests[release.ts_event] = None
        if len(self._tests) > MAX_TESTS:
            del self._tests[next(iter(self._tests))]
        register = self._world.register
        window = register.windows.get(release.release_id) or register.sketch(release.release_id)
        silent = self._world.is_silent(window, release.ts_ingest)
        return [*self._world.documents.test(window, release, rows, silent=silent)]

    # -- figures and corrections -------------------------------------------------------------------------------------

    def _figure(self, window: ReleaseWindow, release: Release, rows: BoardRows, *, now: Nanos) -> list[Output]:
        farthest = self._world.documents.scorer.farthest(release.release_id)
        judgement = judge(
            window, release, self._world.rules, farthest=farthest, offset_ns=self._world.offset_ns, now=now
        )
        if judgement.reason not in {"early_release", "unscheduled"}:
            window.freeze()
        if judgement.reason == "unscheduled":
            window.hold(release)
        if judgement.reason == "late_release":
            window.learn_late(release)
        if judgement.verdict == "quarantine" and judgement.reason != "outlier":
            if window.current is not None and release.actual == window.current.release.actual:
                return []  # it confirms what is known
            return self._quarantine(window, release, judgement, rows)
        window.claims.take(release, sound=judgement.verdict == "score", flags=judgement.flags)
        settled = window.claims.settle(window.indicator.sources, quorum=window.indicator.quorum)
        if settled is None:
            if judgement.verdict == "score":
                judgement = Judgement("quarantine", "unconfirmed", ("unconfirmed", *judgement.flags))
                self._await_confirmation(window, release.ts_ingest)
            withdrawn = self._abandon(window, release, rows)
            return [*withdrawn, *self._quarantine(window, release, judgement, rows)]
        outputs = self._settle(window, settled, release, rows)
        if judgement.verdict == "quarantine" and release.actual != settled.claim.release.actual:
            outputs.append(_quarantined(release, judgement))
        return outputs

    def _settle(self, window: ReleaseWindow, settled: Settlement, release: Release, rows: BoardRows) -> list[Output]:
        """Make ``settled`` the figure that counts, on account of ``release``, and say what is new."""
        signals: list[Output] = []
        notices: list[Output] = []
        is_news = _is_news(window, settled, release)
        if is_news:
            if window.current is not None and settled.edition == 0:  # outvoted: nobody corrected it
                signals.extend(self._withdraw(window, release))
            notices.extend(self._accept(window, settled, release))
        else:
            window.settle_parts(release)
        window.is_confirmed = settled.supporters >= _CONFIRMED_BY
        window.has_witnesses = len(self._world.witnesses(window, release.ts_ingest)) > 1
        is_contradicted_anew = window.contradict(window.claims.dissent(settled))
        if is_contradicted_anew:
            notices.append(_contradicted(window, release.ts_ingest))
        if is_news or is_contradicted_anew:
            signals.extend(self._say(window, release, rows))
        return [*signals, *notices]

    def _accept(self, window: ReleaseWindow, settled: Settlement, release: Release) -> list[Output]:
        counted, kind = settled.claim.release, ReleaseKind.CORRECTION if settled.edition else ReleaseKind.FIRST
        if release.kind is not ReleaseKind.RETRACTION and release.actual == counted.actual:
            counted = release
        flags = settled.claim.flags
        if release.ts_ingest >= self._late_from(window):
            flags = (*flags, "late_release")
        window.accept(counted, kind, flags)
        window.settle(release.ts_ingest)
        bundle = self._world.bundle_of(window)
        if bundle.is_partial and not bundle.is_waiting:
            bundle.is_waiting = True
            due = release.ts_ingest + self._world.rules.bundle_wait_ns
            self._world.agenda.add(window.release_id, "final", due)
        self._await_confirmation(window, release.ts_ingest)
        state = "corrected" if window.is_corrected else "released"
        changed = WindowChanged(release_id=window.release_id, state=state, ts_ingest=release.ts_ingest)
        return [changed, *self._surprise_nobody(window, release.ts_ingest)]

    def _await_confirmation(self, window: ReleaseWindow, now: Nanos) -> None:
        self._world.agenda.extend(window.release_id, "confirm", now + self._world.rules.confirm_within_ns)

    def _late_from(self, window: ReleaseWindow) -> Nanos:
        return self._world.bundle_of(window).ts_scheduled + self._world.rules.late_after_ns + self._world.offset_ns

    def _surprise_nobody(self, window: ReleaseWindow, now: Nanos) -> list[Output]:
        """Say so if the figure that counts gives no surprise."""
        assert window.current is not None
        counted = window.current.release
        assert counted.actual is not None
        consensus = window.expectation.consensus
        found = self._world.documents.scorer.surprise(window.release_id, counted.actual, consensus)
        if found is not None and found.z is not None:
            return []
        return [
            NoSurprise(
                release_id=window.release_id,
                source=counted.source,
                actual=counted.actual,
                reason="no_consensus" if found is None else "no_scale",
                ts_ingest=now,
            )
        ]

    def _say(self, window: ReleaseWindow, release: Release, rows: BoardRows) -> list[Output]:
        """What the bundle says now, unless its move is over."""
        bundle = self._world.bundle_of(window)
        if release.ts_ingest >= bundle.ts_scheduled + self._world.rules.valid_ns + self._world.offset_ns:
            return []
        return self._world.score(bundle, rows, ts_event=release.ts_event, ts_ingest=release.ts_ingest)

    # -- what may not be scored --------------------------------------------------------------------------------------

    def _quarantine(
        self, window: ReleaseWindow, release: Release, judgement: Judgement, rows: BoardRows
    ) -> list[Output]:
        """Say that a figure is not scored; in a document only where none stands that this one would hide.

        A correction that comes when the move is over hides nothing, and whoever acted on the figure must know.
        """
        notice = _quarantined(release, judgement)
        is_corrected_late = judgement.reason == "late_release" and release.kind is ReleaseKind.CORRECTION
        if window.current is not None and not is_corrected_late:
            return [notice]
        if not window.doubt(release, judgement.reason):
            return [notice]
        silent = self._world.is_silent(window, release.ts_ingest)
        signals = self._world.documents.quarantined(window, release, rows, flags=judgement.flags, silent=silent)
        return [*signals, notice]

    # -- retractions -------------------------------------------------------------------------------------------------

    def _retract(self, window: ReleaseWindow, release: Release, rows: BoardRows) -> list[Output]:
        current = window.current
        if window.ts_scheduled is None:
            window.hold(release)
        is_known = window.claims.retract(release)
        if current is None:
            window.unlearn(release.ts_ingest)
        if not is_known or current is None:
            return [_quarantined(release, Judgement("quarantine", "retracted_unknown", ()))]
        settled = window.claims.settle(window.indicator.sources, quorum=window.indicator.quorum)
        if settled is not None and settled.claim.release.actual == current.release.actual:
            return self._settle(window, settled, release, rows)  # what was taken back is not what counts
        signals: list[Output] = self._withdraw(window, release)
        changed = WindowChanged(release_id=release.release_id, state="retracted", ts_ingest=release.ts_ingest)
        said = self._say(window, release, rows) if settled is None else self._settle(window, settled, release, rows)
        return [*signals, changed, *said]

    def _abandon(self, window: ReleaseWindow, release: Release, rows: BoardRows) -> list[Output]:
        """Take back the figure that counts if nobody says it any more: it was corrected to one that may not count."""
        current = window.current
        if current is None or window.claims.is_said(current.release.actual):
            return []
        signals = self._withdraw(window, release)
        changed = WindowChanged(release_id=release.release_id, state="retracted", ts_ingest=release.ts_ingest)
        return [*signals, *self._say(window, release, rows), changed]

    def _withdraw(self, window: ReleaseWindow, release: Release) -> list[Output]:
        """Take back the figure that counts: its documents are to be unwound."""
        bundle = self._world.bundle_of(window)
        signals = self._world.documents.retracted(
            bundle, window, ts_event=release.ts_event, ts_ingest=release.ts_ingest
        )
        window.withdraw()
        window.settle(release.ts_ingest)
        return [*signals]


def _is_news(window: ReleaseWindow, settled: Settlement, release: Release) -> bool:
    """Whether ``settled`` is not what counts already: another figure, or the same with another prior restated."""
    if window.current is None:
        return True
    known = window.current.release
    if settled.claim.release.actual != known.actual:
        return True
    return (
        release.kind is ReleaseKind.CORRECTION
        and release.actual == known.actual
        and release.revised_prior not in {None, known.revised_prior}
    )


def _quarantined(release: Release, judgement: Judgement) -> Quarantined:
    assert judgement.reason  # a quarantine always has one
    return Quarantined(
        release_id=release.release_id,
        source=release.source,
        actual=release.actual,
        reason=judgement.reason,
        ts_ingest=release.ts_ingest,
    )


def _contradicted(window: ReleaseWindow, now: Nanos) -> Contradicted:
    assert window.current is not None
    counted = window.current.release
    assert counted.actual is not None
    return Contradicted(
        release_id=window.release_id,
        source=counted.source,
        actual=counted.actual,
        others=dict(window.contradicted),
        ts_ingest=now,
    )
