"""Walks through releases in order of time, predicting each from those whose moves were over, as one would have live."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from signald.model.parameters import SeriesId
from signald.model.time import NS_PER_S, Nanos
from signald.research.learner import Candidate, Kin, Learner, Seen
from signald.research.sample import Flags, Floats, Sample
from signald.research.scores import Law

YEAR_NS: Final = 365 * 86_400 * NS_PER_S


class Walked(NamedTuple):
    """Predictions of the rows that could be predicted, and what became of them.

    Attributes:
        rows: Places of those rows in the sample.
        law: Predicted moves, basis points.
        std_mean: Standard deviation of each predicted mean: what is not known of the responses.
        moves: What followed, basis points.
    """

    rows: Sequence[int]
    law: Law
    std_mean: Floats
    moves: Floats


def walk(
    sample: Sample,
    kin: Mapping[SeriesId, Kin],
    *,
    asset: str,
    seconds: int,
    candidates: Sequence[Candidate],
    embargo_s: int = 0,
) -> Walked:
    """Predict the moves of one asset over one horizon, one timestamp after another.

    Args:
        sample: Surprises and moves; rows without a standardised surprise, a move or a usual one are passed over.
        kin: Report and family of each series; responses of different reports are believed to be independent.
        asset: Whose moves.
        seconds: Over which horizon.
        candidates: The ways to learn between which the walk decides as it goes.
        embargo_s: Seconds after the end of a move before it is learnt from.
    """
    learner = Learner(sample, kin, candidates)
    return walk_on(learner, sample, candidates, asset=asset, seconds=seconds, embargo_s=embargo_s)


def walk_on(
    learner: Learner,
    sample: Sample,
    candidates: Sequence[Candidate],
    *,
    asset: str,
    seconds: int,
    embargo_s: int = 0,
    watch: Callable[[int], None] | None = None,
) -> Walked:
    """The same with a learner of one's own, who in the end has learnt from all of the rows.

    ``watch`` is told of each row when it has been predicted, and not yet learnt from.
    """
    moves, usual = sample.moves[asset][seconds], usual_moves(sample, candidates, asset=asset, seconds=seconds)
    rows = np.flatnonzero(usable_rows(sample, asset=asset, seconds=seconds)).tolist()
    predicted: list[tuple[float, float, float, float]] = []
    waiting: list[Seen] = []
    for row in rows:
        now = int(sample.ts[row])
        while waiting and waiting[0].until <= now:
            learner.learn(waiting.pop(0))
        until = now + (seconds + embargo_s) * NS_PER_S
        seen = learner.predict(row, now, until, move=float(moves[row]), usual=usual[row])
        waiting.append(seen)
        predicted.append(learner.mix(seen))
        if watch is not None:
            watch(row)
    for seen in waiting:
        learner.learn(seen)
    mean, scale, df, std_mean = np.array(predicted).reshape(-1, 4).T
    return Walked(rows, Law(mean, scale, df), std_mean, moves[rows])


class Path(NamedTuple):
    """What was believed of one series' response before each of its releases.

    Attributes:
        ts: When they were due.
        mean: Basis points per standard deviation of surprise, at the volatility of the last year.
        error: Standard deviation of that belief.
    """

    ts: Sequence[Nanos]
    mean: Floats
    error: Floats


def follow(
    sample: Sample, kin: Mapping[SeriesId, Kin], *, asset: str, seconds: int, candidates: Sequence[Candidate]
) -> dict[SeriesId, Path]:
    """Walk through a sample and keep what is believed of each series as its releases come."""
    learner = Learner(sample, kin, candidates)
    rows = usable_rows(sample, asset=asset, seconds=seconds)
    late = rows & (sample.ts > sample.ts[rows][-1] - YEAR_NS)
    usual = np.median(usual_moves(sample, candidates, asset=asset, seconds=seconds)[late], axis=0)
    believed: dict[int, list[tuple[Nanos, float, float]]] = {}

    def watch(row: int) -> None:
        came = ~np.isnan(sample.z[row])
        for learnt in learner.conclude(usual, came):
            for place, column in enumerate(learnt.columns):
                if came[column]:
                    error = float(np.sqrt(learnt.covariance[place, place]))
                    believed.setdefault(column, []).append((int(sample.ts[row]), float(learnt.mean[place]), error))

    walk_on(learner, sample, candidates, asset=asset, seconds=seconds, watch=watch)
    return {
        sample.series[column]: Path(
            [ts for ts, _, _ in of], np.array([one for _, one, _ in of]), np.array([one for _, _, one in of])
        )
        for column, of in believed.items()
    }


def usable_rows(sample: Sample, *, asset: str, seconds: int) -> Flags:
    """Whether a row has a standardised surprise, a move and a usual move."""
    moves, usual = sample.moves[asset][seconds], sample.usual[asset][seconds]
    return ~np.isnan(sample.z).all(axis=1) & ~np.isnan(moves) & (usual > 0.0)


def usual_moves(sample: Sample, candidates: Sequence[Candidate], *, asset: str, seconds: int) -> Floats:
    """What each candidate calls a usual move at each row, basis points: ``[row, candidate]``.

    Where the hour before is not on record, or stood still, the month stands for it.
    """
    hour = np.array([one.hour for one in candidates])
    month, lately = sample.usual[asset][seconds][:, None], sample.lately[asset][seconds][:, None]
    return np.where(lately > 0.0, lately, month) ** hour * month ** (1.0 - hour)
