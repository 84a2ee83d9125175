"""Days of eight venues and thousands of releases in fast motion: ``python -m tests.soak.run``, or ``make soak``.

The real sources, board, engine, intake and journal are fed what the venues' recordings have, connection after
connection, by a clock that is moved by hand. What the process holds is measured when it has warmed up and at the end:
resident memory, Python's objects, file descriptors and threads. Prints one JSON object; exits with 3 if it grew.
"""

import argparse
import gc
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import structlog

from signald.app.world import build_pipeline, load_world
from signald.config import find_file, load_config
from signald.errors import JournalError
from signald.journal.segments import list_segments
from signald.journal.session import Session
from signald.journal.writer import JournalWriter
from signald.live.intake import Intake
from signald.model.notices import Notice
from signald.model.records import RecordKind
from signald.model.signals import Signal
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos, format_rfc3339
from signald.pipeline import CALENDAR, Pipeline
from signald.sinks.encoding import Document
from signald.sinks.stages import Stages
from signald.sources.registry import read_venue_config
from tests.support.calendar import T0
from tests.support.clocks import HandClock
from tests.support.venue_specimens import SPECIMENS

SERIES: Final = ("us.cpi.yoy", "us.core_cpi.yoy", "us.ppi.yoy", "us.pce.yoy", "us.core_pce.yoy", "us.unemployment_rate")
MOST_KB: Final = 16_384
"""Resident memory may rise by so much after the warm-up: allocators give back in blocks."""
MOST_OBJECTS: Final = 20_000
_SEGMENT_BYTES: Final = 8 << 20
_REPEATABLE: Final = frozenset({"binance", "binance_usdm", "hyperliquid", "kraken"})
"""Venues whose last frame may come again and costs no book: it is old, or changes nothing."""
_AGAIN: Final = 200
_KEPT_SEGMENTS: Final = 2
_TIDY_EVERY: Final = 50
_BEFORE_S: Final = 1_200
"""A figure is promised so long before it is due: longer than it is armed."""


class Held(NamedTuple):
    """What a process holds."""

    resident_kb: int
    objects: int
    descriptors: int
    threads: int


class Soak:
    """One run.

    Attributes:
        counts: Frames, connections, documents and notices so far, by kind.
    """

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock(T0)
        self.counts: Counter[str] = Counter()
        self._folder = folder
        self._journal = JournalWriter(folder, segment_bytes=_SEGMENT_BYTES, compress=False)
        self._specimens = {name: make() for name, make in SPECIMENS.items()}
        self._pipeline = self._build()
        self._intake = Intake(
            clock=self.clock, journal=self._journal, pipeline=self._pipeline, outlet=self, stages=Stages()
        )
        self._intake.begin(Session(mode="live", instruments=self._pipeline.board.instruments), [])
        self._sequence = 0
        self._told = 0

    def _build(self) -> Pipeline:
        config = load_config(find_file("configs/signald.toml"), {})
        known = {one.id: one for specimen in self._specimens.values() for one in specimen.instruments}
        venues = tuple(
            read_venue_config({"name": name, "instruments": [one.id for one in specimen.instruments]}, where="soak")
            for name, specimen in self._specimens.items()
        )
        world = replace(load_world(msgspec.structs.replace(config, venues=venues)), instruments=known)
        return build_pipeline(world, venues)

    def publish(self, said: Sequence[tuple[Signal, Document]]) -> None:
        """As an outlet."""
        for signal, _ in said:
            self.counts[f"document {signal.kind}"] += 1

    def tell(self, notice: Notice) -> None:
        """As an outlet."""
        self.counts[f"notice {type(notice).__name__}"] += 1

    def clock_fell_behind(self, by: Nanos) -> None:
        """As an outlet."""
        raise AssertionError(by)

    def journal_failed(self, error: JournalError) -> None:
        """As an outlet."""
        raise error

    def promise(self, number: int, ts: Nanos) -> None:
        """Say when a figure is due, and what is expected."""
        self._say("schedule", number, ts_scheduled=format_rfc3339(ts), consensus=2.9, prior=2.9)

    def figure(self, number: int) -> None:
        """Say it, with a source that lives."""
        beat = {
            "source": "bls",
            "covers": ["us.*"],
            "sequence": self._next(),
            "ts_event": format_rfc3339(self.clock.ts),
        }
        self._message("heartbeat/bls", beat)
        self._say("release", number, actual=2.9 + 0.1 * (number % 5 - 2), kind="first")

    def connections(self, frames: int) -> None:
        """Connections of every venue, one after the other, until so many more frames have come."""
        until = self.counts["frames"] + frames
        for name in self._turns():
            if self.counts["frames"] >= until:
                return
            specimen = self._specimens[name]
            self.counts["connections"] += 1
            self._intake.take(RecordKind.CONNECTED, channel=name)
            again = _AGAIN if name in _REPEATABLE else 0
            for arrival in (*specimen.snapshot, *specimen.deltas, *specimen.deltas[-1:] * again):
                self.clock.ts += NS_PER_MS
                if arrival.tag:
                    self._intake.take(RecordKind.RESPONSE, channel=name, key=arrival.tag, payload=arrival.body)
                else:
                    self.counts["frames"] += 1
                    self._intake.take_frame(name, arrival.body)
            self._intake.take(RecordKind.DISCONNECTED, channel=name, payload=b"soak")

    def advance(self, now: Nanos) -> None:
        """Let all that is due by ``now`` happen at its own time."""
        while (due := self._due()) is not None and due[0] <= now:
            self.clock.ts = max(self.clock.ts, due[0])
            self._intake.take(RecordKind.TICK, channel="", key=due[1])
            self.counts["ticks"] += 1
        self.clock.ts = max(self.clock.ts, now)

    def tidy(self) -> None:
        """Throw away what is on record but for the newest segments, as retention does."""
        self._journal.sync()
        for segment in list_segments(self._folder)[:-_KEPT_SEGMENTS]:
            segment.unlink()

    def close(self) -> None:
        """Let go of the journal."""
        self._journal.close()

    def _turns(self) -> Iterator[str]:
        names = list(self._specimens)
        while True:
            self._told += 1
            yield names[self._told % len(names)]

    def _due(self) -> tuple[Nanos, str] | None:
        channels = ("", *self._pipeline.venues)
        deadlines = [(self._pipeline.next_deadline(channel), channel) for channel in channels]
        return min(((ts, channel) for ts, channel in deadlines if ts is not None), default=None)

    def _say(self, what: str, number: int, **fields: object) -> None:
        indicator, month = SERIES[number % len(SERIES)], number // len(SERIES)
        period = f"{2025 + month // 12:04}-{1 + month % 12:02}"
        release_id = f"{indicator}:{period}"
        told = {"release_id": release_id, "source": "bls", "sequence": self._next(), **fields}
        told["ts_event"] = format_rfc3339(self.clock.ts)
        if what == "schedule":
            told |= {"indicator": indicator, "period": period}
        self._message(f"calendar/{what}/{release_id}/bls", told)

    def _message(self, topic: str, told: dict[str, object]) -> None:
        payload = json.dumps(told).encode()
        self._intake.take(RecordKind.MESSAGE, channel=CALENDAR, key=topic, payload=payload)

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence


