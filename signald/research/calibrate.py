"""Calendars and prices → the model, and the model as a table."""

import contextlib
import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from msgspec import UNSET

from signald.core.learning import tidied, tidy
from signald.core.surprise import WINDOW, WINSOR, scale
from signald.errors import ConfigError
from signald.model.learning import PastEvent
from signald.model.macro import Indicator, IndicatorId
from signald.model.parameters import Parameters, Series, SeriesId, SourceFile, encode_parameters, identify
from signald.model.time import Nanos, format_rfc3339
from signald.replay.importers.recording import read_whole
from signald.research.bridge import estimate_bridges
from signald.research.bridge import read_history as read_components
from signald.research.cuts import estimate_cuts, read_history
from signald.research.estimate import Estimate, estimate, indicator_of
from signald.research.panel import merge, observe
from signald.research.prices import Prices, load_prices
from signald.research.sample import Sample, build_sample
from signald.research.spread import IN_TURN, Workers
from signald.research.transfer import followers_of, lead
from signald.research.variants import observe_revisions
from signald.sources.calendars.files import CalendarRow, read_calendar

HORIZONS_S: Final = (300, 900, 3600)
"""Horizons of the model: with five-minute bars none is shorter."""

PRIMARY_S: Final = 300


def calibrate(
    calendars: Sequence[Path],
    prices: Sequence[Path],
    indicators: Mapping[IndicatorId, Indicator],
    *,
    asset: str | None = None,
    priced_cuts: Path | None = None,
    components: Path | None = None,
    window_s: float = 300.0,
    workers: Workers = IN_TURN,
) -> Parameters:
    """Estimate the model from files; the same files in the same order give the same bytes.

    An asset whose prices hold fewer than half of the releases follows the one whose prices hold most.

    Args:
        calendars: Calendar files in order of trust: a release's figures are taken from the first that has them.
        prices: Price files.
        indicators: The series that are known.
        asset: What the prices are of; ``None``: told by each file's name.
        priced_cuts: A history of them, which explains moves and predicts nothing; ``None``: it is left out.
        components: A history of them, from which bridges to core PCE are estimated; ``None``: there are none.
        window_s: For how long after a release a change of theirs is its doing.
        workers: Who does the work: the bytes are the same.

    Raises:
        ImportFormatError: A file is not what it should be.
        ConfigError: Not one response can be estimated from these files.
        OSError: A file cannot be read.
    """
    whole, bars = read_inputs(calendars, prices, indicators, asset=asset)
    sample = lead(whole, seconds=PRIMARY_S)
    estimated = estimate(sample, indicators, primary_s=PRIMARY_S, workers=workers)
    if not estimated.own:
        names = ", ".join(path.name for path in (*calendars, *prices))
        raise ConfigError(names, "no series has enough releases with consensus, figure and prices")
    used = np.any([~np.isnan(moves[PRIMARY_S]) for moves in sample.moves.values()], axis=0)
    moments = sample.ts[used]
    return identify(
        Parameters(
            calendars=tuple(map(identify_file, calendars)),
            prices=tuple(map(identify_file, prices)),
            first_release=format_rfc3339(int(moments[0])),
            last_release=format_rfc3339(int(moments[-1])),
            window=WINDOW,
            winsor=WINSOR,
            primary_s=PRIMARY_S,
            series=describe_series(sample, estimated, indicators),
            own=estimated.own,
            pooled=estimated.pooled,
            reports=estimated.reports,
            assets=dict(estimated.assets),
            transfers=dict(followers_of(whole, bars, seconds=PRIMARY_S)),
            events=past_events(sample, estimated.own),
            expectations=UNSET
            if priced_cuts is None
            else estimate_cuts(
                read_history(priced_cuts), sample, window_s=window_s, days=read_moments(calendars, indicators)
            ),
            nowcast=UNSET
            if components is None
            else estimate_bridges(
                read_components(components, indicators), read_rows(calendars, indicators), indicators
            ),
        )
    )


