"""What goes wrong with which figure of the demo, and how it can be seen that the daemon noticed."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

from signald.errors import ConfigError
from signald.model.macro import ReleaseId, ReleaseKind
from signald.simulate.calendar import PlannedRelease

Fault: TypeAlias = Literal["correction", "retraction", "missed", "quarantined", "conflicting_sources"]
"""Each is called as the document, verdict or flag by which it is seen."""


class Words(NamedTuple):
    """One message about a figure: who says it, what kind it is, and the figure, ``None`` to take it back."""

    source: Literal["demo", "wire"]
    kind: ReleaseKind
    actual: float | None


class Scenario:
    """A quarter with faults.

    Attributes:
        name: As given on the command line.
    """

    def __init__(self, name: str, faults: Mapping[ReleaseId, Fault]) -> None:
        """Say which figure has which fault; the others have none."""
        self.name = name
        self._faults = faults

    @property
    def shows(self) -> list[str]:
        """What must be seen at the end; figures of one minute always show ``partial_bundle``."""
        return sorted({*self._faults.values(), "partial_bundle"}) if self._faults else []

    def fault_of(self, release: PlannedRelease) -> Fault | None:
        """What goes wrong with one figure."""
        return self._faults.get(release.release_id)

    def comes(self, bundle: Iterable[PlannedRelease]) -> list[PlannedRelease]:
        """The figures that come at their time, wrong or right."""
        return [release for release in bundle if self.fault_of(release) != "missed"]

    def at_first(self, release: PlannedRelease) -> Words:
        """What is said at a figure's time."""
        slips = self.fault_of(release) == "quarantined"
        return Words("demo", ReleaseKind.FIRST, release.actual * 1_000.0 if slips else release.actual)

    def afterwards(self, release: PlannedRelease) -> Words | None:
        """What is said next, when the first has been answered."""
        match self.fault_of(release):
            case "correction":
                return Words("demo", ReleaseKind.CORRECTION, round(release.actual + 0.1, 1))
            case "retraction":
                return Words("demo", ReleaseKind.RETRACTION, None)
            case "quarantined":
                return Words("demo", ReleaseKind.FIRST, release.actual)
            case "conflicting_sources":
                return Words("wire", ReleaseKind.FIRST, round(release.actual + 0.1, 1))
            case "missed" | None:
                return None


PLAIN: Final = Scenario("q1-2025", {})
FAULTS: Final = Scenario(
    "faults",
    {
        "us.ppi.yoy:2024-12": "correction",
        "us.cpi.yoy:2024-12": "retraction",
        "us.core_pce.yoy:2024-12": "missed",
        "us.nfp:2025-01": "quarantined",
        "us.cpi.yoy:2025-01": "conflicting_sources",
    },
)


def scenario_called(name: str) -> Scenario:
    """One of the two; raises ``ConfigError``."""
    for scenario in (PLAIN, FAULTS):
        if scenario.name == name:
            return scenario
    where, problem = "demo --scenario", f"{name!r} is neither {PLAIN.name} nor {FAULTS.name}"
    raise ConfigError(where, problem)
