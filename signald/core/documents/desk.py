"""Writes what the desk's timeline says: a step of the guard, a reaction, an outcome."""

from collections.abc import Sequence

import msgspec

from signald.core.documents import causes as c
from signald.core.release_window import ReleaseWindow
from signald.core.scoring import Scorer, book_flags
from signald.core.scoring.view import Row, book_view
from signald.model.identity import cause_key, signal_id
from signald.model.instruments import InstrumentId
from signald.model.macro import ReleaseId
from signald.model.policy import PolicyEvent
from signald.model.signals import BookView, DeskGuidance, Liquidity, PolicyView, Signal, SignalKind
from signald.model.time import NS_PER_S, Nanos

ALL_RELEASES: ReleaseId = "*"
"""Stands in the keys of a step that is no release's."""


class DeskDocuments:
    """Documents about quotes, of one model."""

    def __init__(self, scorer: Scorer) -> None:
        """Take the model."""
        self.scorer = scorer

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
        return Signal(
            id=signal_id("guard", instrument, keys),
            kind="guard",
            revision=0,
            causes=tuple(c.absence_of(window) for window in windows),
            instrument=instrument,
            verdict=None,
            confidence=None,
            horizons=(),
            book=book_view(row, due),
            desk=desk,
            model=self.scorer.view(),
            flags=c.in_order(book_flags(row)),
            ts_scheduled=ts_scheduled,
            ts_event=due,
            ts_ingest=due,
        )

    def reaction(
        self,
        scored: Signal,
        releases: Sequence[ReleaseId],
        *,
        row: Row,
        mid: float | None,
        liquidity: Liquidity,
        held: dict[str, bool],
        is_last: bool,
        due: Nanos,
    ) -> Signal:
        """What became of the figure that ``scored`` is about by ``due``; the outcome at the last horizon.

        ``held`` is added to: whether the interval of the horizon that ends now held what happened.
        """
        assert scored.ts_scheduled is not None
        assert scored.instrument is not None
        elapsed_s = (due - scored.ts_scheduled) // NS_PER_S
        book = book_view(row, due)
        realised = None if book is None or mid is None else (book.mid / mid - 1.0) * 1e4
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
            flags=c.in_order([*scored.flags, *book_flags(row)]),
            ts_scheduled=scored.ts_scheduled,
            ts_event=due,
            ts_ingest=due,
            realised_bps=realised,
            remaining_bps=ahead[0].mean_bps - realised if ahead and realised is not None else None,
            liquidity=liquidity,
            held=dict(held),
        )

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
            book=book_view(row, due),
            desk=desk,
            model=self.scorer.view(),
            flags=c.in_order(book_flags(row)),
            ts_scheduled=None,
            ts_event=event.ts_event if kind == "policy" else due,
            ts_ingest=due,
            policy=view,
        )


def mid_of(book: BookView | None) -> float | None:
    """Mid of a book that can be believed."""
    return None if book is None else book.mid