def read_sample(
    calendars: Sequence[Path],
    prices: Sequence[Path],
    indicators: Mapping[IndicatorId, Indicator],
    *,
    asset: str | None = None,
) -> Sample:
    """Surprises and moves of these files; see :func:`calibrate`."""
    return read_inputs(calendars, prices, indicators, asset=asset)[0]


def read_inputs(
    calendars: Sequence[Path],
    prices: Sequence[Path],
    indicators: Mapping[IndicatorId, Indicator],
    *,
    asset: str | None = None,
    revisions: bool = False,
) -> tuple[Sample, Prices]:
    """The same, with the prices that the moves are from; ``revisions``: of prior figures, as series of their own."""
    rows = read_rows(calendars, indicators)
    bars = load_prices(prices, asset=asset)
    observed = observe(rows, indicators)
    if revisions:
        observed += observe_revisions(rows, indicators)
    return build_sample(observed, bars, HORIZONS_S), bars


def read_moments(calendars: Sequence[Path], indicators: Mapping[IndicatorId, Indicator]) -> list[Nanos]:
    """When releases were due, with or without figure and consensus."""
    return sorted({row.ts_scheduled for row in read_rows(calendars, indicators)})


def describe_series(
    sample: Sample, estimated: Estimate, indicators: Mapping[IndicatorId, Indicator]
) -> tuple[Series, ...]:
    """Each series whose surprises have a scale: the newest scale, and what its response is."""
    described: list[Series] = []
    for column, name in enumerate(sample.series):
        raw = sample.raw[~np.isnan(sample.raw[:, column]), column].tolist()
        indicator = indicator_of(indicators, name)
        sigma = scale(raw, step=indicator.step)
        if sigma is None:
            continue
        response = "own" if name in estimated.own else "pooled" if name in estimated.pooled else "none"
        described.append(
            Series(
                id=name,
                indicator=indicator.id,
                report=indicator.report,
                family=indicator.family,
                sigma=tidy(sigma),
                farthest=tidy(max(*map(abs, raw), WINSOR * sigma) + indicator.step / 2.0),
                n_surprises=len(raw),
                response=response,
                thin_history=response != "own" or len(raw) < WINDOW,
                step=indicator.step,
                recent=tidied(raw[-WINDOW:]),
            )
        )
    return tuple(described)


def past_events(sample: Sample, own: Sequence[SeriesId]) -> tuple[PastEvent, ...]:
    """The timestamps that the own responses rest on, with their primary moves."""
    found: list[PastEvent] = []
    for row, ts in enumerate(sample.ts.tolist()):
        z = dict(zip(sample.series, sample.z[row].tolist(), strict=True))
        surprises = {name: tidy(z[name]) for name in own if not math.isnan(z[name])}
        moves = {asset: float(of[PRIMARY_S][row]) for asset, of in sample.moves.items()}
        known = {asset: tidy(move) for asset, move in moves.items() if not math.isnan(move)}
        if surprises and known:
            found.append(PastEvent(ts=ts, z=surprises, moves=known))
    return tuple(found)


def write_model(path: Path, parameters: Parameters) -> None:
    """Write the model file, whole or not at all; raises ``ConfigError`` where that cannot be."""
    draft = path.parent / f".{path.name}.new"
    try:
        draft.write_bytes(encode_parameters(parameters))
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise ConfigError(str(path), error.strerror or str(error)) from error


def read_rows(calendars: Sequence[Path], indicators: Mapping[IndicatorId, Indicator]) -> list[CalendarRow]:
    """Every release of these files once; see :func:`calibrate`."""
    return merge([read_calendar(read_whole(path), indicators, name=path.name) for path in calendars])


def identify_file(path: Path) -> SourceFile:
    """Name and hash of a file; raises ``OSError``."""
    with path.open("rb") as file:
        return SourceFile(name=path.name, sha256=hashlib.file_digest(file, "sha256").hexdigest())
