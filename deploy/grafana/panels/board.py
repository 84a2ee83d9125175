"""What a dashboard is made of: panels, each with its unit, thresholds, description and place in the runbook."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One panel.

    Attributes:
        title: What it says.
        kind: How it is drawn.
        unit: Of its numbers, as Grafana names units.
        about: A sentence on what is seen and when to worry.
        runbook: Anchor in docs/runbook.md.
        queries: Expression and legend of each.
        warn: From here on it is amber; ``None``: never.
        alarm: From here on it is red.
        below: Whether warn and alarm are reached from above.
        width: Of 24.
        height: In rows.
        decimals: Shown.
    """

    title: str
    kind: Literal["lines", "stat", "heat", "states", "bars", "table"]
    unit: str
    about: str
    runbook: str
    queries: tuple[tuple[str, str], ...]
    warn: float | None = None
    alarm: float | None = None
    below: bool = False
    width: int = 12
    height: int = 8
    decimals: int | None = None


@dataclass(frozen=True, kw_only=True)
class Board:
    """One dashboard."""

    uid: str
    title: str
    about: str
    rows: tuple[tuple[str, tuple[Panel, ...]], ...] = field(default=())
