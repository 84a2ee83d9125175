"""What came of each figure, as a reader of the signal stream sees it: for the demo's table, summary and result."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from signald.model.instruments import InstrumentId
from signald.model.macro import ReleaseId
from signald.model.signals import Cause, Signal
from signald.model.time import NS_PER_US, Nanos
from signald.simulate.calendar import PlannedRelease
from signald.simulate.outcome import StageLatency

PRIMARY_HORIZON_S: Final = 300

_OF_FIGURES: Final = frozenset({"release", "correction", "retraction", "missed"})


class Line(msgspec.Struct, kw_only=True):
    """One figure of the table.

    Attributes:
        release: What was played.
        ts_sent: Monotonic time at which it was given to the broker's client; ``None``: not yet.
        latency_us: From there until the first document about it was read from the stream.
        ladder: What was said before it came, of the table's instrument: the newest scenario.
        signal: The newest document about it, of the table's instrument.
        realised_bps: What the simulated market did within the primary horizon.
        story: What was said of it besides its score, in the order in which it was read.
    """

    release: PlannedRelease
    ts_sent: Nanos | None = None
    latency_us: float | None = None
    ladder: Signal | None = None
    signal: Signal | None = None
    realised_bps: float | None = None
    story: list[str] = []

    @property
    def cause(self) -> Cause | None:
        """This figure's part in the newest document."""
        causes = self.signal.causes if self.signal is not None else ()
        return next((cause for cause in causes if cause.release_id == self.release.release_id), None)

    @property
    def foreseen(self) -> tuple[tuple[str, float], ...]:
        """Lowest, middle and highest plausible figure as they were foreseen, with the predicted move of each."""
        if self.ladder is None or not isinstance(self.ladder.ladder, dict):
            return ()
        rungs = [(actual, rung.mean_bps) for actual, rung in self.ladder.ladder.items()]
        return rungs[0], rungs[len(rungs) // 2], rungs[-1]

    @property
    def predicted_bps(self) -> float | None:
        """The bundle's predicted move at the primary horizon."""
        horizons = self.signal.horizons if self.signal is not None else ()
        return next((one.mean_bps for one in horizons if one.seconds == PRIMARY_HORIZON_S), None)


class Scoreboard:
    """Every figure's line, in calendar order.

    Attributes:
        lines: By release.
        signals: Documents about figures read so far, of all instruments.
        documents: Documents of each kind read so far.
        guard: The guard's last step for the instrument that is shown.
        stages: How long each stage of the path takes, as last told.
        seen: How many of them were of which kind, verdict or flag.
        is_halted: Whether somebody has halted all signals: there is nothing to wait for.
    """

    def __init__(self, releases: Iterable[PlannedRelease], instrument: InstrumentId) -> None:
        """Start with every figure unplayed; ``instrument`` is the one whose predictions are shown."""
        self.lines: dict[ReleaseId, Line] = {one.release_id: Line(release=one) for one in releases}
        self.signals = 0
        self.guard: Signal | None = None
        self.stages: Mapping[str, StageLatency] = {}
        self.documents: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.is_halted = False
        self._instrument = instrument

    def sent(self, release_id: ReleaseId, *, monotonic: Nanos) -> None:
        """Note that a figure was given away."""
        self.lines[release_id].ts_sent = monotonic

    def read(self, signal: Signal, *, monotonic: Nanos) -> None:
        """Take a document from the stream."""
        self.documents[signal.kind] += 1
        self.is_halted = signal.kind == "halt" or (self.is_halted and signal.kind != "resume")
        if signal.kind not in _OF_FIGURES:
            if signal.instrument == self._instrument:
                self._take_guidance(signal)
            return
        self.signals += 1
        self.seen.update({signal.kind, *signal.flags, *([signal.verdict] if signal.verdict else [])})
        for cause in signal.causes:
            line = self.lines.get(cause.release_id)
            if line is None:
                continue
            line.story += [word for word in _story(signal, cause) if word not in line.story]
            if line.ts_sent is None:
                continue
            if line.latency_us is None:
                line.latency_us = (monotonic - line.ts_sent) / NS_PER_US
            newer = line.signal is None or signal.revision >= line.signal.revision
            if signal.instrument == self._instrument and newer:
                line.signal = signal

    def _take_guidance(self, signal: Signal) -> None:
        """What is said of the table's instrument besides figures: the guard's step, a release's ladder."""
        if signal.kind == "guard":
            self.guard = signal
        if signal.kind == "scenario":
            for cause in signal.causes:
                if cause.release_id in self.lines:
                    self.lines[cause.release_id].ladder = signal

    def realised(self, bundle: Iterable[PlannedRelease], move_bps: float) -> None:
        """Note what the market did after a bundle."""
        for release in bundle:
            self.lines[release.release_id].realised_bps = move_bps

    def is_answered(self, bundle: Iterable[PlannedRelease]) -> bool:
        """Whether there is a document about every figure of the bundle, or there is none to wait for: all is halted."""
        return self.is_halted or all(self.lines[release.release_id].signal is not None for release in bundle)

    def latencies_us(self) -> list[float]:
        """Sent → read of every figure that was answered, in calendar order."""
        return [line.latency_us for line in self.lines.values() if line.latency_us is not None]


def _story(signal: Signal, cause: Cause) -> Iterator[str]:
    """What a document says of one of its figures besides a score."""
    if signal.verdict == "quarantined":
        yield f"{cause.actual:g} quarantined ({', '.join(signal.flags)})"
    elif signal.kind == "retraction":
        yield f"{cause.actual:g} retracted"
    elif signal.kind == "missed":
        yield "missed"
    elif signal.kind == "correction" and cause.figure:
        yield f"corrected to {cause.actual:g}"
    if "partial_bundle" in signal.flags:
        yield "scored before its siblings"
    if cause.contradicted_by:
        yield "conflicting sources: " + ", ".join(f"{name} says {one:g}" for name, one in cause.contradicted_by.items())
