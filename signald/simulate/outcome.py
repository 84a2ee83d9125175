"""What the demo says at the end: the contract's object, and a few facts more."""

from collections.abc import Sequence

import msgspec

from signald.model.instruments import InstrumentId


class Percentiles(msgspec.Struct, frozen=True, kw_only=True):
    """Of latencies, in microseconds."""

    p50: float
    p99: float
    max: float


class BookTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Of one book: frames applied, gaps seen, times it was built anew after the first."""

    frames: int
    gaps: int
    resyncs: int


class DaemonTotals(msgspec.Struct, frozen=True, kw_only=True):
    """What the daemon says of itself under ``daemon``.

    Attributes:
        ready: Whether it is armed: connected, books live, kernels warm.
        books: By instrument.
        latency_us: From a figure's ingestion to Redis's reply, of all figures so far.
        compilations_after_ready: Kernels compiled since it was ready.
    """

    ready: bool = False
    books: dict[InstrumentId, BookTotals] = {}
    latency_us: Percentiles = Percentiles(p50=0.0, p99=0.0, max=0.0)
    compilations_after_ready: int = 0


class StageLatency(msgspec.Struct, frozen=True, kw_only=True):
    """How often a stage of the path was passed, and how long that took, in microseconds."""

    n: int
    p50_us: float
    p99_us: float


class StageTable(msgspec.Struct, frozen=True, kw_only=True):
    """What the daemon says of the stages under ``stages``."""

    stages: dict[str, StageLatency] = {}


class DemoResult(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of ``demo --json``.

    Attributes:
        releases: Figures played.
        signals: Documents about figures read from the stream.
        documents: Documents of each kind read from it: the guard's steps, reactions and outcomes too.
        books: By instrument.
        latency_us: From a figure's ingestion to Redis's reply, as the daemon measured it.
        ready_s: From the start until the daemon was ready.
        compilations_after_ready: Kernels compiled after that: must be 0.
        desk_latency_us: From giving a figure to the broker until a reader of the stream had its signal.
        journal: Where the run's journal is; of several daemons the first one's.
        journals: Where each daemon's is.
        restarts: How often a daemon was killed and started again.
        scenario: Which one was played.
        shown: How many documents showed what the scenario is for, by kind, verdict or flag.
    """

    releases: int
    signals: int
    books: dict[InstrumentId, BookTotals]
    latency_us: Percentiles
    ready_s: float
    compilations_after_ready: int
    desk_latency_us: Percentiles
    journal: str
    journals: tuple[str, ...] = ()
    restarts: int = 0
    scenario: str = "q1-2025"
    shown: dict[str, int] = {}
    documents: dict[str, int] = {}


def percentiles(latencies_us: Sequence[float]) -> Percentiles:
    """Nearest-rank percentiles; zeros of none, as where somebody halted everything."""
    ranked = sorted(latencies_us) or [0.0]
    return Percentiles(p50=_rank(ranked, 0.5), p99=_rank(ranked, 0.99), max=ranked[-1])


def _rank(ranked: Sequence[float], share: float) -> float:
    return round(ranked[min(len(ranked) - 1, int(share * len(ranked)))], 1)
