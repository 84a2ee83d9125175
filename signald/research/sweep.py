"""Backtests over a grid of settings, and how little of the best one's Sharpe ratio is left for having tried all."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple, get_args

import msgspec

from signald.errors import ConfigError
from signald.model.macro import Indicator, IndicatorId
from signald.research.backtest import judge_scope
from signald.research.calibrate import PRIMARY_S, read_inputs
from signald.research.drift import WINDOWS
from signald.research.prices import Prices
from signald.research.sample import Sample
from signald.research.scope import Scope, check_scope
from signald.research.skill import HorizonScores, score_horizon
from signald.research.spread import IN_TURN, Workers
from signald.research.strategy import Strategy, Trades, sharpe, sum_up, try_all
from signald.research.variants import Variant

DECIDED: Final = "decided"
"""The variant that was decided on."""


class SweepPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One setting and what it gave.

    Attributes:
        asset: Whose moves.
        variant: As in :class:`signald.research.backtest.Scope`.
        embargo_s: Likewise.
        cost_bps: Likewise.
        scores: Over the primary horizon.
        strategy: The obvious strategy, its Sharpe ratio deflated by all trials of the whole sweep.
    """

    asset: str
    variant: str | None
    embargo_s: int
    cost_bps: float
    scores: HorizonScores
    strategy: Strategy


class SweepResult(msgspec.Struct, frozen=True, kw_only=True):
    """The whole sweep; as JSON it is what ``sweep --json`` prints.

    Attributes:
        trials: Strategies that were tried: each predictor and rule, over each horizon, at each point.
        sharpe_luck: Best Sharpe ratio per trade to be expected from so many without any skill.
        best: Place of the point with the highest deflated Sharpe ratio; ``None``: none has one.
        points: In the order of the grid: the last setting changes fastest.
    """

    trials: int
    sharpe_luck: float | None
    best: int | None
    points: tuple[SweepPoint, ...]


class _Common(NamedTuple):
    """What all points share: the sample without and, where one wants it, with revisions; prices likewise."""

    plain: Sample
    revised: Sample | None
    prices: Prices
    indicators: Mapping[IndicatorId, Indicator]


class _Tried(NamedTuple):
    """What one point gave."""

    scores: HorizonScores
    tried: Mapping[tuple[str, int], Trades]


def grid(base: Scope, over: Sequence[str]) -> tuple[Scope, ...]:
    """Every combination of settings such as ``cost_bps=5,10``; what is not named is as in ``base``.

    Raises:
        ConfigError: A setting is unknown, named twice, or has a value that it cannot have.
    """
    axes: dict[str, list[object]] = {}
    for told in over:
        name, _, values = told.partition("=")
        if name in axes or name not in _SETTINGS or not values:
            where, problem = "--over", f"{told!r} is not NAME=VALUE,… with one of {', '.join(_SETTINGS)}, each once"
            raise ConfigError(where, problem)
        axes[name] = [_read(name, value) for value in values.split(",")]
    return tuple(
        base._replace(**dict(zip(axes, values, strict=True)))  # pyright: ignore[reportArgumentType]  # as _read made them
        for values in itertools.product(*axes.values())
    )


def sweep(
    calendars: Sequence[Path],
    prices: Sequence[Path],
    indicators: Mapping[IndicatorId, Indicator],
    *,
    points: Sequence[Scope],
    workers: Workers = IN_TURN,
) -> SweepResult:
    """Backtest every point, and hold each one's strategy against all that were tried anywhere.

    Raises:
        ImportFormatError: A file is not what it should be.
        ConfigError: The prices do not have an asset, or an indicator is not known.
        OSError: A file cannot be read.
    """
    plain, bars = read_inputs(calendars, prices, indicators)
    wants = any(scope.variant == "revisions" for scope in points)
    revised = read_inputs(calendars, prices, indicators, revisions=True)[0] if wants else None
    for scope in points:
        check_scope(scope, indicators, priced=bars)
    asked: Prices = bars if any(scope.variant in WINDOWS for scope in points) else {}
    return sweep_samples(plain, revised, indicators, points=points, prices=asked, workers=workers)


def sweep_samples(
    plain: Sample,
    revised: Sample | None,
    indicators: Mapping[IndicatorId, Indicator],
    *,
    points: Sequence[Scope],
    prices: Prices = MappingProxyType({}),
    workers: Workers = IN_TURN,
) -> SweepResult:
    """The same, of what was read, ``revised`` with revisions of prior figures as series of their own.

    ``prices`` are needed where a variant looks at what moved before.
    """
    done = workers.map(_try, points, _Common(plain, revised, dict(prices), dict(indicators)))
    ratios = [[sharpe(of.earned) for of in one.tried.values()] for one in done]
    found: list[SweepPoint] = []
    for place, (scope, one) in enumerate(zip(points, done, strict=True)):
        others = [ratio for other, of in enumerate(ratios) if other != place for ratio in of]
        strategy = sum_up(one.tried, seconds=PRIMARY_S, cost_bps=scope.cost_bps, others=others)
        found.append(
            SweepPoint(
                asset=scope.asset,
                variant=scope.variant,
                embargo_s=scope.embargo_s,
                cost_bps=scope.cost_bps,
                scores=one.scores,
                strategy=strategy,
            )
        )
    rated = [(one.strategy.deflated_sharpe, -place) for place, one in enumerate(found)]
    known = [(rate, place) for rate, place in rated if rate is not None]
    return SweepResult(
        trials=sum(map(len, ratios)),
        sharpe_luck=found[0].strategy.sharpe_luck,
        best=-max(known)[1] if known else None,
        points=tuple(found),
    )


def _try(scope: Scope, common: _Common) -> _Tried:
    sample = common.revised if scope.variant == "revisions" and common.revised is not None else common.plain
    judged, ts = judge_scope(sample, common.prices, common.indicators, scope)
    return _Tried(score_horizon(judged[PRIMARY_S]), try_all(judged, ts, cost_bps=scope.cost_bps))


def _read(name: str, value: str) -> object:
    """A setting's value; raises ``ConfigError``."""
    where = "--over"
    if name == "variant":
        if value not in {DECIDED, *get_args(Variant)}:
            problem = f"variant {value!r} is none of {DECIDED}, {', '.join(get_args(Variant))}"
            raise ConfigError(where, problem)
        return None if value == DECIDED else value
    if name == "asset":
        return value
    try:
        number = int(value) if name == "embargo_s" else float(value)
    except ValueError:
        number = -1
    if not 0 <= number < float("inf"):
        problem = f"{name} {value!r} is no number of 0 or more"
        raise ConfigError(where, problem)
    return number


_SETTINGS: Final = ("asset", "variant", "embargo_s", "cost_bps")
