"""Words for the store of vintages: a source that numbers what it says by the time it says it."""

from signald.model.macro import Release, ReleaseKind, ScheduledRelease
from signald.model.time import Nanos
from tests.support.calendar import CPI_JANUARY, T0


def schedule(
    ts: Nanos,
    consensus: float | None,
    *,
    prior: float | None = 2.9,
    source: str = "bls",
    release_id: str = CPI_JANUARY,
) -> ScheduledRelease:
    """What ``source`` says at ``ts`` of a release that is due at T0."""
    indicator, period, *_ = release_id.split(":")
    return ScheduledRelease(
        release_id=release_id,
        indicator=indicator,
        period=period,
        ts_scheduled=T0,
        consensus=consensus,
        prior=prior,
        source=source,
        sequence=ts,
        ts_event=ts,
        ts_ingest=ts,
    )


def figure(
    ts: Nanos,
    actual: float | None,
    kind: ReleaseKind = ReleaseKind.FIRST,
    *,
    revised_prior: float | None = None,
    release_id: str = CPI_JANUARY,
) -> Release:
    """A figure of the source ``bls`` at ``ts``."""
    return Release(
        release_id=release_id,
        actual=actual,
        kind=kind,
        source="bls",
        sequence=ts,
        ts_event=ts,
        ts_ingest=ts,
        revised_prior=revised_prior,
    )
