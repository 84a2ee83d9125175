"""Every metric there is, for docs/metrics.md and for the tests that hold code and dashboards to it."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from signald.console.gauges.exposition import GAUGES, HISTOGRAM, HISTOGRAM_MEANING


class Metric(NamedTuple):
    """One metric.

    Attributes:
        name: As Prometheus has it.
        kind: Its type.
        labels: All of small closed sets.
        meaning: Its help text.
        is_rare: Whether there may be no sample of it: what it counts need not be there.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str
    is_rare: bool = False


DAEMON: Final = (
    Metric("signald_stage_seconds", "histogram", ("stage",), "How long each stage of the path took."),
    Metric(
        "signald_release_latency_seconds",
        "gauge",
        ("quantile",),
        "Exact percentiles of the last releases, from ingestion to Redis' reply; quantile 1 is the slowest.",
    ),
    Metric(
        "signald_metrics_gave_way_total",
        "counter",
        (),
        "Connections to the metrics that had to give way to newer ones.",
    ),
    Metric("signald_release_latency_count", "gauge", (), "How many releases those are of."),
    Metric("signald_process_up", "gauge", ("process",), "Whether a process does its work."),
    Metric("signald_process_restarts_total", "counter", ("process",), "Times a process was started again."),
    Metric(
        "signald_reloads_total",
        "counter",
        ("result",),
        "Configurations that were to be taken while the daemon ran.",
    ),
    Metric("signald_reload_waits", "gauge", (), "Whether one waits until no release is open."),
    Metric("signald_frames_total", "counter", ("venue",), "Websocket frames."),
    Metric("signald_venue_limits_total", "counter", ("venue", "limit"), "Times that a venue went beyond a limit."),
    Metric("signald_gaps_total", "counter", ("venue",), "Books discarded because they were wrong or might be."),
    Metric("signald_resyncs_total", "counter", ("venue",), "Books that could be believed again."),
    Metric("signald_stale_books_total", "counter", ("venue", "reason"), "Books that became stale."),
    Metric("signald_rejected_total", "counter", ("reason",), "Inputs not taken."),
    Metric("signald_quarantined_total", "counter", ("reason",), "Figures not scored."),
    Metric("signald_releases_total", "counter", ("state",), "Steps of releases' lives."),
    Metric("signald_notices_total", "counter", ("kind",), "Facts about ourselves."),
    Metric("signald_signals_total", "counter", ("kind", "verdict"), "Documents written."),
    Metric("signald_sources_silent", "gauge", (), "Calendar sources that have sent no heartbeat for 15 s."),
    Metric("signald_redis_up", "gauge", (), "Whether Redis is connected."),
    Metric("signald_publisher_queue_depth", "gauge", (), "Signals Redis has not confirmed."),
    Metric("signald_publisher_lag_seconds", "gauge", (), "Age of the oldest signal Redis has not confirmed."),
    Metric("signald_publisher_published_total", "counter", (), "Signals Redis wrote."),
    Metric(
        "signald_publisher_duplicates_total",
        "counter",
        (),
        "Signals Redis had already, from a replica or an earlier attempt.",
    ),
    Metric("signald_publisher_refusals_total", "counter", (), "Signals Redis refused for the time being."),
    Metric("signald_publisher_late_total", "counter", (), "Signals Redis wrote late."),
    Metric("signald_publisher_dropped_total", "counter", (), "Signals given up; the journal has them."),
    Metric("signald_replica_agreements_total", "counter", (), "Signals of which another replica wrote the same."),
    Metric(
        "signald_replica_disagreements_total",
        "counter",
        (),
        "Signals of which another replica wrote another cause, surprise or model.",
    ),
    Metric("signald_replica_unchecked_total", "counter", (), "Signals of another replica that were not found again."),
    Metric("signald_mqtt_up", "gauge", (), "Whether the broker is connected."),
    Metric("signald_mqtt_messages_total", "counter", (), "MQTT messages taken."),
    Metric(
        "signald_mqtt_refused_total", "counter", ("family", "reason"), "MQTT messages refused for their size or rate."
    ),
    Metric("signald_kept", "gauge", ("what",), "How much is kept of what others say."),
    Metric(
        "signald_kept_most",
        "gauge",
        ("what",),
        "How much of it may be kept: what is beyond is refused, or the eldest forgotten.",
    ),
    Metric("signald_mqtt_quarantined_total", "counter", (), "MQTT messages that could not be handled."),
    Metric(
        "signald_clock_behind_seconds", "gauge", (), "How far the wall clock was set back and is still behind our time."
    ),
    Metric(
        "signald_slow_frames_total",
        "counter",
        (),
        "Frames that took the slow path: JSON, but not written as the compiled scan reads it.",
    ),
    Metric("signald_malformed_frames_total", "counter", (), "Frames that make no sense."),
    Metric(
        "signald_refined_frames_total",
        "counter",
        (),
        "Times that a book was kept in finer steps than its instrument's.",
    ),
    Metric("signald_unknown_symbol_frames_total", "counter", (), "Frames of books that are not kept."),
    Metric("signald_other_kind_frames_total", "counter", (), "Frames that are no book's."),
    Metric(
        "signald_board_up",
        "gauge",
        ("host",),
        "Whether the Redis on which a host's rows come is connected.",
        is_rare=True,
    ),
    Metric(
        "signald_board_silent", "gauge", ("host",), "Whether a host whose rows we want does not send any.", is_rare=True
    ),
    Metric(
        "signald_board_transit_seconds",
        "gauge",
        ("host",),
        "How long the last message of rows was on its way.",
        is_rare=True,
    ),
    Metric(
        "signald_board_clock_error_seconds",
        "gauge",
        ("host",),
        "By how much that may be wrong: what is not known of both hosts' clocks.",
        is_rare=True,
    ),
    Metric("signald_board_messages_total", "counter", ("host",), "Messages of rows that were believed.", is_rare=True),
    Metric("signald_board_gaps_total", "counter", ("host",), "Times that messages of rows were missing.", is_rare=True),
    Metric("signald_board_missed_total", "counter", ("host",), "Messages of rows that never came.", is_rare=True),
    Metric("signald_board_late_total", "counter", ("host",), "Messages of rows whose way took too long.", is_rare=True),
    Metric(
        "signald_board_doubted_total",
        "counter",
        ("host",),
        "Times that a live row of another host was flagged here.",
        is_rare=True,
    ),
    Metric(
        "signald_board_refused_total",
        "counter",
        ("host", "reason"),
        "Messages of rows that were not believed.",
        is_rare=True,
    ),
    Metric("signald_board_carrying", "gauge", (), "Whether we may send this host's rows, and can.", is_rare=True),
    Metric("signald_board_listeners", "gauge", (), "Who listened to the last message of rows.", is_rare=True),
    Metric("signald_board_sent_total", "counter", (), "Messages of rows sent.", is_rare=True),
    Metric(
        "signald_board_held_total",
        "counter",
        (),
        "Times rows waited for Redis, to go as they then stood.",
        is_rare=True,
    ),
    Metric("signald_journal_failing", "gauge", (), "Whether the journal cannot be written."),
    Metric(
        "signald_journal_lag_seconds", "gauge", (), "How long at most a record of the journal has waited for the disk."
    ),
    Metric("signald_journal_lost_total", "counter", (), "Records not kept."),
    Metric("signald_journal_bytes", "gauge", (), "What the journal has on the disk, its parts with it."),
    Metric("signald_journal_most_bytes", "gauge", (), "What it may have: `journal.keep_gb`; 0 is no limit."),
    Metric("signald_journal_removed_total", "counter", (), "Segments removed for their age or size."),
    Metric("signald_vintages_failing", "gauge", (), "Whether the store of vintages cannot be written."),
    Metric("signald_vintages_lost_total", "counter", (), "Vintages not kept."),
    Metric("signald_rehearsals_total", "counter", (), "Test releases sent down the path."),
    Metric("signald_rehearsals_returned_total", "counter", (), "And answered by Redis."),
    Metric("signald_rehearsal_seconds", "gauge", (), "How long the last one took, from ingestion to Redis' reply."),
    Metric("signald_gc_pauses_total", "counter", (), "Times garbage was collected."),
    Metric("signald_gc_full_total", "counter", (), "And all of it was looked at."),
    Metric("signald_gc_pause_seconds_total", "counter", (), "How long that took."),
    Metric("signald_gc_longest_pause_seconds", "gauge", (), "The longest such pause."),
    Metric("signald_stalls_total", "counter", (), "Turns of the loop over 5 ms late through our own work."),
    Metric(
        "signald_stalls_elsewhere_total",
        "counter",
        (),
        "Turns of the loop over 5 ms late because the processor was another's.",
    ),
    Metric("signald_longest_stall_seconds", "gauge", (), "The longest of our own."),
    Metric("signald_compilations_after_ready", "gauge", (), "Kernels compiled since ready: must be 0."),
    Metric(
        "signald_clock_offset_seconds", "gauge", (), "How far our clock is ahead of the time server's.", is_rare=True
    ),
    Metric(
        "signald_venue_delay_seconds",
        "gauge",
        ("venue",),
        "Least time by our clock from a venue's own time of a book's last frame to its receipt.",
        is_rare=True,
    ),
    Metric(
        "signald_source_delay_seconds",
        "gauge",
        ("bound",),
        "Time by our clock from the calendar sources' own times of their last heartbeats to their receipt.",
        is_rare=True,
    ),
    Metric("signald_build_info", "gauge", ("version", "python"), "What runs."),
)
"""Of the path, at ``metrics.port``."""

