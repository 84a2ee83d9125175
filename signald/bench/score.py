"""``signald bench score``: figures to filled document arrays, beside the same in vectorised NumPy."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
import numpy as np

from signald.bench.machine import describe_machine
from signald.bench.rounds import Side, ratio, time_in_turn
from signald.bench.score_numpy import ArrayScorer
from signald.core.scoring.plan import Plan, fill
from signald.core.scoring.scorer import Scorer
from signald.errors import CheckFailedError, ConfigError
from signald.model.instruments import Instrument
from signald.model.parameters import Parameters, Transfer

ROUNDS: Final = 61
CALLS: Final = 100
"""A round is over in about a millisecond, so that on a busy machine most rounds are not interrupted."""
INSTRUMENTS: Final = 64
HORIZONS_S: Final = (60, 300, 900, 3600)
FIGURES: Final = (
    *("us.cpi.mom", "us.cpi.yoy", "us.core_cpi.mom"),
    *("us.nfp", "us.unemployment_rate", "us.average_hourly_earnings.mom"),
)
"""Two reports of three figures each at one minute: as many as ever came together of those that move anything."""

FOLLOWING: Final = ("DOGE", Transfer(asset="BTC", beta=1.3, width=1.4, n=1_000))
"""A quarter of the instruments have no responses of their own and follow another asset."""

TOLERANCE: Final = 1e-12


def bench_score(parameters: Parameters, *, rounds: int = ROUNDS, calls: int = CALLS) -> dict[str, Any]:
    """Measure in so many rounds of so many calls, on this model with a horizon more.

    Raises:
        ConfigError: The model does not know the figures or the assets.
        CheckFailedError: The sides do not say the same.
    """
    model = _widened(parameters)
    scorer = Scorer(model, _instruments(model))
    plan = scorer.plan([f"{name}:2025-01" for name in FIGURES])
    arrays = ArrayScorer(plan)
    series = {one.id: one for one in model.series}
    scales = [series[name].sigma for name in FIGURES]
    figures = _figures(scales)
    difference = max(_difference(plan, arrays, scales, *one) for one in figures)
    if difference > TOLERANCE:
        problem = f"the sides differ by {difference:g}"
        raise CheckFailedError(problem)
    timed = time_in_turn(
        {
            "signald": Side(lambda: _compiled(plan, scales, figures, calls), calls),
            "numpy": Side(lambda: _vectorised(arrays, scales, figures, calls), calls),
        },
        rounds=rounds,
    )
    return {
        "us_per_call": round(timed["signald"].median_us, 3),
        "ratio_to_numpy": round(ratio(timed["signald"], timed["numpy"]), 4),
        "us": {name: round(one.median_us, 3) for name, one in timed.items()},
        "instruments": INSTRUMENTS,
        "horizons": len(HORIZONS_S),
        "figures": len(FIGURES),
        "largest_difference": difference,
        "rounds": rounds,
        "calls": calls,
        "machine": describe_machine("numba", "numpy", "scipy")._asdict(),
    }


def sections(result: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """The result as lines for people."""
    return [
        *((f"{name}: microseconds a call", str(value)) for name, value in result["us"].items()),
        ("ratio to NumPy", str(result["ratio_to_numpy"])),
    ]


def _widened(parameters: Parameters) -> Parameters:
    """The model with a first horizon more, a copy of the shortest, and an asset that follows another."""
    missing = [name for name in FIGURES if name not in parameters.own]
    if missing or len(next(iter(parameters.assets.values()), ())) != len(HORIZONS_S) - 1:
        raise ConfigError(parameters.id, f"the benchmark needs {', '.join(FIGURES)} over three horizons")
    assets = {
        asset: (msgspec.structs.replace(responses[0], seconds=HORIZONS_S[0]), *responses)
        for asset, responses in parameters.assets.items()
    }
    return msgspec.structs.replace(parameters, assets=assets, transfers=dict([FOLLOWING]))


def _instruments(parameters: Parameters) -> list[Instrument]:
    bases = [*parameters.assets, FOLLOWING[0]]
    return [_instrument(bases[number % len(bases)], number) for number in range(INSTRUMENTS)]


def _instrument(base: str, number: int) -> Instrument:
    return Instrument(
        id=f"{base}{number}.BENCH",
        venue="bench",
        venue_symbol=f"{base}{number}",
        base=base,
        quote="USDT",
        kind="spot",
        tick_size=Decimal(1),
        lot_size=Decimal(1),
    )


def _figures(scales: Sequence[float]) -> list[tuple[list[float], list[float]]]:
    """Actuals and consensus of sixteen bundles."""
    random = np.random.default_rng(0)
    consensus = random.normal(size=(16, len(scales)))
    actual = consensus + random.normal(size=consensus.shape) * np.array(scales)
    return list(zip(actual.tolist(), consensus.tolist(), strict=True))


def _standardise(actual: Sequence[float], consensus: Sequence[float], scales: Sequence[float]) -> list[float]:
    return [(a - c) / s for a, c, s in zip(actual, consensus, scales, strict=True)]


def _compiled(
    plan: Plan, scales: Sequence[float], figures: Sequence[tuple[list[float], list[float]]], calls: int
) -> Callable[[], object]:
    def run() -> None:
        for number in range(calls):
            actual, consensus = figures[number & 15]
            fill(plan, _standardise(actual, consensus, scales))

    return run


def _vectorised(
    arrays: ArrayScorer, scales: Sequence[float], figures: Sequence[tuple[list[float], list[float]]], calls: int
) -> Callable[[], object]:
    sigma = np.array(scales)
    given = [(np.array(actual), np.array(consensus)) for actual, consensus in figures]

    def run() -> None:
        for number in range(calls):
            actual, consensus = given[number & 15]
            arrays.fill((actual - consensus) / sigma)

    return run


def _difference(
    plan: Plan, arrays: ArrayScorer, scales: Sequence[float], actual: Sequence[float], consensus: Sequence[float]
) -> float:
    """Largest relative difference of anything that both sides say."""
    z = _standardise(actual, consensus, scales)
    fill(plan, z)
    arrays.fill(np.array(z))
    pairs = ((plan.out, arrays.out), (plan.shares, arrays.shares))
    return max(float(np.max(np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1.0))) for ours, theirs in pairs)
