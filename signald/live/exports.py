"""Exports what the daemon's parts count: each number stays where it is kept, and is read when Prometheus asks."""

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

from signald.core.engine import Store
from signald.journal.writer import JournalWriter
from signald.live.collector import Collector
from signald.live.intake import Intake
from signald.live.journal_sync import JournalSync
from signald.live.limits import FAMILIES, REASONS, Limits
from signald.live.rehearsal import Rehearsal
from signald.live.reloads import RESULTS, Reloads
from signald.live.retention import Retention
from signald.model.time import NS_PER_S
from signald.pipeline import Pipeline
from signald.runtime.roster import Roster
from signald.runtime.stalls import StallWatch
from signald.sinks.metrics import Metrics
from signald.sinks.replicas import ReplicaCheck
from signald.sources.protocol import VenueSource
from signald.sources.registry import VenueConfig
from signald.transports.mqtt import MqttConnection
from signald.vintages.recorder import VintageRecorder

_FRAMES = (
    ("slow", "Frames that took the slow path: JSON, but not written as the compiled scan reads it."),
    ("malformed", "Frames that make no sense."),
    ("refined", "Times that a book was kept in finer steps than its instrument's."),
    ("unknown_symbol", "Frames of books that are not kept."),
    ("other_kind", "Frames that are no book's."),
)


def watch_replicas(metrics: Metrics, replicas: ReplicaCheck) -> None:
    """How far replicas agree."""
    for name, documentation, read in (
        ("agreements", "Signals of which another replica wrote the same.", lambda: replicas.agreed),
        (
            "disagreements",
            "Signals of which another replica wrote another cause, surprise or model.",
            lambda: replicas.disagreed,
        ),
        ("unchecked", "Signals of another replica that were not found again.", lambda: replicas.unchecked),
    ):
        metrics.watch_counter(f"signald_replica_{name}_total", documentation, read)


def watch_inputs(metrics: Metrics, mqtt: MqttConnection, intake: Intake) -> None:
    """The broker's connection, and time."""
    metrics.watch("signald_mqtt_up", "Whether the broker is connected.", lambda: mqtt.is_up)
    metrics.watch_counter("signald_mqtt_messages_total", "MQTT messages taken.", lambda: mqtt.messages)
    metrics.watch_counter(
        "signald_mqtt_quarantined_total", "MQTT messages that could not be handled.", lambda: mqtt.quarantined
    )
    metrics.watch(
        "signald_clock_behind_seconds",
        "How far the wall clock was set back and is still behind our time.",
        lambda: intake.behind_ns() / NS_PER_S,
    )


def watch_limits(metrics: Metrics, limits: Limits) -> None:
    """What of the broker's messages was beyond a limit."""
    for family in FAMILIES:
        for reason in REASONS:
            metrics.watch_counter(
                "signald_mqtt_refused_total",
                "MQTT messages refused for their size or rate.",
                partial(limits.refused.__getitem__, (family, reason)),
                labels=(("family", family), ("reason", reason)),
            )


def watch_stores(metrics: Metrics, stores: Iterable[Store]) -> None:
    """How full everything is that others fill."""
    for what, most, held in stores:
        labels = (("what", what),)
        metrics.watch("signald_kept", "How much is kept of what others say.", held, labels=labels)
        metrics.watch(
            "signald_kept_most",
            "How much of it may be kept: what is beyond is refused, or the eldest forgotten.",
            partial(int, most),
            labels=labels,
        )


def watch_frames(metrics: Metrics, sources: Collection[VenueSource]) -> None:
    """What the books' sources count that is not routine, over all of them."""

    def count(name: str) -> int:
        return sum(source.counts.get(name, 0) for source in sources)

    for name, documentation in _FRAMES:
        metrics.watch_counter(f"signald_{name}_frames_total", documentation, partial(count, name))


def watch_journal(metrics: Metrics, journal: JournalWriter, sync: JournalSync) -> None:
    """What is appended to a journal, and how far the disk is behind."""
    metrics.watch(
        "signald_journal_failing", "Whether the journal cannot be written.", lambda: bool(journal.status().failing)
    )
    metrics.watch(
        "signald_journal_lag_seconds",
        "How long at most a record of the journal has waited for the disk.",
        lambda: sync.lag_ns() / NS_PER_S,
    )
    metrics.watch_counter("signald_journal_lost_total", "Records not kept.", lambda: journal.status().lost)


def watch_retention(metrics: Metrics, retention: Retention) -> None:
    """How large a journal is."""
    metrics.watch(
        "signald_journal_bytes", "What the journal has on the disk, its parts with it.", lambda: retention.held
    )
    metrics.watch(
        "signald_journal_most_bytes", "What it may have: `journal.keep_gb`; 0 is no limit.", lambda: retention.most
    )
    metrics.watch_counter(
        "signald_journal_removed_total", "Segments removed for their age or size.", lambda: retention.removed
    )


