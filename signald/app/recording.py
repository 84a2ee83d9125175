"""Runs the recorder: ``signald record``."""

import asyncio
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from signald import __version__
from signald.app.recordings import venue_of
from signald.app.world import World, build_pipeline, load_world
from signald.config import Config
from signald.errors import ConfigError
from signald.live.recorder import Recorder, RecordingSummary
from signald.logs import configure_logs
from signald.model.instruments import InstrumentId
from signald.runtime.clock import LiveClock
from signald.sources.registry import VenueConfig
from signald.transports.protection import protect_mqtt

_OPTION = "--instrument"


class Wanted(NamedTuple):
    """What is to be recorded.

    Attributes:
        out: Directory of the journal.
        instruments: Whose books, of whatever venues; none: those of the configuration.
        topics: Of the broker, below the configured prefix; none: no broker is asked.
    """

    out: Path
    instruments: Sequence[InstrumentId]
    topics: Sequence[str]


def run_record(config: Config, wanted: Wanted) -> RecordingSummary:
    """Record until told to stop; raises ``ConfigError`` if there is nothing to record."""
    configure_logs()
    world = load_world(config)
    venues = _venues(world, wanted.instruments) if wanted.instruments else config.venues
    if not venues and not wanted.topics:
        where, problem = "record", "there is neither a book nor a topic to record"
        raise ConfigError(where, problem)
    if wanted.topics:
        protect_mqtt(config.mqtt)
    journal = msgspec.structs.replace(config.journal, path=str(wanted.out))
    books = msgspec.structs.replace(config.books, composites=())  # nobody would read them
    config = msgspec.structs.replace(config, venues=tuple(venues), journal=journal, books=books)
    pipeline = build_pipeline(dataclasses.replace(world, config=config), tuple(venues))
    recorder = Recorder(
        config,
        pipeline,
        LiveClock(),
        instruments=[world.instruments[name] for name in pipeline.board.instruments],
        topics=wanted.topics,
        version=__version__,
    )
    return asyncio.run(recorder.run())


def _venues(world: World, names: Sequence[InstrumentId]) -> list[VenueConfig]:
    """A connection for each venue that one of ``names`` is of."""
    wanted: dict[str, list[InstrumentId]] = {}
    for name in names:
        if name not in world.instruments:
            problem = f"{name!r} is not in {world.config.instruments.path}: `signald instruments` asks the venue for it"
            raise ConfigError(_OPTION, problem)
        wanted.setdefault(world.instruments[name].venue, []).append(name)
    return [venue_of(world, tuple(each)) for each in wanted.values()]
