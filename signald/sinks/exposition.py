"""Serves what processes tell of themselves to Prometheus: text is made here, where no release waits for it.

Several processes may tell the same number: counters and histograms are added up, of gauges the highest counts.
"""

import contextlib
import math
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from socketserver import ThreadingMixIn
from types import TracebackType
from typing import Any, Final, Protocol, Self, TypeAlias
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import make_wsgi_app  # pyright: ignore[reportUnknownVariableType] - it leaves its types open
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import CollectorRegistry

from signald.errors import ConfigError
from signald.model.time import NS_PER_S, NS_PER_US
from signald.sinks.page import Key, NumberPage, Sample
from signald.sinks.stages import BOUNDS_NS, STAGES, LatencyRing, Stages

_TURN_S: Final = 0.0002
_BACKLOG: Final = 64
_SILENT_S: Final = 10.0
MOST_CONNECTIONS: Final = 32
"""To the metrics, at once: Prometheus has one, a probe another."""

_BOUNDS: Final = (*(repr(bound / NS_PER_S) for bound in BOUNDS_NS), "+Inf")
_FAMILIES: Final = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily}


_Application: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Told(Protocol):
    """What one process tells: its own :class:`Metrics`, or a :class:`Page` of another's."""

    @property
    def stages(self) -> Stages:
        """Durations of the path's stages."""
        ...

    @property
    def latencies(self) -> LatencyRing:
        """The last releases' ways from ingestion to Redis' reply."""
        ...

    def samples(self) -> Iterable[Sample]:
        """All other numbers."""
        ...


class Page:
    """What another process tells in shared memory."""

    def __init__(self, numbers: NumberPage, stages: Stages, latencies: LatencyRing) -> None:
        """Read from there."""
        self.stages = stages
        self.latencies = latencies
        self._numbers = numbers

    def samples(self) -> Iterable[Sample]:
        """All numbers but those of stages and latencies."""
        return self._numbers.read()


class Exposition:
    """All that is told, as Prometheus' client library wants it."""

    def __init__(self, told: Sequence[Told]) -> None:
        """Put together what these tell."""
        self._told = told

    def samples(self) -> dict[Key, float]:
        """Every number by what it is; of several processes' together."""
        together: dict[Key, float] = {}
        for key, value in (sample for one in self._told for sample in one.samples()):
            if key not in together or math.isnan(together[key]):
                together[key] = value
            elif not math.isnan(value):
                together[key] = together[key] + value if key.kind == "counter" else max(together[key], value)
        return together

    def collect(self) -> Iterator[Metric]:
        """All metrics as they stand."""
        yield self._stages()
        yield from self._latencies()
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for key, value in self.samples().items():
            labels = [name for name, _ in key.labels]
            family = families.get(key.name)
            if family is None:
                families[key.name] = family = _FAMILIES[key.kind](key.name, key.documentation, labels=labels)
            family.add_metric([text for _, text in key.labels], value)
        yield from families.values()

    def _stages(self) -> Metric:
        family = HistogramMetricFamily(
            "signald_stage_seconds", "How long each stage of the path took.", labels=["stage"]
        )
        read = [one.stages.read() for one in self._told]
        for stage in STAGES:
            below = 0
            buckets: list[tuple[str, float]] = []
            for bound, counts in zip(_BOUNDS, zip(*(each[stage].counts for each in read), strict=True), strict=True):
                below += sum(counts)
                buckets.append((bound, float(below)))
            family.add_metric([stage], buckets, sum(each[stage].sum_ns for each in read) / NS_PER_S)
        return family

    def _latencies(self) -> Iterator[Metric]:
        """Exact percentiles of the last releases, of the process that has most of them."""
        summary = max((one.latencies.summarize() for one in self._told), key=lambda one: one.n)
        family = GaugeMetricFamily(
            "signald_release_latency_seconds",
            "Exact percentiles of the last releases, from ingestion to Redis' reply; quantile 1 is the slowest.",
            labels=["quantile"],
        )
        quantiles = {"0.5": summary.p50_us, "0.99": summary.p99_us, "0.999": summary.p999_us, "1": summary.max_us}
        for quantile, us in quantiles.items():
            family.add_metric([quantile], us * NS_PER_US / NS_PER_S)
        yield family
        yield GaugeMetricFamily(
            "signald_release_latency_count", "How many releases those are of.", value=float(summary.n)
        )


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each connection, and of those so many: beyond, the eldest gives way.

    Whoever scrapes is done in milliseconds: what has been open for longest is who says nothing, or a byte at a time.

    Attributes:
        gave_way: How many did.
    """

    daemon_threads = True
    request_queue_size = _BACKLOG

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, _Quiet, bind_and_activate=False)
        self.gave_way = 0
        self._open: dict[socket.socket, None] = {}
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the library has it
        with self._lock:
            if len(self._open) >= MOST_CONNECTIONS:
                eldest = next(iter(self._open))
                del self._open[eldest]
                self.gave_way += 1
                with contextlib.suppress(OSError):
                    eldest.shutdown(socket.SHUT_RDWR)  # whoever waits for it finds its end
            self._open[request] = None
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as the library has it
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the library has it
        """Who leaves before the end is no news either."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Quiet(WSGIRequestHandler):
    timeout = _SILENT_S

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - as the library has it
        """A scrape is no news."""


