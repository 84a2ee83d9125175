"""Writes what components say of a figure that is to come: a document for each instrument.

What it predicts is the move at that figure's own release if it comes out as the nowcast has it: the response to the
surprise nowcast − consensus, wider by what the past error makes of it, since the model is linear. The direction is
given only where the difference is more than the past error, no component lies far from all that is known, and the
response is an edge.
"""

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist
from typing import Final

import msgspec

from signald.core.board import BoardRows
from signald.core.documents import causes as c
from signald.core.documents.writer import Documents
from signald.core.nowcast import is_outside, is_thin
from signald.core.release_window import Register
from signald.core.scoring import Prediction, Scorer, book_flags, book_view
from signald.core.scoring.prediction import confidence_in
from signald.core.scoring.view import Row, as_numbers
from signald.model.identity import cause_key, signal_id
from signald.model.macro import SettledFigure
from signald.model.nowcast import Bridge, NowcastView
from signald.model.signals import Cause, Flag, Horizon, Signal, Verdict
from signald.model.time import Nanos

_NORMAL: Final = NormalDist()
_SURE: Final = 1e-9  # a probability has a quantile if it is neither 0 nor 1


def nowcast_documents(
    documents: Documents,
    register: Register,
    view: NowcastView,
    bridge: Bridge,
    figures: Sequence[SettledFigure],
    rows: BoardRows,
    *,
    due: Nanos,
) -> list[Signal]:
    """A document for each instrument; ``figures`` are those whose components are known."""
    scorer, movers = documents.scorer, documents.movers
    causes, doubts = _causes(documents, register, figures)
    if is_thin(bridge):
        doubts.append("thin_history")
    is_outlier = is_outside(bridge, view.components)
    if is_outlier:
        doubts.append("outlier")
    keys = tuple(_keys(view, figures))
    numbers = as_numbers(rows)
    predicted = _predict(documents, view, numbers, is_believed=view.is_beyond and not is_outlier, due=due)
    return [
        Signal(
            id=signal_id("nowcast", one.id, keys),
            kind="nowcast",
            revision=len(figures),
            causes=causes,
            instrument=one.id,
            verdict=prediction.verdict,
            confidence=prediction.confidence,
            horizons=prediction.horizons,
            book=book_view(row, due, scorer.usd[place]),
            desk=None,
            model=scorer.view(),
            flags=c.in_order(
                [*doubts, *prediction.flags, *book_flags(row), *(() if movers is None else movers.doubts[place])]
            ),
            ts_scheduled=max(one.ts_scheduled for one in figures),
            ts_event=due,
            ts_ingest=due,
            quote=msgspec.UNSET if movers is None else movers.quotes[place],
            nowcast=view,
        )
        for place, (one, row, prediction) in enumerate(zip(scorer.instruments, numbers, predicted, strict=False))
    ]


def _causes(
    documents: Documents, register: Register, figures: Sequence[SettledFigure]
) -> tuple[tuple[Cause, ...], list[Flag]]:
    """The figures that the components came with, and the doubts about them; of an earlier run's only what it said."""
    causes: list[Cause] = []
    doubts: list[Flag] = []
    for one in figures:
        window = register.windows.get(one.release_id)
        if window is None or window.current is None or window.ts_scheduled is None:
            causes.append(_told(one))
            continue
        causes.append(c.cause_of(documents.scorer, window, window.current.release, window.current.number))
        doubts.extend(c.bundle_flags(register.bundles[window.ts_scheduled]))
    return tuple(causes), doubts


def _told(figure: SettledFigure) -> Cause:
    return Cause(
        release_id=figure.release_id,
        figure=0,
        actual=figure.actual,
        consensus=None,
        prior=None,
        revised_prior=None,
        surprise=None,
        surprise_z=None,
    )


def _keys(view: NowcastView, figures: Sequence[SettledFigure]) -> Iterator[str]:
    """What is nowcast beside which consensus, and every component that is known: the model is content."""
    yield cause_key("nowcast", view.release_id, view.consensus)
    for one in figures:
        for name, part in one.components.items():
            yield cause_key("component", one.release_id, name, part)


def _predict(
    documents: Documents, view: NowcastView, numbers: Sequence[Row], *, is_believed: bool, due: Nanos
) -> tuple[Prediction, ...]:
    """What the figure would move at its release if it came out so."""
    scorer, series = documents.scorer, documents.scorer.series(view.release_id)
    plan = documents.plan_of((view.release_id,))
    if series is None or view.difference is None:
        nothing = scorer.predict(plan, [None], numbers, ts_ingest=due)
        return tuple(one._replace(verdict="no_edge", confidence=None, horizons=(), flags=()) for one in nothing)
    found = scorer.predict(plan, [view.difference / series.sigma], numbers, ts_ingest=due)
    unit = scorer.predict(plan, [1.0], numbers, ts_ingest=due)
    error = view.error / series.sigma
    return tuple(
        _widened(scorer, one, [response.mean_bps * error for response in by_unit.horizons], is_believed=is_believed)
        for one, by_unit in zip(found, unit, strict=True)
    )


def _widened(scorer: Scorer, prediction: Prediction, more: Sequence[float], *, is_believed: bool) -> Prediction:
    """The same with each horizon wider by ``more`` basis points of standard deviation, independent of the rest."""
    horizons = tuple(_wider(one, bps) for one, bps in zip(prediction.horizons, more, strict=True))
    verdict: Verdict = prediction.verdict if is_believed else "no_edge"
    wider = prediction._replace(verdict=verdict, horizons=horizons)
    primary = scorer.primary_of(wider)
    return wider._replace(confidence=None if primary is None else confidence_in(verdict, primary.p_up))


def _wider(horizon: Horizon, more: float) -> Horizon:
    """The law keeps its shape, so its probabilities are those of the normal law that has them, that much wider."""
    factor = math.hypot(horizon.std_bps, more) / horizon.std_bps if horizon.std_bps > 0.0 else 1.0
    p_up = horizon.p_up
    if _SURE < p_up < 1.0 - _SURE:
        p_up = _NORMAL.cdf(_NORMAL.inv_cdf(p_up) / factor)
    return msgspec.structs.replace(
        horizon,
        std_bps=horizon.std_bps * factor,
        lo_bps=horizon.mean_bps + (horizon.lo_bps - horizon.mean_bps) * factor,
        hi_bps=horizon.mean_bps + (horizon.hi_bps - horizon.mean_bps) * factor,
        p_up=p_up,
    )
