"""What documents and status say beyond the page, kept for Prometheus: the newest of each, and how fast they came."""

from bisect import bisect_left
from typing import Any, Final, NamedTuple

from signald.client.entries import Received
from signald.console.scores import Scores
from signald.model.instruments import InstrumentId
from signald.model.movers import DriftView, QuoteView, ReferenceView, VenueView
from signald.model.signals import Cause, GuardState, Regime, Signal
from signald.model.time import NS_PER_S, Nanos

BOUNDS_S: Final = (0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024)
"""Upper bounds of the histogram of publish less ingest."""

GROUPS_SHOWN: Final = 32
"""Groups of one stream that are told: a consumer may create as many as it likes, of any name."""

_SCORED: Final = frozenset({"release", "correction"})
_FOLLOWED: Final = frozenset({"reaction", "outcome"})
_PRIMARY_S: Final = 300
_NAME_BYTES: Final = 64


class Exemplar(NamedTuple):
    """A document that fell into a bucket: its id, how long it took, when."""

    id: str
    seconds: float
    ts: Nanos


class Step(NamedTuple):
    """A step of the guard, and until when it holds."""

    state: GuardState
    ts_expires: Nanos


class Facts:
    """The newest of everything.

    Attributes:
        scores: How well the last predictions did.
        counts: Documents about figures by bucket of :data:`BOUNDS_S`; the last one is beyond them.
        sum_s: How long all of them took together.
        exemplars: The newest document in each bucket.
        figures: By indicator, the newest figure.
        predictions: By instrument, the newest prediction.
        realised_bps: By instrument, what the newest reaction or outcome says was realised.
        responses: By indicator and instrument, basis points for each standard deviation as last scored.
        guards: By instrument, the guard's newest step.
        pegs: By quote currency, what it was worth in dollars.
        references: By symbol, how bitcoin went with it.
        drifts_bps: By instrument, what had moved before the newest figure.
        markets: By instrument, its venue among all at the newest reaction.
        model: Which model spoke last.
        lags: By stream and group of consumers, entries not delivered and entries not acknowledged.
    """

    def __init__(self) -> None:
        """Know nothing."""
        self.scores = Scores()
        self.counts = [0] * (len(BOUNDS_S) + 1)
        self.sum_s = 0.0
        self.exemplars: dict[int, Exemplar] = {}
        self.figures: dict[str, Cause] = {}
        self.predictions: dict[InstrumentId, Signal] = {}
        self.realised_bps: dict[InstrumentId, float] = {}
        self.responses: dict[tuple[str, InstrumentId], float] = {}
        self.guards: dict[InstrumentId, Step] = {}
        self.pegs: dict[str, float] = {}
        self.references: dict[str, ReferenceView] = {}
        self.drifts_bps: dict[InstrumentId, float] = {}
        self.markets: dict[InstrumentId, VenueView] = {}
        self.model = ""
        self.lags: dict[tuple[str, str], tuple[int, int]] = {}

    def take(self, received: Received) -> None:
        """A document of the stream."""
        signal = received.signal
        self.scores.take(signal)
        if signal.model is not None:
            self.model = signal.model.id
        if signal.kind in _SCORED:
            self._take_score(signal)
            if not received.late_ms:
                self._time(signal.id, received.ts_publish - signal.ts_ingest, signal.ts_ingest)
        self._take_movers(signal)
        if signal.kind == "guard" and signal.desk is not None and signal.instrument is not None:
            self.guards[signal.instrument] = Step(signal.desk.state, signal.desk.ts_expires)
        elif signal.kind in _FOLLOWED and isinstance(signal.realised_bps, float) and signal.instrument is not None:
            self.realised_bps[signal.instrument] = signal.realised_bps

    def _take_movers(self, signal: Signal) -> None:
        """What moves the market beside the figures."""
        if isinstance(signal.quote, QuoteView):
            self.pegs[signal.quote.currency] = signal.quote.usd
        if isinstance(signal.regime, Regime) and isinstance(signal.regime.references, dict):
            self.references = signal.regime.references
        if signal.instrument is not None and isinstance(signal.drift, DriftView):
            self.drifts_bps[signal.instrument] = signal.drift.realised_bps
        if signal.instrument is not None and isinstance(signal.market, VenueView):
            self.markets[signal.instrument] = signal.market

    def _take_score(self, signal: Signal) -> None:
        for cause in signal.causes:
            self.figures[indicator_of(cause.release_id)] = cause
        if signal.instrument is None or signal.model is None:
            return
        self.predictions[signal.instrument] = signal
        surprises = {cause.release_id: cause.surprise_z for cause in signal.causes}
        for driver in signal.model.drivers:
            z = surprises.get(driver.release_id)
            if z:
                self.responses[indicator_of(driver.release_id), signal.instrument] = driver.contribution_bps / z

    def _time(self, name: str, took: Nanos, ts: Nanos) -> None:
        seconds = max(took, 0) / NS_PER_S
        bucket = bisect_left(BOUNDS_S, seconds)
        self.counts[bucket] += 1
        self.sum_s += seconds
        self.exemplars[bucket] = Exemplar(name, seconds, ts)


def primary(signal: Signal) -> dict[str, float]:
    """Mean and bounds of the primary horizon, or of the shortest there is; empty without horizons."""
    horizons = sorted(signal.horizons, key=lambda one: (one.seconds != _PRIMARY_S, one.seconds))
    return {"mean": horizons[0].mean_bps, "lo": horizons[0].lo_bps, "hi": horizons[0].hi_bps} if horizons else {}


def indicator_of(release_id: str) -> str:
    """The series of a release."""
    return release_id.partition(":")[0]


def group_lags(reply: Any) -> dict[str, tuple[int, int]]:  # noqa: ANN401 - as Redis nests it
    """By group, entries not delivered and not acknowledged, from XINFO GROUPS; a lag that Redis does not know is 0.

    Names are any bytes and as long as who made the group liked: they are cut, and what is no UTF-8 is replaced.
    """
    found: dict[str, tuple[int, int]] = {}
    for group in (reply or ())[:GROUPS_SHOWN]:
        facts = dict(zip(group[::2], group[1::2], strict=True))
        found[facts[b"name"][:_NAME_BYTES].decode(errors="replace")] = (facts.get(b"lag") or 0, facts[b"pending"])
    return found