def held(run: Soak) -> Held:
    """What this process holds now, when all that nobody needs is gone."""
    run.tidy()
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return Held(
        resident_kb=pages * os.sysconf("SC_PAGE_SIZE") // 1_024,
        objects=len(gc.get_objects()),
        descriptors=sum(1 for _ in Path("/proc/self/fd").iterdir()),
        threads=sum(1 for _ in Path("/proc/self/task").iterdir()),
    )


def soak(folder: Path, *, frames: int, releases: int, hours: float) -> dict[str, object]:
    """Run it; what it held after a third and at the end, and what came of it."""
    run = Soak(folder)
    apart = round(hours * 3_600 * NS_PER_S / releases)
    start = run.clock.ts + _BEFORE_S * NS_PER_S
    warm: Held | None = None
    ahead = -(-_BEFORE_S * NS_PER_S // apart)
    for number in range(releases + ahead):
        if number >= ahead:
            run.advance(start + (number - ahead) * apart + NS_PER_MS)
            run.figure(number - ahead)
        if number < releases:
            run.promise(number, start + number * apart)
        run.connections(frames * (number + 1) // (releases + ahead) - run.counts["frames"])
        if number % _TIDY_EVERY == 0:
            run.tidy()
        if number == (releases + ahead) // 3:
            warm = held(run)
    end = held(run)
    run.close()
    assert warm is not None
    grown = {name: after - before for name, before, after in zip(Held._fields, warm, end, strict=True)}
    limits = {"resident_kb": MOST_KB, "objects": MOST_OBJECTS, "descriptors": 0, "threads": 0}
    return {
        "frames": run.counts["frames"],
        "releases": releases,
        "connections": run.counts["connections"],
        "hours": round((run.clock.ts - T0) / NS_PER_S / 3_600, 1),
        "counts": dict(sorted(run.counts.items())),
        "warm": warm._asdict(),
        "end": end._asdict(),
        "grown": [name for name, by in grown.items() if by > limits[name]],
    }


def main() -> int:
    """Run it as told; 3 if anything grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=10_000_000)
    parser.add_argument("--releases", type=int, default=10_000)
    parser.add_argument("--hours", type=float, default=170.0, help="of simulated time")
    told = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    with tempfile.TemporaryDirectory() as folder:
        result = soak(Path(folder), frames=told.frames, releases=told.releases, hours=told.hours)
    sys.stdout.write(json.dumps(result) + "\n")
    return 3 if result["grown"] else 0


if __name__ == "__main__":
    sys.exit(main())
