"""``signald bench replay``: from a journal on disk to signals, beside the bare kernel and beside other backtesters."""

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from signald.app.world import World, build_pipeline
from signald.bench.books import feed_record
from signald.bench.frames import Recording, recorded_stream
from signald.bench.machine import describe_machine
from signald.bench.replay_peers import PACKAGES, peer_sides
from signald.bench.rounds import Side, Timed, ratio, time_in_turn
from signald.core.board import Board
from signald.core.kernels.records import CHANNEL, LENGTH, ROW_WORDS, START, TS
from signald.errors import CheckFailedError, ConfigError
from signald.journal.compression import unpack
from signald.journal.session import Session, session_record
from signald.journal.writer import JournalWriter
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos
from signald.pipeline import Pipeline
from signald.replay.driver import replay, signals
from signald.replay.importers.calendar_csv import import_calendar_csv
from signald.sources.frames import Frames
from signald.sources.registry import build_source, read_venue_config

ROUNDS: Final = 7
REPEATS: Final = 50  # five hours of market around one figure
RECORDED: Final = "books/binance_usdm/hft_btcusdt_20240808.gz"
_BEGIN: Final = 1_739_360_000_000_000_000  # 2025-02-12T11:33:20Z: the figure falls into the second time
_FIGURE: Final = "2025-02-12T11:40:00Z,us.cpi.yoy,2025-01,3.0,2.9,2.9"
_DATA: Final = "--data"
_EVENT: Final = re.compile(rb'"E":(\d+)')
_SIGNALS: Final = frozenset({"release"})


def bench_replay(world: World, data: Path | None, *, rounds: int = ROUNDS, repeats: int = REPEATS) -> dict[str, Any]:
    """Measure in so many rounds on the recording, played ``repeats`` times.

    Raises:
        ConfigError: The recording is not in ``data``.
        CheckFailedError: The replay does not give the signals that it should.
    """
    path = data / RECORDED if data is not None else None
    if path is None or not path.is_file():
        raise ConfigError(_DATA, f"{RECORDED} is not there: nothing could be measured")
    recording = recorded_stream(path)
    with tempfile.TemporaryDirectory() as folder:
        books, packed, calendar = (Path(folder) / name for name in ("books", "packed", "calendar"))
        frames = _write_books(packed, recording, repeats)
        shutil.copytree(packed, books)
        unpack(books)
        figure = Path(folder) / "calendar.csv"
        figure.write_text(f"ts_scheduled,indicator,period,actual,consensus,prior\n{_FIGURE}\n")
        import_calendar_csv([figure], calendar, world.indicators)
        sides = {
            "signald": Side(lambda: _replayed(world, recording, [books, calendar]), frames),
            "signald_packed": Side(lambda: _replayed(world, recording, [packed, calendar]), frames),
            "kernel": Side(lambda: _kernel(recording), len(recording.frames)),
        }
        peers = peer_sides(recording)
        timed: dict[str, Timed | None] = {
            **dict.fromkeys(peers),
            **time_in_turn({**sides, **{name: side for name, side in peers.items() if side}}, rounds=rounds),
        }
        sizes = [round(sum(file.stat().st_size for file in path.iterdir()) / 1e6, 1) for path in (books, packed)]
    return {
        "frames_per_s": _per_s(timed["signald"]),
        **{f"ratio_to_{name.partition('_')[0]}": _ratio(timed, name) for name in ("kernel", *peers)},
        "per_s": {name: _per_s(each) for name, each in timed.items()},
        "what": {
            "signald": "journal on disk, unpacked, every block verified; books, rows, staleness, engine, signals",
            "signald_packed": "the same, segments compressed as a run leaves them, decompressed by a thread ahead",
            "kernel": "the same frames in memory, at the same times; books and board rows",
            "nautilus_trader": "data prepared in memory; its engine, cache and book, a strategy that reads the touch",
            "hftbacktest": "data prepared in memory as events; its loop, local and exchange book, the touch read",
        },
        "frames": frames,
        "changes_per_frame": round(recording.changes, 1),
        "journal_mb": sizes[0],
        "packed_mb": sizes[1],
        "rounds": rounds,
        "machine": describe_machine("numba", "numpy", *PACKAGES)._asdict(),
    }


