"""Runs the calibration."""

from collections.abc import Sequence
from pathlib import Path

from signald.app.world import load_known_indicators
from signald.config import Config
from signald.errors import ConfigError
from signald.model.parameters import Parameters
from signald.research.calibrate import calibrate, write_model


def run_calibration(
    config: Config, calendars: Sequence[Path], prices: Sequence[Path], out: Path, *, asset: str | None
) -> Parameters:
    """Estimate the model and write it; raises ``ConfigError`` and ``ImportFormatError``."""
    missing = next((path for path in (*calendars, *prices) if not path.is_file()), None)
    if missing is not None:
        raise ConfigError(str(missing), "no such file")
    parameters = calibrate(calendars, prices, load_known_indicators(config), asset=asset)
    write_model(out, parameters)
    return parameters
