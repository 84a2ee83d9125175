"""Walks forward through releases, and says how good the predictions were beside those one could have without them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from signald.model.expectations import CutsModel
from signald.model.macro import Indicator, IndicatorId
from signald.model.parameters import Parameters, SeriesId
from signald.model.time import Nanos
from signald.research import placebo, strategy
from signald.research.calibrate import PRIMARY_S, read_inputs
from signald.research.delay.curve import DelayCurve
from signald.research.drift import WINDOWS, DriftResult, discount, moves_before, weigh
from signald.research.judging import PREDICTORS, Judged, compare, judge, kin_of, predict
from signald.research.learner import Kin
from signald.research.placebo import Placebo, PlaceboTest, placebo_tests
from signald.research.prices import Bars, Prices
from signald.research.sample import Flags, Floats, Sample
from signald.research.scope import Scope, check_scope, inside_scope
from signald.research.scores import Law
from signald.research.skill import HorizonScores, score_horizon
from signald.research.spread import IN_TURN, Workers
from signald.research.strategy import Strategy, Trades, try_all
from signald.research.variants import vary, vary_kin
from signald.research.walk import Walked

LEAST_PER_INDICATOR: Final = 5
"""Releases from which on an indicator has a line of its own."""

_PLACEBO: Final = "placebo"
_NOTHING: Final = np.empty(0)
_NOT_WALKED: Final = Walked((), Law(_NOTHING, _NOTHING, _NOTHING), _NOTHING, _NOTHING)


class BacktestResult(msgspec.Struct, frozen=True, kw_only=True):
    """The whole result; as JSON it is what ``backtest --json`` prints.

    Attributes:
        releases: Figures with a consensus within the scope.
        asset: Whose moves.
        first: First timestamp scored over the primary horizon, ns; ``None`` if none was.
        last: Last one.
        embargo_s: As in :class:`Scope`.
        model: The model that was scored; ``None``: learnt as it went.
        variant: As in :class:`Scope`.
        horizons: Seconds, as text → scores.
        per_indicator: Indicator → its scores over the primary horizon, where it came often enough.
        strategy: The obvious strategy over the primary horizon.
        placebo_rejections: Share of tests at 5 % that saw a response on days without a release, over all horizons.
        placebo: Seconds as text, or ``all`` → those tests; over all data, whatever the scope.
        delay: What acting later costs on recorded books; ``None``: none were given.
        drift: What a drift before releases says, and whether discounting it pays; ``None``: nobody asked.
        expectations: How moves went with priced cuts, over all data: no prediction has it; ``None``: none were given.
    """

    releases: int
    asset: str
    first: Nanos | None
    last: Nanos | None
    embargo_s: int
    model: str | None
    variant: str | None = None
    horizons: dict[str, HorizonScores]
    per_indicator: dict[IndicatorId, HorizonScores]
    strategy: Strategy
    placebo_rejections: float | None
    placebo: dict[str, Placebo]
    delay: DelayCurve | None = None
    drift: DriftResult | None = None
    expectations: CutsModel | None = None


class _Common(NamedTuple):
    """What all parts of one backtest share."""

    sample: Sample
    kin: Mapping[SeriesId, Kin]
    bars: Sequence[Bars]
    scope: Scope
    model: Parameters | None


class _Done(NamedTuple):
    """What one part gave: one of the two is empty."""

    walked: Walked
    tests: list[PlaceboTest]


class Examined(NamedTuple):
    """A result with what it rests on, for looking further into.

    Attributes:
        result: The result.
        ts: Times of the sample's rows.
        judged: Seconds → predictions within the scope.
        tried: Strategies by name and seconds.
        tests: Seconds → placebo tests.
        sample: What was examined.
        bars: The asset's prices, longest step first.
    """

    result: BacktestResult
    ts: Sequence[Nanos]
    judged: Mapping[int, Judged]
    tried: Mapping[tuple[str, int], Trades]
    tests: Mapping[int, Sequence[PlaceboTest]]
    sample: Sample
    bars: Sequence[Bars]


def backtest(
    calendars: Sequence[Path],
    prices: Sequence[Path],
    indicators: Mapping[IndicatorId, Indicator],
    *,
    scope: Scope,
    model: Parameters | None = None,
    workers: Workers = IN_TURN,
) -> Examined:
    """Evaluate out of sample.

    Args:
        calendars: Calendar files in order of trust.
        prices: Price files.
        indicators: The series that are known.
        scope: What is scored.
        model: Score this model as it stands; ``None``: learn as one goes.
        workers: Who does the work: the result is the same.

    Raises:
        ImportFormatError: A file is not what it should be.
        ConfigError: The prices or the model do not have the asset, or an indicator is not known.
        OSError: A file cannot be read.
    """
    sample, bars = read_inputs(calendars, prices, indicators, revisions=scope.variant == "revisions")
    return examine(sample, bars, indicators, scope=scope, model=model, workers=workers)


def examine(
    sample: Sample,
    prices: Prices,
    indicators: Mapping[IndicatorId, Indicator],
    *,
    scope: Scope,
    model: Parameters | None = None,
    workers: Workers = IN_TURN,
) -> Examined:
    """The same, of what was read, with what it rests on."""
    check_scope(scope, indicators, priced=prices, model=model)
    sample = vary(sample, scope.variant, indicators=scope.indicators)
    kin = vary_kin(kin_of(sample, indicators), scope.variant)
    horizons = sorted(sample.moves[scope.asset])
    jobs = [(seconds, name) for seconds in horizons for name in (*PREDICTORS, _PLACEBO)]
    done = dict(
        zip(jobs, workers.map(_work, jobs, _Common(sample, kin, prices[scope.asset], scope, model)), strict=True)
    )
    inside = inside_scope(sample, scope)
    before = _moved_before(sample, prices, scope)
    drift: DriftResult | None = None
    judged: dict[int, Judged] = {}
    tests: dict[int, list[PlaceboTest]] = {}
    for seconds in horizons:
        walked = {name: done[seconds, name].walked for name in PREDICTORS}
        whole = compare(walked, sample.moves[scope.asset][seconds])
        judged[seconds] = whole.take(inside[list(whole.rows)])
        if before is not None:
            if seconds == PRIMARY_S:
                drift = weigh(judged[seconds], before, sample.ts.tolist(), seconds=WINDOWS[scope.variant or ""])
            judged[seconds] = discount(judged[seconds], before)
        tests[seconds] = done[seconds, _PLACEBO].tests
    lines = _by_indicator(sample, judged[PRIMARY_S])
    scores = workers.map(_score, [*judged.values(), *lines.values()], None)
    tried = try_all(judged, sample.ts, cost_bps=scope.cost_bps)
    placebos = _placebos(tests)
    scored: list[Nanos] = sample.ts[list(judged[PRIMARY_S].rows)].tolist()
    result = BacktestResult(
        releases=int(np.count_nonzero(~np.isnan(sample.raw[inside]))),
        asset=scope.asset,
        first=min(scored, default=None),
        last=max(scored, default=None),
        embargo_s=scope.embargo_s,
        model=model.id if model is not None else None,
        variant=scope.variant,
        horizons=dict(zip(map(str, judged), scores, strict=False)),
        per_indicator=dict(zip(lines, scores[len(judged) :], strict=True)),
        strategy=strategy.sum_up(tried, seconds=PRIMARY_S, cost_bps=scope.cost_bps),
        placebo_rejections=placebos["all"].rejections if placebos else None,
        placebo=placebos,
        drift=drift,
    )
    return Examined(result, sample.ts.tolist(), judged, tried, tests, sample, prices[scope.asset])


def judge_scope(
    sample: Sample, prices: Prices, indicators: Mapping[IndicatorId, Indicator], scope: Scope
) -> tuple[dict[int, Judged], NDArray[np.int64]]:
    """Seconds → predictions within the scope, learning as one goes, and the times of the sample's rows."""
    sample = vary(sample, scope.variant, indicators=scope.indicators)
    kin = vary_kin(kin_of(sample, indicators), scope.variant)
    inside = inside_scope(sample, scope)
    before = _moved_before(sample, prices, scope)
    judged: dict[int, Judged] = {}
    for seconds in sorted(sample.moves[scope.asset]):
        whole = judge(sample, kin, asset=scope.asset, seconds=seconds, embargo_s=scope.embargo_s)
        kept = whole.take(inside[list(whole.rows)])
        judged[seconds] = kept if before is None else discount(kept, before)
    return judged, sample.ts


