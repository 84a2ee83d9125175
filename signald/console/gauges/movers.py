"""What moves the price beside figures: pegs, references, drift, who led."""

from typing import Final

from signald.console.gauges.gauge import Gauge

MOVERS: Final[tuple[Gauge, ...]] = (
    Gauge(
        "signald_peg_usd",
        "What a quote currency was last worth in dollars.",
        ("currency",),
        lambda told: (((name,), usd) for name, usd in told.facts.pegs.items()),
    ),
    Gauge(
        "signald_reference_correlation",
        "How bitcoin goes with a reference, -1 to 1.",
        ("reference",),
        lambda told: (((name,), one.correlation) for name, one in told.facts.references.items()),
    ),
    Gauge(
        "signald_reference_beta",
        "By how much bitcoin moves when a reference does.",
        ("reference",),
        lambda told: (((name,), one.beta) for name, one in told.facts.references.items()),
    ),
    Gauge(
        "signald_reference_live",
        "Whether that is measured on: not where the reference is closed or stale.",
        ("reference",),
        lambda told: (((name,), float(one.state == "live")) for name, one in told.facts.references.items()),
    ),
    Gauge(
        "signald_drift_bps",
        "What had moved before the newest figure.",
        ("instrument",),
        lambda told: (((name,), bps) for name, bps in told.facts.drifts_bps.items()),
    ),
    Gauge(
        "signald_release_basis_bps",
        "A book against all venues at the newest reaction.",
        ("instrument",),
        lambda told: (
            ((name,), one.basis_bps) for name, one in told.facts.markets.items() if one.basis_bps is not None
        ),
    ),
    Gauge(
        "signald_release_lead_seconds",
        "By how much it led the others after the newest figure.",
        ("instrument",),
        lambda told: (
            ((name,), one.lead_ms / 1_000) for name, one in told.facts.markets.items() if one.lead_ms is not None
        ),
    ),
)
