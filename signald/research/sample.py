"""Surprises and moves side by side, one row per timestamp: what every estimate is made from."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from signald.model.parameters import SeriesId
from signald.model.time import NS_PER_S, Nanos
from signald.research.panel import Observed
from signald.research.prices import Prices, moves_of, volatility_of

HOUR_S: Final = 3_600
MONTH_S: Final = 30 * 86_400
"""Volatility is that of the hour and that of the month before."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Sample(NamedTuple):
    """One row per timestamp at which a figure with a consensus came, in order of time.

    Attributes:
        ts: The timestamps, ns.
        series: Names of the columns of ``raw`` and ``z``, in order.
        raw: Surprises in the indicator's unit; NaN where that series did not come.
        z: In standard deviations of the surprises before; NaN also where there were too few of them.
        moves: Asset → horizon in seconds → move of each row, basis points; NaN where the prices do not say.
        usual: The same for what the move would be at the volatility of the month before.
        lately: And at that of the hour before.
    """

    ts: NDArray[np.int64]
    series: tuple[SeriesId, ...]
    raw: Floats
    z: Floats
    moves: Mapping[str, Mapping[int, Floats]]
    usual: Mapping[str, Mapping[int, Floats]]
    lately: Mapping[str, Mapping[int, Floats]]

    def known_at(self, now: Nanos, *, seconds: int) -> "Sample":
        """The rows whose move over the longest horizon of ``seconds`` was over by ``now``."""
        return self.take(self.ts + seconds * NS_PER_S <= now)

    def take(self, rows: Flags) -> "Sample":
        """Some of the rows."""
        by_asset = (_take(one, rows) for one in (self.moves, self.usual, self.lately))
        return Sample(self.ts[rows], self.series, self.raw[rows], self.z[rows], *by_asset)


def build_sample(observed: Sequence[Observed], prices: Prices, horizons: Sequence[int]) -> Sample:
    """Lay surprises out by timestamp and series, and look up the moves after each.

    Two surprises of one series at one timestamp (two months of payrolls at once) are added up.
    """
    ts = sorted({one.ts for one in observed})
    series = sorted({one.series for one in observed})
    row_of = {moment: index for index, moment in enumerate(ts)}
    column_of = {name: index for index, name in enumerate(series)}
    raw = np.full((len(ts), len(series)), np.nan)
    z = np.full_like(raw, np.nan)
    for one in observed:
        at = row_of[one.ts], column_of[one.series]
        raw[at] = one.raw if np.isnan(raw[at]) else raw[at] + one.raw
        if one.z is not None:
            z[at] = one.z if np.isnan(z[at]) else z[at] + one.z
    return Sample(
        ts=np.array(ts, dtype=np.int64),
        series=tuple(series),
        raw=raw,
        z=z,
        moves={asset: {seconds: moves_of(bars, ts, seconds) for seconds in horizons} for asset, bars in prices.items()},
        usual=_volatility(prices, ts, horizons, lookback_s=MONTH_S),
        lately=_volatility(prices, ts, horizons, lookback_s=HOUR_S),
    )


def _volatility(
    prices: Prices, ts: Sequence[Nanos], horizons: Sequence[int], *, lookback_s: int
) -> Mapping[str, Mapping[int, Floats]]:
    return {
        asset: {seconds: volatility_of(bars, ts, lookback_s=lookback_s, seconds=seconds) for seconds in horizons}
        for asset, bars in prices.items()
    }


def _take(of: Mapping[str, Mapping[int, Floats]], rows: Flags) -> Mapping[str, Mapping[int, Floats]]:
    return {asset: {seconds: values[rows] for seconds, values in by.items()} for asset, by in of.items()}