_OF_SOME_BOOKS: Final = frozenset(
    {
        *("signald_book_basis_bps", "signald_book_composite_share"),
        *("signald_composite_venues", "signald_composite_dex_share"),
        *("signald_release_basis_bps", "signald_release_lead_seconds"),
        *("signald_peg_usd", "signald_drift_bps"),
        *("signald_reference_correlation", "signald_reference_beta", "signald_reference_live"),
    }
)
"""What needs books of two venues, books of pegs, or a reference."""

CONSOLE: Final = (
    Metric(HISTOGRAM, "histogram", (), HISTOGRAM_MEANING),
    *(
        Metric(gauge.name, "gauge", gauge.labels, gauge.documentation, is_rare=gauge.name in _OF_SOME_BOOKS)
        for gauge in GAUGES
    ),
)
"""Of what was said and of what is known beside the path, at ``console.port``."""

CATALOGUE: Final = (*DAEMON, *CONSOLE)


def as_markdown() -> str:
    """docs/metrics.md."""
    return "\n".join([*_HEAD, *_table(DAEMON), "", *_CONSOLE_HEAD, *_table(CONSOLE), ""])


def _table(metrics: Sequence[Metric]) -> Iterator[str]:
    yield "| metric | type | labels | meaning |"
    yield "| --- | --- | --- | --- |"
    for one in metrics:
        labels = ", ".join(f"`{label}`" for label in one.labels)
        rare = " Not there while it has nothing to tell." if one.is_rare else ""
        yield f"| `{one.name}` | {one.kind} | {labels} | {one.meaning}{rare} |"


_HEAD: Final = (
    "# Metrics",
    "",
    "Made from the code by `make tables`. Names are `signald_<thing>_<unit>`, counters end in `_total`;",
    "labels are of small closed sets:",
    "venues, instruments and consumers of the configuration, series of `configs/indicators.toml`, words of the code.",
    "",
    "## The path: `http://HOST:9464/metrics`",
    "",
)
_CONSOLE_HEAD: Final = (
    "## What was said, and what is known beside the path: `http://HOST:9465/metrics`",
    "",
    "Served by the console. Asked for OpenMetrics, buckets of the histogram carry ids of documents as exemplars.",
    "",
)
