"""The publisher: signals to Redis in order, each once, at once when it can and late when it must.

A signal is written to the socket before :meth:`Publisher.publish` returns. Until its reply has come it is kept; when
the connection is lost, or the server refuses, it waits and goes out again, in order, with ``late_ms``. That is safe
because the server refuses an id it has. What waits goes out together, as one command that writes all or nothing. Each
command in flight names the document before it, and the server refuses it unless that one was written: so a refusal in
the middle cannot let a later signal overtake.

What the server confirmed may still be lost in a failover. So on each connection it is asked which of the last
documents it has, and those it lacks are sent again before anything else.
"""

import asyncio
import functools
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import structlog

from signald.errors import SinkError
from signald.model.time import NS_PER_MS, Nanos
from signald.runtime.backoff import Backoff
from signald.runtime.clock import Clock
from signald.runtime.faults import reach
from signald.sinks import keys
from signald.sinks.encoding import Document
from signald.sinks.outbox import Item, Outbox
from signald.sinks.redis_function import DUPLICATE, MOST_TOGETHER, NOT_LOADED, OUT_OF_ORDER, PublishFunction, Sending
from signald.transports.redis import RedisLink, Refused, Reply
from signald.transports.settings import RedisConfig

IN_FLIGHT = 64
"""Documents sent without a reply at most; what comes beyond waits, so that a slow server is seen."""
_IDS_PER_QUESTION = 500

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Confirmation(NamedTuple):
    """The server's word on one document; times are monotonic.

    Attributes:
        document: Which.
        sequence: Its number on the first stream; ``None`` if another replica, or an earlier attempt, had written it.
        late_ms: What it was sent with.
        sent: When it was handed to the socket.
        replied: When the reply was read.
    """

    document: Document
    sequence: int | None
    late_ms: int
    sent: Nanos
    replied: Nanos


