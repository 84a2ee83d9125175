"""What journals have of releases: spread and depth around T0 as their books were, and all that was said."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from signald.core.kernels.rows import STATE_LIVE
from signald.journal.pieces import merge_pieces, read_pieces
from signald.model.instruments import InstrumentId
from signald.model.records import Record
from signald.model.signals import Signal
from signald.model.time import NS_PER_S, Nanos
from signald.replay.driver import (
    BuildPipeline,
    Driver,
    FindModel,
    RebuildPipeline,
    first_session,
    signals,
)
from signald.replay.feeding import Replayed, Times
from signald.sources.frames import Frames

BEFORE_S: Final = 60
AFTER_S: Final = 180
_EVERY_NS: Final = NS_PER_S
_STRIDE: Final = 32
"""Frames after which the board is looked at near a release: three seconds of the slowest books, less of others."""


class Shown(NamedTuple):
    """What one book showed: seconds from T0, spread in basis points, US dollars within five of them on both sides."""

    seconds: float
    spread_bps: float
    depth_usd: float


class Recorded(NamedTuple):
    """One release time in the journals.

    Attributes:
        instrument: Whose book; "" if no book was live.
        shown: Once a second, in order.
        said: Documents of that time, in order.
    """

    instrument: InstrumentId
    shown: Sequence[Shown]
    said: Sequence[Signal]


def read_recorded(
    journals: Sequence[Path],
    build: BuildPipeline,
    moments: Iterable[Nanos],
    *,
    wanted: Sequence[InstrumentId],
    find_model: FindModel = lambda _: None,
    rebuild: RebuildPipeline | None = None,
) -> dict[Nanos, Recorded]:
    """Replay journals and keep what they have of release times; those of which they have nothing are left out.

    Args:
        journals: As :func:`signald.replay.driver.replay` takes them, merged by time.
        build: Makes the pipeline of a run.
        moments: Scheduled times.
        wanted: Instruments of the asset; a release shows the book of the first that was live.
        find_model: Finds what was learnt before.
        rebuild: Makes that of a later run that had other rules or instruments.

    Raises:
        JournalError: A journal cannot be read.
        ConfigError: The pipeline is not for what is in the journals.
    """
    opened = [first_session(read_pieces(path), path) for path in journals]
    watch = _Watch(
        Driver([session for session, _ in opened], build, find_model=find_model, rebuild=rebuild), moments, wanted
    )
    for place, piece in merge_pieces(pieces for _, pieces in opened):
        if isinstance(piece, Record):
            watch.hear(watch.driver.feed(piece, place), piece.ts_ingest)
        else:
            watch.feed_frames(piece, place)
    return watch.found()


class _Watch:
    """Looks at the board of a driver near releases, and listens."""

    def __init__(self, driver: Driver, moments: Iterable[Nanos], wanted: Sequence[InstrumentId]) -> None:
        self.driver = driver
        self._wanted = wanted
        self._moments = sorted(moments)
        self._said: dict[Nanos, dict[str, Signal]] = {ts: {} for ts in self._moments}
        self._shown: dict[Nanos, dict[InstrumentId, list[Shown]]] = {ts: {} for ts in self._moments}
        self._looked: Nanos = 0

    def feed_frames(self, frames: Frames, place: int) -> None:
        """Feed frames, in short strides near a release."""
        first, times, count = 0, Times(frames.times), len(frames.rows)
        while first < count:
            last = count
            if self._near(times[first]) is not None:
                last = min(first + _STRIDE, count)
            elif (following := self._next(times[first])) is not None:
                last = max(times.place_of(first, count, following - BEFORE_S * NS_PER_S), first + 1)
            self.hear(self.driver.feed_frames(frames.between(first, last), place), times[last - 1])
            first = last

    def hear(self, replayed: Iterator[Replayed], now: Nanos) -> None:
        """Keep what was said, and look."""
        for signal in signals(replayed):
            if signal.ts_scheduled in self._said and "test" not in signal.flags:
                self._said[signal.ts_scheduled][signal.id] = signal  # a restart may say again what was cut off
        near = self._near(now)
        if near is not None and now - self._looked >= _EVERY_NS:
            self._looked = now
            self._look(near, (now - near) / NS_PER_S)

    def found(self) -> dict[Nanos, Recorded]:
        """What there is."""
        found: dict[Nanos, Recorded] = {}
        for ts in self._moments:
            name = next((one for one in self._wanted if one in self._shown[ts]), "")
            if name or self._said[ts]:
                found[ts] = Recorded(name, self._shown[ts].get(name, []), [*self._said[ts].values()])
        return found

    def _look(self, moment: Nanos, seconds: float) -> None:
        board = self.driver.pipeline.board
        for name, row in zip(board.instruments, board.read(), strict=True):
            if name in self._wanted and row["state"] == STATE_LIVE:
                depth = float(row["bid_depth_5"] + row["ask_depth_5"])
                shown = Shown(seconds, float(row["spread_bps"]), depth)
                self._shown[moment].setdefault(name, []).append(shown)

    def _near(self, now: Nanos) -> Nanos | None:
        """The release that ``now`` lies around."""
        place = bisect_right(self._moments, now + BEFORE_S * NS_PER_S) - 1
        if place < 0 or now > self._moments[place] + AFTER_S * NS_PER_S:
            return None
        return self._moments[place]

    def _next(self, now: Nanos) -> Nanos | None:
        place = bisect_left(self._moments, now)
        return self._moments[place] if place < len(self._moments) else None


def latencies_ms(recorded: Mapping[Nanos, Recorded]) -> list[tuple[float, float]]:
    """Of each release time's first figure: from T0, and from its source's own time, until it was there."""
    firsts = [next((one for one in of.said if one.kind == "release"), None) for of in recorded.values()]
    return [
        ((one.ts_ingest - one.ts_scheduled) / 1e6, (one.ts_ingest - one.ts_event) / 1e6)
        for one in firsts
        if one is not None and one.ts_scheduled is not None
    ]
