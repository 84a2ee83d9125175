"""Runs the daemon, and says beforehand what would run."""

import asyncio
import os
from pathlib import Path
from typing import NamedTuple

from uvloop import new_event_loop

from signald import __version__
from signald.app.console import console_beside
from signald.app.world import build_pipeline, load_world
from signald.config import Config
from signald.live.daemon import Daemon, RunSummary
from signald.logs import configure_logs
from signald.model.instruments import InstrumentId
from signald.runtime import faults
from signald.runtime.clock import LiveClock, SharedClock
from signald.transports.redis_address import parse_redis_url


def run_daemon(config: Config) -> RunSummary:
    """Run the daemon until it is told to stop."""
    configure_logs()
    faults.arm(os.environ)
    world = load_world(config)
    pipeline = build_pipeline(world, config.venues)
    clock = SharedClock(Path(config.live.clock_file)) if config.live.clock_file else LiveClock()
    daemon = Daemon(config, pipeline, clock, version=__version__)
    with asyncio.Runner(loop_factory=new_event_loop) as runner, console_beside(config):
        return runner.run(daemon.run())


class Described(NamedTuple):
    """What would run."""

    instruments: tuple[InstrumentId, ...]
    indicators: int
    model: str
    mqtt: str
    redis: str
    metrics: str
    journal: str


def describe(config: Config) -> Described:
    """Read and build everything, connect to nothing; raises ``ConfigError``."""
    world = load_world(config)
    pipeline = build_pipeline(world, config.venues)
    return Described(
        instruments=pipeline.board.instruments,
        indicators=len(world.indicators),
        model=world.parameters.id,
        mqtt=config.mqtt.address,
        redis=str(parse_redis_url(config.redis.url)),
        metrics=f"http://{config.metrics.host}:{config.metrics.port}/metrics",
        journal=config.journal.path,
    )