def _moved_before(sample: Sample, prices: Prices, scope: Scope) -> Floats | None:
    """What had moved before each of the sample's rows, where the variant asks for it."""
    seconds = WINDOWS.get(scope.variant or "")
    return None if seconds is None else moves_before(prices[scope.asset], sample.ts.tolist(), seconds)


def _placebos(tests: Mapping[int, Sequence[PlaceboTest]]) -> dict[str, Placebo]:
    """Summed up over each horizon where there were any, and over all."""
    every = {
        "all": [test for of in tests.values() for test in of],
        **{str(seconds): of for seconds, of in tests.items()},
    }
    return {name: summed for name, of in every.items() if (summed := placebo.sum_up(of)) is not None}


def _by_indicator(sample: Sample, judged: Judged) -> dict[IndicatorId, Judged]:
    """The rows at which an indicator came, where it came often enough."""
    z = sample.z[list(judged.rows)]
    lines: dict[IndicatorId, Judged] = {}
    for name in sorted({name.partition(":")[0] for name in sample.series}):
        columns = [i for i, one in enumerate(sample.series) if one.partition(":")[0] == name]
        came: Flags = np.any(~np.isnan(z[:, columns]), axis=1)
        if np.count_nonzero(came) >= LEAST_PER_INDICATOR:
            lines[name] = judged.take(came)
    return lines


def _work(job: tuple[int, str], common: _Common) -> _Done:
    """One predictor's walk over one horizon, or that horizon's placebo days."""
    seconds, name = job
    sample, kin, bars, scope, model = common
    if name == _PLACEBO:
        reports = {series: one.report for series, one in kin.items()}
        return _Done(_NOT_WALKED, placebo_tests(sample, reports, bars, seconds=seconds))
    walked = predict(name, sample, kin, asset=scope.asset, seconds=seconds, embargo_s=scope.embargo_s, model=model)
    return _Done(walked, [])


def _score(judged: Judged, _: None) -> HorizonScores:
    return score_horizon(judged)
