"""Writes one document per instrument for every occasion."""

from collections.abc import Sequence

import msgspec

from signald.core.board import BoardRows
from signald.core.documents import causes as c
from signald.core.documents.plans import Plans
from signald.core.documents.statement import Statement, bare
from signald.core.documents.surroundings import drift_view, nowcast_view, regime_view
from signald.core.movers.movers import Movers
from signald.core.news import News, NewsRules
from signald.core.release_window import Bundle, ReleaseWindow
from signald.core.scoring import Plan, Prediction, Scorer, book_flags, book_view, figure_text, plausible_figures
from signald.core.scoring.view import Row, as_numbers
from signald.core.surprise import surprise
from signald.model.identity import signal_id
from signald.model.instruments import Instrument
from signald.model.macro import Release, ReleaseId, ReleaseKind
from signald.model.nowcast import NowcastView
from signald.model.signals import Flag, Regime, Signal, Verdict
from signald.model.time import Nanos


class Documents:
    """Writes the documents of one model: one per instrument, in the board's order.

    Attributes:
        scorer: The model.
        clock_is_off: Whether our clock is known to be off by more than is tolerated.
        news: What happened that no calendar announced.
        movers: What else moves the market; ``None``: nobody looks.
        nowcasts: What components say of figures that are to come.
    """

    def __init__(self, *, scorer: Scorer, instruments: tuple[Instrument, ...], movers: Movers | None = None) -> None:
        """Take the model, the instruments, and what else moves the market."""
        self.scorer = scorer
        self.clock_is_off = False
        self.news = News(NewsRules())
        self.movers = movers
        self.nowcasts: dict[ReleaseId, NowcastView] = {}
        if movers is not None:
            scorer.usd = movers.usd
        self._instruments = instruments
        self._plans = Plans(scorer)

    def plan_of(self, releases: tuple[ReleaseId, ...], *, scheduled: Nanos | None = None) -> Plan:
        """All that scoring these releases of one minute needs, laid out once."""
        return self._plans.of(releases, scheduled=scheduled)

    @property
    def plans(self) -> int:
        """How many bundles are laid out beforehand."""
        return len(self._plans)

    def arm(self, bundle: Bundle) -> None:
        """Lay out beforehand what scoring these releases will need, and have ready what each figure would mean.

        That is each plausible one that comes first and alone: when it is out, its prediction is looked up.
        """
        plan = self.plan_of(_ids(bundle), scheduled=bundle.ts_scheduled)
        for place, window in enumerate(bundle.siblings):
            for z in self._plausible(window).values():
                self.scorer.answer(plan, [z if one == place else None for one in range(len(plan.releases))])

    def foreseen(
        self, bundle: Bundle, window: ReleaseWindow, rows: BoardRows, *, now: Nanos, silent: bool
    ) -> list[Signal]:
        """The ladder of a release that is armed: none without a consensus, or where the model has nothing to say."""
        series, figures = self.scorer.series(window.release_id), self._plausible(window)
        if series is None or not figures:
            return []
        self.arm(bundle)
        ladders = self.scorer.foresee(
            self.plan_of(_ids(bundle), scheduled=bundle.ts_scheduled),
            window.release_id,
            [*figures.values()],
            rows,
            ts_expires=bundle.ts_scheduled + self.scorer.longest_ns,
        )
        statement = Statement(
            kind="scenario",
            revision=0,
            causes=(c.absence_of(window),),
            keys=(c.scenario_key(window),),
            flags=(),
            ts_scheduled=bundle.ts_scheduled,
            ts_event=now,
            ts_ingest=now,
        )
        doubts: list[Flag] = [
            *(["thin_history"] if series.thin_history else []),
            *(["silent_source"] if silent else []),
        ]
        names = [figure_text(actual, window.indicator.step) for actual in figures]
        return [
            bare(
                statement._replace(flags=c.in_order([*doubts, *book_flags(row), *self._doubted(place)])),
                instrument=instrument.id,
                model=self.scorer.view(),
                ladder=dict(zip(names, ladder, strict=True)),
                nowcast=nowcast_view(self.nowcasts, window),
            )
            for place, (instrument, ladder, row) in enumerate(
                zip(self._instruments, ladders, as_numbers(rows), strict=False)
            )
            if ladder
        ]

    def scored(
        self, bundle: Bundle, rows: BoardRows, *, ts_event: Nanos, ts_ingest: Nanos, silent: bool
    ) -> list[Signal]:
        """What the figures of ``bundle`` that are out say jointly; at least one must be.

        ``ts_event`` is that of what was heard now; the documents have the newest of it and of their figures, so that
        of two documents of a bundle the later never seems the older.
        """
        return self._joint(bundle, rows, (), ts_event=ts_event, ts_ingest=ts_ingest, silent=silent)

    def finished(
        self, bundle: Bundle, rows: BoardRows, *, due: Nanos, silent: bool, gone: ReleaseId | None = None
    ) -> list[Signal]:
        """The same once ``bundle`` waits no longer: that some of its figures are absent is what is new.

        ``gone`` is one that was called off meanwhile.
        """
        absent = {*(one.release_id for one in bundle.absent), *(() if gone is None else (gone,))}
        steps = tuple(c.step_key(one, bundle.ts_scheduled, "absent") for one in sorted(absent))
        return self._joint(bundle, rows, steps, ts_event=due, ts_ingest=due, silent=silent)

    def test(self, window: ReleaseWindow, release: Release, rows: BoardRows, *, silent: bool) -> list[Signal]:
        """The whole path for a figure that counts for nothing."""
        causes = (c.cause_of(self.scorer, window, release, 0),)
        statement = Statement(
            kind="release",
            revision=1,
            causes=causes,
            keys=(c.cause_key("test", release.ts_event),),
            flags=c.noted(["test"], causes, silent=silent),
            ts_scheduled=window.ts_scheduled,
            ts_event=release.ts_event,
            ts_ingest=release.ts_ingest,
        )
        return self._predicted(statement, (window.release_id,), rows)

    def quarantined(
        self, window: ReleaseWindow, release: Release, rows: BoardRows, *, flags: Sequence[Flag], silent: bool
    ) -> list[Signal]:
        """A figure that came and may not be scored: said, with the reason among the flags, and nothing predicted.

        It has the number that it would have taken. Its revision is that of its release alone, so that it never
        outranks what the bundle's other figures say.
        """
        causes = (c.cause_of(self.scorer, window, release, window.numbers),)
        statement = Statement(
            kind="correction" if release.kind is ReleaseKind.CORRECTION else "release",
            revision=window.scored,
            causes=causes,
            keys=(c.quarantine_key(window, release, flags),),
            flags=c.noted(flags, causes, silent=silent),
            ts_scheduled=window.ts_scheduled,
            ts_event=release.ts_event,
            ts_ingest=release.ts_ingest,
        )
        regime = regime_view(self.news, self.movers, statement.ts_ingest)
        return [
            self._signal(statement, place, row, verdict="quarantined", prediction=None, regime=regime)
            for place, (_, row) in enumerate(zip(self._instruments, as_numbers(rows), strict=False))
        ]

    def retracted(self, bundle: Bundle, window: ReleaseWindow, *, ts_event: Nanos, ts_ingest: Nanos) -> list[Signal]:
        """The figure of ``window`` is withdrawn: each instrument's document names the documents to unwind.

        What they name is taken from the siblings too: nothing is to be unwound twice.
        """
        figure = window.current
        assert figure is not None  # the engine retracts only what it has
        statement = Statement(
            kind="retraction",
            revision=bundle.revision,
            causes=(c.cause_of(self.scorer, window, figure.release, figure.number),),
            keys=(c.withdrawal_key(window, figure),),
            flags=(),
            ts_scheduled=bundle.ts_scheduled,
            ts_event=max(ts_event, figure.release.ts_event),
            ts_ingest=ts_ingest,
        )
        signals: list[Signal] = []
        for instrument in self._instruments:
            ids = tuple(window.issued.get(instrument.id, ()))
            for sibling in bundle.windows.values():
                sibling.forget(instrument.id, frozenset(ids))
            model = self.scorer.view()
            signals.append(bare(statement, instrument=instrument.id, model=model, retracts=ids))
        return signals

    def missed(self, bundle: Bundle, window: ReleaseWindow, *, due: Nanos, silent: bool) -> Signal:
        """No figure had come by ``due``; one document for all instruments."""
        return bare(
            Statement(
                kind="missed",
                revision=0,
                causes=(c.absence_of(window),),
                keys=(c.step_key(window.release_id, bundle.ts_scheduled, "missed"),),
                flags=(*(("silent_source",) if silent else ()), *(("clock_offset",) if self.clock_is_off else ())),
                ts_scheduled=bundle.ts_scheduled,
                ts_event=due,
                ts_ingest=due,
            )
        )

    def _plausible(self, window: ReleaseWindow) -> dict[float, float]:
        """The figures of a release that are plausible, rising, each with its z; none without consensus or scale."""
        consensus, series = window.expectation.consensus, self.scorer.series(window.release_id)
        if consensus is None or series is None:
            return {}
        (low, high), farthest = window.indicator.plausible, series.farthest  # what lies beyond would not be scored
        bounds = max(low, consensus - farthest), min(high, consensus + farthest)
        actuals = plausible_figures(consensus, sigma=series.sigma, step=window.indicator.step, bounds=bounds)
        return {actual: surprise(actual, consensus) / series.sigma for actual in actuals}

    def _joint(
        self,
        bundle: Bundle,
        rows: BoardRows,
        steps: tuple[str, ...],
        *,
        ts_event: Nanos,
        ts_ingest: Nanos,
        silent: bool,
    ) -> list[Signal]:
        out = bundle.out
        figures = [(window, window.current) for window in out if window.current is not None]
        causes = tuple(c.cause_of(self.scorer, window, figure.release, figure.number) for window, figure in figures)
        is_correction = any(window.is_corrected for window in out)
        statement = Statement(
            kind="correction" if is_correction else "release",
            revision=bundle.revision,
            causes=causes,
            keys=(*c.bundle_keys(bundle), *steps),
            flags=c.noted(c.bundle_flags(bundle), causes, silent=silent),
            ts_scheduled=bundle.ts_scheduled,
            ts_event=max(ts_event, *(figure.release.ts_event for _, figure in figures)),
            ts_ingest=ts_ingest,
        )
        signals = self._predicted(statement, _ids(bundle), rows)
        for signal in signals:
            for window in out:
                window.note(signal)
        return signals

    def _predicted(self, statement: Statement, bundle: tuple[ReleaseId, ...], rows: BoardRows) -> list[Signal]:
        heard = {cause.release_id: cause.surprise_z for cause in statement.causes}
        surprises = [heard.get(release_id) for release_id in bundle]
        plan = self.plan_of(bundle, scheduled=statement.ts_scheduled)
        numbers = as_numbers(rows)
        predictions = self.scorer.predict(plan, surprises, numbers, ts_ingest=statement.ts_ingest)
        regime = regime_view(self.news, self.movers, statement.ts_ingest)
        return [
            self._signal(
                statement, index, numbers[index], verdict=prediction.verdict, prediction=prediction, regime=regime
            )
            for index, prediction in enumerate(predictions)
        ]

    def _signal(
        self,
        statement: Statement,
        place: int,
        row: Row,
        *,
        verdict: Verdict,
        prediction: Prediction | None,
        regime: Regime | msgspec.UnsetType,
    ) -> Signal:
        instrument = self._instruments[place]
        movers = self.movers
        flags: list[Flag] = [*statement.flags, *book_flags(row), *self._doubted(place)]
        if self.clock_is_off:
            flags.append("clock_offset")
        if prediction:
            flags.extend(prediction.flags)
        return Signal(
            id=signal_id(statement.kind, instrument.id, statement.keys),
            kind=statement.kind,
            revision=statement.revision,
            causes=statement.causes,
            instrument=instrument.id,
            verdict=verdict,
            confidence=prediction.confidence if prediction else None,
            horizons=prediction.horizons if prediction else (),
            book=book_view(row, statement.ts_ingest, self.scorer.usd[place]),
            desk=prediction.desk if prediction else None,
            model=self.scorer.view(place, prediction, scheduled=statement.ts_scheduled),
            flags=c.in_order(flags),
            ts_scheduled=statement.ts_scheduled,
            ts_event=statement.ts_event,
            ts_ingest=statement.ts_ingest,
            regime=regime,
            quote=msgspec.UNSET if movers is None else movers.quotes[place],
            drift=drift_view(self.movers, place, self.scorer.primary_of(prediction), scheduled=statement.ts_scheduled),
        )

    def _doubted(self, place: int) -> tuple[Flag, ...]:
        return () if self.movers is None else self.movers.doubts[place]


def _ids(bundle: Bundle) -> tuple[ReleaseId, ...]:
    return tuple(window.release_id for window in bundle.siblings)