class _GaveWay:
    def __init__(self, server: _Server) -> None:
        self._server = server

    def collect(self) -> Iterator[Metric]:
        said = "Connections to the metrics that had to give way to newer ones."
        yield CounterMetricFamily("signald_metrics_gave_way_total", said, value=self._server.gave_way)


def listen(host: str, port: int, *, section: str = "metrics") -> socket.socket:
    """Listen where a section of the configuration says; raises ``ConfigError`` if that cannot be done there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as failure:
        listener.close()
        where = f"{section}.host, {section}.port"
        raise ConfigError(where, f"{host}:{port}: {failure}") from failure
    return listener


def build_server(told: Sequence[Told], listener: socket.socket, *, is_ready: Callable[[], bool]) -> WSGIServer:
    """A server of ``/metrics`` on a socket that listens already; it serves once its ``serve_forever`` is called.

    ``/ready`` answers 200 while ``is_ready``, else 503: of this daemon alone, where ``signald status`` speaks of all.
    """
    host, port = listener.getsockname()[:2]
    server = _Server((host, port))
    registry = CollectorRegistry()
    registry.register(Exposition(told))
    registry.register(_GaveWay(server))
    server.socket.close()
    server.socket = listener
    server.server_name, server.server_port = host, port
    server.setup_environ()
    metrics: _Application = make_wsgi_app(registry)  # pyright: ignore[reportUnknownVariableType] - as theirs is

    def answer(request: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if request["PATH_INFO"] != "/ready":
            return metrics(request, start)
        status, said = ("200 OK", b"ready\n") if is_ready() else ("503 Service Unavailable", b"not ready\n")
        start(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(said)))])
        return [said]

    server.set_app(answer)
    return server


class MetricsServer:
    """Serves ``/metrics`` and ``/ready`` in a thread of its own; a context manager, or :meth:`start` and :meth:`stop`.

    Attributes:
        port: Where it listens; the one that was found if 0 was asked for.
    """

    def __init__(self, *told: Told, host: str, port: int, is_ready: Callable[[], bool] = lambda: True) -> None:
        """Prepare to serve what is told; nothing listens yet. Who says nothing of it is ready once it listens."""
        self._told = told
        self._is_ready = is_ready
        self._host = host
        self.port = port
        self._running: tuple[WSGIServer, threading.Thread] | None = None

    def start(self) -> None:
        """Listen. From now on threads take turns every 0.2 ms, so that a scrape (3 ms) holds no release up.

        Raises:
            ConfigError: The address cannot be listened on.
        """
        server = build_server(self._told, listen(self._host, self.port), is_ready=self._is_ready)
        thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
        thread.start()
        self._running = server, thread
        self.port = server.server_port
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
