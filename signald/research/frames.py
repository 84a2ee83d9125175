"""History as Polars frames, for notebooks: journals, calendars and bars, surprises, and what prices did after them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import polars as pl

from signald.config import find_file
from signald.errors import ConfigError
from signald.journal.parts import parts
from signald.journal.reader import merge
from signald.journal.segments import segment_number
from signald.model.indicators import load_indicators
from signald.model.time import Nanos
from signald.research.panel import merge as merge_calendars
from signald.research.panel import observe
from signald.research.prices import COLUMNS, load_prices, moves_of, volatility_of
from signald.sources.calendars.files import CalendarRow, read_calendar

_MOMENT: Final = pl.Datetime("ns", "UTC")
_INDICATORS: Final = "configs/indicators.toml"
_LOOKBACK_S: Final = 30 * 86_400
_FIGURES: Final = ("actual", "consensus", "prior", "revised_prior")


def load(*paths: str | Path) -> pl.DataFrame:
    """What lies in some files of one sort, told by their content.

    A journal: ``ts``, ``kind``, ``channel``, ``key``, ``payload`` (bytes) of each record. Calendars: a row for each
    release with ``release_id``, ``ts_scheduled``, its figures as published and what was known before. Bars: as they
    stand, ``date`` as a time, and whose they are in ``asset``.

    Raises:
        ConfigError: There are no paths.
        ImportFormatError: A file is neither calendar nor bars.
        JournalError: A journal cannot be read.
    """
    files = [Path(path) for path in paths]
    if not files:
        where, problem = "load", "nothing to load"
        raise ConfigError(where, problem)
    if files[0].is_dir() or segment_number(files[0]) >= 0:
        return _journal(files)
    if all(_are_bars(path) for path in files):
        return _bars(files)
    known = load_indicators(find_file(_INDICATORS).read_bytes(), where=_INDICATORS)
    rows = merge_calendars([read_calendar(path.read_bytes(), known, name=str(path)) for path in files])
    frame = pl.DataFrame([msgspec.structs.asdict(row) for row in rows], infer_schema_length=None)
    frame = frame.with_columns(pl.col(name).cast(pl.Float64) for name in _FIGURES if name in frame.columns)
    return frame.with_columns(pl.col("ts_scheduled").cast(_MOMENT))


def events(calendar: pl.DataFrame) -> pl.DataFrame:
    """The surprises of a calendar that was loaded: ``release_id``, ``series``, ``ts``, ``surprise``, ``surprise_z``.

    Each is measured by those of its own series before it; ``surprise_z`` is null where there were too few.
    """
    known = load_indicators(find_file(_INDICATORS).read_bytes(), where=_INDICATORS)
    rows = calendar.with_columns(pl.col("ts_scheduled").cast(pl.Int64)).to_dicts()
    observed = observe([msgspec.convert(row, CalendarRow) for row in rows], known)
    return pl.DataFrame(
        {
            "release_id": [one.release_id for one in observed],
            "series": [str(one.series) for one in observed],
            "ts": pl.Series([one.ts for one in observed], dtype=pl.Int64).cast(_MOMENT),
            "surprise": pl.Series([one.raw for one in observed], dtype=pl.Float64),
            "surprise_z": pl.Series([one.z for one in observed], dtype=pl.Float64),
        }
    )


def responses(
    happened: pl.DataFrame, prices: Sequence[str | Path], *, seconds: Sequence[int] = (300,), asset: str | None = None
) -> pl.DataFrame:
    """What prices did after events: their columns, ``asset``, ``seconds``, ``move_bps`` and ``usual_bps``.

    Args:
        happened: As :func:`events` gives them, or any frame with a column ``ts``.
        prices: Files of bars.
        seconds: Horizons, whole numbers of bars.
        asset: What the bars are of; ``None``: told by each file's name.

    ``move_bps`` is null where no bar begins at that moment, or none ends at the horizon; ``usual_bps`` is what such a
    time moved by in the month before.
    """
    moments: list[Nanos] = happened.get_column("ts").cast(pl.Int64).to_list()
    found: list[pl.DataFrame] = []
    for name, bars in load_prices([Path(path) for path in prices], asset=asset).items():
        for horizon in seconds:
            moved = moves_of(bars, moments, horizon)
            usual = volatility_of(bars, moments, lookback_s=_LOOKBACK_S, seconds=horizon)
            columns = {"move_bps": moved, "usual_bps": usual}
            found.append(
                happened.with_columns(
                    pl.lit(name).alias("asset"),
                    pl.lit(horizon).alias("seconds"),
                    *(pl.Series(key, np.asarray(values)).fill_nan(None) for key, values in columns.items()),
                )
            )
    return pl.concat(found)


def _journal(paths: Sequence[Path]) -> pl.DataFrame:
    records = list(merge([part for path in paths for part in parts(path)]))
    return pl.DataFrame(
        {
            "ts": pl.Series([record.ts_ingest for record in records], dtype=pl.Int64).cast(_MOMENT),
            "kind": [record.kind.name for record in records],
            "channel": [record.channel for record in records],
            "key": [record.key for record in records],
            "payload": pl.Series([record.payload for record in records], dtype=pl.Binary),
        }
    )


def _are_bars(path: Path) -> bool:
    """Whether a file has the columns of bars."""
    return set(COLUMNS) <= set(pl.read_csv(path, n_rows=0, truncate_ragged_lines=True).columns)


def _bars(paths: Sequence[Path]) -> pl.DataFrame:
    load_prices(paths)  # says what is wrong with them
    frames = [
        pl.read_csv(path, schema_overrides=dict.fromkeys(COLUMNS[1:], pl.Float64))
        .with_columns(pl.col("date").str.to_datetime(time_zone="UTC", time_unit="ns"))
        .with_columns(pl.lit(path.name.partition("_")[0].upper()).alias("asset"))
        for path in paths
    ]
    return pl.concat(frames, how="diagonal")
