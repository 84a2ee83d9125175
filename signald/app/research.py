"""Runs the calibration and the backtest."""

import difflib
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from signald.app.delay import OnBooks, run_delay
from signald.app.recordings import models_of, rebuilds, recorded
from signald.app.world import build_pipeline, load_known_indicators, load_world
from signald.config import Config
from signald.errors import ConfigError
from signald.journal.parts import parts
from signald.model.parameters import Parameters, decode_parameters
from signald.model.time import Nanos
from signald.research.backtest import BacktestResult, Examined, backtest
from signald.research.calibrate import PRIMARY_S, calibrate, identify_file, read_moments, read_sample, write_model
from signald.research.cuts import estimate_cuts, read_history
from signald.research.judging import judge, kin_of
from signald.research.learner import CANDIDATES
from signald.research.recorded import Recorded, read_recorded
from signald.research.report.backtest_page import render_backtest
from signald.research.report.calibration_page import render_calibration
from signald.research.report.page import write_page
from signald.research.scope import EMBARGO_S, Scope
from signald.research.spread import IN_TURN, Workers
from signald.research.sweep import SweepResult, sweep
from signald.research.walk import follow

_SIGNS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_THRESHOLD: Final = re.compile(r"(?P<score>[\w.]+)\s*(?P<sign><=|>=|<|>)\s*(?P<bound>[-+]?\d+(\.\d+)?([eE][-+]?\d+)?)")


def run_calibration(  # noqa: PLR0913 - what one may want to say
    config: Config,
    calendars: Sequence[Path],
    prices: Sequence[Path],
    out: Path,
    *,
    asset: str | None,
    report: Path | None = None,
    priced_cuts: Path | None = None,
    components: Path | None = None,
    workers: Workers = IN_TURN,
) -> Parameters:
    """Estimate the model and write it, with a ``report`` if told where; the bytes are the same whoever does the work.

    Raises:
        ConfigError: A file is missing, or nothing can be estimated.
        ImportFormatError: A file is not what it should be.
    """
    _require(*calendars, *prices)
    indicators = load_known_indicators(config)
    parameters = calibrate(
        calendars,
        prices,
        indicators,
        asset=asset,
        priced_cuts=priced_cuts,
        components=components,
        window_s=config.movers.cuts_window_s,
        workers=workers,
    )
    write_model(out, parameters)
    if report is not None:
        sample = read_sample(calendars, prices, indicators, asset=asset)
        shown = "BTC" if "BTC" in parameters.assets else next(iter(parameters.assets))
        kin = kin_of(sample, indicators)
        judged = judge(sample, kin, asset=shown, seconds=PRIMARY_S, embargo_s=EMBARGO_S)
        followed = follow(sample, kin, asset=shown, seconds=PRIMARY_S, candidates=CANDIDATES)
        write_page(report, render_calibration(parameters, sample, judged, followed, asset=shown))
    return parameters


def run_backtest(  # noqa: PLR0913 - what one may want to say
    config: Config,
    calendars: Sequence[Path],
    prices: Sequence[Path],
    *,
    scope: Scope,
    model: Path | None,
    report: Path | None = None,
    books: OnBooks | None = None,
    priced_cuts: Path | None = None,
    workers: Workers = IN_TURN,
) -> Examined:
    """Evaluate out of sample, ``model`` as it stands or learning as one goes, and write a ``report`` if told where.

    With ``books`` what acting later costs is told too, and the report shows each release's book, guard and reaction;
    with ``priced_cuts`` how moves went with them, which no prediction knows.

    Raises:
        ConfigError: A file is missing, an asset or an indicator is not known.
        ImportFormatError: A file is not what it should be.
        JournalError: A journal cannot be read.
    """
    _require(*calendars, *prices, *([model] if model else []))
    parameters = decode_parameters(model.read_bytes(), where=str(model)) if model else None
    known = load_known_indicators(config)
    history = read_history(priced_cuts) if priced_cuts else None
    examined = backtest(calendars, prices, known, scope=scope, model=parameters, workers=workers)
    if books is not None:
        curve = run_delay(config, books.journals, books.plan)
        examined = examined._replace(result=msgspec.structs.replace(examined.result, delay=curve))
    if history is not None:
        days, window_s = read_moments(calendars, known), config.movers.cuts_window_s
        found = estimate_cuts(history, examined.sample, window_s=window_s, days=days)
        examined = examined._replace(result=msgspec.structs.replace(examined.result, expectations=found))
    if report is not None:
        sources = [identify_file(path) for path in (*calendars, *prices, *([model] if model else []))]
        what = ", ".join(scope.indicators) or "all indicators"
        seen = _recorded(config, books.journals, examined.ts, asset=scope.asset) if books else {}
        write_page(report, render_backtest(examined, sources, what=what, recorded=seen))
    return examined


