"""A second model beside the one that is published: predicts from the same figures, is scored, and is heard by nobody.

It is asked at the first look after a figure, off the path of a release, from what the published documents rest on.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from signald.core.board import empty_rows
from signald.core.engine.world import Output
from signald.core.kernels import score as k
from signald.core.kernels.student import student_quantile
from signald.core.scoring import Prediction, Scorer
from signald.core.scoring.marks import StudentLaw, crps_mark, log_mark
from signald.model.instruments import InstrumentId
from signald.model.macro import ReleaseId
from signald.model.notices import ShadowPredicted, ShadowScored
from signald.model.signals import Signal
from signald.model.time import NS_PER_S, Nanos

_MOST: Final = 64  # moments whose outcomes are awaited

_Laws: TypeAlias = Mapping[InstrumentId, Mapping[int, StudentLaw]]
"""By instrument and seconds, where a model says anything."""


class _Said(NamedTuple):
    """What both models say of one moment; ``causes`` are the surprises that it rests on."""

    causes: Mapping[ReleaseId, float]
    published: _Laws
    shadow: _Laws


class Shadow:
    """The second model's predictions and their scores."""

    def __init__(self, scorer: Scorer, published: Scorer) -> None:
        """Take both models, over the same instruments; their horizons may differ."""
        self.scorer = scorer
        self._published = published
        self._said: dict[Nanos, _Said] = {}

    def note(self, outputs: Iterable[Output]) -> list[Output]:
        """See what the guard told of reactions and outcomes; returns what the second model says, and its scores."""
        told: list[Output] = []
        over: list[Nanos] = []
        for one in outputs:
            if isinstance(one, Signal) and one.kind in {"reaction", "outcome"} and one.ts_scheduled is not None:
                told.extend(self._ask(one, one.ts_scheduled))
                told.extend(self._score(one, self._said[one.ts_scheduled]))
                if one.kind == "outcome":
                    over.append(one.ts_scheduled)
        for scheduled in over:
            self._said.pop(scheduled, None)
        return told

    def _ask(self, signal: Signal, scheduled: Nanos) -> list[Output]:
        """Ask the second model about the figures that ``signal`` rests on, unless it was asked about just these."""
        causes = {one.release_id: one.surprise for one in signal.causes if one.surprise is not None}
        known = self._said.get(scheduled)
        if known is not None and known.causes == causes:
            return []
        if known is None and len(self._said) >= _MOST:
            del self._said[next(iter(self._said))]
        predictions, laws = _predict(self.scorer, causes, scheduled)
        self._said[scheduled] = _Said(causes, _predict(self._published, causes, scheduled)[1], laws)
        return [
            ShadowPredicted(
                model=self.scorer.model_id,
                releases=tuple(causes),
                instrument=one.instrument,
                verdict=one.verdict,
                horizons=one.horizons,
                ts_ingest=signal.ts_ingest,
            )
            for one in predictions
            if one.horizons
        ]

    def _score(self, signal: Signal, said: _Said) -> list[Output]:
        """Score both models' predictions of the horizon that is over now, if both had one and the move is known."""
        assert signal.ts_scheduled is not None
        seconds, name = (signal.ts_event - signal.ts_scheduled) // NS_PER_S, signal.instrument or ""
        ours, theirs = said.shadow.get(name, {}).get(seconds), said.published.get(name, {}).get(seconds)
        move = signal.realised_bps
        if ours is None or theirs is None or not isinstance(move, float):
            return []
        return [
            ShadowScored(
                model=self.scorer.model_id,
                against=self._published.model_id,
                releases=tuple(said.causes),
                instrument=name,
                seconds=seconds,
                realised_bps=move,
                log_score=log_mark(ours, move),
                log_score_against=log_mark(theirs, move),
                crps_bps=crps_mark(ours, move),
                crps_bps_against=crps_mark(theirs, move),
                ts_ingest=signal.ts_ingest,
            )
        ]


def _predict(scorer: Scorer, causes: Mapping[ReleaseId, float], scheduled: Nanos) -> tuple[Sequence[Prediction], _Laws]:
    """What a model says of these surprises; without a book, so that no cost enters its verdict."""
    plan = scorer.plan(tuple(causes), scheduled=scheduled)
    series = [scorer.series(one) for one in causes]
    heard = [None if one is None else raw / one.sigma for one, raw in zip(series, causes.values(), strict=True)]
    predictions = scorer.score(plan, heard, empty_rows(len(scorer.instruments)), ts_ingest=0)
    laws: dict[InstrumentId, dict[int, StudentLaw]] = {}
    for place, one in enumerate(predictions):
        said: list[list[float]] = plan.out[place].tolist()
        if one.horizons:
            laws[one.instrument] = dict(zip(scorer.horizons_s, map(_law, said), strict=True))
    return predictions, laws


def _law(said: Sequence[float]) -> StudentLaw:
    """The law of one horizon, as the kernel wrote it."""
    return StudentLaw(said[k.MEAN], (said[k.HIGH] - said[k.MEAN]) / student_quantile(0.95, said[k.DF]), said[k.DF])
