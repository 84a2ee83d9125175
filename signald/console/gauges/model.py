"""Figures, predictions, and how good those have been."""

from collections.abc import Callable
from typing import Final

from signald.console.facts import primary
from signald.console.gauges.gauge import Gauge, Told, Values


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


MODEL: Final[tuple[Gauge, ...]] = (
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
    Gauge(
        "signald_model_info",
        "Which model spoke last.",
        ("model",),
        lambda told: [((told.facts.model,), 1.0)] if told.facts.model else [],
    ),
)
