"""How long a release's path takes, and what held it up."""

from panels.board import Board, Panel

STAGE = 'sum by (le) (rate(signald_stage_seconds_bucket{stage="%s"}[$__rate_interval]))'
TICK = "sum by (le) (rate(signald_tick_to_signal_seconds_bucket[$__rate_interval]))"


def quantiles(stage: str) -> tuple[tuple[str, str], ...]:
    """p50 to p99.9 of one stage."""
    shares = ((0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9"))
    return tuple((f"histogram_quantile({share}, {STAGE % stage})", name) for share, name in shares)


LATENCY = Board(
    uid="signald-latency",
    title="signald: latency",
    about="How long each stage of a release's path takes, and what held it up.",
    rows=(
        (
            "The path",
            (
                Panel(
                    title="Ingestion to Redis' reply",
                    kind="lines",
                    unit="s",
                    about="Percentiles of the whole path; p99 above 20 ms is an alert.",
                    runbook="the-path-is-slow",
                    queries=quantiles("total"),
                    warn=0.005,
                    alarm=0.02,
                    width=8,
                ),
                Panel(
                    title="The last releases, exactly",
                    kind="lines",
                    unit="s",
                    about="Exact percentiles of the last releases, from ingestion to Redis' reply; 1 is the slowest.",
                    runbook="the-path-is-slow",
                    queries=(("signald_release_latency_seconds", "quantile {{quantile}}"),),
                    warn=0.005,
                    alarm=0.02,
                    width=8,
                ),
                Panel(
                    title="Ingestion to sending",
                    kind="lines",
                    unit="s",
                    about="Tick to signal, as documents say it; its exemplars are documents' ids.",
                    runbook="the-path-is-slow",
                    queries=tuple(
                        (
                            f"histogram_quantile({share}, {TICK})",
                            name,
                        )
                        for share, name in ((0.5, "p50"), (0.99, "p99"))
                    ),
                    warn=0.005,
                    alarm=0.02,
                    width=8,
                ),
                *(
                    Panel(
                        title=f"Heat: {stage}",
                        kind="heat",
                        unit="s",
                        about=f"How long the stage {stage} took: {what}.",
                        runbook="the-path-is-slow",
                        queries=(
                            (
                                f'sum by (le) (increase(signald_stage_seconds_bucket{{stage="{stage}"}}[$__interval]))',
                                "{{le}}",
                            ),
                        ),
                        width=8,
                    )
                    for stage, what in (
                        ("decode", "bytes to figure"),
                        ("frame", "a venue's frame into its book"),
                        ("score", "figure to document"),
                        ("journal", "appending it"),
                        ("publish", "Redis from command to reply"),
                        ("total", "all of it"),
                    )
                ),
            ),
        ),
        (
            "What held it up",
            (
                Panel(
                    title="Stalls of the loop",
                    kind="lines",
                    unit="short",
                    about="Turns over 5 ms late within five minutes, by our own work or others having the processor.",
                    runbook="the-path-is-slow",
                    queries=(
                        ("sum(increase(signald_stalls_total[5m]))", "ours"),
                        ("sum(increase(signald_stalls_elsewhere_total[5m]))", "elsewhere"),
                    ),
                    warn=1,
                    alarm=10,
                    width=8,
                ),
                Panel(
                    title="Collector's pauses",
                    kind="lines",
                    unit="s",
                    about="The longest pause, and the time of all of them within five minutes.",
                    runbook="the-path-is-slow",
                    queries=(
                        ("max(signald_gc_longest_pause_seconds)", "longest"),
                        ("sum(increase(signald_gc_pause_seconds_total[5m]))", "all"),
                    ),
                    warn=0.005,
                    alarm=0.05,
                    width=8,
                ),
                Panel(
                    title="The clock",
                    kind="lines",
                    unit="s",
                    about="How far the wall clock was set back and is still behind; it should be 0.",
                    runbook="the-clock-is-off",
                    queries=(("max(signald_clock_behind_seconds)", "behind"),),
                    warn=0.001,
                    alarm=0.05,
                    width=8,
                ),
                Panel(
                    title="Compilations after ready",
                    kind="stat",
                    unit="short",
                    about="Must be 0.",
                    runbook="the-path-is-slow",
                    queries=(("max(signald_compilations_after_ready)", "kernels"),),
                    warn=1,
                    alarm=1,
                    width=6,
                    height=5,
                ),
                Panel(
                    title="Last rehearsal",
                    kind="stat",
                    unit="s",
                    about="How long the last test release took, from ingestion to Redis' reply.",
                    runbook="the-path-is-slow",
                    queries=(("max(signald_rehearsal_seconds)", "took"),),
                    warn=0.005,
                    alarm=0.02,
                    width=6,
                    height=5,
                ),
            ),
        ),
    ),
)
