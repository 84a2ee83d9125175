"""Samples with planted responses."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from signald.model.macro import Indicator, Unit
from signald.research.sample import Sample

DAY_NS = 86_400_000_000_000


def build_indicator(name: str, *, report: str, family: str = "inflation", step: float = 1e-6) -> Indicator:
    """An indicator with the least that estimation asks of it."""
    return Indicator(
        id=name,
        name=name,
        unit=Unit.PERCENT,
        step=step,
        family=family,  # pyright: ignore[reportArgumentType]  # one of the four words
        agency="",
        time_zone="America/New_York",
        release_time="08:30",
        frequency="monthly",
        plausible=(-100.0, 100.0),
        report=report,
    )


def build_sample(
    names: Sequence[str],
    z: NDArray[np.float64],
    moves: Mapping[str, Mapping[int, NDArray[np.float64]]],
) -> Sample:
    """A sample of one row a day whose surprises are ``z``, NaN where a series did not come."""
    return Sample(
        ts=np.arange(1, len(z) + 1, dtype=np.int64) * DAY_NS,
        series=tuple(names),
        raw=0.1 * z,
        z=z,
        moves=moves,
        usual={asset: {seconds: np.full(len(z), 10.0) for seconds in by} for asset, by in moves.items()},
        lately={asset: {seconds: np.full(len(z), 10.0) for seconds in by} for asset, by in moves.items()},
    )


def plant(
    beta: Mapping[str, float],
    reports: Mapping[str, Sequence[str]],
    *,
    releases: int,
    noise_bps: float,
    correlation: float = 0.0,
    seed: int = 0,
) -> Sample:
    """``releases`` of each report on days of their own; the move is ``β z`` plus normal noise, for BTC over 300 s."""
    random = np.random.default_rng(seed)
    names = list(beta)
    z = np.full((releases * len(reports), len(names)), np.nan)
    for turn, members in enumerate(reports.values()):
        common = random.normal(size=(releases, 1))
        own = random.normal(size=(releases, len(members)))
        columns = [names.index(name) for name in members]
        mixed = np.sqrt(correlation) * common + np.sqrt(1.0 - correlation) * own
        z[np.ix_(range(turn, len(z), len(reports)), columns)] = mixed
    noise = random.normal(size=len(z)) * noise_bps
    moves = np.nan_to_num(z) @ np.array(list(beta.values())) + noise
    return build_sample(names, z, {"BTC": {300: moves}})
