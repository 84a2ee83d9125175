"""One release of the year: ten minutes of eight simulated books made, replayed with its figure, and thrown away."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import process_time_ns
from typing import Final, NamedTuple

from signald.app.world import World, build_pipeline, load_world
from signald.bench.made_up_year import BPS_PER_STEP, CALENDAR_HEADER, MID, Figure, calendar_line
from signald.bench.venue_frames import CADENCE_MS, LISTED, build_talker
from signald.config import Config
from signald.journal.compression import compress_segment
from signald.journal.segments import list_segments
from signald.journal.session import Session, session_record
from signald.journal.writer import JournalWriter
from signald.model.notices import BookGap
from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos
from signald.pipeline import Pipeline
from signald.replay.driver import replay
from signald.replay.importers.calendar_csv import import_calendar_csv
from signald.simulate.market import Market, MarketShape
from signald.sources.registry import read_venue_config

WINDOW_S: Final = 600
"""Ten minutes: half of them before the figure."""

_PRIMARY: Final = "BTCUSDT.BINANCE"


class Piece(NamedTuple):
    """What is left of a release.

    Attributes:
        figure: Which.
        frames: Of all venues.
        raw_bytes: Payloads of these frames.
        journal_bytes: On disk, compressed as a run leaves what it has closed.
        open_bytes: The same before.
        make_s: Seconds of a core to simulate the venues and write their journal.
        replay_s: From that journal to signals, likewise.
        documents: Signals that came of it.
        books: Instruments of which a live book was scored.
        gaps: Books that were lost.
        move_bps: What the first book moved within five minutes of the figure.
    """

    figure: Figure
    frames: int
    raw_bytes: int
    journal_bytes: int
    open_bytes: int
    make_s: float
    replay_s: float
    documents: int
    books: int
    gaps: int
    move_bps: float


def play_release(figure: Figure, common: tuple[Config, int]) -> Piece:
    """Make the books around one release, replay them with its figure, and throw them away."""
    config, window_s = common
    world = load_world(config)
    with tempfile.TemporaryDirectory() as folder:
        books, calendar = Path(folder) / "books", Path(folder) / "calendar"
        begin = process_time_ns()
        frames, raw_bytes = _make(world, figure, books, window_s=window_s)
        open_bytes = _size(books)
        for segment in list_segments(books):
            compress_segment(segment)
        made = process_time_ns()
        file = Path(folder) / "calendar.csv"
        file.write_text(CALENDAR_HEADER + calendar_line(figure, world.indicators[figure.indicator]))
        import_calendar_csv([file], calendar, world.indicators)
        said, gaps = _replay(world, [books, calendar], figure.ts + window_s * NS_PER_S // 2)
        replayed = process_time_ns()
        size = _size(books)
    move = next(
        (one.realised_bps for one in reversed(said) if one.kind == "reaction" and one.instrument == _PRIMARY), None
    )
    return Piece(
        figure=figure,
        frames=frames,
        raw_bytes=raw_bytes,
        journal_bytes=size,
        open_bytes=open_bytes,
        make_s=(made - begin) / NS_PER_S,
        replay_s=(replayed - made) / NS_PER_S,
        documents=len(said),
        books=sum(one.kind == "release" and one.book is not None for one in said),
        gaps=gaps,
        move_bps=move if isinstance(move, float) else 0.0,
    )


def _size(journal: Path) -> int:
    return sum(each.stat().st_size for each in journal.iterdir())


def _make(world: World, figure: Figure, out: Path, *, window_s: int) -> tuple[int, int]:
    """Write every venue's frames as an import; how many, and their bytes."""
    start = figure.ts - window_s * NS_PER_S // 2
    end = figure.ts + window_s * NS_PER_S // 2
    instruments = [world.instruments[name] for name in LISTED.values()]
    talkers = [build_talker(venue, one) for venue, one in zip(LISTED, instruments, strict=True)]
    markets: list[Market] = []
    for place, one in enumerate(instruments):
        shape = MarketShape(mid=MID, tick_size=float(one.tick_size), lot_size=float(one.lot_size))
        market = Market(shape, seed=1_000 * figure.number + place, now=start)
        market.expect(figure.ts)
        market.react(figure.ts + 20 * NS_PER_MS, BPS_PER_STEP * figure.steps)
        markets.append(market)
    session = Session(mode="import", instruments=tuple(LISTED.values()), steps=tuple(instruments))
    frames = raw_bytes = 0
    with JournalWriter(out) as writer:
        writer.append(session_record(session, start - NS_PER_S))
        for talker, market in zip(talkers, markets, strict=True):
            for record in talker.open(market, start):
                writer.append(record)
        paces = sorted({*CADENCE_MS.values()})
        for ms in range(paces[0], (end - start) // NS_PER_MS + 1, paces[0]):
            now = start + ms * NS_PER_MS
            for venue, talker, market in zip(LISTED, talkers, markets, strict=True):
                for frame in talker.push(market, now) if ms % CADENCE_MS[venue] == 0 else ():
                    writer.append(Record(RecordKind.FRAME, now, venue, "", frame))
                    frames += 1
                    raw_bytes += len(frame)
    return frames, raw_bytes


def _replay(world: World, journals: Sequence[Path], until: Nanos) -> tuple[list[Signal], int]:
    """All documents, and how many books were lost."""
    venues = tuple(
        read_venue_config({"name": venue, "instruments": [name]}, where="bench") for venue, name in LISTED.items()
    )

    def build() -> Pipeline:
        return build_pipeline(world, venues)

    said: list[Signal] = []
    gaps = 0
    for each in replay(journals, build, to_ts=until + NS_PER_S):
        for output in each.fed.outputs:
            if isinstance(output, Signal):
                said.append(output)
            gaps += isinstance(output, BookGap)
    return said, gaps
