"""Runs the claims of a file against prices and calendars."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from signald.app.world import load_known_indicators
from signald.config import Config, find_file
from signald.errors import ConfigError
from signald.model.time import Nanos
from signald.replay.importers.recording import read_whole
from signald.research.claims import Finding, Occasion, examine, read_claims
from signald.research.prices import load_prices
from signald.sources.calendars.files.reader import read_calendar

_STYLES = {"supported": "green", "contradicted": "red", "not testable": "dark_goldenrod"}


def run_audit(
    config: Config, claims: Path, *, prices: Sequence[Path], calendars: Sequence[Path], asset: str | None
) -> list[Finding]:
    """Test each claim, in the file's order.

    Raises:
        ConfigError: A file is missing, or the claims are none.
        ImportFormatError: A file is not what it should be.
    """
    file = find_file(str(claims))
    for path in (*prices, *calendars):
        if not path.is_file():
            raise ConfigError(str(path), "no such file")
    known = load_prices(prices, asset=asset)
    occasions = _occasions(config, calendars)
    return [examine(claim, known, occasions) for claim in read_claims(file.read_bytes(), where=str(file))]


def as_table(findings: Sequence[Finding]) -> Table:
    """The findings for people."""
    table = Table("claim", "test", "found", "n", "verdict", show_lines=True)
    for one in findings:
        style = _STYLES[one.verdict]
        table.add_row(f"{one.id}\n[dim]{one.says}[/]", one.test, one.found, str(one.n), f"[{style}]{one.verdict}[/]")
    return table


def _occasions(config: Config, calendars: Sequence[Path]) -> list[Occasion]:
    indicators = load_known_indicators(config)
    found: dict[Nanos, list[str]] = defaultdict(list)
    for path in calendars:
        for row in read_calendar(read_whole(path), indicators, name=path.name).rows:
            if row.actual is not None:
                found[row.ts_scheduled].append(row.indicator)
    return [Occasion(ts, tuple(names)) for ts, names in sorted(found.items())]
