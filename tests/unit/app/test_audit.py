from pathlib import Path

import pytest

from signald.app.audit import as_table, run_audit
from signald.config import Config
from signald.errors import ConfigError

CLAIMS = Path("configs/claims-q1-2025.toml")


def bars(path: Path, day: str) -> Path:
    """A day of five-minute bars, each a tenth of a percent below the one before."""
    lines = ["date,open,high,low,close,volume"]
    for number in range(288):
        opened, closed = (95_000.0 * 0.999**power for power in (number, number + 1))
        clock = f"{number // 12:02d}:{number % 12 * 5:02d}"
        lines.append(f"{day}T{clock}:00Z,{opened},{opened},{closed},{closed},1")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_shipped_claims_are_tested_as_far_as_the_prices_go(tmp_path: Path) -> None:
    prices = bars(tmp_path / "btc_5m.csv", "2025-03-28")

    found = run_audit(Config(), CLAIMS, prices=[prices], calendars=[], asset=None)

    assert len(found) == 9
    assert {one.id for one in found if one.verdict != "not testable"} == {"fall-before-core-pce"}
    [fall] = [one for one in found if one.id == "fall-before-core-pce"]
    assert (fall.verdict, fall.found, fall.n) == ("supported", f"{100 * (0.999**120 - 1):+.2f} %", 1)
    assert as_table(found).row_count == 9


def test_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        run_audit(Config(), CLAIMS, prices=[tmp_path / "nowhere.csv"], calendars=[], asset=None)