def _recorded(
    config: Config, journals: Sequence[Path], moments: Sequence[Nanos], *, asset: str
) -> dict[Nanos, Recorded]:
    """What journals have of an asset around release times."""
    journals = [part for journal in journals for part in parts(journal)]
    known = load_world(config)
    world, connections = recorded(known, journals)
    venues, channels = tuple(connections.values()), tuple(connections)
    wanted = [name for venue in venues for name in venue.instruments if world.instruments[name].base == asset]
    return read_recorded(
        journals,
        lambda: build_pipeline(world, venues, channels=channels),
        moments,
        wanted=wanted,
        find_model=models_of(journals),
        rebuild=rebuilds(known),
    )


def run_sweep(
    config: Config,
    calendars: Sequence[Path],
    prices: Sequence[Path],
    *,
    points: Sequence[Scope],
    workers: Workers = IN_TURN,
) -> SweepResult:
    """Backtest every point of a grid.

    Raises:
        ConfigError: A file is missing, an asset or an indicator is not known.
        ImportFormatError: A file is not what it should be.
    """
    _require(*calendars, *prices)
    return sweep(calendars, prices, load_known_indicators(config), points=points, workers=workers)


def check_threshold(result: BacktestResult, expression: str) -> str | None:
    """Say that ``SCORE < NUMBER`` (or ``>``, ``<=``, ``>=``) holds in ``result``; ``None`` if it does not.

    A score is a path in the JSON, such as ``horizons.900.crps_skill_vs_zero`` or ``per_indicator.us.nfp.brier``; what
    is not found there is looked for in the 300 second horizon, and then in the strategy. A score that could not be
    computed holds against any threshold.

    Raises:
        ConfigError: The expression is none, or names no score.
    """
    where = "--fail-if"
    found = _THRESHOLD.fullmatch(expression.strip())
    if found is None:
        problem = f"{expression!r} is not SCORE < NUMBER, SCORE > NUMBER, SCORE <= NUMBER or SCORE >= NUMBER"
        raise ConfigError(where, problem)
    name, sign, bound = found["score"], found["sign"], float(found["bound"])
    content: Any = msgspec.to_builtins(result)
    scores = _flatten(content)
    for path in (name, f"horizons.{PRIMARY_S}.{name}", f"strategy.{name}"):
        if path in scores:
            score = scores[path]
            break
    else:
        known = sorted({path.rpartition(".")[2] for path in scores})
        near = difflib.get_close_matches(name, [*scores, *known], n=1)
        problem = f"{name!r} is no score" + (f": did you mean {near[0]!r}?" if near else "")
        raise ConfigError(where, problem)
    if score is None:
        return f"{name} could not be computed"
    return f"{name} is {score:g}, {sign} {bound:g}" if _SIGNS[sign](score, bound) else None


def _flatten(node: Mapping[str, Any], prefix: str = "") -> dict[str, float | None]:
    """Every number, and everything that might have been one, by its path."""
    found: dict[str, float | None] = {}
    for key, value in node.items():
        if isinstance(value, dict):
            found |= _flatten(cast("dict[str, Any]", value), f"{prefix}{key}.")
        elif value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            found[f"{prefix}{key}"] = value
    return found


def _require(*paths: Path) -> None:
    missing = next((path for path in paths if not path.is_file()), None)
    if missing is not None:
        raise ConfigError(str(missing), "no such file")
