"""Writes what the desk's timeline says: a drift, a step of the guard, a reaction, an outcome."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from signald.core.documents import causes as c
from signald.core.documents.expectations import expectations_view, response_over
from signald.core.movers.drift import Moved
from signald.core.movers.movers import Movers
from signald.core.movers.pegs import moved_bps
from signald.core.release_window import ReleaseWindow
from signald.core.scoring import Scorer, book_flags
from signald.core.scoring.view import Row, book_view
from signald.model.expectations import ExpectationsView
from signald.model.identity import cause_key, signal_id
from signald.model.instruments import InstrumentId
from signald.model.macro import ReleaseId
from signald.model.movers import DriftView, QuoteView
from signald.model.policy import PolicyEvent
from signald.model.signals import BookView, DeskGuidance, Flag, Liquidity, PolicyView, Signal, SignalKind
from signald.model.time import NS_PER_S, Nanos

ALL_RELEASES: ReleaseId = "*"
"""Stands in the keys of a step that is no release's."""


class Then(NamedTuple):
    """Where a move began: mid, and what the quote currency was worth; ``None`` where no book told."""

    mid: float | None
    usd: float | None


class DeskDocuments:
    """Documents about quotes, of one model."""

    def __init__(self, scorer: Scorer, movers: Movers | None = None) -> None:
        """Take the model, and what else moves the market."""
        self.scorer = scorer
        self.movers = movers
        self._places = {one.id: place for place, one in enumerate(scorer.instruments)}

    def uncertainty_bps(self, releases: Sequence[ReleaseId], *, scheduled: Nanos) -> tuple[float | None, ...]:
        """Standard deviation of each instrument's move at the primary horizon before any of ``releases`` is out."""
        return self.scorer.uncertainty_bps(self.scorer.plan(releases, scheduled=scheduled))

    def step(
        self,
        step: str,
        releases: Sequence[ReleaseId],
        windows: Sequence[ReleaseWindow],
        *,
        instrument: InstrumentId,
        row: Row,
        desk: DeskGuidance,
        ts_scheduled: Nanos | None,
        due: Nanos,
    ) -> Signal:
        """One step of the guard; ``ts_scheduled`` is ``None`` where no release is near, and ``due`` is its identity."""
        at = due if ts_scheduled is None else ts_scheduled
        keys = [c.step_key(one, at, step) for one in releases or (ALL_RELEASES,)]
        told = self._before("guard", keys, windows, instrument=instrument, row=row, ts_scheduled=ts_scheduled, due=due)
        return msgspec.structs.replace(told, desk=desk)

    def drift(
        self,
        windows: Sequence[ReleaseWindow],
        moved: Moved,
        *,
        instrument: InstrumentId,
        row: Row,
        before_s: int,
        ts_scheduled: Nanos,
        due: Nanos,
    ) -> Signal:
        """The price has left its placebo band ``before_s`` before the releases of a moment."""
        assert moved.bps is not None
        assert moved.band_bps is not None
        keys = [c.step_key(window.release_id, ts_scheduled, f"drift-{before_s}") for window in windows]
        told = self._before("drift", keys, windows, instrument=instrument, row=row, ts_scheduled=ts_scheduled, due=due)
        view = DriftView(
            realised_bps=moved.bps, band_bps=moved.band_bps, flow=moved.flow, flow_band=moved.flow_band, share=None
        )
        return msgspec.structs.replace(told, realised_bps=moved.bps, band_bps=moved.band_bps, drift=view)

    def _before(
        self,
        kind: SignalKind,
        keys: Sequence[str],
        windows: Sequence[ReleaseWindow],
        *,
        instrument: InstrumentId,
        row: Row,
        ts_scheduled: Nanos | None,
        due: Nanos,
    ) -> Signal:
        """A document of ``due`` about releases that are not out."""
        return Signal(
            id=signal_id(kind, instrument, keys),
            kind=kind,
            revision=0,
            causes=tuple(c.absence_of(window) for window in windows),
            instrument=instrument,
            verdict=None,
            confidence=None,
            horizons=(),
            book=self.book(instrument, row, due),
            desk=None,
            model=self.scorer.view(),
            flags=c.in_order([*book_flags(row), *self._doubts(instrument)]),
            ts_scheduled=ts_scheduled,
            ts_event=due,
            ts_ingest=due,
            quote=self._quote(instrument),
        )

    def reaction(
        self,
        scored: Signal,
        releases: Sequence[ReleaseId],
        *,
        row: Row,
        then: Then,
        liquidity: Liquidity,
        held: dict[str, bool],
        is_last: bool,
        due: Nanos,
    ) -> Signal:
        """What became of the figure that ``scored`` is about by ``due``; the outcome at the last horizon.

        ``held`` is added to: whether the interval of the horizon that ends now held what happened. ``then`` is when
        the figure came.
        """
        assert scored.ts_scheduled is not None
        assert scored.instrument is not None
        elapsed_s = (due - scored.ts_scheduled) // NS_PER_S
        book = self.book(scored.instrument, row, due)
        realised = moved_bps(then.mid, None if book is None else book.mid)
        peg = self._peg_bps(scored.instrument, then.usd)
        for horizon in scored.horizons:
            if horizon.seconds == elapsed_s and realised is not None:
                held[str(horizon.seconds)] = horizon.lo_bps <= realised <= horizon.hi_bps
        ahead = [one for one in scored.horizons if one.seconds > elapsed_s]
        kind = "outcome" if is_last else "reaction"
        keys = [c.step_key(one, scored.ts_scheduled, f"{kind}+{elapsed_s}") for one in releases]
        return Signal(
            id=signal_id(kind, scored.instrument, keys),
            kind=kind,
            revision=scored.revision,
            causes=scored.causes,
            instrument=scored.instrument,
            verdict=None,
            confidence=None,
            horizons=scored.horizons,
            book=book,
            desk=None,
            model=scored.model,
            flags=c.in_order([*scored.flags, *book_flags(row), *self._doubts(scored.instrument)]),
            ts_scheduled=scored.ts_scheduled,
            ts_event=due,
            ts_ingest=due,
            realised_bps=realised,
            remaining_bps=ahead[0].mean_bps - realised if ahead and realised is not None else None,
            liquidity=liquidity,
            held=dict(held),
            quote=self._quote(scored.instrument),
            drift=scored.drift,
            regime=scored.regime,
            peg_bps=peg,
            realised_usd_bps=_together(realised, peg),
            market=msgspec.UNSET if self.movers is None else self.movers.markets[self._places[scored.instrument]],
            expectations=self._explained(scored.instrument, scored.ts_scheduled, elapsed_s),
        )

    def peg_usd(self, instrument: InstrumentId) -> float | None:
        """What a book tells that an instrument's quote currency is worth; ``None``: none does, or it is the dollar."""
        quote = self._quote(instrument)
        return quote.usd if isinstance(quote, QuoteView) else None

    def _explained(
        self, instrument: InstrumentId, scheduled: Nanos, seconds: int
    ) -> ExpectationsView | msgspec.UnsetType:
        """What a release has done to priced cuts so far, and what that makes of its move."""
        shift = None if self.movers is None else self.movers.cuts.since(scheduled)
        if shift is None:
            return msgspec.UNSET
        base = self.scorer.instruments[self._places[instrument]].base
        return expectations_view(shift, response_over(self.scorer.parameters, base, seconds))

    def book(self, instrument: InstrumentId, row: Row, now: Nanos) -> BookView | None:
        """An instrument's book, its depth in dollars."""
        return book_view(row, now, self.scorer.usd[self._places[instrument]])

    def _quote(self, instrument: InstrumentId) -> QuoteView | msgspec.UnsetType:
        return msgspec.UNSET if self.movers is None else self.movers.quotes[self._places[instrument]]

    def _doubts(self, instrument: InstrumentId) -> tuple[Flag, ...]:
        return () if self.movers is None else self.movers.doubts[self._places[instrument]]

    def _peg_bps(self, instrument: InstrumentId, before: float | None) -> float | msgspec.UnsetType | None:
        """How far the quote currency moved; unset where it is the dollar, or no book tells; ``None``: none had then."""
        quote = self._quote(instrument)
        return moved_bps(before, quote.usd) if isinstance(quote, QuoteView) else msgspec.UNSET

    def policy(
        self, view: PolicyView, event: PolicyEvent, *, instrument: InstrumentId, row: Row, desk: DeskGuidance
    ) -> Signal:
        """Something happened that no calendar announced; no model says in which direction it moves anything."""
        return self._of_policy(
            *("policy", view, event), step=None, instrument=instrument, row=row, desk=desk, due=event.ts_ingest
        )

    def policy_step(
        self,
        step: str,
        view: PolicyView,
        event: PolicyEvent,
        *,
        instrument: InstrumentId,
        row: Row,
        desk: DeskGuidance,
        due: Nanos,
    ) -> Signal:
        """One step of the guard on account of a policy event."""
        return self._of_policy("guard", view, event, step=step, instrument=instrument, row=row, desk=desk, due=due)

    def policy_reaction(
        self,
        view: PolicyView,
        event: PolicyEvent,
        *,
        instrument: InstrumentId,
        row: Row,
        mid: float | None,
        liquidity: Liquidity,
        is_last: bool,
        due: Nanos,
    ) -> Signal:
        """What became of a policy event by ``due``: the move since we heard of it, and the liquidity against then."""
        kind = "outcome" if is_last else "reaction"
        step = f"{kind}+{(due - event.ts_ingest) // NS_PER_S}"
        told = self._of_policy(kind, view, event, step=step, instrument=instrument, row=row, desk=None, due=due)
        realised = None if told.book is None or mid is None else (told.book.mid / mid - 1.0) * 1e4
        return msgspec.structs.replace(told, realised_bps=realised, remaining_bps=None, liquidity=liquidity, held={})

    def _of_policy(
        self,
        kind: SignalKind,
        view: PolicyView,
        event: PolicyEvent,
        *,
        step: str | None,
        instrument: InstrumentId,
        row: Row,
        desk: DeskGuidance | None,
        due: Nanos,
    ) -> Signal:
        parts = (event.event_id,) if step is None else (event.event_id, step)
        return Signal(
            id=signal_id(kind, instrument, (cause_key("policy", *parts),)),
            kind=kind,
            revision=0,
            causes=(),
            instrument=instrument,
            verdict="no_edge" if kind == "policy" else None,
            confidence=None,
            horizons=(),
            book=self.book(instrument, row, due),
            desk=desk,
            model=self.scorer.view(),
            flags=c.in_order([*book_flags(row), *self._doubts(instrument)]),
            ts_scheduled=None,
            ts_event=event.ts_event if kind == "policy" else due,
            ts_ingest=due,
            policy=view,
            quote=self._quote(instrument),
        )


def _together(realised: float | None, peg: float | msgspec.UnsetType | None) -> float | msgspec.UnsetType | None:
    """A move in the quote currency and that of the currency, as one in dollars."""
    if not isinstance(peg, float):
        return peg
    return None if realised is None else ((1.0 + realised * 1e-4) * (1.0 + peg * 1e-4) - 1.0) * 1e4


def mid_of(book: BookView | None) -> float | None:
    """Mid of a book that can be believed."""
    return None if book is None else book.mid
