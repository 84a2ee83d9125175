"""Sends the rows of a host's books to the host that has the engine: the latest of each, never a backlog.

A message goes out as soon as a row has changed, with all that have. While several messages wait for Redis' answer
none goes: what changes meanwhile is in the next one, once, as it then stands. Ten times a second all rows go, whatever
has changed, so that whoever begins to listen or missed something knows all of them soon; silence means that nobody is
there. Nothing is kept in Redis: an old row is worth nothing.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import numpy as np
import structlog

from signald.core.board import Board
from signald.core.kernels.machine import WordArray
from signald.core.kernels.publish import read_rows
from signald.core.kernels.rows import ROW_USED, ROW_WORDS
from signald.errors import SinkError
from signald.live.remote.lease import Lease
from signald.live.remote.packing import WHOLE, Head, layout_of, pack
from signald.live.remote.server_time import ServerTime
from signald.model.time import NS_PER_S
from signald.runtime.backoff import Backoff
from signald.runtime.clock import Clock
from signald.sinks.keys import board_of
from signald.sinks.metrics import Metrics
from signald.transports.redis import CommandTemplate, RedisLink, Refused, Reply
from signald.transports.redis_address import Topology, parse_redis_url
from signald.transports.settings import RedisConfig

_UNANSWERED: Final = 4
"""Messages that may wait for Redis' answer before what changes is held back."""
_WHOLE_EVERY_S: Final = 0.1
_CLAIM_EVERY_S: Final = 0.5
_UNHEARD_S: Final = 5.0
"""Nobody has listened for so long: behind a Sentinel or in a cluster it may be the wrong server."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Carrier:
    """Carries the rows that one process writes.

    Attributes:
        sent: Messages that went out.
        held: Times that a change had to wait for Redis' answer.
        heard_by: How many listened to the last message.
        refused_by: Who has the lease, ``""`` if it is not another family.
    """

    def __init__(
        self,
        host: str,
        board: Board,
        numbers: Sequence[int],
        *,
        config: RedisConfig,
        holder: str,
        writer: int,
        clock: Clock,
        backoff: Backoff | None = None,
    ) -> None:
        """Build a carrier that is not connected yet.

        Args:
            host: What this host is called in the configuration.
            board: Of all rows of the host.
            numbers: Of the rows that this process writes.
            config: Which Redis.
            holder: Who we are, to whoever else wants to be this host; the same for all processes of one family.
            writer: Which of those this is.
            clock: The time.
            backoff: Delays between attempts to connect.

        Raises:
            ConfigError: ``config`` cannot be used.
        """
        self._host = host
        self._board = board
        self._numbers = np.array(numbers, dtype=np.int64)
        self._clock = clock
        self._writer = writer
        self._layout = layout_of(board.instruments[: board.written], board.slippage_usd)
        self._link = RedisLink(config, on_up=self._begin, on_down=self._forget, backoff=backoff)
        self._has_others = parse_redis_url(config.url).topology is not Topology.DIRECT
        self._command = CommandTemplate("PUBLISH", board_of(host), holes=1)
        self._time = ServerTime(clock)
        self._lease = Lease(board_of(host), holder, clock)
        self._seen = np.full(len(numbers), -1, dtype=np.int64)
        self._row = np.zeros(ROW_WORDS, dtype=np.int64)
        self._unanswered = 0
        self._is_due = False
        self._run = self._sequence = 0
        self._heard = 0
        self._problem = ""
        self.refused_by = ""
        self.sent = self.held = self.heard_by = 0

    def changed(self) -> None:
        """A row may have changed: it goes out at once, or, in a burst, in the next turn of the loop with all others."""
        if not self._unanswered:
            self._send()
        elif not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._send)

    async def run(self) -> None:
        """Carry for ever; ends by cancellation only."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._link.run(), name="carrier-link")
            group.create_task(self._repeat(), name="carrier-repeat")
            group.create_task(self._renew(), name="carrier-renew")

    def watch(self, metrics: Metrics) -> None:
        """Export what is counted."""
        metrics.watch(
            "signald_board_carrying", "Whether we may send this host's rows, and can.", lambda: self.may_carry
        )
        metrics.watch("signald_board_listeners", "Who listened to the last message of rows.", lambda: self.heard_by)
        metrics.watch_counter("signald_board_sent_total", "Messages of rows sent.", lambda: self.sent)
        metrics.watch_counter(
            "signald_board_held_total", "Times rows waited for Redis, to go as they then stood.", lambda: self.held
        )

    @property
    def may_carry(self) -> bool:
        """Whether the server is there and nobody else has the lease."""
        return self._link.is_up and self._lease.is_held()

    def _send(self) -> None:
        """Send what has changed, unless too much is under way: then the next answer brings us here again."""
        self._is_due = False
        changed = np.flatnonzero(self._board.versions()[self._numbers] != self._seen)
        if not len(changed) or not self.may_carry:
            return
        if self._unanswered >= _UNANSWERED:
            self.held += 1
            return
        self._put(changed, 0)

    def _send_whole(self) -> None:
        if self.may_carry and self._unanswered < _UNANSWERED:
            self._put(np.arange(len(self._numbers)), WHOLE)

    def _put(self, places: WordArray, flags: int) -> None:
        """Write the rows at ``places`` among ours to the socket."""
        rows = np.empty((len(places), ROW_USED), dtype=np.int64)
        versions = self._board.versions()
        for line, place in enumerate(places):
            number = int(self._numbers[place])
            self._seen[place] = versions[number]  # before the row: one that is newer goes twice, none is left out
            read_rows(self._board.writer_row(number), self._row, 1)
            rows[line] = self._row[:ROW_USED]
        self._sequence += 1
        head = Head(
            layout=self._layout,
            epoch=self._lease.epoch,
            run=self._run,
            sequence=self._sequence,
            writer=self._writer,
            flags=flags,
            sent=self._clock.monotonic(),
            sent_wall=self._clock.now(),
            server_offset=self._time.offset,
            offset_error=self._time.error,
        )
        message = pack(head, self._numbers[places].tolist(), rows)
        self._unanswered += 1
        self.sent += 1
        self._link.submit(self._command.fill(message), self._answered)

    def _answered(self, reply: Reply) -> None:
        self._unanswered -= 1
        if isinstance(reply, Refused):
            if reply.text != self._problem:  # once, not with each message
                self._problem = reply.text
                log.warning("board_refused", host=self._host, problem=reply.text)
            return
        self._problem = ""
        self.heard_by = reply if isinstance(reply, int) else 0
        if self.heard_by:
            self._heard = self._clock.monotonic()
        if not self._is_due:
            self._send()

    async def _begin(self) -> None:
        """On a new connection: which time it is there, and whether we may write."""
        self._unanswered = 0
        await self._time.measure(self._link, anew=True)
        self._run = self._run or self._time.now()
        self._heard = self._clock.monotonic()
        await self._claim()

    def _forget(self, _: str) -> None:
        self._unanswered = 0

    async def _claim(self) -> None:
        if await self._lease.claim(self._link):
            if self.refused_by:
                log.warning("board_taken_over", host=self._host, before=self.refused_by)
            self.refused_by = ""
        elif self._lease.holder != self.refused_by:
            self.refused_by = self._lease.holder
            log.warning("board_found_taken", host=self._host, holder=self.refused_by)

    async def _renew(self) -> None:
        """Keep the lease, or wait for it; and keep what we know of the server's time fresh."""
        while True:
            await asyncio.sleep(_CLAIM_EVERY_S)
            try:
                if self._link.is_up:
                    await self._claim()
                    await self._time.measure(self._link)
            except SinkError as error:
                self._link.drop(str(error))
            silent_ns = self._clock.monotonic() - self._heard
            if self._has_others and self._link.is_up and silent_ns > _UNHEARD_S * NS_PER_S:
                self._link.drop("nobody listens there")

    async def _repeat(self) -> None:
        while True:
            self._send_whole()
            await asyncio.sleep(_WHOLE_EVERY_S)
