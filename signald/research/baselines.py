"""What a walk is held against: least squares as it stands, and a finished model as it stands."""

import math
from decimal import Decimal

import numpy as np

from signald.core.board import empty_rows
from signald.core.kernels import score as k
from signald.core.kernels.student import student_quantile
from signald.core.scoring import Scorer
from signald.core.surprise import MINIMUM
from signald.model.instruments import Instrument
from signald.model.parameters import Parameters, SeriesId
from signald.model.time import NS_PER_S
from signald.research.sample import Floats, Sample
from signald.research.scores import Law
from signald.research.walk import Walked


def walk_least_squares(sample: Sample, *, asset: str, seconds: int, embargo_s: int = 0) -> Walked:
    """Predict each row by ordinary least squares on all rows whose moves were over; nothing shrunk, nothing forgotten.

    A series takes part from eight releases on. The law is normal, with one residual variance for all releases.
    Rows before eight moves were over are passed over; a move is learnt from ``embargo_s`` after it was.
    """
    moves, usual = sample.moves[asset][seconds], sample.usual[asset][seconds]
    usable = ~np.isnan(sample.z).all(axis=1) & ~np.isnan(moves) & (usual > 0.0)
    over = sample.ts + (seconds + embargo_s) * NS_PER_S
    rows: list[int] = []
    predicted: list[tuple[float, float, float]] = []
    for row in np.flatnonzero(usable).tolist():
        known = usable & (over <= sample.ts[row])
        if np.count_nonzero(known) >= MINIMUM:
            rows.append(row)
            predicted.append(_least_squares(sample.z[known], moves[known], sample.z[row]))
    mean, std_mean, residual = np.array(predicted).reshape(-1, 3).T
    law = Law(mean, np.sqrt(std_mean**2 + residual**2), np.full(len(rows), np.inf))
    return Walked(rows, law, std_mean, moves[rows])


def apply_model(parameters: Parameters, sample: Sample, *, asset: str, seconds: int) -> Walked:
    """Predict each row by a finished model, through the scorer that signals are made by."""
    moves, usual = sample.moves[asset][seconds], sample.usual[asset][seconds]
    scorer = Scorer(parameters, [_instrument(asset)])
    place = [one.seconds for one in parameters.assets[asset]].index(seconds)
    rows: list[int] = []
    predicted: list[tuple[float, float, float, float]] = []
    for row in np.flatnonzero(~np.isnan(sample.raw).all(axis=1) & ~np.isnan(moves) & (usual > 0.0)).tolist():
        came = np.flatnonzero(~np.isnan(sample.raw[row])).tolist()
        plan = scorer.plan([_release(sample.series[column]) for column in came])
        scales = [scorer.series(release) for release in plan.releases]
        heard = [
            None if scale is None else float(sample.raw[row, column]) / scale.sigma
            for column, scale in zip(came, scales, strict=True)
        ]
        scorer.score(plan, heard, empty_rows(1), ts_ingest=0)
        said: Floats = plan.out[0, place]
        if not np.isnan(said[k.MEAN]):
            rows.append(row)
            scale = (float(said[k.HIGH]) - float(said[k.MEAN])) / student_quantile(0.95, float(said[k.DF]))
            predicted.append((float(said[k.MEAN]), scale, float(said[k.DF]), float(said[k.STD_MEAN])))
    mean, scale, df, std_mean = np.array(predicted).reshape(-1, 4).T
    return Walked(rows, Law(mean, scale, df), std_mean, moves[rows])


def _least_squares(z: Floats, moves: Floats, now: Floats) -> tuple[float, float, float]:
    """Mean of the move after ``now``, its standard error, and the standard deviation of the residuals."""
    columns = np.count_nonzero(~np.isnan(z), axis=0) >= MINIMUM
    design, surprises = np.nan_to_num(z[:, columns]), np.nan_to_num(now[columns])
    inverse = np.linalg.pinv(design.T @ design)
    beta = inverse @ design.T @ moves
    freedom = max(len(moves) - int(np.linalg.matrix_rank(design)), 1)
    variance = float(np.sum((moves - design @ beta) ** 2)) / freedom
    return float(surprises @ beta), math.sqrt(variance * float(surprises @ inverse @ surprises)), math.sqrt(variance)


def _release(series: SeriesId) -> str:
    """A release of the series; its period does not matter to a model."""
    indicator, _, stage = series.partition(":")
    return f"{indicator}:0:{stage}" if stage else f"{indicator}:0"


def _instrument(asset: str) -> Instrument:
    return Instrument(
        id=f"{asset}-USD.COMPOSITE",
        venue="composite",
        venue_symbol=asset,
        base=asset,
        quote="USD",
        kind="spot",
        tick_size=Decimal(1),
        lot_size=Decimal(1),
    )
