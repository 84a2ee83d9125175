"""The model's predictions beside those of its baselines, row by row."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from signald.core.scoring.prediction import judge_edge
from signald.model.macro import Indicator, IndicatorId
from signald.model.parameters import Parameters, SeriesId
from signald.research.baselines import apply_model, walk_least_squares
from signald.research.estimate import indicator_of
from signald.research.learner import CANDIDATES, SILENT, Kin
from signald.research.sample import Flags, Floats, Sample
from signald.research.scores import Law
from signald.research.walk import Walked, walk

BASELINES: Final = ("zero", "ols", "sign")
"""Zero mean with the same kind of law, learnt alike; least squares on all so far; the same on the surprises' signs."""

PREDICTORS: Final = ("model", *BASELINES)


class Judged(NamedTuple):
    """One horizon's predictions beside the baselines', of the rows that all of them speak of.

    Attributes:
        rows: Places of those rows in the sample.
        model: What the model said.
        std_mean: Standard deviation of its means.
        edge: Sign of its verdict before costs; 0 for none.
        baselines: What each of :data:`BASELINES` said.
        moves: What followed, basis points.
    """

    rows: tuple[int, ...]
    model: Law
    std_mean: Floats
    edge: Floats
    baselines: Mapping[str, Law]
    moves: Floats

    def take(self, kept: Flags) -> "Judged":
        """Some of the rows."""
        return Judged(
            rows=tuple(np.array(self.rows, dtype=np.intp)[kept].tolist()),
            model=self.model.take(kept),
            std_mean=self.std_mean[kept],
            edge=self.edge[kept],
            baselines={name: law.take(kept) for name, law in self.baselines.items()},
            moves=self.moves[kept],
        )


def kin_of(sample: Sample, indicators: Mapping[IndicatorId, Indicator]) -> dict[SeriesId, Kin]:
    """Report and family of each of the sample's series."""
    found = {name: indicator_of(indicators, name) for name in sample.series}
    return {name: Kin(one.report, one.family) for name, one in found.items()}


def judge(
    sample: Sample,
    kin: Mapping[SeriesId, Kin],
    *,
    asset: str,
    seconds: int,
    embargo_s: int = 0,
    model: Parameters | None = None,
) -> Judged:
    """Predict every row by the model and by all baselines; ``model`` as it stands, or learning as one goes.

    Whatever learns takes in a move ``embargo_s`` after it was over.
    """
    walked = {
        name: predict(name, sample, kin, asset=asset, seconds=seconds, embargo_s=embargo_s, model=model)
        for name in PREDICTORS
    }
    return compare(walked, sample.moves[asset][seconds])


def predict(
    name: str,
    sample: Sample,
    kin: Mapping[SeriesId, Kin],
    *,
    asset: str,
    seconds: int,
    embargo_s: int = 0,
    model: Parameters | None = None,
) -> Walked:
    """Predict every row by one of :data:`PREDICTORS`; see :func:`judge`."""
    match name:
        case "ols":
            return walk_least_squares(sample, asset=asset, seconds=seconds, embargo_s=embargo_s)
        case "sign":
            signs = sample._replace(z=np.sign(sample.z))
            return walk_least_squares(signs, asset=asset, seconds=seconds, embargo_s=embargo_s)
        case "model" if model is not None:
            return apply_model(model, sample, asset=asset, seconds=seconds)
        case _:
            candidates = CANDIDATES if name == "model" else SILENT
            return walk(sample, kin, candidates=candidates, asset=asset, seconds=seconds, embargo_s=embargo_s)


def compare(walked: Mapping[str, Walked], moves: Floats) -> Judged:
    """Put what :data:`PREDICTORS` said side by side; ``moves`` are those of the sample's rows."""
    ours = walked["model"]
    rows = sorted(set(ours.rows).intersection(*(walked[name].rows for name in BASELINES)))
    std_mean = ours.std_mean[np.isin(ours.rows, rows)]
    law = _law_of(ours, rows)
    return Judged(
        rows=tuple(rows),
        model=law,
        std_mean=std_mean,
        edge=np.array([edge_of(*one) for one in zip(law.mean.tolist(), std_mean.tolist(), strict=True)]),
        baselines={name: _law_of(walked[name], rows) for name in BASELINES},
        moves=moves[rows],
    )


def _law_of(walked: Walked, rows: Sequence[int]) -> Law:
    return walked.law.take(np.isin(walked.rows, rows))


def edge_of(mean: float, std_mean: float) -> float:
    """The verdict's sign, before costs; 0 for none."""
    return {"up": 1.0, "down": -1.0}.get(judge_edge(mean, std_mean, cost_bps=0.0), 0.0)
