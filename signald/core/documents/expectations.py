"""What documents say of cuts that are priced: two words of one source, and what their difference makes of the move."""

import msgspec

from signald.core.board import BoardRows
from signald.core.documents import causes as c
from signald.core.movers.cuts import Shift
from signald.core.movers.movers import Movers
from signald.core.release_window import Bundle
from signald.core.scoring import Scorer, book_flags, book_view
from signald.core.scoring.view import as_numbers
from signald.model.expectations import CutsModel, CutsResponse, ExpectationsView
from signald.model.identity import cause_key, signal_id
from signald.model.parameters import Parameters
from signald.model.signals import Flag, Signal


def expectations_documents(
    scorer: Scorer, movers: Movers, bundle: Bundle, shift: Shift, rows: BoardRows, *, is_disputed: bool
) -> list[Signal]:
    """A release has moved the cuts that are priced: a document for each instrument, without a prediction."""
    figures = [(window, window.current) for window in bundle.out if window.current is not None]
    causes = tuple(c.cause_of(scorer, window, figure.release, figure.number) for window, figure in figures)
    doubts: list[Flag] = [*c.bundle_flags(bundle), *(["conflicting_sources"] if is_disputed else [])]
    key = cause_key("expectations", shift.after.meeting, shift.after.ts_event)
    view, now = expectations_view(shift), shift.after.ts_ingest
    return [
        Signal(
            id=signal_id("expectations", one.id, (key,)),
            kind="expectations",
            revision=bundle.revision,
            causes=causes,
            instrument=one.id,
            verdict="no_edge",
            confidence=None,
            horizons=(),
            book=book_view(row, now, movers.usd[place]),
            desk=None,
            model=scorer.view(),
            flags=c.in_order([*doubts, *book_flags(row), *movers.doubts[place]]),
            ts_scheduled=bundle.ts_scheduled,
            ts_event=shift.after.ts_event,
            ts_ingest=now,
            quote=movers.quotes[place],
            expectations=view,
        )
        for place, (one, row) in enumerate(zip(scorer.instruments, as_numbers(rows), strict=False))
    ]


def expectations_view(shift: Shift, response: CutsResponse | None = None) -> ExpectationsView:
    """Both words; with a ``response`` what the change makes of the move that is over."""
    before, after, threshold = shift.before, shift.after, shift.threshold
    return ExpectationsView(
        source=after.source,
        meeting=after.meeting,
        cuts_before=before.implied_cuts_year_end,
        cuts=after.implied_cuts_year_end,
        change_cuts=shift.cuts,
        p_cut_before=before.p_cut,
        p_cut=after.p_cut,
        threshold_cuts=None if threshold is None else threshold.cuts,
        threshold_low=None if threshold is None else threshold.low,
        threshold_high=None if threshold is None else threshold.high,
        threshold_days=None if threshold is None else threshold.days,
        threshold_from=shift.threshold_from,
        ts_before=before.ts_event,
        ts_event=after.ts_event,
        explained_bps=msgspec.UNSET if response is None else response.bps_per_cut * shift.cuts,
        explained_error_bps=msgspec.UNSET if response is None else response.error * abs(shift.cuts),
    )


def response_over(parameters: Parameters, asset: str, seconds: int) -> CutsResponse | None:
    """How moves of an asset over ``seconds`` go with priced cuts; ``None``: that was not estimated."""
    model = parameters.expectations
    if not isinstance(model, CutsModel):
        return None
    return next((one for one in model.assets.get(asset, ()) if one.seconds == seconds), None)
