"""Runs recordings: replay and verify."""

import dataclasses
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from signald.app.world import World, build_pipeline, load_world
from signald.config import Config, with_rules
from signald.core.composite import asset_of_composite, is_composite
from signald.errors import ConfigError
from signald.journal.models import find_model, is_learnt_from
from signald.journal.parts import parts
from signald.journal.session import Session
from signald.model.instruments import Instrument, InstrumentId
from signald.model.parameters import Parameters
from signald.model.time import Nanos
from signald.pipeline import Pipeline
from signald.replay.checkpoints import Checkpoints
from signald.replay.compare import Comparison, compare
from signald.replay.driver import FindModel, RebuildPipeline, replay, sessions, signals
from signald.replay.feeding import Replayed
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
    said = fed = 0
    with lines_to(out) as documents, lines_to(checkpoints) if checkpoints else nullcontext() as books:
        watch = Checkpoints(every, books.write) if books else None
        for replayed in replay_anew(config, journals, from_ts=from_ts, to_ts=to_ts, watch=watch):
            fed += replayed.records
            for signal in signals([replayed]):
                documents.write(encode_data(signal))
                said += 1
        if watch is not None:
            watch.finish()
    return ReplaySummary(records=fed, signals=said, checkpoints=books.count if books else 0)


def replay_anew(
    config: Config,
    journals: Sequence[Path],
    *,
    from_ts: Nanos | None = None,
    to_ts: Nanos | None = None,
    watch: Checkpoints | None = None,
) -> Iterator[Replayed]:
    """Run journals through an engine that knows nothing yet; ``watch`` is shown the books as they are built."""
    journals = [part for journal in journals for part in parts(journal)]
    known = load_world(config)
    world, connections = recorded(known, journals)

    def build() -> Pipeline:
        return build_pipeline(world, tuple(connections.values()), channels=tuple(connections))

    rebuild = rebuilds(known)
    return replay(
        journals,
        watch.watching(build) if watch else build,
        find_model=models_of(journals),
        rebuild=(lambda begun: watch.watching(lambda: rebuild(begun))()) if watch else rebuild,
        from_ts=from_ts,
        to_ts=to_ts,
    )


def run_verify(config: Config, journal: Path) -> Comparison:
    """Replay a live run's journal and compare.

    Raises:
        ConfigError: Nothing was ever published from it, or another model was at work.
    """
    journals = parts(journal)
    session, *_ = sessions(journals)
    if session.mode == "import":
        raise ConfigError(str(journal), "was imported: nothing was published from it that could be compared")
    known = load_world(config)
    world, connections = recorded(known, journals)
    find = models_of(journals)
    learnt = find(session.model_id)
    is_ours = learnt is not None and is_learnt_from(learnt, world.parameters.id)
    if session.model_id not in {"", world.parameters.id} and not is_ours:
        problem = f"is model {world.parameters.id}, but the journal's run was scored by {session.model_id}"
        raise ConfigError(config.model.path, problem)
    venues, channels = tuple(connections.values()), tuple(connections)
    alone = len(journals) == 1 and not session.has_hosts
    return compare(
        journals,
        lambda: build_pipeline(world, venues, channels=channels),
        find_model=find,
        rebuild=rebuilds(known),
        exact_rows=alone,
    )


def models_of(journals: Sequence[Path]) -> FindModel:
    """Finds a model that was learnt in one of these journals."""

    def find(model_id: str) -> Parameters | None:
        found = (find_model(journal, model_id) for journal in journals)
        return next((one for one in found if one is not None), None)

    return find


def recorded(world: World, journals: Sequence[Path]) -> tuple[World, dict[str, VenueConfig]]:
    """The world with what recordings show of their instruments, and the connections in the journals, by channel."""
    begun = sessions(journals)
    is_run = any(session.mode == "live" and session.instruments for session in begun)
    return _as_begun(world, [session for session in begun if not is_run or session.mode != "feed"])


def rebuilds(world: World) -> RebuildPipeline:
    """Makes the pipelines of later runs, which may have had other rules and other instruments."""

    def rebuild(begun: Sequence[Session]) -> Pipeline:
        again, connections = _as_begun(world, begun)
        return build_pipeline(again, tuple(connections.values()), channels=tuple(connections))

    return rebuild


def _as_begun(world: World, begun: Sequence[Session]) -> tuple[World, dict[str, VenueConfig]]:
    """What :func:`recorded` says, by these sessions."""
    rules = next((session.rules for session in begun if session.rules), begun[0].rules)
    config = _with_composites(with_rules(world.config, rules), begun)
    world = dataclasses.replace(world, instruments=_overlaid(world.instruments, begun), config=config)
    wanted: dict[str, dict[InstrumentId, None]] = {}
    for session in begun:
        by_name = {name: channel for channel, names in session.channels.items() for name in names}
        for name in session.instruments:
            if is_composite(name):
                continue
            venue = _instrument(world, name).venue
            wanted.setdefault(by_name.get(name, venue), {})[name] = None
    return world, {channel: venue_of(world, tuple(names)) for channel, names in wanted.items()}


def _with_composites(config: Config, begun: Sequence[Session]) -> Config:
    """The configuration with the composite rows of a run that is on record, whose rows have just these."""
    run = next((session for session in begun if session.mode == "live"), None)
    if run is None:
        return config
    assets = tuple(asset_of_composite(name) for name in run.instruments if is_composite(name))
    return msgspec.structs.replace(config, books=msgspec.structs.replace(config.books, composites=assets))


def _overlaid(known: Mapping[InstrumentId, Instrument], begun: Sequence[Session]) -> Mapping[InstrumentId, Instrument]:
    """What is known, with the steps of the recordings; of one that is in several the finest."""
    found = dict(known)
    shown: dict[InstrumentId, Instrument] = {}
    for seen in (each for session in begun for each in session.steps):
        other = shown.get(seen.id, seen)
        tick_size, lot_size = min(seen.tick_size, other.tick_size), min(seen.lot_size, other.lot_size)
        shown[seen.id] = msgspec.structs.replace(seen, tick_size=tick_size, lot_size=lot_size)
        base = known.get(seen.id, seen)
        found[seen.id] = msgspec.structs.replace(base, tick_size=tick_size, lot_size=lot_size)
    return found


def _instrument(world: World, name: InstrumentId) -> Instrument:
    instrument = world.instruments.get(name)
    if instrument is None:
        problem = f"{name!r}, which the journal has, is not in {world.config.instruments.path}"
        where = "instruments.path"
        raise ConfigError(where, problem)
    return instrument


def venue_of(world: World, names: tuple[InstrumentId, ...]) -> VenueConfig:
    """The venue of one connection: as the table that has one of its instruments, else any of the venue's, else anew."""
    venue = _instrument(world, names[0]).venue
    tables = sorted(
        (table for table in world.config.venues if table.name == venue),
        key=lambda table: set(table.instruments).isdisjoint(names),
    )
    if tables:
        return with_instruments(tables[0], names)
    return read_venue_config({"name": venue, "instruments": names}, where=venue)


class _Lines:
    """Lines of bytes, counted."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.count = 0

    def write(self, line: bytes) -> None:
        self._file.write(line + b"\n")
        self.count += 1


@contextmanager
def lines_to(path: Path | None) -> Generator[_Lines]:
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