def sections(result: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """The result as lines for people."""
    return [(f"{name}: frames a second", str(rate)) for name, rate in result["per_s"].items()]


def _write_books(path: Path, recording: Recording, repeats: int) -> int:
    """Write the recording so many times, each time as a connection of its own; how many depth frames that is."""
    names = tuple(instrument.id for instrument in recording.instruments)
    session = Session(mode="import", instruments=names, steps=recording.instruments)
    with JournalWriter(path) as writer:
        writer.append(session_record(session, _BEGIN))
        for record in _again(recording, repeats):
            writer.append(record)
    return repeats * len(recording.frames)


def _again(recording: Recording, repeats: int) -> Iterator[Record]:
    """The recording so many times, as far apart as its frames were."""
    channel, after = recording.venue, _times(recording)
    begin = _BEGIN
    for _ in range(repeats):
        yield from (record._replace(channel=channel, ts_ingest=begin) for record in recording.priming)
        for ts, frame in zip(after, recording.frames, strict=True):
            yield Record(RecordKind.FRAME, begin + ts, channel, "", frame)
        begin += after[-1] + NS_PER_S
        yield Record(RecordKind.DISCONNECTED, begin, channel, "", b"played again")


def _times(recording: Recording) -> list[Nanos]:
    """When each frame comes after the recording's beginning: as its venue's clock has it."""
    events = [int(found[1]) for frame in recording.frames if (found := _EVENT.search(frame))]
    return [(event - events[0]) * NS_PER_MS for event in events]


def _replayed(world: World, recording: Recording, journals: Sequence[Path]) -> Callable[[], object]:
    names = [instrument.id for instrument in recording.instruments]
    venue = read_venue_config({"name": recording.venue, "instruments": names}, where="bench")

    def build() -> Pipeline:
        return build_pipeline(world, (venue,))

    def run() -> None:
        said = [signal for signal in signals(replay(journals, build)) if signal.kind in _SIGNALS]
        if len(said) != len(names) or said[0].book is None:
            problem = "the replay does not score the figure that lies among its frames"
            raise CheckFailedError(problem)

    return run


def _kernel(recording: Recording) -> Callable[[], object]:
    """The frames in memory one behind the other, in front of a live book."""
    names = [instrument.id for instrument in recording.instruments]
    venue = read_venue_config({"name": recording.venue, "instruments": names}, where="bench")
    source = build_source(venue, recording.instruments, Board(names))
    for number, record in enumerate(recording.priming):
        feed_record(source, record, _BEGIN + number)
    frames = _together(recording, _BEGIN + NS_PER_S)

    def run() -> None:
        taken = source.on_frames(frames, 0, 0, len(frames.rows))
        if taken.place != len(frames.rows):
            problem = f"frame {taken.place} of the recording is not taken as a matter of course"
            raise CheckFailedError(problem)

    return run


def _together(recording: Recording, begin: Nanos) -> Frames:
    lengths = np.array([len(frame) for frame in recording.frames])
    rows = np.zeros((len(lengths), ROW_WORDS), np.int64)
    rows[:, TS] = begin + np.array(_times(recording))
    rows[:, LENGTH] = lengths
    rows[:, START] = np.cumsum(lengths) - lengths
    rows[:, CHANNEL] = 0
    return Frames(np.frombuffer(bytearray().join(recording.frames), np.uint8), rows, (recording.venue,))


def _per_s(timed: Timed | None) -> int | None:
    return None if timed is None else round(1e6 / timed.median_us)


def _ratio(timed: Mapping[str, Timed | None], name: str) -> float | None:
    """How many times as many frames a second as that side."""
    ours, theirs = timed["signald"], timed[name]
    return round(ratio(theirs, ours), 3) if ours is not None and theirs is not None else None
