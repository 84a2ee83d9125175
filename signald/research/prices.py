"""Price bars, and the move of a price after a moment: never from before it, never across two markets."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from signald.errors import ImportFormatError
from signald.model.time import NS_PER_S, Nanos
from signald.replay.importers.klines_csv import asset_of_name
from signald.replay.importers.recording import is_packed, read_whole

COLUMNS: Final = ("date", "open", "high", "low", "close", "volume")
"""What a price file must have; ``date`` is the bar's start in UTC. ``market`` and ``src`` say where a bar is from."""

_DAY_S: Final = 86_400
_LARGEST: Final = 256 << 20
_ORIGIN: Final = ("market", "src")

Prices: TypeAlias = "Mapping[str, Sequence[Bars]]"
"""Asset (``BTC``) → its bars, longest step first."""


class Bars(NamedTuple):
    """Bars of one length of one asset, by start.

    Attributes:
        step_ns: Length of a bar.
        start: Start of each, ns.
        open: First price of each.
        close: Last price of each.
        origin: Number of the market and source a bar is from; bars of different numbers are not to be compared.
    """

    step_ns: int
    start: NDArray[np.int64]
    open: NDArray[np.float64]
    close: NDArray[np.float64]
    origin: NDArray[np.int64]

    def moves_bps(self, moments: Sequence[Nanos], seconds: int) -> NDArray[np.float64]:
        """Move from the open of the bar that begins at each moment to the close ``seconds`` later, basis points.

        NaN where no bar begins at that moment, where the bar that ends ``seconds`` later is missing or of another
        origin, or where ``seconds`` is no whole number of bars.
        """
        at = np.asarray(moments, dtype=np.int64)
        span = seconds * NS_PER_S
        if span % self.step_ns:
            return np.full(len(at), np.nan)
        first = self._find(at)
        last = self._find(at + (span - self.step_ns))
        usable = (first >= 0) & (last >= 0)
        usable &= self.origin[first] == self.origin[last]
        return np.where(usable, 1e4 * (self.close[last] / self.open[first] - 1.0), np.nan)

    def volatility_bps(self, moments: Sequence[Nanos], seconds: int) -> NDArray[np.float64]:
        """Standard deviation of the bars that ended within the ``seconds`` before each moment, basis points a bar.

        From their mean absolute move, as of a normal law (Barndorff-Nielsen & Shephard 2004, "Power and Bipower
        Variation"): one jump counts once, not squared. NaN where the bars on record are fewer than half of those, and
        fewer than a day's.
        """
        total = np.concatenate([[0.0], np.cumsum(np.abs(1e4 * (self.close / self.open - 1.0)))])
        at = np.asarray(moments, dtype=np.int64)
        stop = np.searchsorted(self.start + self.step_ns, at, side="right")
        begin = np.searchsorted(self.start, at - seconds * NS_PER_S)
        count = np.maximum(stop - begin, 0)
        enough = count * self.step_ns >= min(seconds / 2, _DAY_S) * NS_PER_S
        mean = (total[stop] - total[begin]) / np.maximum(count, 1)
        return np.where(enough, math.sqrt(math.pi / 2.0) * mean, np.nan)

    def _find(self, starts: NDArray[np.int64]) -> NDArray[np.intp]:
        """Index of the bar that begins exactly then, -1 where there is none."""
        index = np.minimum(np.searchsorted(self.start, starts), len(self.start) - 1)
        return np.where(self.start[index] == starts, index, -1)


def load_prices(paths: Iterable[Path], *, asset: str | None = None) -> Prices:
    """Read price files, plain or gzipped.

    Args:
        paths: The files; those of one asset and bar length are joined, the first to have a bar wins. Rows may come in
            any order, and more than once if they say the same.
        asset: What they are prices of; ``None``: told by each file's name, ``btc_5m_2023.csv.gz``.

    Raises:
        ImportFormatError: A file has not the columns of a price file, or its name tells no asset.
        OSError: A file cannot be read.
    """
    frames: dict[tuple[str, int], list[pl.DataFrame]] = {}
    for path in paths:
        frame = _read(path)
        frames.setdefault((asset or asset_of_name(path), _step_ns(frame, path)), []).append(frame)
    prices: dict[str, list[Bars]] = {}
    for (name, step_ns), parts in sorted(frames.items(), key=lambda item: (item[0][0], -item[0][1])):
        prices.setdefault(name, []).append(_join(parts, step_ns))
    return prices


def moves_of(bars: Sequence[Bars], moments: Sequence[Nanos], seconds: int) -> NDArray[np.float64]:
    """The moves of one asset, from the longest bars that have them; NaN where none has."""
    moves = np.full(len(moments), np.nan)
    for one in bars:
        moves = np.where(np.isnan(moves), one.moves_bps(moments, seconds), moves)
    return moves


def volatility_of(
    bars: Sequence[Bars], moments: Sequence[Nanos], *, lookback_s: int, seconds: int
) -> NDArray[np.float64]:
    """What a move over ``seconds`` would be at the volatility of the ``lookback_s`` before, basis points; NaN: unknown.

    As if prices diffused: the volatility of the bars before, times the square root of the number of bars.
    """
    found = np.full(len(moments), np.nan)
    for one in bars:
        scale = np.sqrt(seconds * NS_PER_S / one.step_ns)
        found = np.where(np.isnan(found), scale * one.volatility_bps(moments, lookback_s), found)
    return found


def _read(path: Path) -> pl.DataFrame:
    try:
        content = read_whole(path, most=_LARGEST) if is_packed(path) else path  # what it unpacks to may have no end
        frame = pl.read_csv(content, schema_overrides=dict.fromkeys(COLUMNS[1:], pl.Float64))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ImportFormatError(path.name, 0, str(error)) from error
    missing = [column for column in COLUMNS if column not in frame.columns]
    if missing:
        raise ImportFormatError(path.name, 1, f"no column {', '.join(missing)}")
    origin = pl.concat_str([pl.col(one) for one in _ORIGIN if one in frame.columns] or [pl.lit("")], separator=" ")
    try:
        start = pl.col("date").str.to_datetime(time_zone="UTC", time_unit="ns").dt.epoch("ns")
        return frame.select(start=start, open="open", close="close", origin=origin).unique().sort("start")
    except pl.exceptions.PolarsError as error:
        raise ImportFormatError(path.name, 0, f"date: {error}") from error


def _step_ns(frame: pl.DataFrame, path: Path) -> int:
    """The commonest distance between bars."""
    steps = frame.get_column("start").diff().drop_nulls()
    if steps.is_empty() or steps.min() == 0:
        raise ImportFormatError(path.name, 0, "fewer than two bars, or two that begin at one moment")
    return int(steps.mode().sort()[0])


def _join(parts: Sequence[pl.DataFrame], step_ns: int) -> Bars:
    frame = pl.concat(parts).unique("start", keep="first", maintain_order=True).sort("start")
    numbered = frame.get_column("origin").rank("dense").cast(pl.Int64)
    return Bars(
        step_ns=step_ns,
        start=frame.get_column("start").to_numpy(),
        open=frame.get_column("open").to_numpy(),
        close=frame.get_column("close").to_numpy(),
        origin=numbered.to_numpy(),
    )
