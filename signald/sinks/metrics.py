"""What Prometheus is told: plain counters and preallocated histograms, read when it asks and not before.

Counting is an addition to a dict or an array; names, labels and text are made where a scrape is served, which is
another process's business or another thread's (see :mod:`signald.sinks.exposition`). Nothing is registered globally.
"""

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from signald.model.time import NS_PER_S
from signald.sinks.counts import Counts
from signald.sinks.page import Key, Labels, NumberPage, Sample
from signald.sinks.redis import Confirmation, Publisher
from signald.sinks.stages import LatencyRing, LatencySummary, Stages


class _Watched(NamedTuple):
    """A number somebody else keeps."""

    key: Key
    read: Callable[[], float]


class Metrics:
    """All metrics of a process: what it counts, and how Prometheus is told.

    Attributes:
        stages: Durations of the path's stages.
        latencies: The last releases' ways from ingestion to Redis' reply.
        counts: Everything counted by label.
    """

    def __init__(self, *, version: str, stages: Stages | None = None, latencies: LatencyRing | None = None) -> None:
        """Start at nothing; ``version`` is ours. Histograms and latencies may lie in memory that others read."""
        self.stages = stages or Stages()
        self.latencies = latencies or LatencyRing()
        self.counts = Counts()
        self._counted = _counted_in(self.counts)
        self._watched: list[_Watched] = []
        self._places: list[int] = []  # where those are told
        labels = (("version", version), ("python", platform.python_version()))
        self._build = Key("signald_build_info", "gauge", "What runs.", labels)

    def watch(self, name: str, documentation: str, read: Callable[[], float], *, labels: Labels = ()) -> None:
        """Export ``read()`` as the gauge ``name`` whenever the numbers are told; it may run in a thread."""
        self._watched.append(_Watched(Key(name, "gauge", documentation, labels), read))

    def watch_counter(self, name: str, documentation: str, read: Callable[[], float], *, labels: Labels = ()) -> None:
        """The same for a number that only rises; ``name`` ends in ``_total``."""
        self._watched.append(_Watched(Key(name, "counter", documentation, labels), read))

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

    def samples(self) -> Iterator[Sample]:
        """All that is counted or watched, as it stands."""
        for counted in self._counted:
            for values, count in dict(counted.counts).items():  # a copy: the loop's thread may add a label meanwhile
                yield Sample(counted.key(values), float(count))
        for key, read in self._watched:
            yield Sample(key, float(read()))
        yield Sample(self._build, 1.0)

    def tell(self, page: NumberPage) -> None:
        """Write all of that where another process reads it; takes some 30 µs."""
        places, at = self._places, 0
        for counted in self._counted:
            for values, count in counted.counts.items():
                place = counted.places.get(values)
                if place is None:
                    place = counted.places[values] = page.place_of(counted.key(values))
                page.write(place, count)
        if len(places) != len(self._watched) + 1:
            places[:] = [page.place_of(key) for key in (*(key for key, _ in self._watched), self._build)]
        for _, read in self._watched:
            page.write(places[at], read())
            at += 1
        page.write(places[at], 1.0)


class _Counted:
    """Numbers that are counted by their labels.

    Attributes:
        counts: The numbers.
        places: Where each is told.
    """

    def __init__(self, name: str, documentation: str, labels: Sequence[str], counts: Mapping[Any, int]) -> None:
        self._name = f"signald_{name}_total"
        self._documentation = documentation
        self._labels = labels
        self.counts = counts
        self.places: dict[str | tuple[str, str], int] = {}

    def key(self, values: str | tuple[str, str]) -> Key:
        named = zip(self._labels, (values,) if isinstance(values, str) else values, strict=True)
        return Key(self._name, "counter", self._documentation, tuple(named))


def _counted_in(counts: Counts) -> tuple[_Counted, ...]:
    return (
        _Counted("frames", "Websocket frames.", ("venue",), counts.frames),
        _Counted("venue_limits", "Times that a venue went beyond a limit.", ("venue", "limit"), counts.beyond),
        _Counted("gaps", "Books discarded because they were wrong or might be.", ("venue",), counts.gaps),
        _Counted("resyncs", "Books that could be believed again.", ("venue",), counts.resyncs),
        _Counted("stale_books", "Books that became stale.", ("venue", "reason"), counts.stale),
        _Counted("rejected", "Inputs not taken.", ("reason",), counts.rejected),
        _Counted("quarantined", "Figures not scored.", ("reason",), counts.quarantined),
        _Counted("releases", "Steps of releases' lives.", ("state",), counts.releases),
        _Counted("notices", "Facts about ourselves.", ("kind",), counts.notices),
        _Counted("signals", "Documents written.", ("kind", "verdict"), counts.signals),
    )
