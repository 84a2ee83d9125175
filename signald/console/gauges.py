"""What the console knows, for Prometheus: books, calendar, guard, outcomes, consumers. Nothing of it is on the path."""

import contextlib
import resource
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import CollectorRegistry
from prometheus_client.samples import Exemplar

from signald.console.facts import BOUNDS_S, Facts, indicator_of, primary
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos

_GUARD_STATES: Final = ("normal", "widen", "hold", "released", "recover")
_PAGE_BYTES: Final = resource.getpagesize()

Values: TypeAlias = Iterable[tuple[tuple[str, ...], float]]


class Told(NamedTuple):
    """What there is to tell at one scrape.

    Attributes:
        now: signald's time.
        facts: Of documents.
        parts: Of the status, as pages see it.
        pages: How many are open.
        redis_up: Whether Redis answers.
        processes: Process ids by what they do.
        refused: Requests that showed a wrong token, or came from an address that did so too often.
        beyond: Requests refused by the limit that they were beyond.
    """

    now: Nanos
    facts: Facts
    parts: Mapping[str, Any]
    pages: int
    redis_up: bool
    processes: Mapping[str, int]
    refused: int = 0
    beyond: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric: what it is called, what it means, its labels, and where its numbers are."""

    name: str
    documentation: str
    labels: tuple[str, ...]
    read: Callable[[Told], Values]


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


def _books(told: Told) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for book in told.parts.get("books", {}).get("books", ()):
        yield (book["instrument"], book["venue"]), book


def _of_books(name: str) -> Callable[[Told], Values]:
    def read(told: Told) -> Values:
        return ((labels, book[name]) for labels, book in _books(told) if book[name] is not None)

    return read


def _live(told: Told) -> Values:
    return ((labels, float(book["state"] == "live" and not book["flags"])) for labels, book in _books(told))


def _age(told: Told) -> Values:
    for labels, book in _books(told):
        if book["age_ms"] is not None:
            since = told.now / NS_PER_MS - told.parts["books"]["ts"]
            yield labels, max(0.0, book["age_ms"] + since) / 1_000


def _touch(told: Told) -> Values:
    for labels, book in _books(told):
        for side in ("bid", "ask"):
            if book[side] is not None:
                yield (*labels, side), book[side]


def _depth(told: Told) -> Values:
    for labels, book in _books(told):
        places = (("bid", "5"), ("ask", "5"), ("bid", "25"), ("ask", "25"))
        for place, usd in zip(places, book["depth"], strict=True):
            if usd is not None:
                yield (*labels, *place), usd


def _due(told: Told) -> Iterator[tuple[tuple[str], dict[str, Any]]]:
    seen: set[str] = set()
    for release in told.parts.get("calendar", {}).get("releases", ()):
        name = indicator_of(release["release"])
        if name not in seen:  # the next one of each series
            seen.add(name)
            yield (name,), release


def _sources(told: Told) -> Iterator[tuple[tuple[str], dict[str, Any]]]:
    for source in told.parts.get("calendar", {}).get("sources", ()):
        yield (source["source"],), source


def _guard(told: Told) -> Values:
    for instrument, step in told.facts.guards.items():
        state = step.state if told.now < step.ts_expires else "widen"
        for name in _GUARD_STATES:
            yield (instrument, name), float(name == state)


def _figures(told: Told) -> Values:
    for name, cause in told.facts.figures.items():
        for what in ("actual", "consensus", "prior"):
            value: float | None = getattr(cause, what)
            if value is not None:
                yield (name, what), value


def _surprise(told: Told) -> Values:
    return (((name,), one.surprise_z) for name, one in told.facts.figures.items() if one.surprise_z is not None)


def _predicted(told: Told) -> Values:
    for instrument, signal in told.facts.predictions.items():
        for bound, bps in primary(signal).items():
            yield (instrument, bound), bps


def _of_horizons(read: Callable[[Told, int], float]) -> Callable[[Told], Values]:
    def values(told: Told) -> Values:
        return (((str(horizon),), read(told, horizon)) for horizon in told.facts.scores.horizons)

    return values


def _reliability(name: str) -> Callable[[Told], Values]:
    def values(told: Told) -> Values:
        return (((bin_,), float(getattr(one, name))) for bin_, one in told.facts.scores.reliability().items())

    return values


def _lags(which: int) -> Callable[[Told], Values]:
    def values(told: Told) -> Values:
        return ((place, float(lag[which])) for place, lag in told.facts.lags.items())

    return values


def _daemon(told: Told) -> Mapping[str, Any]:
    return told.parts.get("daemon", {})


def _controls(command: str) -> Callable[[Told], Values]:
    def values(told: Told) -> Values:
        holds = _daemon(told).get("controls") or ()
        yield (), float(sum(one["command"] == command for one in holds))

    return values


def _resident(told: Told) -> Values:
    for name, pid in told.processes.items():
        with contextlib.suppress(OSError):
            yield (name,), float(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES


HISTOGRAM: Final = "signald_tick_to_signal_seconds"
HISTOGRAM_MEANING: Final = "From a figure's ingestion to sending its document; exemplars are documents' ids."
_BOOK: Final = ("instrument", "venue")

GAUGES: Final[tuple[Gauge, ...]] = (
    Gauge("signald_book_live", "Whether a book is live and nothing speaks against it.", _BOOK, _live),
    Gauge("signald_book_age_seconds", "Since the last frame of a book.", _BOOK, _age),
    Gauge("signald_book_touch", "Best bid and best ask.", (*_BOOK, "side"), _touch),
    Gauge("signald_book_mid", "Half of best bid and best ask.", _BOOK, _of_books("mid")),
    Gauge("signald_book_spread_bps", "Best ask less best bid.", _BOOK, _of_books("spread_bps")),
    Gauge("signald_book_imbalance", "Of the first ten levels, -1 to 1.", _BOOK, _of_books("imbalance")),
    Gauge("signald_book_basis_bps", "Microprice in dollars less its composite's.", _BOOK, _of_books("basis_bps")),
    Gauge("signald_book_composite_share", "Of its composite's weights; 0: not believed.", _BOOK, _of_books("share")),
    Gauge("signald_composite_venues", "Venues that a composite believes.", _BOOK, _of_books("venues")),
    Gauge(
        "signald_composite_dex_share",
        "Of what rests within 25 bps of a composite, on decentralised venues.",
        _BOOK,
        _of_books("dex_share"),
    ),
    Gauge("signald_book_depth_usd", "Resting within so many bps of mid.", (*_BOOK, "side", "within_bps"), _depth),
    Gauge(
        "signald_source_heartbeat_age_seconds",
        "Since a calendar source was last heard.",
        ("source",),
        lambda told: (
            (name, max(0.0, told.now / NS_PER_MS - one["heard"]) / 1_000)
            for name, one in _sources(told)
            if one["heard"]
        ),
    ),
    Gauge(
        "signald_source_alive",
        "Whether a calendar source sends heartbeats.",
        ("source",),
        lambda told: ((name, float(one["alive"])) for name, one in _sources(told)),
    ),
    Gauge(
        "signald_release_due_seconds",
        "Until the next release of a series; below zero it is awaited.",
        ("indicator",),
        lambda told: ((name, (one["ts"] - told.now / NS_PER_MS) / 1_000) for name, one in _due(told)),
    ),
    Gauge(
        "signald_release_armed",
        "Whether the next release of a series is armed.",
        ("indicator",),
        lambda told: ((name, float(one["armed"])) for name, one in _due(told)),
    ),
    Gauge(
        "signald_release_sources_alive",
        "How many sources that cover the next release of a series are alive.",
        ("indicator",),
        lambda told: ((name, float(sum(each["alive"] for each in one["sources"]))) for name, one in _due(told)),
    ),
    Gauge("signald_guard_state", "1 for the state that the guard is in.", ("instrument", "state"), _guard),
    Gauge("signald_figure", "The newest figure of a series, in its unit.", ("indicator", "what"), _figures),
    Gauge("signald_surprise_sigma", "Its surprise, in standard deviations.", ("indicator",), _surprise),
    Gauge(
        "signald_predicted_move_bps", "The newest prediction, over five minutes.", ("instrument", "bound"), _predicted
    ),
    Gauge(
        "signald_realised_move_bps",
        "What the newest reaction or outcome says was realised.",
        ("instrument",),
        lambda told: (((name,), bps) for name, bps in told.facts.realised_bps.items()),
    ),
    Gauge(
        "signald_response_bps_per_sigma",
        "Response to one standard deviation of surprise, as last scored.",
        ("indicator", "instrument"),
        lambda told: told.facts.responses.items(),
    ),
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
    Gauge(
        "signald_outcomes",
        "Predictions whose horizon is over, of the last 200.",
        ("horizon",),
        _of_horizons(lambda told, horizon: told.facts.scores.count(horizon)),
    ),
    Gauge(
        "signald_outcome_coverage",
        "Share of their 90 % intervals that held what happened.",
        ("horizon",),
        _of_horizons(lambda told, horizon: told.facts.scores.coverage(horizon)),
    ),
    Gauge(
        "signald_outcome_brier",
        "Mean squared error of their probability of a rise.",
        ("horizon",),
        _of_horizons(lambda told, horizon: told.facts.scores.brier(horizon)),
    ),
    Gauge(
        "signald_outcome_hit_ratio",
        "Share of verdicts up and down with the right sign.",
        ("horizon",),
        _of_horizons(lambda told, horizon: told.facts.scores.hits(horizon)[0]),
    ),
    Gauge(
        "signald_outcome_calls",
        "How many verdicts up and down those are.",
        ("horizon",),
        _of_horizons(lambda told, horizon: told.facts.scores.hits(horizon)[1]),
    ),
    Gauge("signald_reliability_count", "Predictions by probability of a rise.", ("bin",), _reliability("n")),
    Gauge("signald_reliability_predicted", "Their mean probability.", ("bin",), _reliability("predicted")),
    Gauge("signald_reliability_observed", "How often it rose.", ("bin",), _reliability("observed")),
    Gauge("signald_consumer_lag_entries", "Entries a group was not handed yet.", ("stream", "group"), _lags(0)),
    Gauge("signald_consumer_pending_entries", "Entries it has not acknowledged.", ("stream", "group"), _lags(1)),
    Gauge("signald_halted", "Whether all signals are halted.", (), _controls("halt")),
    Gauge("signald_mutes", "Mutes that hold.", (), _controls("mute")),
    Gauge(
        "signald_ready",
        "Whether the daemon is ready.",
        (),
        lambda told: [((), float(bool(_daemon(told).get("ready"))))],
    ),
    Gauge(
        "signald_degraded",
        "How many things readiness lacks.",
        (),
        lambda told: [((), float(len(_daemon(told).get("degraded") or ())))],
    ),
    Gauge(
        "signald_model_info",
        "Which model spoke last.",
        ("model",),
        lambda told: [((told.facts.model,), 1.0)] if told.facts.model else [],
    ),
    Gauge("signald_resident_bytes", "Memory that a process holds.", ("process",), _resident),
    Gauge(
        "signald_console_refused",
        "Requests that showed a wrong token, or came from an address that did so too often.",
        (),
        lambda told: [((), float(told.refused))],
    ),
    Gauge(
        "signald_console_limits",
        "Requests that were refused because they were beyond a limit.",
        ("limit",),
        lambda told: (((limit,), float(n)) for limit, n in told.beyond.items()),
    ),
    Gauge("signald_console_pages", "Open pages of the console.", (), lambda told: [((), float(told.pages))]),
    Gauge(
        "signald_console_redis_up", "Whether the console reads Redis.", (), lambda told: [((), float(told.redis_up))]
    ),
)
"""Every metric that is not on the path, and how it is read."""
