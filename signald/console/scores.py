"""How well the last predictions did: of outcomes, whether the interval held, the side was right, the odds were fair."""

from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

from signald.model.signals import Signal
from signald.model.time import NS_PER_S

KEPT: Final = 200
"""Outcomes that are judged, of all instruments together."""

BINS: Final = ("0.0-0.2", "0.2-0.4", "0.4-0.6", "0.6-0.8", "0.8-1.0")
_PRIMARY_S: Final = 300


class Outcome(NamedTuple):
    """One prediction and what became of it by the end of a horizon.

    Attributes:
        horizon_s: Which horizon.
        held: Whether its interval, which is to hold 90 %, held what happened.
        p_up: Probability of a rise, as predicted.
        realised_bps: What happened.
        verdict: What was said.
    """

    horizon_s: int
    held: bool
    p_up: float
    realised_bps: float
    verdict: str | None


class Reliability(NamedTuple):
    """Of predictions with about the same odds: how many, what was predicted on average, how often it rose."""

    n: int
    predicted: float
    observed: float


class Scores:
    """The last outcomes."""

    def __init__(self) -> None:
        """Begin with none."""
        self._predicted: dict[tuple[str, str | None], Signal] = {}
        self._outcomes: dict[int, deque[Outcome]] = {}

    def take(self, signal: Signal) -> None:
        """Remember a prediction, or judge one by its reaction or outcome."""
        key = ",".join(cause.release_id for cause in signal.causes), signal.instrument
        if signal.kind in {"release", "correction"} and signal.horizons:
            self._predicted.pop(key, None)
            self._predicted[key] = signal
            if len(self._predicted) > KEPT:
                del self._predicted[next(iter(self._predicted))]
        elif signal.kind in {"reaction", "outcome"} and isinstance(signal.realised_bps, float):
            self._judge(signal, signal.realised_bps, self._predicted.get(key))

    def _judge(self, signal: Signal, realised_bps: float, predicted: Signal | None) -> None:
        if predicted is None or not isinstance(signal.held, dict):
            return
        since_s = round((signal.ts_event - predicted.ts_ingest) / NS_PER_S)
        for horizon in predicted.horizons:
            held = signal.held.get(str(horizon.seconds))
            if held is None or abs(since_s - horizon.seconds) > 1:  # those that ended before were judged before
                continue
            kept = self._outcomes.setdefault(horizon.seconds, deque(maxlen=KEPT))
            kept.append(Outcome(horizon.seconds, held, horizon.p_up, realised_bps, predicted.verdict))

    @property
    def horizons(self) -> list[int]:
        """Horizons with outcomes, in seconds."""
        return sorted(self._outcomes)

    def count(self, horizon_s: int) -> int:
        """Outcomes of a horizon."""
        return len(self._outcomes.get(horizon_s, ()))

    def coverage(self, horizon_s: int) -> float:
        """Share of the intervals that held what happened; 0.9 was promised. NaN of none."""
        return _mean(one.held for one in self._outcomes.get(horizon_s, ()))

    def brier(self, horizon_s: int) -> float:
        """Mean squared error of the probability of a rise; 0.25 is what a coin has. NaN of none."""
        return _mean((one.p_up - (one.realised_bps > 0)) ** 2 for one in self._outcomes.get(horizon_s, ()))

    def hits(self, horizon_s: int) -> tuple[float, int]:
        """Share of the verdicts up and down that had the right sign, and how many there were; NaN of none."""
        calls = [one for one in self._outcomes.get(horizon_s, ()) if one.verdict in {"up", "down"}]
        return _mean((one.verdict == "up") == (one.realised_bps > 0) for one in calls), len(calls)

    def reliability(self, horizon_s: int = _PRIMARY_S) -> dict[str, Reliability]:
        """By bin of the predicted probability."""
        found: dict[str, list[Outcome]] = {}
        for one in self._outcomes.get(horizon_s, ()):
            found.setdefault(BINS[min(int(one.p_up * len(BINS)), len(BINS) - 1)], []).append(one)
        return {
            name: Reliability(len(ones), _mean(one.p_up for one in ones), _mean(one.realised_bps > 0 for one in ones))
            for name, ones in found.items()
        }


def _mean(numbers: Iterable[float]) -> float:
    listed = [float(number) for number in numbers]
    return sum(listed) / len(listed) if listed else float("nan")
