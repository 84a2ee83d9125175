"""Runs the calibration and the backtest."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from signald.app.world import load_known_indicators
from signald.config import Config
from signald.errors import ConfigError
from signald.model.parameters import Parameters, decode_parameters
from signald.research.backtest import BacktestResult, Scope, backtest
from signald.research.calibrate import PRIMARY_S, calibrate, write_model

_SIGNS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_THRESHOLD: Final = re.compile(r"(?P<score>[\w.]+)\s*(?P<sign><=|>=|<|>)\s*(?P<bound>[-+]?\d+(\.\d+)?([eE][-+]?\d+)?)")


def run_calibration(
    config: Config, calendars: Sequence[Path], prices: Sequence[Path], out: Path, *, asset: str | None
) -> Parameters:
    """Estimate the model and write it; raises ``ConfigError`` and ``ImportFormatError``."""
    _require(*calendars, *prices)
    parameters = calibrate(calendars, prices, load_known_indicators(config), asset=asset)
    write_model(out, parameters)
    return parameters


def run_backtest(
    config: Config,
    calendars: Sequence[Path],
    prices: Sequence[Path],
    *,
    scope: Scope,
    model: Path | None,
) -> BacktestResult:
    """Evaluate out of sample: ``model`` as it stands, or learning as one goes.

    Raises:
        ConfigError: A file is missing, an asset or an indicator is not known.
        ImportFormatError: A file is not what it should be.
    """
    _require(*calendars, *prices, *([model] if model else []))
    parameters = decode_parameters(model.read_bytes(), where=str(model)) if model else None
    return backtest(calendars, prices, load_known_indicators(config), scope=scope, model=parameters)


def check_threshold(result: BacktestResult, expression: str) -> str | None:
    """Say that ``SCORE < NUMBER`` (or ``>``, ``<=``, ``>=``) holds in ``result``; ``None`` if it does not.

    A score is a path in the JSON, such as ``horizons.300.crps_skill_vs_zero``; without a path it is one of the 300
    second horizon's. A score that could not be computed holds against any threshold.

    Raises:
        ConfigError: The expression is none, or names no score.
    """
    where = "--fail-if"
    found = _THRESHOLD.fullmatch(expression.strip())
    if found is None:
        problem = f"{expression!r} is not SCORE < NUMBER, SCORE > NUMBER, SCORE <= NUMBER or SCORE >= NUMBER"
        raise ConfigError(where, problem)
    name, sign, bound = found["score"], found["sign"], float(found["bound"])
    node: Any = msgspec.to_builtins(result)
    for part in (name if "." in name or name in node else f"horizons.{PRIMARY_S}.{name}").split("."):
        if not isinstance(node, dict) or part not in node:
            problem = f"{name!r} is no score: there is no {part!r}"
            raise ConfigError(where, problem)
        node = cast("dict[str, Any]", node)[part]
    if node is None:
        return f"{name} could not be computed"
    return f"{name} is {node:g}, {sign} {bound:g}" if _SIGNS[sign](node, bound) else None


def _require(*paths: Path) -> None:
    missing = next((path for path in paths if not path.is_file()), None)
    if missing is not None:
        raise ConfigError(str(missing), "no such file")
