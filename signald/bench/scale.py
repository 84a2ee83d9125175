"""One sweep of backtests on one worker and on two: how much faster, and whether the bytes are the same."""

from collections.abc import Mapping
from time import perf_counter_ns
from typing import Final

import msgspec
import numpy as np

from signald.model.macro import Indicator, IndicatorId
from signald.model.time import NS_PER_S
from signald.research.sample import Sample
from signald.research.scope import Scope
from signald.research.spread.cluster import PROCESSES, open_workers
from signald.research.sweep import SweepResult, sweep_samples

_HORIZONS_S: Final = (300, 900, 3_600)
_SERIES: Final = 8
_DAY_NS: Final = 86_400 * NS_PER_S
_ENCODER: Final = msgspec.json.Encoder()


class ScaleResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was timed.

    Attributes:
        points: Backtests in the sweep.
        rows: Release times in each.
        seconds: Workers, as text → seconds of the sweep, once every worker had done some work.
        speedup: Of two over one.
        same: Whether both gave the bytes that this process gives by itself.
    """

    points: int
    rows: int
    seconds: dict[str, float]
    speedup: float
    same: bool


def bench_scale(
    indicators: Mapping[IndicatorId, Indicator], *, points: int = 12, rows: int = 250, scheduler: str = PROCESSES
) -> ScaleResult:
    """Sweep an invented sample of so many release times, which needs no files, on one worker and then on two."""
    sample = invent(indicators, rows)
    wanted = [Scope(embargo_s=3_600 + 60 * number) for number in range(points)]
    alone = _ENCODER.encode(sweep_samples(sample, None, indicators, points=wanted))
    seconds: dict[str, float] = {}
    same = True
    for count in (1, 2):
        with open_workers(scheduler, count=count) as workers:
            sweep_samples(sample, None, indicators, points=wanted[: 2 * count], workers=workers)
            begin = perf_counter_ns()
            result: SweepResult = sweep_samples(sample, None, indicators, points=wanted, workers=workers)
            seconds[str(count)] = (perf_counter_ns() - begin) / 1e9
        same = same and _ENCODER.encode(result) == alone
    return ScaleResult(points=points, rows=rows, seconds=seconds, speedup=seconds["1"] / seconds["2"], same=same)


def sections(result: ScaleResult) -> list[tuple[str, str]]:
    """The result as lines of a name and a value."""
    return [
        (f"{result.points} backtests of {result.rows} release times, one worker", f"{result.seconds['1']:.2f} s"),
        ("two workers", f"{result.seconds['2']:.2f} s"),
        ("as fast", f"{result.speedup:.2f} times"),
        ("the same bytes as in one process", "yes" if result.same else "NO"),
    ]


def invent(indicators: Mapping[IndicatorId, Indicator], rows: int) -> Sample:
    """Surprises of a few series, each with a response, a release a day."""
    random = np.random.default_rng(0)
    series = tuple(sorted(indicators))[:_SERIES]
    z = np.where(random.random((rows, len(series))) < 0.4, random.standard_normal((rows, len(series))), np.nan)  # noqa: PLR2004
    response = random.normal(0.0, 30.0, len(series))
    moves = {
        seconds: np.nan_to_num(z) @ response + random.standard_normal(rows) * 20.0 * (seconds / 300.0) ** 0.5
        for seconds in _HORIZONS_S
    }
    usual = {seconds: np.full(rows, 30.0 * (seconds / 300.0) ** 0.5) for seconds in _HORIZONS_S}
    ts = 1_600_000_000 * NS_PER_S + _DAY_NS * np.arange(rows, dtype=np.int64)
    asset = "BTC"
    return Sample(ts=ts, series=series, raw=z, z=z, moves={asset: moves}, usual={asset: usual}, lately={asset: usual})
