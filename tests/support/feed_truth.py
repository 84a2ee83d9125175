"""Holds what was made of investing.com's copies against the calendar that was rebuilt from them by others.

``python -m tests.support.feed_truth`` prints every difference with its reason.
"""

import csv
import io
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from signald.model.figures import parse_figure
from signald.model.indicators import load_indicators, names_of
from signald.model.macro import Indicator, Unit
from signald.model.time import NS_PER_S, Nanos, format_rfc3339, parse_rfc3339
from signald.sources.calendars.files.investing import FeedRelease, read_feed
from tests.support.shared_data import shared_data

INDICATORS: Final = load_indicators((Path(__file__).parents[2] / "configs" / "indicators.toml").read_bytes())

ECHO: Final = "it shows the release of another day once more"
RETIMED: Final = "the site changed its time of day when its figure was out"

_DAY_NS: Final = 86_400 * NS_PER_S
_NAME: Final = re.compile(r"(?P<name>.*?)(?: \((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Q[1-4])\))?")


class Truth(NamedTuple):
    """One row of the rebuilt calendar that has a figure; ``seen`` is when its figure was first seen."""

    indicator: Indicator
    ts: Nanos
    actual: float
    consensus: float | None
    prior: float | None
    revised_prior: float | None
    seen: Nanos
    event: str


class Difference(NamedTuple):
    """One row that has no release at its minute with its figure, and why: ``""`` if nobody knows."""

    truth: Truth
    reason: str


def truths(content: bytes, indicators: Mapping[str, Indicator]) -> Iterator[Truth]:
    """The rows of configured series that have a figure."""
    names = names_of(indicators, "investing", country="us")
    for row in csv.DictReader(io.StringIO(content.decode())):
        found = _NAME.fullmatch(row["event"])
        named = names.get(found["name"]) if found else None
        if named is None or not row["actual_first"]:
            continue
        unit = named.indicator.unit
        yield Truth(
            indicator=named.indicator,
            ts=parse_rfc3339(row["release_utc"]),
            actual=parse_figure(row["actual_first"], unit),
            consensus=_figure(row["forecast_before"], unit),
            prior=_figure(row["previous_before"], unit),
            revised_prior=_figure(row["previous_final"], unit),
            seen=parse_rfc3339(row["actual_first_seen_utc"]),
            event=row["event"],
        )


def _figure(text: str, unit: Unit) -> float | None:
    return parse_figure(text, unit) if text else None


def differences(releases: Sequence[FeedRelease], rows: Iterable[Truth]) -> list[Difference]:
    """The rows that no release agrees with."""
    by_series: dict[str, list[FeedRelease]] = {}
    for release in releases:
        if release.figures:
            by_series.setdefault(release.indicator, []).append(release)
    found: list[Difference] = []
    for row in rows:
        ours = by_series.get(row.indicator.id, ())
        if not any(one.ts_release == row.ts and one.figures[0].actual == row.actual for one in ours):
            found.append(Difference(row, _reason(row, ours)))
    return found


def _reason(row: Truth, ours: Sequence[FeedRelease]) -> str:
    same = [one for one in ours if one.figures[0].actual == row.actual]
    if row.consensus is None and any(_DAY_NS // 2 < row.ts - one.ts_release < 4 * _DAY_NS for one in same):
        return ECHO
    if any(abs(one.ts_release - row.ts) < _DAY_NS // 24 + 1 for one in same):
        return RETIMED
    return ""


def main() -> None:
    """Print the differences."""
    updates = shared_data("macro", "calendar", "feed_updates_us_investing.csv")
    reading = read_feed([(updates.name, updates.read_bytes())], INDICATORS)
    rows = list(truths(shared_data("macro", "calendar", "calendar_us_investing.csv").read_bytes(), INDICATORS))
    found = differences(reading.releases, rows)
    for row, reason in found:
        line = f"{format_rfc3339(row.ts)} {row.event} {row.actual}: {reason or 'unexplained'}"
        sys.stdout.write(line + "\n")
    sys.stdout.write(f"{len(rows) - len(found)} of {len(rows)} rows agree; {reading.faults}\n")


if __name__ == "__main__":
    main()
