"""Runs recordings: replay and verify."""

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, NamedTuple

from signald.app.world import World, build_pipeline, load_world
from signald.config import Config
from signald.errors import ConfigError
from signald.model.instruments import InstrumentId
from signald.model.time import Nanos
from signald.pipeline import Pipeline
from signald.replay.checkpoints import Checkpoints
from signald.replay.compare import Comparison, compare
from signald.replay.driver import replay, sessions, signals
from signald.sinks.encoding import encode_data
from signald.sources.registry import VenueConfig, read_venue_config, with_instruments


class ReplaySummary(NamedTuple):
    """What a replay fed and what came of it."""

    records: int
    signals: int
    checkpoints: int


def run_replay(
    config: Config,
    journals: Sequence[Path],
    *,
    from_ts: Nanos | None,
    to_ts: Nanos | None,
    out: Path | None,
    checkpoints: Path | None,
    every: int,
) -> ReplaySummary:
    """Run journals through the engine; documents go to ``out`` (``None``: standard output), a line each."""
    world = load_world(config)
    venues = _venues_in(world, journals)
    said = fed = 0
    with _lines_to(out) as documents, _lines_to(checkpoints) if checkpoints else nullcontext() as books:
        watch = Checkpoints(every, books.write) if books else None

        def build() -> Pipeline:
            return build_pipeline(world, venues)

        for replayed in replay(journals, watch.watching(build) if watch else build, from_ts=from_ts, to_ts=to_ts):
            fed += 1
            for signal in signals([replayed]):
                documents.write(encode_data(signal))
                said += 1
        if watch is not None:
            watch.finish()
    return ReplaySummary(records=fed, signals=said, checkpoints=books.count if books else 0)


def run_verify(config: Config, journal: Path) -> Comparison:
    """Replay a live run's journal and compare.

    Raises:
        ConfigError: Nothing was ever published from it, or another model was at work.
    """
    (session,) = sessions([journal])
    if session.mode == "import":
        raise ConfigError(str(journal), "was imported: nothing was published from it that could be compared")
    world = load_world(config)
    if session.model_id not in {"", world.parameters.id}:
        problem = f"is model {world.parameters.id}, but the journal's run was scored by {session.model_id}"
        raise ConfigError(config.model.path, problem)
    venues = _venues_in(world, [journal])
    return compare([journal], lambda: build_pipeline(world, venues))


def _venues_in(world: World, journals: Sequence[Path]) -> tuple[VenueConfig, ...]:
    """The venues whose books are in the journals, in the order of their rows; as configured, else by default."""
    wanted: dict[str, list[InstrumentId]] = {}
    for name in dict.fromkeys(name for session in sessions(journals) for name in session.instruments):
        instrument = world.instruments.get(name)
        if instrument is None:
            problem = f"{name!r}, which the journal has, is not in {world.config.instruments.path}"
            where = "instruments.path"
            raise ConfigError(where, problem)
        wanted.setdefault(instrument.venue, []).append(name)
    configured = {venue.name: venue for venue in world.config.venues}
    return tuple(
        with_instruments(configured[venue], names)
        if venue in configured
        else read_venue_config({"name": venue, "instruments": names}, where=venue)
        for venue, names in wanted.items()
    )


class _Lines:
    """Lines of bytes, counted."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.count = 0

    def write(self, line: bytes) -> None:
        self._file.write(line + b"\n")
        self.count += 1


@contextmanager
def _lines_to(path: Path | None) -> Generator[_Lines]:
    """Lines to a file, or to standard output."""
    if path is None:
        yield _Lines(sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    try:
        file = path.open("wb")
    except OSError as error:
        raise ConfigError(str(path), error.strerror or str(error)) from error
    with file:
        yield _Lines(file)