class Publisher:
    """Writes documents to Redis through a connection of its own.

    Attributes:
        published: Documents the server wrote.
        duplicates: Documents it had already.
        refusals: How often it refused one for another reason.
        delivered_late: How many of ``published`` were late.
        last_refusal: The server's words, ``""`` while all is well.
    """

    def __init__(
        self,
        config: RedisConfig,
        clock: Clock,
        *,
        consumers: Sequence[str] = (),
        tail_length: int = 1_000,
        on_confirmed: Callable[[Confirmation], None] | None = None,
        is_halted: Callable[[], bool] | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        """Build a publisher that is not connected yet.

        Args:
            config: Where the server is, and how long streams get.
            clock: For ``ts_publish`` and lateness.
            consumers: Names of those who get a stream of their own.
            tail_length: How many of the last confirmed documents the server is asked for on each connection.
            on_confirmed: Told each confirmation.
            is_halted: Asked right before each document is sent: then only the word of a halt or its end goes, and the
                others wait. Whoever ends that calls :meth:`go_on`.
            backoff: Delays between attempts to connect, and after refusals.

        Raises:
            ConfigError: ``config`` cannot be used.
        """
        self._clock = clock
        self._on_confirmed = on_confirmed
        self._is_halted = is_halted or _never
        self._function = PublishFunction(
            consumers=consumers, stream_length=config.stream_length, test_length=config.test_length
        )
        self._on_replies = [functools.partial(self._on_reply, count) for count in range(MOST_TOGETHER + 1)]
        self._link = RedisLink(config, on_up=self._prepare, on_down=self._on_down, backoff=backoff)
        self._backoff = Backoff(first_s=0.05, cap_s=2.0)
        self._outbox = Outbox(
            window=IN_FLIGHT,
            capacity=config.stream_length,
            # The server remembers the ids of ten times the longest stream: further back it would know nothing of what
            # it has written, and write it again.
            tail_length=min(tail_length, config.stream_length),
        )
        self._idle = asyncio.Event()
        self._idle.set()
        self.published = 0
        self.duplicates = 0
        self.refusals = 0
        self.delivered_late = 0
        self.last_refusal = ""

    @property
    def is_up(self) -> bool:
        """Whether the server is there."""
        return self._link.is_up

    @property
    def address(self) -> str:
        """Where the server is sought, without secrets."""
        return self._link.address

    @property
    def depth(self) -> int:
        """Documents that are not confirmed yet."""
        return len(self._outbox)

    @property
    def dropped(self) -> int:
        """Documents given up: tests that could not go at once, and the oldest when more wait than a stream holds.

        The journal has them.
        """
        return self._outbox.dropped

    def lag_ns(self) -> Nanos:
        """How long the oldest document that is not confirmed has been on its way; 0 if there is none."""
        oldest = self._outbox.oldest()
        return 0 if oldest is None else self._age_ns(oldest)

    async def run(self) -> None:
        """Keep the connection, and what must go out going; ends by cancellation only."""
        await self._link.run()

    async def wait_connected(self, timeout_s: float) -> None:
        """Wait until the server is reached and knows our function.

        Raises:
            UnreachableError: That took longer than ``timeout_s``.
        """
        await self._link.wait_connected(timeout_s)

    async def flush(self, timeout_s: float) -> bool:
        """Wait until everything is confirmed; ``False`` if that took longer than ``timeout_s``."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def publish(self, *documents: Document) -> None:
        """Send them now, together, or as soon as all before them is sent; a test that cannot go now never does."""
        queued = self._clock.monotonic()
        self._outbox.add(*[Item(document, queued) for document in documents])
        self._send_what_may_go()

    def go_on(self) -> None:
        """Send what waited while nothing might be sent."""
        self._send_what_may_go()

    def resend(self, tail: Iterable[Document]) -> None:
        """Remember what an earlier process published, oldest first; what the server lacks goes out on connecting.

        To be called before :meth:`run`. Tests belong to the tail too: they are not sent again, but show how far back
        the server's memory of ids reaches.
        """
        self._outbox.remember(tail)

    def _send_what_may_go(self) -> None:
        while (taken := self._outbox.take(is_halted=self._is_halted(), most=MOST_TOGETHER)) is not None:
            items, after = taken
            sendings: list[Sending] = []
            for item in items:
                item.late_ms = max(1, self._age_ns(item) // NS_PER_MS) if item.is_late else 0
                sendings.append(Sending(item.document, self._clock.now(), item.late_ms))
            packed = self._function.pack_call(sendings, after=after)
            sent = self._clock.monotonic()
            for item in items:
                item.sent = sent
            self._link.submit(packed, self._on_replies[len(items)])
            reach("publisher.sent")
        if self._outbox:
            self._idle.clear()
        else:
            self._idle.set()

    def _on_reply(self, count: int, reply: Reply) -> None:
        """Take the server's word on the ``count`` documents that have been in flight longest."""
        reach("publisher.replied")
        if isinstance(reply, Refused):
            for _ in range(count):
                self._on_refusal(self._outbox.refuse(), reply)
        else:
            for one in _sequences(count, reply):
                self._confirm(self._outbox.confirm(), one)
        if self._outbox.has_come_back():
            asyncio.get_running_loop().call_later(self._backoff.next_delay_s(), self._reopen, self._link.connections)
        self._send_what_may_go()

    def _confirm(self, item: Item, sequence: int | None) -> None:
        if sequence is None:
            self.duplicates += 1
        else:
            self.published += 1
            self.delivered_late += item.is_late
        if not self._outbox.is_held_up:
            self.last_refusal = ""
            self._backoff.reset()
        if self._on_confirmed is not None:
            self._on_confirmed(Confirmation(item.document, sequence, item.late_ms, item.sent, self._clock.monotonic()))

    def _on_refusal(self, item: Item, reply: Refused) -> None:
        self.refusals += 1
        if reply.text != self.last_refusal and not reply.text.startswith(OUT_OF_ORDER):
            self.last_refusal = reply.text
            log.error("signal_refused", id=item.document.id, reason=reply.text)
        if NOT_LOADED in reply.text:
            self._link.drop(reply.text)  # on the next connection it is loaded again

    def _reopen(self, connection: int) -> None:
        if self._link.is_up and self._link.connections == connection:
            self._outbox.reopen()
            self._send_what_may_go()

    async def _prepare(self) -> None:
        """On a new connection: load the function, find what the server lacks, and send that first."""
        await self._link.call("FUNCTION", "LOAD", "REPLACE", self._function.code)
        reach("publisher.connected")
        missing = await self._missing_from_server()
        reach("publisher.asked")
        if missing:
            log.warning("signals_sent_again", count=len(missing), first=missing[0].id)
        self._outbox.connect(missing)
        self._send_what_may_go()

    async def _missing_from_server(self) -> list[Document]:
        tail = self._outbox.tail()
        missing: list[Document] = []
        for start in range(0, len(tail), _IDS_PER_QUESTION):
            asked = tail[start : start + _IDS_PER_QUESTION]
            scores = await self._link.call("ZMSCORE", keys.IDS, *[document.id for document in asked])
            if not isinstance(scores, list) or len(scores) != len(asked):
                msg = f"redis answers {scores!r} when asked for {len(asked)} ids"
                raise SinkError(msg)
            missing += [document for document, score in zip(asked, scores, strict=True) if score is None]
        return missing

    def _on_down(self, _: str) -> None:
        self._outbox.disconnect()
        self._send_what_may_go()

    def _age_ns(self, item: Item) -> Nanos:
        if item.queued is None:
            return max(0, self._clock.now() - item.document.ts_scored)
        return self._clock.monotonic() - item.queued


def _sequences(count: int, reply: Reply) -> list[int | None]:
    """The number of each document on the first stream, ``None`` where it was there before.

    Raises:
        SinkError: The server says something else. That ends the connection; on the next it is asked what it has.
    """
    said = reply if isinstance(reply, list) else [reply]
    if len(said) != count or not all(one == DUPLICATE or isinstance(one, int) for one in said):
        msg = f"redis answers {reply!r} to {count} signals"
        raise SinkError(msg)
    return [one if isinstance(one, int) else None for one in said]


def _never() -> bool:
    return False
