"""All metrics of the console as Prometheus reads them."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import CollectorRegistry
from prometheus_client.samples import Exemplar

from signald.console.facts import BOUNDS_S, Facts
from signald.console.gauges.books import BOOKS
from signald.console.gauges.calendar import CALENDAR
from signald.console.gauges.gauge import Gauge, Told
from signald.console.gauges.model import MODEL
from signald.console.gauges.movers import MOVERS
from signald.console.gauges.operations import OPERATIONS
from signald.model.time import NS_PER_S

HISTOGRAM: Final = "signald_tick_to_signal_seconds"
HISTOGRAM_MEANING: Final = "From a figure's ingestion to sending its document; exemplars are documents' ids."

GAUGES: Final[tuple[Gauge, ...]] = (*BOOKS, *CALENDAR, *MODEL, *MOVERS, *OPERATIONS)
"""Every metric that is not on the path, and how it is read."""


def exposition(told: Told, accept: str) -> tuple[bytes, str]:
    """All metrics as they stand, and their content type; OpenMetrics, with exemplars, for who accepts it."""
    registry = CollectorRegistry()
    registry.register(_Collector(told))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Collector:
    def __init__(self, told: Told) -> None:
        self._told = told

    def collect(self) -> Iterator[Metric]:
        yield _histogram(self._told.facts)
        for gauge in GAUGES:
            family = GaugeMetricFamily(gauge.name, gauge.documentation, labels=gauge.labels)
            for labels, value in gauge.read(self._told):
                family.add_metric(labels, value)
            yield family


def _histogram(facts: Facts) -> HistogramMetricFamily:
    family = HistogramMetricFamily(HISTOGRAM, HISTOGRAM_MEANING)
    below = 0
    buckets: list[tuple[str, float] | tuple[str, float, Exemplar]] = []
    for number, bound in enumerate((*map(repr, BOUNDS_S), "+Inf")):
        below += facts.counts[number]
        seen = facts.exemplars.get(number)
        if seen is None:
            buckets.append((bound, float(below)))
        else:
            buckets.append((bound, float(below), Exemplar({"signal_id": seen.id}, seen.seconds, seen.ts / NS_PER_S)))
    family.add_metric([], buckets, facts.sum_s)
    return family
