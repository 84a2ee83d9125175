"""The process that takes another host's rows off Redis: to this host's board it is what a feed worker is."""

import asyncio
from typing import Final

import structlog

from signald.config import Config
from signald.errors import SinkError
from signald.live.family_state import FamilyState
from signald.live.heart import Heart
from signald.live.remote.arrivals import MOST_WRITERS, REFUSALS, Arrivals
from signald.live.remote.server_time import ServerTime
from signald.model.time import NS_PER_MS, NS_PER_S
from signald.runtime.backoff import Backoff
from signald.runtime.clock import Clock
from signald.runtime.supervisor import Supervisor
from signald.sinks.keys import board_of
from signald.sinks.metrics import Metrics
from signald.transports.redis import RedisLink
from signald.transports.redis_address import Topology, parse_redis_url
from signald.transports.settings import RedisConfig

_LOOKS_EVERY_S: Final = 0.05
_MEASURES_EVERY_S: Final = 0.5
_UNHEARD_S: Final = 5.0
"""Nothing has come for so long: behind a Sentinel or in a cluster it may be the wrong server."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class RowsLink:
    """A subscription to the rows of one host, made again for ever.

    Attributes:
        time: What the server says of the time.
    """

    def __init__(self, host: str, config: RedisConfig, clock: Clock, *, backoff: Backoff | None = None) -> None:
        """Build a link that is not connected yet; raises ``ConfigError`` if ``config`` cannot be used."""
        self.time = ServerTime(clock)
        self._host = host
        self._clock = clock
        self._arrivals: Arrivals | None = None
        self._link = RedisLink(config, on_up=self._begin, on_message=self._take, backoff=backoff)
        self._has_others = parse_redis_url(config.url).topology is not Topology.DIRECT
        self._since = 0

    @property
    def is_up(self) -> bool:
        """Whether the server is there."""
        return self._link.is_up

    async def run(self, arrivals: Arrivals) -> None:
        """Hand what comes to ``arrivals`` for ever; ends by cancellation only."""
        self._arrivals = arrivals
        async with asyncio.TaskGroup() as group:
            group.create_task(self._link.run(), name="rows-link")
            group.create_task(self._look(arrivals), name="rows-look")
            group.create_task(self._measure(arrivals), name="rows-time")

    async def _begin(self) -> None:
        self._since = self._clock.monotonic()
        await self.time.measure(self._link, anew=True)
        await self._link.subscribe(board_of(self._host))

    def _take(self, message: bytes) -> None:
        if self._arrivals is not None:
            self._arrivals.take(message)

    async def _look(self, arrivals: Arrivals) -> None:
        was_silent = was_crowded = False
        while True:
            arrivals.look()
            if arrivals.refused["too_many"] and not was_crowded:
                was_crowded = True
                log.error("remote_writers_too_many", host=self._host, most=MOST_WRITERS)
            is_silent = arrivals.is_silent()
            if is_silent and not was_silent:
                log.warning("remote_books_fell_silent", host=self._host)
            elif was_silent and not is_silent:
                log.info("remote_books_heard", host=self._host)
            was_silent = is_silent
            await asyncio.sleep(_LOOKS_EVERY_S)

    async def _measure(self, arrivals: Arrivals) -> None:
        while True:
            await asyncio.sleep(_MEASURES_EVERY_S)
            try:
                if self.is_up:
                    await self.time.measure(self._link)
            except SinkError as error:
                self._link.drop(str(error))
            unheard_ns = self._clock.monotonic() - max(self._since, arrivals.last)
            if self._has_others and self.is_up and unheard_ns > _UNHEARD_S * NS_PER_S:
                self._link.drop("nobody speaks there")


class RemoteBoard:
    """The process of the family for one host."""

    def __init__(self, name: str, host: str, config: Config, clock: Clock, family: FamilyState) -> None:
        """Join everything; nothing is connected yet."""
        self._host = host
        self._metrics = family.metrics(name)
        self._heart = Heart(family, name, metrics=self._metrics, clock=clock)
        self._link = RowsLink(host, config.board.redis(config.redis), clock)
        self._arrivals = Arrivals(
            family.board(),
            family.writers[name],
            server_time=self._link.time,
            clock=clock,
            late_after_ns=round(config.board.late_after_ms * NS_PER_MS),
            silent_after_ns=round(config.board.silent_after_ms * NS_PER_MS),
            tally=family.tally,
        )
        watch(self._metrics, host, self._link, self._arrivals)

    async def run(self) -> None:
        """Run until SIGINT or SIGTERM."""
        async with Supervisor() as supervisor:
            supervisor.start("rows", lambda: self._link.run(self._arrivals))
            supervisor.start("heart", self._heart.run)
            self._heart.ready()
            await supervisor.stopping.wait()


def watch(metrics: Metrics, host: str, link: RowsLink, arrivals: Arrivals) -> None:
    """Export what is known of a host's rows."""
    labels = (("host", host),)
    for name, documentation, read in (
        ("up", "Whether the Redis on which a host's rows come is connected.", lambda: link.is_up),
        ("silent", "Whether a host whose rows we want does not send any.", arrivals.is_silent),
        ("transit_seconds", "How long the last message of rows was on its way.", lambda: arrivals.transit / NS_PER_S),
        (
            "clock_error_seconds",
            "By how much that may be wrong: what is not known of both hosts' clocks.",
            lambda: arrivals.error / NS_PER_S,
        ),
    ):
        metrics.watch(f"signald_board_{name}", documentation, read, labels=labels)
    for name, documentation, count in (
        ("messages", "Messages of rows that were believed.", lambda: arrivals.messages),
        ("gaps", "Times that messages of rows were missing.", lambda: arrivals.gaps),
        ("missed", "Messages of rows that never came.", lambda: arrivals.missed),
        ("late", "Messages of rows whose way took too long.", lambda: arrivals.late),
        ("doubted", "Times that a live row of another host was flagged here.", lambda: arrivals.doubted),
    ):
        metrics.watch_counter(f"signald_board_{name}_total", documentation, count, labels=labels)
    for reason in REFUSALS:
        metrics.watch_counter(
            "signald_board_refused_total",
            "Messages of rows that were not believed.",
            lambda reason=reason: arrivals.refused[reason],
            labels=(*labels, ("reason", reason)),
        )
