"""The daemon as a family of processes: one for the calendar, the engine and Redis; feed workers; one for metrics.

All are forked from a parent that has loaded everything and shares a board and counters with them; see
:mod:`signald.runtime.family`.
"""

import os
import signal
import socket
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from signald.app.hosts import split
from signald.app.loop import run_in_loop, take_privileges
from signald.app.reload import Reloader
from signald.app.world import World, build_feeds, build_pipeline, composites_of, instruments_of
from signald.config import Config
from signald.core.board import Board
from signald.journal.parts import FEED
from signald.live.daemon import Daemon
from signald.live.family_state import CONSOLE, METRICS, SIGNAL, FamilyState
from signald.live.feed_worker import FeedWorker
from signald.live.remote.carrier import Carrier
from signald.live.remote.receiver import RemoteBoard
from signald.live.summary import RunSummary
from signald.live.switch import HALT_SIGNAL
from signald.logs import name_process
from signald.model.instruments import InstrumentId
from signald.runtime import faults
from signald.runtime.clock import Clock
from signald.runtime.family import Family, Role, Told
from signald.runtime.privileges import give_precedence, pin_to
from signald.sinks.exposition import build_server, listen
from signald.sources.registry import VenueConfig, channels_of, way_of

_SERVES_EVERY_S: Final = 0.5
_SLOW_NICENESS: Final = 10
REMOTE: Final = "board-"
"""Begins the name of the process that takes another host's rows."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def run_family(reloader: Reloader, clock: Callable[[], Clock]) -> RunSummary:
    """Run the daemon in several processes until it is told to stop; ``clock`` is made in each.

    Raises:
        SignaldError: As :meth:`signald.live.daemon.Daemon.run`, or a process that is needed does not live.
    """
    config = reloader.world.config
    with listen(config.metrics.host, config.metrics.port) as listener, _listen_for_pages(config) as pages:
        return reloader.keep(lambda world: _run_once(world, clock, reloader, _Listeners(listener, pages)))


class _Listeners(NamedTuple):
    """Where Prometheus and people ask: open as long as the parent lives."""

    metrics: socket.socket
    pages: socket.socket | None


def _run_once(world: World, clock: Callable[[], Clock], reloader: Reloader, listeners: _Listeners) -> RunSummary:
    config = world.config
    traded = instruments_of(world, config.venues)
    instruments = [one.id for one in traded]
    ours, hosts = split(config)
    shares = share(ours, config.live.feed_workers)
    writers = {name: rows_of(config, channels, instruments) for name, channels in shares.items()}
    for host, theirs in hosts.items():
        writers[REMOTE + host] = [instruments.index(one.id) for one in instruments_of(world, theirs)]
    state = FamilyState(
        instruments,
        writers,
        slippage_usd=config.books.slippage_usd,
        has_console=config.console.enabled,
        composites=composites_of(world, traded),
        reloads=reloader.reloads,
    )
    roles = [
        Role(SIGNAL, lambda: _signal(world, clock(), state), is_vital=True, on_lost=lambda: _lose(state, SIGNAL)),
        *(feed_role(name, channels, world, clock, state) for name, channels in shares.items()),
        *(_remote_role(host, config, clock, state) for host in hosts),
        metrics_role(listeners.metrics, clock, state, ready_as=(SIGNAL,)),
    ]
    if (pages := listeners.pages) is not None:
        roles.append(Role(CONSOLE, lambda: _console(config, pages, state)))

    def is_over() -> bool:
        return reloader.look(is_ready=state.roster.is_ready(SIGNAL), is_open=state.situation.is_open())

    passed_on = {HALT_SIGNAL: reloader.halt, signal.SIGHUP: reloader.ask}
    family = Family(roles, state.roster, passed_on=passed_on, is_over=is_over)
    try:
        told = family.run()
    finally:
        if family.was_told_to_end:
            reloader.told_to_end()
    return RunSummary(**told) if told else RunSummary(0, 0, 0, 0, str(Path(config.journal.path)))


def _listen_for_pages(config: Config) -> AbstractContextManager[socket.socket | None]:
    console = config.console
    return listen(console.host, console.port, section="console") if console.enabled else nullcontext()


def share(venues: Sequence[VenueConfig], workers: int, *, prefix: str = FEED) -> dict[str, tuple[str, ...]]:
    """Channels of each feed worker, by its name: all of one venue go to one worker, and all workers get as many books.

    A venue's connections share what it bears of us, so they stay together. One that comes through ccxt, or over MQTT as
    what a book has to be made of, has a worker to itself, beside ``workers``: milliseconds for a frame would hold up
    every other book.
    """
    books: dict[str, int] = {}
    for venue in venues:
        books[venue.name] = books.get(venue.name, 0) + len(venue.instruments)
    alone = [name for name in books if way_of(name) != "websocket"]
    count = min(workers, len(books) - len(alone))
    load = dict.fromkeys(range(count), 0)
    chosen: dict[str, int] = {}
    for name in sorted(books.keys() - alone, key=lambda one: (-books[one], one)):
        chosen[name] = min(load, key=lambda one: (load[one], one))
        load[chosen[name]] += books[name]
    chosen |= {name: number for number, name in enumerate(alone, start=count)}
    named = list(zip(channels_of(venues), venues, strict=True))
    return {
        f"{prefix}{number + 1}": tuple(channel for channel, venue in named if chosen[venue.name] == number)
        for number in range(count + len(alone))
    }


def _remote_role(host: str, config: Config, clock: Callable[[], Clock], family: FamilyState) -> Role:
    name = REMOTE + host

    def receive() -> None:
        name_process(name)
        pin_to(config.live.feed_cpus, key="live.feed_cpus")
        give_precedence(config.live.feed_nice)
        run_in_loop(RemoteBoard(name, host, config, clock(), family).run())

    return Role(name, receive, on_lost=lambda: _lose(family, name))


def feed_role(
    name: str,
    channels: Sequence[str],
    world: World,
    clock: Callable[[], Clock],
    family: FamilyState,
    *,
    carrier: Callable[[Board, Clock], Carrier] | None = None,
) -> Role:
    """A feed worker that keeps the books of these connections; ``carrier`` makes who takes their rows elsewhere."""

    def feed() -> None:
        name_process(name)
        pin_to(world.config.live.feed_cpus, key="live.feed_cpus")
        here, board = clock(), family.board()
        feeds = build_feeds(world, world.config.venues, board, channels=channels)
        named = dict(zip(channels_of(world.config.venues), world.config.venues, strict=True))
        is_slow = any(way_of(named[channel].name) != "websocket" for channel in channels)
        give_precedence(max(world.config.live.feed_nice, _SLOW_NICENESS) if is_slow else world.config.live.feed_nice)
        rows = None if carrier is None else carrier(board, here)
        run_in_loop(FeedWorker(name, world.config, feeds, here, family, carrier=rows).run())

    return Role(name, feed, on_lost=lambda: _lose(family, name))


def metrics_role(
    listener: socket.socket, clock: Callable[[], Clock], family: FamilyState, *, ready_as: Collection[str]
) -> Role:
    """Who serves the numbers of all, and says that the family is ready while all of ``ready_as`` are."""
    return Role(METRICS, lambda: _metrics(listener, family, clock(), ready_as=ready_as))


def rows_of(config: Config, channels: Sequence[str], instruments: Sequence[InstrumentId]) -> list[int]:
    """Places among ``instruments`` of those that these connections have."""
    places = {name: place for place, name in enumerate(instruments)}
    named = zip(channels_of(config.venues), config.venues, strict=True)
    return [places[name] for channel, venue in named if channel in channels for name in venue.instruments]


def _lose(family: FamilyState, name: str) -> None:
    """A process has ended: what it kept may not be believed any more."""
    faults.arm({})  # a fault that was sent has struck
    lost = family.disown(name)
    if lost:
        log.warning("books_disowned", member=name, instruments=lost)


def _signal(world: World, clock: Clock, family: FamilyState) -> Told:
    name_process(SIGNAL)
    take_privileges(world.config.live)
    pipeline = build_pipeline(world, world.config.venues, board=family.watched_board(clock))
    daemon = Daemon(world.config, pipeline, clock, family=family)
    return run_in_loop(daemon.run())._asdict()


def _console(config: Config, listener: socket.socket, family: FamilyState) -> None:
    """Serve the page for people, until a SIGTERM comes."""
    from signald.app.console import serve_console  # noqa: PLC0415 - a web server loads with it: only here
    from signald.console.server import read_token  # noqa: PLC0415 - see above

    name_process(CONSOLE)
    read_token(Path(config.console.token_file))
    serve_console(config, listener, os.getppid(), on_started=lambda: family.roster.ready(CONSOLE))


def _metrics(listener: socket.socket, family: FamilyState, clock: Clock, *, ready_as: Collection[str]) -> None:
    """Serve what the others tell, until a SIGTERM ends this process: it has nothing to lose."""
    name_process(METRICS)
    server = build_server(family.told(), listener, is_ready=lambda: all(map(family.roster.is_ready, ready_as)))
    family.roster.ready(METRICS)

    def beat() -> None:
        family.roster.beat(METRICS, clock.monotonic())

    server.service_actions = beat
    server.serve_forever(_SERVES_EVERY_S)
