"""What the dashboards show: every panel with its unit, thresholds, description and place in the runbook."""

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


STAGE = 'sum by (le) (rate(signald_stage_seconds_bucket{stage="%s"}[$__rate_interval]))'
TICK = "sum by (le) (rate(signald_tick_to_signal_seconds_bucket[$__rate_interval]))"


def quantiles(stage: str) -> tuple[tuple[str, str], ...]:
    """p50 to p99.9 of one stage."""
    shares = ((0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9"))
    return tuple((f"histogram_quantile({share}, {STAGE % stage})", name) for share, name in shares)


RELEASE_DAY = Board(
    uid="signald-release-day",
    title="signald: release day",
    about="What is due, whether all is ready for it, what came out and what the market made of it.",
    rows=(
        (
            "Next",
            (
                Panel(
                    title="Time to the next release",
                    kind="stat",
                    unit="dtdurations",
                    about="Until the nearest scheduled release; amber within fifteen minutes, red within one.",
                    runbook="a-release-is-near",
                    queries=(("min(signald_release_due_seconds > 0)", "left"),),
                    warn=900,
                    alarm=60,
                    below=True,
                    width=6,
                    height=5,
                ),
                Panel(
                    title="Due, by series",
                    kind="table",
                    unit="dtdurations",
                    about="The next release of each series; below zero its figure is awaited.",
                    runbook="a-release-is-near",
                    queries=(("sort(signald_release_due_seconds)", "{{indicator}}"),),
                    width=8,
                    height=10,
                ),
                Panel(
                    title="Armed",
                    kind="states",
                    unit="bool",
                    about="Whether the next release of each series is armed: it must be five minutes before.",
                    runbook="a-release-is-not-armed",
                    queries=(("signald_release_armed", "{{indicator}}"),),
                    width=10,
                    height=10,
                ),
                Panel(
                    title="Ready",
                    kind="stat",
                    unit="bool_yes_no",
                    about="Whether the daemon is ready; `signald status` names what is lacking.",
                    runbook="the-daemon-is-not-ready",
                    queries=(("min(signald_ready)", "ready"),),
                    warn=1,
                    alarm=0.5,
                    below=True,
                    width=3,
                    height=5,
                ),
                Panel(
                    title="Lacking",
                    kind="stat",
                    unit="short",
                    about="How many things readiness lacks: books, sources, consensus, the journal, rehearsals.",
                    runbook="the-daemon-is-not-ready",
                    queries=(("max(signald_degraded)", "lacking"),),
                    warn=1,
                    alarm=3,
                    width=3,
                    height=5,
                ),
                Panel(
                    title="Sources that cover it",
                    kind="lines",
                    unit="short",
                    about="Living sources of each next release; none within ten minutes of it is an alert.",
                    runbook="a-source-fell-silent",
                    queries=(("signald_release_sources_alive", "{{indicator}}"),),
                    warn=1,
                    alarm=1,
                    below=True,
                    width=12,
                ),
                Panel(
                    title="Heartbeats",
                    kind="lines",
                    unit="s",
                    about="Since each source was last heard: beyond 15 s it is silent.",
                    runbook="a-source-fell-silent",
                    queries=(("signald_source_heartbeat_age_seconds", "{{source}}"),),
                    warn=10,
                    alarm=15,
                    width=12,
                ),
            ),
        ),
        (
            "What came out",
            (
                Panel(
                    title="Figure against consensus",
                    kind="table",
                    unit="short",
                    about="The newest figure of each series with its consensus and prior, in its own unit.",
                    runbook="a-figure-was-quarantined",
                    queries=(("signald_figure", "{{indicator}} {{what}}"),),
                    width=8,
                ),
                Panel(
                    title="Surprise",
                    kind="bars",
                    unit="short",
                    about="In standard deviations of the series' past surprises; beyond four it is winsorised.",
                    runbook="a-figure-was-quarantined",
                    queries=(("signald_surprise_sigma", "{{indicator}}"),),
                    warn=2,
                    alarm=4,
                    decimals=2,
                    width=8,
                ),
                Panel(
                    title="Releases, by state",
                    kind="lines",
                    unit="short",
                    about="Steps of releases' lives within five minutes: armed, released, missed, corrected.",
                    runbook="a-release-was-missed",
                    queries=(("sum by (state) (increase(signald_releases_total[5m]))", "{{state}}"),),
                    width=8,
                ),
                Panel(
                    title="Prediction against what was realised",
                    kind="lines",
                    unit="short",
                    about="Basis points over five minutes: mean and 90 % interval, and the move itself.",
                    runbook="intervals-are-too-narrow",
                    queries=(
                        ("signald_predicted_move_bps", "{{instrument}} {{bound}}"),
                        ("signald_realised_move_bps", "{{instrument}} realised"),
                    ),
                    decimals=1,
                    width=12,
                ),
                Panel(
                    title="Guard",
                    kind="states",
                    unit="short",
                    about="What each instrument's quotes are to do: the state whose value is 1.",
                    runbook="signals-must-stop-now",
                    queries=(("signald_guard_state == 1", "{{instrument}} {{state}}"),),
                    width=12,
                ),
                Panel(
                    title="Halted",
                    kind="stat",
                    unit="bool_yes_no",
                    about="Whether somebody has halted all signals; who and why stands in the audit stream.",
                    runbook="signals-must-stop-now",
                    queries=(("max(signald_halted)", "halted"),),
                    warn=1,
                    alarm=1,
                    width=4,
                    height=5,
                ),
                Panel(
                    title="Signals, by kind and verdict",
                    kind="lines",
                    unit="short",
                    about="Documents written within five minutes.",
                    runbook="signals-must-stop-now",
                    queries=(("sum by (kind, verdict) (increase(signald_signals_total[5m]))", "{{kind}} {{verdict}}"),),
                    width=20,
                ),
            ),
        ),
    ),
)

BOOKS = Board(
    uid="signald-books",
    title="signald: books",
    about="Touch, spread, depth, imbalance and health of every book.",
    rows=(
        (
            "Health",
            (
                Panel(
                    title="Live",
                    kind="states",
                    unit="bool",
                    about="Whether each book is live and nothing speaks against it.",
                    runbook="a-book-is-stale",
                    queries=(("signald_book_live", "{{instrument}}"),),
                    width=12,
                ),
                Panel(
                    title="Age",
                    kind="lines",
                    unit="s",
                    about="Since each book's last frame; beyond its venue's patience it is doubted.",
                    runbook="a-book-is-stale",
                    queries=(("signald_book_age_seconds", "{{instrument}}"),),
                    warn=2,
                    alarm=5,
                    width=12,
                ),
                Panel(
                    title="Frames",
                    kind="lines",
                    unit="cps",
                    about="Websocket frames a second, per venue.",
                    runbook="a-book-is-stale",
                    queries=(("sum by (venue) (rate(signald_frames_total[$__rate_interval]))", "{{venue}}"),),
                    width=8,
                ),
                Panel(
                    title="Gaps and resyncs",
                    kind="lines",
                    unit="short",
                    about="Books discarded, and believed again, within ten minutes; more than five is an alert.",
                    runbook="a-book-has-a-gap",
                    queries=(
                        ("sum by (venue) (increase(signald_gaps_total[10m]))", "{{venue}} gaps"),
                        ("sum by (venue) (increase(signald_resyncs_total[10m]))", "{{venue}} resyncs"),
                    ),
                    warn=1,
                    alarm=5,
                    width=8,
                ),
                Panel(
                    title="Became stale",
                    kind="lines",
                    unit="short",
                    about="Books that became stale within ten minutes, by reason.",
                    runbook="a-book-is-stale",
                    queries=(
                        ("sum by (venue, reason) (increase(signald_stale_books_total[10m]))", "{{venue}} {{reason}}"),
                    ),
                    warn=1,
                    alarm=5,
                    width=8,
                ),
            ),
        ),
        (
            "Market",
            (
                Panel(
                    title="Touch",
                    kind="lines",
                    unit="short",
                    about="Best bid and best ask.",
                    runbook="a-book-has-a-gap",
                    queries=(("signald_book_touch", "{{instrument}} {{side}}"),),
                    width=12,
                ),
                Panel(
                    title="Spread",
                    kind="lines",
                    unit="short",
                    about="Basis points of mid; below zero the book is crossed.",
                    runbook="a-book-has-a-gap",
                    queries=(("signald_book_spread_bps", "{{instrument}}"),),
                    warn=5,
                    alarm=20,
                    decimals=2,
                    width=12,
                ),
                Panel(
                    title="Depth within 25 bps",
                    kind="lines",
                    unit="currencyUSD",
                    about="Resting on each side; it thins out before a release.",
                    runbook="a-book-is-stale",
                    queries=(('signald_book_depth_usd{within_bps="25"}', "{{instrument}} {{side}}"),),
                    width=12,
                ),
                Panel(
                    title="Imbalance",
                    kind="lines",
                    unit="percentunit",
                    about="Of the first ten levels: +1 is all bids.",
                    runbook="a-book-is-stale",
                    queries=(("signald_book_imbalance", "{{instrument}}"),),
                    warn=0.8,
                    alarm=0.95,
                    width=12,
                ),
            ),
        ),
    ),
)

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

MODEL = Board(
    uid="signald-model",
    title="signald: model",
    about="Whether predictions have held: of the last two hundred, never of one.",
    rows=(
        (
            "Outcomes",
            (
                Panel(
                    title="Coverage of 90 % intervals",
                    kind="lines",
                    unit="percentunit",
                    about="Share that held what happened, by horizon; below 75 % of thirty or more is an alert.",
                    runbook="intervals-are-too-narrow",
                    queries=(("signald_outcome_coverage", "{{horizon}} s"),),
                    warn=0.85,
                    alarm=0.75,
                    below=True,
                    width=8,
                ),
                Panel(
                    title="Hit rate",
                    kind="lines",
                    unit="percentunit",
                    about="Verdicts up and down with the right sign; see how many they are beside it.",
                    runbook="intervals-are-too-narrow",
                    queries=(("signald_outcome_hit_ratio", "{{horizon}} s"),),
                    warn=0.5,
                    alarm=0.4,
                    below=True,
                    width=8,
                ),
                Panel(
                    title="n",
                    kind="stat",
                    unit="short",
                    about="Predictions whose horizon is over, and how many of them said up or down.",
                    runbook="intervals-are-too-narrow",
                    queries=(("signald_outcomes", "{{horizon}} s"), ("signald_outcome_calls", "{{horizon}} s, called")),
                    width=8,
                ),
                Panel(
                    title="Brier score",
                    kind="lines",
                    unit="short",
                    about="Mean squared error of the probability of a rise: 0.25 is a coin's.",
                    runbook="intervals-are-too-narrow",
                    queries=(("signald_outcome_brier", "{{horizon}} s"),),
                    warn=0.25,
                    alarm=0.3,
                    decimals=3,
                    width=8,
                ),
                Panel(
                    title="Reliability",
                    kind="bars",
                    unit="percentunit",
                    about="Per bin of the predicted probability of a rise: what was predicted, how often it rose.",
                    runbook="intervals-are-too-narrow",
                    queries=(
                        ("signald_reliability_predicted", "{{bin}} predicted"),
                        ("signald_reliability_observed", "{{bin}} observed"),
                    ),
                    width=8,
                ),
                Panel(
                    title="Predictions by probability",
                    kind="bars",
                    unit="short",
                    about="How many predictions each bin of the reliability rests on.",
                    runbook="intervals-are-too-narrow",
                    queries=(("signald_reliability_count", "{{bin}}"),),
                    width=8,
                ),
            ),
        ),
        (
            "Responses",
            (
                Panel(
                    title="Response to one standard deviation",
                    kind="lines",
                    unit="short",
                    about="Basis points in five minutes, as last scored: β over time.",
                    runbook="intervals-are-too-narrow",
                    queries=(("signald_response_bps_per_sigma", "{{indicator}} {{instrument}}"),),
                    decimals=1,
                    width=16,
                ),
                Panel(
                    title="Model",
                    kind="table",
                    unit="short",
                    about="Which model spoke last, on each daemon: replicas must have the same.",
                    runbook="replicas-disagree",
                    queries=(("signald_model_info", "{{model}}"),),
                    width=8,
                ),
            ),
        ),
    ),
)

OPERATIONS = Board(
    uid="signald-operations",
    title="signald: operations",
    about="Processes, servers, queues, disks and replicas.",
    rows=(
        (
            "Servers and queues",
            (
                Panel(
                    title="Connections",
                    kind="states",
                    unit="bool",
                    about="Whether broker and Redis are connected.",
                    runbook="the-broker-or-redis-is-away",
                    queries=(("signald_mqtt_up", "broker"), ("signald_redis_up", "Redis")),
                    width=8,
                ),
                Panel(
                    title="Waiting for Redis",
                    kind="lines",
                    unit="short",
                    about="Signals that Redis has not confirmed.",
                    runbook="the-broker-or-redis-is-away",
                    queries=(("max(signald_publisher_queue_depth)", "signals"),),
                    warn=10,
                    alarm=100,
                    width=8,
                ),
                Panel(
                    title="Age of the oldest that waits",
                    kind="lines",
                    unit="s",
                    about="More than a second is an alert.",
                    runbook="the-broker-or-redis-is-away",
                    queries=(("max(signald_publisher_lag_seconds)", "age"),),
                    warn=0.1,
                    alarm=1,
                    width=8,
                ),
                Panel(
                    title="Consumers' lag",
                    kind="lines",
                    unit="short",
                    about="Entries that each group was not handed yet, and those it has not acknowledged.",
                    runbook="a-consumer-is-behind",
                    queries=(
                        ("signald_consumer_lag_entries", "{{stream}} {{group}}"),
                        ("signald_consumer_pending_entries", "{{stream}} {{group}} pending"),
                    ),
                    warn=10,
                    alarm=100,
                    width=12,
                ),
                Panel(
                    title="Published",
                    kind="lines",
                    unit="short",
                    about="Signals within five minutes: written, late, had already, refused, given up.",
                    runbook="the-broker-or-redis-is-away",
                    queries=tuple(
                        (f"sum(increase(signald_publisher_{name}_total[5m]))", name)
                        for name in ("published", "late", "duplicates", "refusals", "dropped")
                    ),
                    width=12,
                ),
            ),
        ),
        (
            "Inputs",
            (
                Panel(
                    title="Messages",
                    kind="lines",
                    unit="cps",
                    about="MQTT messages a second.",
                    runbook="a-message-was-rejected",
                    queries=(("sum(rate(signald_mqtt_messages_total[$__rate_interval]))", "messages"),),
                    width=8,
                ),
                Panel(
                    title="Refused",
                    kind="lines",
                    unit="short",
                    about="Inputs not taken, and figures not scored, within ten minutes, by reason.",
                    runbook="a-message-was-rejected",
                    queries=(
                        ("sum by (reason) (increase(signald_rejected_total[10m]))", "{{reason}}"),
                        ("sum by (reason) (increase(signald_quarantined_total[10m]))", "figures: {{reason}}"),
                    ),
                    warn=1,
                    alarm=5,
                    width=8,
                ),
                Panel(
                    title="Notices",
                    kind="lines",
                    unit="short",
                    about="Facts about ourselves within five minutes, by kind.",
                    runbook="a-message-was-rejected",
                    queries=(("sum by (kind) (increase(signald_notices_total[5m]))", "{{kind}}"),),
                    width=8,
                ),
            ),
        ),
        (
            "Processes and records",
            (
                Panel(
                    title="Processes",
                    kind="states",
                    unit="bool",
                    about="Whether each process does its work; one that ended is started again.",
                    runbook="a-process-ends",
                    queries=(("signald_process_up", "{{process}}"),),
                    width=8,
                ),
                Panel(
                    title="Started again",
                    kind="lines",
                    unit="short",
                    about="Times each process was started again within ten minutes; twice is an alert.",
                    runbook="a-process-ends",
                    queries=(("sum by (process) (increase(signald_process_restarts_total[10m]))", "{{process}}"),),
                    warn=1,
                    alarm=2,
                    width=8,
                ),
                Panel(
                    title="Memory",
                    kind="lines",
                    unit="bytes",
                    about="What each process holds; 2 GB is an alert.",
                    runbook="memory-grows",
                    queries=(("signald_resident_bytes", "{{process}}"),),
                    warn=1e9,
                    alarm=2e9,
                    width=8,
                ),
                Panel(
                    title="Records",
                    kind="states",
                    unit="bool",
                    about="Whether journal and vintages fail to be written: both must be 0.",
                    runbook="the-journal-is-not-written",
                    queries=(("signald_journal_failing", "journal"), ("signald_vintages_failing", "vintages")),
                    warn=1,
                    alarm=1,
                    width=8,
                ),
                Panel(
                    title="Replicas",
                    kind="lines",
                    unit="short",
                    about="Signals on which replicas agreed, disagreed, or that were not found again.",
                    runbook="replicas-disagree",
                    queries=tuple(
                        (f"sum(signald_replica_{name}_total)", name)
                        for name in ("agreements", "disagreements", "unchecked")
                    ),
                    width=8,
                ),
                Panel(
                    title="Rehearsals",
                    kind="lines",
                    unit="short",
                    about="Test releases sent down the path within ten minutes, and those that Redis answered.",
                    runbook="the-path-is-slow",
                    queries=(
                        ("sum(increase(signald_rehearsals_total[10m]))", "sent"),
                        ("sum(increase(signald_rehearsals_returned_total[10m]))", "returned"),
                    ),
                    width=8,
                ),
                Panel(
                    title="Version",
                    kind="table",
                    unit="short",
                    about="What runs, on each daemon.",
                    runbook="a-daemon-does-not-answer",
                    queries=(("signald_build_info", "{{version}} Python {{python}}"),),
                    width=8,
                ),
                Panel(
                    title="Pages",
                    kind="stat",
                    unit="short",
                    about="Open pages of the console.",
                    runbook="a-daemon-does-not-answer",
                    queries=(("sum(signald_console_pages)", "open"),),
                    width=8,
                    height=5,
                ),
            ),
        ),
    ),
)

BOARDS = (RELEASE_DAY, BOOKS, LATENCY, MODEL, OPERATIONS)
