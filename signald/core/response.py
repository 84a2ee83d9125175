"""What is believed of the responses, and how each release changes it: a Kalman filter that forgets towards a prior.

Between releases the responses drift and what was learnt fades, as an Ornstein-Uhlenbeck process around zero does whose
stationary law is the prior (so nothing learnt for ever is nothing believed: shrinkage and forgetting are one). At a
release the move is an observation of ``β'S`` (West & Harrison 1997, "Bayesian Forecasting and Dynamic Models", ch. 4).
With nothing forgotten and a prior wide enough this is least squares on all releases so far.

All arrays have a leading axis of candidates, which differ in prior, memory and law and share nothing else.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


class Belief(NamedTuple):
    """What is believed of the responses.

    Attributes:
        mean: ``[candidate, series]``, per standard deviation of surprise.
        covariance: ``[candidate, series, series]``.
    """

    mean: Floats
    covariance: Floats


def start(prior: Floats) -> Belief:
    """Nothing learnt yet: mean zero, and ``prior[candidate, series, series]`` as covariance."""
    return Belief(np.zeros(prior.shape[:2]), prior.copy())


def drift(belief: Belief, prior: Floats, kept: Floats) -> Belief:
    """Let time pass.

    Args:
        belief: Before.
        prior: Covariance that everything returns to, ``[candidate, series, series]``.
        kept: Correlation of the responses then and now, per candidate: 1 forgets nothing, 0 everything.
    """
    square = kept[:, None, None] ** 2
    return Belief(belief.mean * kept[:, None], belief.covariance * square + prior * (1.0 - square))


def expect(belief: Belief, surprises: Floats) -> tuple[Floats, Floats]:
    """Mean of the move after ``surprises[series]`` and the variance of that mean, per candidate."""
    return belief.mean @ surprises, np.einsum("i,cij,j->c", surprises, belief.covariance, surprises)


def learn(belief: Belief, surprises: Floats, move: float | Floats, noise: Floats) -> Belief:
    """Learn from one release, in Joseph's form, which stays positive definite however wide the prior is.

    Args:
        belief: Before.
        surprises: Of each series, 0 where none came.
        move: What followed; per candidate if they attribute it differently.
        noise: Variance of what is not response, per candidate.
    """
    expected, uncertain = expect(belief, surprises)
    gain = (belief.covariance @ surprises) / (uncertain + noise)[:, None]
    left = np.eye(len(surprises)) - gain[:, :, None] * surprises
    covariance = left @ belief.covariance @ left.transpose(0, 2, 1)
    covariance += noise[:, None, None] * gain[:, :, None] * gain[:, None, :]
    return Belief(belief.mean + gain * (move - expected)[:, None], covariance)


def expect_together(beliefs: Sequence[Belief], surprises: Sequence[Floats]) -> tuple[Floats, Floats]:
    """The same as :func:`expect` after the surprises of several reports, whose responses are independent."""
    expected = [expect(belief, of) for belief, of in zip(beliefs, surprises, strict=True)]
    return np.sum([one for one, _ in expected], axis=0), np.sum([one for _, one in expected], axis=0)


def learn_together(
    beliefs: Sequence[Belief], surprises: Sequence[Floats], move: float | Floats, noise: Floats
) -> tuple[list[Belief], Floats]:
    """Learn from the release of several reports at once: to each the others are noise.

    Returns:
        Each report's belief, and the expected square of what the beliefs leave of the move.
    """
    mean, uncertain = expect_together(beliefs, surprises)
    learnt: list[Belief] = []
    for belief, of in zip(beliefs, surprises, strict=True):
        own, own_uncertain = expect(belief, of)
        learnt.append(learn(belief, of, move - (mean - own), uncertain - own_uncertain + noise))
    after, left = expect_together(learnt, surprises)
    return learnt, (move - after) ** 2 + left
