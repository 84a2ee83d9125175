"""Builds signal documents out of what the engine knows: the one place that knows the contract's shape."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

from signald.core.board import BoardRows
from signald.core.release_window import ReleaseWindow
from signald.core.scoring import Plan, Prediction, Scorer, book_flags, book_view
from signald.core.scoring.view import Row
from signald.model.identity import cause_key, signal_id
from signald.model.instruments import Instrument
from signald.model.macro import Release, ReleaseId, ReleaseKind
from signald.model.signals import Cause, Flag, ModelView, Signal, SignalKind, Verdict
from signald.model.time import Nanos

MAX_PLANS = 64
"""Plans kept; the one laid out first goes first. A day has a handful of bundles."""

_FLAG_RANK: dict[Flag, int] = {flag: rank for rank, flag in enumerate(get_args(Flag))}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    """What the documents of one occasion share, whatever the instrument.

    ``bundle`` are the releases that are or will be out together, in order; ``causes`` those that are.
    """

    kind: SignalKind
    bundle: tuple[ReleaseId, ...]
    release: Release
    revision: int
    causes: tuple[Cause, ...]
    keys: tuple[str, ...]
    flags: tuple[Flag, ...]
    ts_scheduled: Nanos | None


class Documents:
    """Writes the documents of one model: one per instrument, in the board's order."""

    def __init__(self, *, scorer: Scorer, instruments: tuple[Instrument, ...]) -> None:
        """Take the model and the instruments."""
        self.scorer = scorer
        self._instruments = instruments
        self._plans: dict[tuple[ReleaseId, ...], Plan] = {}

    def arm(self, siblings: Sequence[ReleaseWindow]) -> None:
        """Lay out beforehand what scoring these releases will need."""
        self._plan(tuple(window.release_id for window in siblings))

    def scored(
        self, siblings: Sequence[ReleaseWindow], release: Release, rows: BoardRows, *, silent: bool
    ) -> list[Signal]:
        """The bundle scored jointly now that ``release`` is in it; ``siblings`` are all releases due with it."""
        out = [window for window in siblings if window.current is not None]
        causes = tuple(
            self._cause(window, window.current.release, window.current.number) for window in out if window.current
        )
        flags: list[Flag] = [flag for window in out if window.current for flag in window.current.flags]
        if any(window.state in {"scheduled", "armed"} for window in siblings):
            flags.append("partial_bundle")
        statement = _Statement(
            kind=_kind(release),
            bundle=tuple(window.release_id for window in siblings),
            release=release,
            revision=sum(window.scored for window in siblings),
            causes=causes,
            keys=tuple(_figure_key(cause) for cause in causes),
            flags=_noted(flags, causes, silent=silent),
            ts_scheduled=siblings[0].ts_scheduled,
        )
        signals = list(self._predicted(statement, rows))
        for signal in signals:
            for window in out:
                window.issued.append(signal)
        return signals

    def test(self, window: ReleaseWindow, release: Release, rows: BoardRows, *, silent: bool) -> list[Signal]:
        """The whole path for a figure that counts for nothing."""
        causes = (self._cause(window, release, 0),)
        statement = _Statement(
            kind="release",
            bundle=(window.release_id,),
            release=release,
            revision=1,
            causes=causes,
            keys=(cause_key("test", release.ts_event),),
            flags=_noted(["test"], causes, silent=silent),
            ts_scheduled=window.ts_scheduled,
        )
        return list(self._predicted(statement, rows))

    def quarantined(
        self, window: ReleaseWindow, release: Release, rows: BoardRows, *, flags: Sequence[Flag], silent: bool
    ) -> list[Signal]:
        """A figure that came and may not be scored: said, with the reason among the flags, and nothing predicted."""
        causes = (self._cause(window, release, window.next_number(release)),)
        statement = _Statement(
            kind=_kind(release),
            bundle=(window.release_id,),
            release=release,
            revision=window.scored,
            causes=causes,
            keys=(_figure_key(causes[0]),),
            flags=_noted(flags, causes, silent=silent),
            ts_scheduled=window.ts_scheduled,
        )
        return [
            self._signal(statement, instrument, rows[index].item(), verdict="quarantined", prediction=None)
            for index, instrument in enumerate(self._instruments)
        ]

    def retracted(self, window: ReleaseWindow, release: Release) -> list[Signal]:
        """The figure of ``window`` was withdrawn: each instrument's document names the signals to unwind."""
        current = window.current
        assert current is not None  # the engine retracts only what it has
        cause = self._cause(window, current.release, current.number)
        keys = [cause_key("retraction", cause.release_id, cause.figure, cause.actual)]
        return [
            Signal(
                id=signal_id("retraction", instrument.id, keys),
                kind="retraction",
                revision=window.scored,
                causes=(cause,),
                instrument=instrument.id,
                verdict=None,
                confidence=None,
                horizons=(),
                book=None,
                desk=None,
                model=ModelView(id=self.scorer.model_id, drivers=()),
                flags=(),
                ts_scheduled=window.ts_scheduled,
                ts_event=release.ts_event,
                ts_ingest=release.ts_ingest,
                retracts=tuple(signal.id for signal in window.issued if signal.instrument == instrument.id),
            )
            for instrument in self._instruments
        ]

    def missed(self, window: ReleaseWindow, *, ts_scheduled: Nanos, due: Nanos, silent: bool) -> Signal:
        """No figure had come by ``due``; one document for all instruments."""
        expectation = window.expectation
        cause = Cause(
            release_id=window.release_id,
            figure=0,
            actual=None,
            consensus=expectation.consensus,
            prior=expectation.prior,
            revised_prior=None,
            surprise=None,
            surprise_z=None,
        )
        return Signal(
            id=signal_id("missed", None, [cause_key("step", window.release_id, ts_scheduled, "missed")]),
            kind="missed",
            revision=0,
            causes=(cause,),
            instrument=None,
            verdict=None,
            confidence=None,
            horizons=(),
            book=None,
            desk=None,
            model=None,
            flags=("silent_source",) if silent else (),
            ts_scheduled=ts_scheduled,
            ts_event=due,
            ts_ingest=due,
        )

    def _predicted(self, statement: _Statement, rows: BoardRows) -> Iterator[Signal]:
        heard = {cause.release_id: cause.surprise_z for cause in statement.causes}
        predictions = self.scorer.score(
            self._plan(statement.bundle),
            [heard.get(release_id) for release_id in statement.bundle],
            rows,
            ts_ingest=statement.release.ts_ingest,
        )
        for index, (instrument, prediction) in enumerate(zip(self._instruments, predictions, strict=True)):
            yield self._signal(
                statement, instrument, rows[index].item(), verdict=prediction.verdict, prediction=prediction
            )

    def _plan(self, bundle: tuple[ReleaseId, ...]) -> Plan:
        plan = self._plans.get(bundle)
        if plan is None:
            if len(self._plans) >= MAX_PLANS:
                del self._plans[next(iter(self._plans))]
            plan = self._plans[bundle] = self.scorer.plan(bundle)
        return plan

    def _signal(
        self,
        statement: _Statement,
        instrument: Instrument,
        row: Row,
        *,
        verdict: Verdict,
        prediction: Prediction | None,
    ) -> Signal:
        ts_ingest = statement.release.ts_ingest
        flags: list[Flag] = [*statement.flags, *book_flags(row), *(prediction.flags if prediction else ())]
        return Signal(
            id=signal_id(statement.kind, instrument.id, statement.keys),
            kind=statement.kind,
            revision=statement.revision,
            causes=statement.causes,
            instrument=instrument.id,
            verdict=verdict,
            confidence=prediction.confidence if prediction else None,
            horizons=prediction.horizons if prediction else (),
            book=book_view(row, ts_ingest),
            desk=prediction.desk if prediction else None,
            model=ModelView(id=self.scorer.model_id, drivers=prediction.drivers if prediction else ()),
            flags=_ordered(flags),
            ts_scheduled=statement.ts_scheduled,
            ts_event=statement.release.ts_event,
            ts_ingest=ts_ingest,
        )

    def _cause(self, window: ReleaseWindow, release: Release, number: int) -> Cause:
        consensus, prior = window.expectation
        found = None if release.actual is None else self.scorer.surprise(window.release_id, release.actual, consensus)
        return Cause(
            release_id=window.release_id,
            figure=number,
            actual=release.actual,
            consensus=consensus,
            prior=prior,
            revised_prior=release.revised_prior,
            surprise=found.raw if found else None,
            surprise_z=found.z if found else None,
        )


def _kind(release: Release) -> SignalKind:
    return "correction" if release.kind is ReleaseKind.CORRECTION else "release"


def _figure_key(cause: Cause) -> str:
    """A figure's identity among a document's causes: release, figure number, value."""
    return cause_key("figure", cause.release_id, cause.figure, cause.actual)


def _noted(flags: Iterable[Flag], causes: Sequence[Cause], *, silent: bool) -> tuple[Flag, ...]:
    """``flags`` and those that follow from the causes and from the sources' silence."""
    noted = list(flags)
    if any(cause.revised_prior is not None and cause.revised_prior != cause.prior for cause in causes):
        noted.append("revised_prior")
    if silent:
        noted.append("silent_source")
    return tuple(noted)


def _ordered(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    """Each flag once, in the contract's order: no set is iterated into a document."""
    return tuple(sorted(dict.fromkeys(flags), key=_FLAG_RANK.__getitem__))