def watch_vintages(metrics: Metrics, vintages: VintageRecorder) -> None:
    """What is kept of what was known when."""
    metrics.watch(
        "signald_vintages_failing", "Whether the store of vintages cannot be written.", lambda: vintages.is_failing
    )
    metrics.watch_counter("signald_vintages_lost_total", "Vintages not kept.", lambda: vintages.dropped)


def watch_warmth(metrics: Metrics, rehearsal: Rehearsal, stalls: StallWatch) -> None:
    """Whether the path is warm, and what held it up."""
    metrics.watch_counter("signald_rehearsals_total", "Test releases sent down the path.", lambda: rehearsal.rounds)
    metrics.watch_counter("signald_rehearsals_returned_total", "And answered by Redis.", lambda: rehearsal.returned)
    metrics.watch(
        "signald_rehearsal_seconds",
        "How long the last one took, from ingestion to Redis' reply.",
        lambda: rehearsal.last_ns / NS_PER_S,
    )
    metrics.watch_counter(
        "signald_stalls_total", "Turns of the loop over 5 ms late through our own work.", lambda: stalls.ours
    )
    metrics.watch_counter(
        "signald_stalls_elsewhere_total",
        "Turns of the loop over 5 ms late because the processor was another's.",
        lambda: stalls.elsewhere,
    )
    metrics.watch("signald_longest_stall_seconds", "The longest of our own.", lambda: stalls.longest_ns / NS_PER_S)


def watch_collector(metrics: Metrics, collector: Collector) -> None:
    """How long garbage held things up."""
    metrics.watch_counter("signald_gc_pauses_total", "Times garbage was collected.", lambda: collector.pauses)
    metrics.watch_counter("signald_gc_full_total", "And all of it was looked at.", lambda: collector.full)
    metrics.watch_counter(
        "signald_gc_pause_seconds_total", "How long that took.", lambda: collector.total_ns / NS_PER_S
    )
    metrics.watch(
        "signald_gc_longest_pause_seconds", "The longest such pause.", lambda: collector.longest_ns / NS_PER_S
    )


def watch_compilations(metrics: Metrics, since_ready: Callable[[], int]) -> None:
    """What may not happen while the clock strikes."""
    metrics.watch("signald_compilations_after_ready", "Kernels compiled since ready: must be 0.", since_ready)


def watch_reloads(metrics: Metrics, reloads: Reloads) -> None:
    """What became of other configurations."""
    for result in RESULTS:
        metrics.watch_counter(
            "signald_reloads_total",
            "Configurations that were to be taken while the daemon ran.",
            partial(reloads.total, result),
            labels=(("result", result),),
        )
    metrics.watch("signald_reload_waits", "Whether one waits until no release is open.", lambda: int(reloads.waits))


def watch_processes(metrics: Metrics, roster: Roster) -> None:
    """Who shares the work."""
    for name in roster.names:
        labels = (("process", name),)
        metrics.watch(
            "signald_process_up", "Whether a process does its work.", partial(roster.is_ready, name), labels=labels
        )
        metrics.watch_counter(
            "signald_process_restarts_total",
            "Times a process was started again.",
            partial(roster.restarts, name),
            labels=labels,
        )


def watch_delays(metrics: Metrics, pipeline: Pipeline, venues: Iterable[VenueConfig]) -> None:
    """How long after their own time others' messages come, by our clock.

    Below zero our clock is behind theirs. It holds the way as well as the clocks, so it bounds what the clocks differ
    by: no latency between machines is to be believed without it.
    """
    board, engine = pipeline.board, pipeline.engine
    rows_of: dict[str, list[int]] = {}
    for venue in venues:
        rows_of.setdefault(venue.name, []).extend(map(board.instruments.index, venue.instruments))

    def of_venue(rows: Sequence[int]) -> float:
        read = board.read()
        delays = (int(read["ts_ingest"][row]) - int(read["ts_event"][row]) for row in rows if read["ts_event"][row])
        return min(delays, default=math.nan) / NS_PER_S

    def of_sources(pick: Callable[..., float]) -> float:
        return pick((one.ts_ingest - one.ts_event for one in engine.sources.values()), default=math.nan) / NS_PER_S

    for venue, rows in rows_of.items():
        metrics.watch(
            "signald_venue_delay_seconds",
            "Least time by our clock from a venue's own time of a book's last frame to its receipt.",
            partial(of_venue, rows),
            labels=(("venue", venue),),
        )
    for bound, pick in (("least", min), ("greatest", max)):
        metrics.watch(
            "signald_source_delay_seconds",
            "Time by our clock from the calendar sources' own times of their last heartbeats to their receipt.",
            partial(of_sources, pick),
            labels=(("bound", bound),),
        )
