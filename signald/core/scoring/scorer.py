"""The model applied: surprises of one bundle → a prediction for every instrument."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from signald.core.board import BoardRows
from signald.core.kernels import score as k
from signald.core.scoring import guidance as g
from signald.core.scoring.conditions import Conditions
from signald.core.scoring.past import nearest_moves, rank_past
from signald.core.scoring.plan import Answer, Plan, fill, lay_out_plan
from signald.core.scoring.prediction import Prediction, confidence_in, horizon_of, judge_edge
from signald.core.scoring.view import Row, as_numbers, cost_bps, smaller_side_usd
from signald.core.surprise import Surprise, surprise, winsorise
from signald.model.instruments import Instrument, InstrumentId
from signald.model.macro import ReleaseId
from signald.model.parameters import Parameters, Series, series_of
from signald.model.signals import DeskGuidance, Driver, Flag, Horizon, ModelView, Rung
from signald.model.time import NS_PER_S, Nanos

QUOTE_LIFE_S: Final = 10.0
"""How long a quote rests by default before the desk has replaced it."""


MAX_ANSWERS: Final = 256
"""Answers that a plan remembers; a ladder has 81 rungs."""


class Scorer:
    """A model over a fixed order of instruments; scoring changes nothing but the memory inside its plans.

    Attributes:
        conditions: The market's before a moment of which nothing else is known.
        lately: Those before each moment that was looked forward to, by its scheduled time.
        usd: Dollars for one unit of each instrument's quote currency.
    """

    def __init__(
        self, parameters: Parameters, instruments: Sequence[Instrument], *, quote_life_s: float = QUOTE_LIFE_S
    ) -> None:
        """Take the model and the instruments in the order of the board's rows."""
        self.instruments = tuple(instruments)
        self._bases = dict.fromkeys(one.base for one in self.instruments)
        self.quote_life_s = quote_life_s
        self.conditions = Conditions.usual(len(self.instruments))
        self.lately: Mapping[Nanos, Conditions] = {}
        self.usd: Sequence[float] = [1.0] * len(self.instruments)
        self.adopt(parameters)

    def adopt(self, parameters: Parameters) -> None:
        """Score by another model from now on; plans laid out before are of the one before."""
        self.parameters = parameters
        self._series: Mapping[str, Series] = {one.id: one for one in parameters.series}
        responses = next(iter(parameters.assets.values()), ())
        self._seconds = tuple(one.seconds for one in responses)
        self._primary = self._seconds.index(parameters.primary_s) if responses else 0
        self._longest_ns = max(self._seconds, default=0) * NS_PER_S

    @property
    def longest_ns(self) -> Nanos:
        """The longest horizon; 0 if the model has none."""
        return self._longest_ns

    @property
    def model_id(self) -> str:
        """Hash of the model's content."""
        return self.parameters.id

    @property
    def horizons_s(self) -> tuple[int, ...]:
        """The horizons of every prediction, in seconds, rising."""
        return self._seconds

    def series(self, release_id: ReleaseId) -> Series | None:
        """What the model knows of a release's series: of its own stage, else of the indicator's best known stage."""
        name = series_of(release_id)
        found = self._series.get(name)
        if found is not None:
            return found
        indicator = name.partition(":")[0]
        stages = [one for one in self.parameters.series if one.indicator == indicator]
        return max(stages, key=lambda one: one.n_surprises, default=None)

    def surprise(self, release_id: ReleaseId, actual: float, consensus: float | None) -> Surprise | None:
        """Actual less consensus; ``None`` without a consensus.

        There is no scale either where one so small makes no number of a figure as large as a feed can spell.
        """
        if consensus is None:
            return None
        raw = surprise(actual, consensus)
        series = self.series(release_id)
        z = raw / series.sigma if series is not None else math.inf
        return Surprise(raw, z if math.isfinite(z) else None)

    def farthest(self, release_id: ReleaseId) -> float | None:
        """Largest distance from consensus that is no outlier, in the indicator's unit; ``None``: unknown series."""
        series = self.series(release_id)
        return series.farthest if series is not None else None

    def conditions_at(self, scheduled: Nanos | None) -> Conditions:
        """The market's before the moment ``scheduled``."""
        return self.conditions if scheduled is None else self.lately.get(scheduled, self.conditions)

    def plan(self, releases: Sequence[ReleaseId], *, scheduled: Nanos | None = None) -> Plan:
        """Lay out all that scoring these releases of one minute needs; surprises are then given in this order."""
        plan = lay_out_plan(self.parameters, self.instruments, releases, [self.series(one) for one in releases])
        plan.rescale(self.conditions_at(scheduled).factors)
        return plan

    def view(
        self, place: int | None = None, prediction: Prediction | None = None, *, scheduled: Nanos | None = None
    ) -> ModelView:
        """The model as a document shows it: with a ``prediction`` what moved it, and at which market's conditions."""
        lineage = self.parameters.lineage
        root = msgspec.UNSET if lineage is None else lineage.root
        if prediction is None or place is None:
            return ModelView(id=self.model_id, drivers=(), root=root)
        conditions = self.conditions_at(scheduled)
        return ModelView(
            id=self.model_id,
            drivers=prediction.drivers,
            root=root,
            nearest=prediction.nearest,
            volatility=msgspec.UNSET if conditions.volatility is None else conditions.volatility[place],
            depth=msgspec.UNSET if conditions.depth is None else conditions.depth[place],
        )

    def score(
        self, plan: Plan, surprises: Sequence[float | None], rows: BoardRows, *, ts_ingest: Nanos
    ) -> tuple[Prediction, ...]:
        """Score one bundle for every instrument, in order.

        Args:
            plan: From :meth:`plan`.
            surprises: z of each of its releases; ``None``: not out yet, or without consensus or scale.
            rows: The board at that instant.
            ts_ingest: When the figure came.
        """
        return self.predict(plan, surprises, as_numbers(rows), ts_ingest=ts_ingest)

    def predict(
        self, plan: Plan, surprises: Sequence[float | None], rows: Sequence[Row], *, ts_ingest: Nanos
    ) -> tuple[Prediction, ...]:
        """The same where the rows are numbers already."""
        answers = self.answer(plan, surprises)
        ts_expires = ts_ingest + self._longest_ns
        return tuple(
            [
                self._predict(instrument.id, answer, row=row, usd=usd, ts_expires=ts_expires)
                for instrument, answer, row, usd in zip(self.instruments, answers, rows, self.usd, strict=False)
            ]
        )

    def answer(self, plan: Plan, surprises: Sequence[float | None]) -> tuple[Answer | None, ...]:
        """What follows for every instrument, in order, whatever the books show; ``None``: nothing can be said.

        What was asked before is remembered: once armed, a figure that was foreseen need only be looked up. The text
        of the surprises is the key, since it tells -0.0 from 0.0.
        """
        key = repr(surprises)
        known = plan.answers.get(key)
        if known is None:
            if len(plan.answers) >= MAX_ANSWERS:
                plan.answers.clear()
            known = plan.answers[key] = self._answer(plan, surprises)
        return known

    def _answer(self, plan: Plan, surprises: Sequence[float | None]) -> tuple[Answer | None, ...]:
        fill(plan, surprises)
        heard = [place for place, z in enumerate(surprises) if z is not None and plan.coordinates[place] >= 0]
        limit = self.parameters.winsor
        known = {plan.series[one] or "": winsorise(surprises[one] or 0.0, limit) for one in heard}
        ranked = rank_past(plan.past, known)
        nearest = {asset: nearest_moves(ranked, asset) for asset in self._bases}
        flags: tuple[Flag, ...] = ("thin_history",) if any(plan.thin[one] for one in heard) else ()
        answers: list[Answer | None] = []
        for place, instrument in enumerate(self.instruments):
            said: list[list[float]] = plan.out[place].tolist()
            if not said or math.isnan(said[self._primary][k.MEAN]):
                answers.append(None)
                continue
            shares: list[float] = plan.shares[place].tolist()
            drivers = tuple(
                Driver(release_id=plan.releases[one], contribution_bps=shares[plan.coordinates[one]]) for one in heard
            )
            horizons = tuple(map(horizon_of, self._seconds, said))
            answers.append(Answer(said[self._primary], horizons, drivers, flags, nearest.get(instrument.base, ())))
        return tuple(answers)

    def foresee(
        self, plan: Plan, release_id: ReleaseId, surprises: Sequence[float], rows: BoardRows, *, ts_expires: Nanos
    ) -> tuple[tuple[Rung, ...], ...]:
        """What would be said of one release of a bundle if it came first and alone, for each of several figures.

        Args:
            plan: The bundle, from :meth:`plan`.
            release_id: One of its releases.
            surprises: z of each figure.
            rows: The board now.
            ts_expires: Until when the guidance would hold.

        Returns:
            For each instrument, in order, a rung for each figure; none where the model has nothing to say.
        """
        coordinate = plan.coordinates[plan.releases.index(release_id)]
        if coordinate < 0 or not surprises:
            return tuple(() for _ in self.instruments)
        cases = np.full((len(surprises), plan.surprises.size), np.nan)
        cases[:, coordinate] = surprises
        out = np.full((len(surprises), *plan.out.shape), np.nan)
        k.score_each(plan.places, plan.numbers, cases, out, np.zeros((len(surprises), *plan.shares.shape)))
        said: list[list[list[float]]] = out[:, :, self._primary].transpose(1, 0, 2).tolist()
        return tuple(
            tuple(
                self._rung(z, one, row, usd=self.usd[place], ts_expires=ts_expires)
                for z, one in zip(surprises, each, strict=True)
            )
            if not math.isnan(each[0][k.MEAN])
            else ()
            for place, (each, row) in enumerate(zip(said, as_numbers(rows), strict=False))
        )

    def _rung(self, z: float, primary: Sequence[float], row: Row, *, usd: float, ts_expires: Nanos) -> Rung:
        verdict = judge_edge(primary[k.MEAN], primary[k.STD_MEAN], cost_bps=cost_bps(row, primary[k.MEAN]))
        return Rung(
            surprise_z=z,
            verdict=verdict,
            mean_bps=primary[k.MEAN],
            std_bps=primary[k.STD],
            lo_bps=primary[k.LOW],
            hi_bps=primary[k.HIGH],
            p_up=primary[k.P_UP],
            desk=self._guide(primary, confidence_in(verdict, primary[k.P_UP]), row, usd=usd, ts_expires=ts_expires),
        )

    def uncertainty_bps(self, plan: Plan) -> tuple[float | None, ...]:
        """Standard deviation of each instrument's move at the primary horizon before any figure is out.

        ``None`` is unknown.

        By the law of total variance, conditioning on one figure's surprise of mean 0 and deviation 1: its response
        squared and what is left once it is known. With several figures the largest of these: the model is linear, so
        they differ by what it knows, not by what there is to know.
        """
        found: list[float | None] = [None] * len(self.instruments)
        for coordinate in {one for one in plan.coordinates if one >= 0}:
            plan.surprises[:] = math.nan
            plan.surprises[coordinate] = 1.0
            k.score(plan.places, plan.numbers, plan.surprises, plan.out, plan.shares)
            for place in range(len(self.instruments)):
                said: list[list[float]] = plan.out[place].tolist()
                if said and not math.isnan(said[self._primary][k.MEAN]):
                    std = math.hypot(said[self._primary][k.MEAN], said[self._primary][k.STD])
                    found[place] = max(std, found[place] or 0.0)
        return tuple(found)

    def primary_of(self, prediction: Prediction | None) -> Horizon | None:
        """What is predicted over the primary horizon; ``None`` if nothing is."""
        return prediction.horizons[self._primary] if prediction is not None and prediction.horizons else None

    def _predict(
        self, instrument: InstrumentId, answer: Answer | None, *, row: Row, usd: float, ts_expires: Nanos
    ) -> Prediction:
        if answer is None:
            desk = DeskGuidance(
                state="released",
                quote_widen_bps=None,
                skew_bps=None,
                max_size_usd=smaller_side_usd(row, usd),
                ts_expires=ts_expires,
            )
            return Prediction(instrument, "no_edge", None, (), (), desk, ())
        primary = answer.primary
        verdict = judge_edge(primary[k.MEAN], primary[k.STD_MEAN], cost_bps=cost_bps(row, primary[k.MEAN]))
        confidence = confidence_in(verdict, primary[k.P_UP])
        desk = self._guide(primary, confidence, row, usd=usd, ts_expires=ts_expires)
        return Prediction(
            instrument, verdict, confidence, answer.horizons, answer.drivers, desk, answer.flags, answer.nearest
        )

    def _guide(
        self, primary: Sequence[float], confidence: float, row: Row, *, usd: float, ts_expires: Nanos
    ) -> DeskGuidance:
        """What a quoting desk should do until the longest horizon has passed, by the formulas of ``guidance.py``."""
        widen = g.widen_bps(primary[k.STD], quote_life_s=self.quote_life_s, horizon_s=self.parameters.primary_s)
        return DeskGuidance(
            state="released",
            quote_widen_bps=widen,
            skew_bps=g.skew_bps(primary[k.MEAN], confidence),
            max_size_usd=g.size_usd(smaller_side_usd(row, usd), widen),
            ts_expires=ts_expires,
        )
