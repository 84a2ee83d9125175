"""Runs the daemon, and says beforehand what would run."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from signald.app.hosts import split
from signald.app.loop import run_in_loop, take_privileges
from signald.app.processes import run_family
from signald.app.reload import Reloader
from signald.app.world import World, build_pipeline, load_world
from signald.config import Config
from signald.errors import ConfigError
from signald.live.daemon import Daemon
from signald.live.seals import Seals
from signald.live.summary import RunSummary
from signald.logs import configure_logs
from signald.model.instruments import InstrumentId
from signald.pipeline import Pipeline
from signald.runtime import faults
from signald.runtime.clock import Clock, LiveClock, SharedClock
from signald.runtime.service import ServiceManager
from signald.transports.protection import require_protection
from signald.transports.redis_address import parse_redis_url
from signald.transports.settings import require_transport


def run_daemon(read: Callable[[], Config], *, single_process: bool) -> RunSummary:
    """Run the daemon until it is told to stop, in one process or as a family of them.

    Args:
        read: Reads what it is told: now, and again whenever a SIGHUP comes.
        single_process: Whether it is one.
    """
    config = read()
    configure_logs()
    require_protection(config.mqtt, config.redis)
    require_transport(config.live.transport)
    faults.arm(os.environ)
    world = load_world(config)

    def clock() -> Clock:
        return SharedClock(Path(config.live.clock_file)) if config.live.clock_file else LiveClock()

    pipeline: Pipeline | None = build_pipeline(world, config.venues)  # whatever is wrong comes out here
    _, hosts = split(config)
    if hosts and single_process:
        where, problem = "board.hosts", "the rows of other hosts come in a process of their own: not --single-process"
        raise ConfigError(where, problem)
    service = ServiceManager(os.environ)
    reloader = Reloader(world, read, clock=clock(), service=service, beside=not single_process)
    if not single_process:
        del pipeline
        return run_family(reloader, clock)
    from signald.app.console import console_beside  # noqa: PLC0415 - a web server loads with it

    take_privileges(config.live)

    def run_once(world: World) -> RunSummary:
        nonlocal pipeline
        built, pipeline = pipeline or build_pipeline(world, world.config.venues), None
        with console_beside(world.config):
            return run_in_loop(Daemon(world.config, built, clock(), keeper=reloader).run())

    return reloader.keep(run_once)


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
    require_protection(config.mqtt, config.redis)
    require_transport(config.live.transport)
    Seals(config.signatures, prefix=config.mqtt.prefix)
    split(config)
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
