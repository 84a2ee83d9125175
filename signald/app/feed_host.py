"""Keeps the books of some venues for a daemon on another host: feed workers and metrics, no engine, no calendar."""

import os
import secrets
import socket
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from signald.app.hosts import split
from signald.app.processes import feed_role, metrics_role, rows_of, share
from signald.app.world import instruments_of, load_world
from signald.config import Config
from signald.core.board import Board
from signald.errors import ConfigError
from signald.journal.parts import FEED
from signald.live.family_state import FamilyState
from signald.live.remote.carrier import Carrier
from signald.logs import configure_logs
from signald.runtime.clock import Clock, LiveClock
from signald.runtime.family import Family, Role
from signald.runtime.service import ServiceManager
from signald.sinks.exposition import listen
from signald.transports.settings import require_transport

_TOKEN_BYTES: Final = 4


def run_feed(config: Config, host: str, *, url: str | None) -> None:
    """Be ``host`` of the configuration until SIGINT or SIGTERM.

    Args:
        config: The same as that of the daemon which has the engine.
        host: One of ``board.hosts``.
        url: Of the Redis over which the rows go; ``None``: as configured.

    Raises:
        ConfigError: The configuration has no such host, or cannot be used.
        SignaldError: A process could not begin.
    """
    configure_logs()
    require_transport(config.live.transport)
    config = _of_host(config, host, url=url)
    redis = config.board.redis(config.redis)
    world = load_world(config)
    instruments = [one.id for one in instruments_of(world, config.venues)]
    shares = share(config.venues, config.live.feed_workers, prefix=f"{FEED}{host}-")
    writers = {name: rows_of(config, channels, instruments) for name, channels in shares.items()}
    family = FamilyState(instruments, writers, slippage_usd=config.books.slippage_usd)
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(_TOKEN_BYTES)}"

    def carry(number: int, rows: list[int], board: Board, clock: Clock) -> Carrier:
        return Carrier(host, board, rows, config=redis, holder=holder, writer=number, clock=clock)

    carriers: dict[str, Callable[[Board, Clock], Carrier]] = {
        name: partial(carry, number, rows) for number, (name, rows) in enumerate(writers.items())
    }
    with listen(config.metrics.host, config.metrics.port) as listener:
        roles: list[Role] = [
            *(
                feed_role(name, channels, world, LiveClock, family, carrier=carriers[name])
                for name, channels in shares.items()
            ),
            metrics_role(listener, LiveClock, family, ready_as=tuple(writers)),
        ]
        service = ServiceManager(os.environ)

        def tell_service() -> bool:
            service.lives(LiveClock.monotonic(), ready=all(map(family.roster.is_ready, writers)))
            return False

        Family(roles, family.roster, is_over=tell_service).run()
        service.ends()


def _of_host(config: Config, host: str, *, url: str | None) -> Config:
    """What is left of the configuration where only the books of ``host`` are kept."""
    if url is not None:
        config = msgspec.structs.replace(config, board=msgspec.structs.replace(config.board, url=url))
    _, hosts = split(config)
    if host not in hosts:
        where, known = "board.hosts", ", ".join(hosts) or "none"
        raise ConfigError(where, f"{host!r} is not among them: {known}")
    return msgspec.structs.replace(config, venues=hosts[host])
