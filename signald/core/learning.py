"""One outcome → the next model: the learner's own recursion, on what a model file believes.

Between releases every response fades towards its prior; at an outcome each report that came learns, a move far out
teaching less (Student's law), and the scale of its residuals with it. σ is that of the newest window of surprises, as
everywhere. What families lend, and how surprises move together, waits for the next calibration.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from signald.core.response import Belief, drift, expect_together, learn_together
from signald.core.surprise import scale, winsorise
from signald.model.learning import Lineage, Pace, PastEvent
from signald.model.macro import ReleaseId
from signald.model.parameters import Parameters, Response, Series, SeriesId, identify, series_of
from signald.model.time import NS_PER_S, Nanos, parse_rfc3339

Floats = NDArray[np.float64]

_YEAR_NS: Final = 365.25 * 86_400 * NS_PER_S
_DIGITS: Final = 7
"""Significant digits kept: far beyond them lies what linear algebra libraries do differently."""


class Outcome(NamedTuple):
    """What became of the releases of one moment.

    Attributes:
        ts: When they were due.
        surprises: Of each release, in the indicator's unit.
        moves: Asset → seconds → move, basis points, at the volatility that the model is scaled to.
    """

    ts: Nanos
    surprises: Mapping[ReleaseId, float]
    moves: Mapping[str, Mapping[int, float]]


def learn_outcome(parameters: Parameters, outcome: Outcome, *, ts_effective: Nanos) -> Parameters | None:
    """The model that has learnt ``outcome`` and scores from ``ts_effective`` on.

    ``None`` if there is nothing to learn: no series that it knows surprised, or it learnt from that moment or a later
    one already. Where no move is known only σ is learnt.
    """
    known = learnt_through(parameters)
    raw = _by_series(parameters, outcome.surprises)
    if outcome.ts <= known or not raw:
        return None
    described = {one.id: one for one in parameters.series}
    z = {name: winsorise(of / described[name].sigma, parameters.winsor) for name, of in raw.items()}
    years = (outcome.ts - known) / _YEAR_NS
    before = parameters.lineage
    surprises = {name: tidy(z[name]) for name in parameters.own if name in z}
    primary = {asset: of[parameters.primary_s] for asset, of in outcome.moves.items() if parameters.primary_s in of}
    event = PastEvent(ts=outcome.ts, z=surprises, moves={asset: tidy(move) for asset, move in primary.items()})
    return identify(
        msgspec.structs.replace(
            parameters,
            series=tuple(_hear(one, raw.get(one.id), window=parameters.window) for one in parameters.series),
            assets={
                asset: tuple(
                    _respond(parameters, one, surprises, outcome.moves.get(asset, {}).get(one.seconds), years=years)
                    for one in responses
                )
                for asset, responses in parameters.assets.items()
            },
            events=(*parameters.events, event) if surprises and primary else parameters.events,
            lineage=Lineage(
                root=parameters.id if before is None else before.root,
                parent=parameters.id,
                steps=1 if before is None else before.steps + 1,
                through=outcome.ts,
                ts_effective=ts_effective,
            ),
        )
    )


def learnt_through(parameters: Parameters) -> Nanos:
    """The newest moment that a model learnt from."""
    lineage = parameters.lineage
    return parse_rfc3339(parameters.last_release) if lineage is None else lineage.through


def tidied(numbers: Sequence[float] | Floats) -> tuple[float, ...]:
    """``numbers`` to seven significant digits each."""
    return tuple(tidy(float(number)) for number in numbers)


def tidy(number: float) -> float:
    """``number`` to seven significant digits."""
    return float(f"{number:.{_DIGITS}g}")


def _by_series(parameters: Parameters, surprises: Mapping[ReleaseId, float]) -> dict[SeriesId, float]:
    """Surprises of the series that the model knows; two periods of one series at one moment are added up."""
    known = {one.id for one in parameters.series}
    found: dict[SeriesId, float] = {}
    for release, raw in surprises.items():
        name = series_of(release)
        if name in known:
            found[name] = found.get(name, 0.0) + raw
    return found


def _hear(series: Series, raw: float | None, *, window: int) -> Series:
    """A series with one surprise more."""
    if raw is None or not series.step:
        return series
    recent = (*series.recent, tidy(raw))[-window:]
    sigma = scale(recent, step=series.step, window=window)
    count = series.n_surprises + 1
    return msgspec.structs.replace(
        series,
        recent=recent,
        sigma=series.sigma if sigma is None else tidy(sigma),
        farthest=max(series.farthest, tidy(abs(raw) + series.step / 2.0)),
        n_surprises=count,
        thin_history=series.response != "own" or count < window,
    )


class _State:
    """One response's numbers as arrays, while it learns."""

    def __init__(self, response: Response, pace: Pace, own: int) -> None:
        self.mean = np.array(response.beta)
        self.covariance = np.array(response.covariance)
        self.effective = np.array(response.effective or response.count, dtype=np.float64)
        self.count = np.array(response.count)
        self.square = np.array(response.residual[:own]) ** 2
        self.df = np.array((response.residual_df or (math.inf,) * own)[:own], dtype=np.float64)
        self.residual_count = np.array(pace.residual_count)
        self._prior, self._fades, self._residual_fades = map(np.array, (pace.prior, pace.fades, pace.residual_fades))

    def belief(self, at: Sequence[int]) -> Belief:
        return Belief(self.mean[None, at], self.covariance[None][:, at][:, :, at])

    def believe(self, at: Sequence[int], belief: Belief) -> None:
        self.mean[at] = belief.mean[0]
        self.covariance[np.ix_(at, at)] = belief.covariance[0]

    def fade(self, at: Sequence[int], years: float) -> None:
        """Let time pass for one report's series, which fade alike."""
        kept = 0.5 ** (years * self._fades[at[:1]])
        self.believe(at, drift(self.belief(at), np.diag(self._prior[at])[None], kept))
        self.effective[at] *= kept**2
        self.residual_count[at] *= 0.5 ** (years * self._residual_fades[at])

    def learn(self, came: Sequence[Sequence[int]], surprises: Floats, move: float) -> None:
        """Learn from the reports that came; the residual is that of the one with the largest."""
        beliefs, heard = [self.belief(at) for at in came], [surprises[at] for at in came]
        loudest = max(came, key=lambda at: float(self.square[at[0]]))
        noise, df = self.square[loudest[:1]], float(self.df[loudest[0]])
        mean, uncertain = expect_together(beliefs, heard)
        far = (move - mean) ** 2 / (uncertain + noise)
        weight = np.ones(1) if math.isinf(df) else (df + 1.0) / (df + far)
        learnt, left = learn_together(beliefs, heard, move, noise / weight)
        for at, belief in zip(came, learnt, strict=True):
            self.believe(at, belief)
        self.square[loudest] += (weight * left - noise) / (self.residual_count[loudest] + 1.0)
        self.residual_count[loudest] += 1.0


def _respond(
    parameters: Parameters, response: Response, z: Mapping[SeriesId, float], move: float | None, *, years: float
) -> Response:
    """A response some time later, having learnt from a move if one is known."""
    if response.pace is None:
        return response
    own = {name: place for place, name in enumerate(parameters.own)}
    state = _State(response, response.pace, len(own))
    reports = [[own[name] for name in report.series] for report in parameters.reports if report.series]
    for at in reports:
        state.fade(at, years)
    heard = [own[name] for name in z]
    came = [at for at in reports if set(at) & set(heard)]
    learns = False
    if move is not None and came:
        learns = True
        surprises = np.zeros(len(own))
        surprises[heard] = list(z.values())
        state.learn(came, surprises, move)
        state.effective[heard] += 1.0
        state.count[heard] += 1
    return msgspec.structs.replace(
        response,
        n=response.n + learns,
        beta=tidied(state.mean),
        covariance=tuple(tidied(row) for row in state.covariance),
        count=tuple(state.count.tolist()),
        residual=(*tidied(np.sqrt(state.square)), *response.residual[len(own) :]),
        effective=tidied(state.effective),
        pace=msgspec.structs.replace(response.pace, residual_count=tidied(state.residual_count)),
    )
