"""What Prometheus scrapes: plain counters and preallocated histograms, read when it asks and not before.

Counting is an addition to a dict or an array; names, labels and text are made at the scrape, in the thread that serves
it. Nothing is registered globally.
"""

import platform
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import NamedTuple, Self
from wsgiref.simple_server import WSGIServer

from prometheus_client import start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import CollectorRegistry

from signald.errors import ConfigError
from signald.model.time import NS_PER_S
from signald.sinks.counts import Counts
from signald.sinks.redis import Confirmation, Publisher
from signald.sinks.stages import BOUNDS_NS, LatencyRing, LatencySummary, Stages

__all__ = ["Counts", "Metrics", "MetricsServer", "Stages"]

_TURN_S = 0.0002
_BOUNDS = (*(repr(bound / NS_PER_S) for bound in BOUNDS_NS), "+Inf")


class _Watched(NamedTuple):
    """A number somebody else keeps."""

    name: str
    documentation: str
    read: Callable[[], float]
    is_counter: bool


class Metrics:
    """All metrics of a process: what it counts, and how Prometheus is told.

    Attributes:
        stages: Durations of the path's stages.
        latencies: The last releases' ways from ingestion to Redis' reply.
        counts: Everything counted by label.
    """

    def __init__(self, *, version: str, stages: Stages | None = None) -> None:
        """Start at nothing; ``version`` is ours."""
        self.stages = stages or Stages()
        self.latencies = LatencyRing()
        self.counts = Counts()
        self._version = version
        self._watched: list[_Watched] = []

    def watch(self, name: str, documentation: str, read: Callable[[], float]) -> None:
        """Export ``read()`` as the gauge ``name`` at each scrape; it runs in the scrape's thread."""
        self._watched.append(_Watched(name, documentation, read, is_counter=False))

    def watch_counter(self, name: str, documentation: str, read: Callable[[], float]) -> None:
        """The same for a number that only rises; ``name`` ends in ``_total``."""
        self._watched.append(_Watched(name, documentation, read, is_counter=True))

    def watch_publisher(self, publisher: Publisher) -> None:
        """Export what ``publisher`` counts, and how far it is behind."""
        self.watch("signald_redis_up", "Whether Redis is connected.", lambda: publisher.is_up)
        self.watch("signald_publisher_queue_depth", "Signals Redis has not confirmed.", lambda: publisher.depth)
        self.watch(
            "signald_publisher_lag_seconds",
            "Age of the oldest signal Redis has not confirmed.",
            lambda: publisher.lag_ns() / NS_PER_S,
        )
        for name, documentation, read in (
            ("published", "Signals Redis wrote.", lambda: publisher.published),
            (
                "duplicates",
                "Signals Redis had already, from a replica or an earlier attempt.",
                lambda: publisher.duplicates,
            ),
            ("refusals", "Signals Redis refused for the time being.", lambda: publisher.refusals),
            ("late", "Signals Redis wrote late.", lambda: publisher.delivered_late),
            ("dropped", "Signals given up; the journal has them.", lambda: publisher.dropped),
        ):
            self.watch_counter(f"signald_publisher_{name}_total", documentation, read)

    def confirm(self, confirmation: Confirmation) -> None:
        """Count what Redis confirmed; a publisher's ``on_confirmed``. Late ones and tests say nothing of the path."""
        self.stages.observe("publish", confirmation.replied - confirmation.sent)
        document = confirmation.document
        if document.ingested is not None and not confirmation.late_ms:
            total_ns = confirmation.replied - document.ingested
            self.stages.observe("total", total_ns)
            if not document.test:
                self.latencies.record(total_ns)

    def summarize(self) -> LatencySummary:
        """Exact percentiles of the last releases."""
        return self.latencies.summarize()

    def collect(self) -> Iterator[Metric]:
        """All metrics as they stand, for Prometheus."""
        yield _stage_family(self.stages)
        counts = self.counts
        yield _counter("signald_frames_total", "Websocket frames.", ["venue"], counts.frames)
        yield _counter(
            "signald_gaps_total", "Books discarded because they were wrong or might be.", ["venue"], counts.gaps
        )
        yield _counter("signald_resyncs_total", "Books that could be believed again.", ["venue"], counts.resyncs)
        yield _counter("signald_stale_books_total", "Books that became stale.", ["venue", "reason"], counts.stale)
        yield _counter("signald_rejected_total", "Inputs not taken.", ["reason"], counts.rejected)
        yield _counter("signald_quarantined_total", "Figures not scored.", ["reason"], counts.quarantined)
        yield _counter("signald_releases_total", "Steps of releases' lives.", ["state"], counts.releases)
        yield _counter("signald_notices_total", "Facts about ourselves.", ["kind"], counts.notices)
        yield _counter("signald_signals_total", "Documents written.", ["kind", "verdict"], counts.signals)
        for name, documentation, read, is_counter in self._watched:
            family = CounterMetricFamily if is_counter else GaugeMetricFamily
            yield family(name, documentation, value=float(read()))
        info = GaugeMetricFamily("signald_build_info", "What runs.", labels=["version", "python"])
        info.add_metric([self._version, platform.python_version()], 1.0)
        yield info


class MetricsServer:
    """Serves ``/metrics`` in a thread of its own; a context manager, or :meth:`start` and :meth:`stop`.

    Attributes:
        port: Where it listens; the one that was found if 0 was asked for.
    """

    def __init__(self, metrics: Metrics, *, host: str, port: int) -> None:
        """Prepare to serve ``metrics``; nothing listens yet."""
        self._registry = CollectorRegistry()
        self._registry.register(metrics)
        self._host = host
        self.port = port
        self._running: tuple[WSGIServer, threading.Thread] | None = None

    def start(self) -> None:
        """Listen. From now on threads take turns every 0.2 ms, so that a scrape (3 ms) holds no release up.

        Raises:
            ConfigError: The address cannot be listened on.
        """
        try:
            self._running = start_http_server(self.port, self._host, self._registry)
        except (OSError, OverflowError) as failure:
            where = "metrics.host, metrics.port"
            raise ConfigError(where, f"{self._host}:{self.port}: {failure}") from failure
        self.port = self._running[0].server_port
        sys.setswitchinterval(_TURN_S)

    def stop(self) -> None:
        """Stop listening and end the thread; blocks for up to half a second. Harmless when it does not run."""
        if self._running is not None:
            server, thread = self._running
            self._running = None
            server.shutdown()
            server.server_close()
            thread.join()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


def _stage_family(stages: Stages) -> HistogramMetricFamily:
    family = HistogramMetricFamily("signald_stage_seconds", "How long each stage of the path took.", labels=["stage"])
    for stage, (counts, sum_ns) in stages.read().items():
        below = 0
        buckets: list[tuple[str, float]] = []
        for bound, count in zip(_BOUNDS, counts, strict=True):
            below += count
            buckets.append((bound, float(below)))
        family.add_metric([stage], buckets, sum_ns / NS_PER_S)
    return family


def _counter(
    name: str, documentation: str, labels: Sequence[str], counts: Mapping[str, int] | Mapping[tuple[str, str], int]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, documentation, labels=labels)
    for values, count in dict(counts).items():  # a copy: the loop's thread may add a label meanwhile
        family.add_metric([values] if isinstance(values, str) else list(values), float(count))
    return family
