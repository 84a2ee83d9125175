"""The publisher: signals to Redis in order, each once, at once when it can and late when it must.

A signal is written to the socket before :meth:`Publisher.publish` returns. Until its reply has come it is kept; when
the connection is lost, or the server refuses, it waits and goes out again, in order, with ``late_ms``. That is safe
because the server refuses an id it has. Each command in flight names the one before it, and the server refuses it
unless that one was written: so a refusal in the middle cannot let a later signal overtake.

What the server confirmed may still be lost in a failover. So on each connection it is asked which of the last
documents it has, and those it lacks are sent again before anything else.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, cast

import structlog

from signald.model.time import NS_PER_MS, Nanos
from signald.runtime.backoff import Backoff
from signald.runtime.clock import Clock
from signald.sinks import keys
from signald.sinks.encoding import Document
from signald.sinks.redis_function import DUPLICATE, NOT_LOADED, PublishFunction
from signald.transports.redis import RedisLink, Refused, Reply
from signald.transports.settings import RedisConfig

_IN_FLIGHT = 64
"""Commands sent without a reply at most; what comes beyond waits, so that a slow server is seen."""
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


class _Item:
    """A document on its way."""

    __slots__ = ("document", "is_late", "late_ms", "queued", "sent")

    def __init__(self, document: Document, queued: Nanos | None, *, is_late: bool = False) -> None:
        self.document = document
        self.queued = queued  # monotonic; None for what an earlier process scored
        self.is_late = is_late
        self.late_ms = 0
        self.sent: Nanos = 0


class Publisher:
    """Writes documents to Redis through a connection of its own.

    Attributes:
        published: Documents the server wrote.
        duplicates: Documents it had already.
        refusals: How often it refused one for another reason.
        delivered_late: How many of ``published`` were late.
        dropped: Documents given up: tests that could not go at once, and the oldest when more wait than a stream
            holds. The journal has them.
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
        backoff: Backoff | None = None,
    ) -> None:
        """Build a publisher that is not connected yet.

        Args:
            config: Where the server is, and how long streams get.
            clock: For ``ts_publish`` and lateness.
            consumers: Names of those who get a stream of their own.
            tail_length: How many of the last confirmed documents the server is asked for on each connection.
            on_confirmed: Told each confirmation.
            backoff: Delays between attempts to connect, and after refusals.

        Raises:
            ConfigError: ``config`` cannot be used.
        """
        self._clock = clock
        self._on_confirmed = on_confirmed
        self._function = PublishFunction(
            consumers=consumers, stream_length=config.stream_length, test_length=config.test_length
        )
        self._link = RedisLink(config, on_up=self._prepare, on_down=self._requeue, backoff=backoff)
        self._backoff = Backoff(first_s=0.05, cap_s=2.0)
        self._waiting: deque[_Item] = deque()
        self._in_flight: deque[_Item] = deque()
        self._refused: list[_Item] = []
        self._tail: deque[Document] = deque(maxlen=tail_length)
        self._longest_queue = config.stream_length
        self._is_ready = False
        self._idle = asyncio.Event()
        self._idle.set()
        self.published = 0
        self.duplicates = 0
        self.refusals = 0
        self.delivered_late = 0
        self.dropped = 0
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
        return len(self._waiting) + len(self._in_flight) + len(self._refused)

    def lag_ns(self) -> Nanos:
        """How long the oldest document that is not confirmed has been on its way; 0 if there is none."""
        for queue in (self._in_flight, self._refused, self._waiting):
            try:
                return self._age_ns(queue[0])
            except IndexError:  # empty, or just emptied: this may be asked from another thread
                continue
        return 0

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

    def publish(self, document: Document) -> None:
        """Send ``document`` now, or as soon as everything before it is sent; a test that cannot go now never does."""
        item = _Item(document, self._clock.monotonic())
        if self._is_ready and not self._waiting and len(self._in_flight) < _IN_FLIGHT:
            self._send(item)
        else:
            self._put_back([item], at_head=False)
            if len(self._waiting) > self._longest_queue:
                self._waiting.popleft()
                self.dropped += 1
        self._note_depth()

    def resend(self, tail: Iterable[Document]) -> None:
        """Remember what an earlier process published, oldest first; what the server lacks of it goes out on connecting.

        To be called before :meth:`run`.
        """
        self._tail.extend(tail)

    def _send(self, item: _Item) -> None:
        after = next((other.document.id for other in reversed(self._in_flight) if not other.document.test), "")
        item.late_ms = max(1, self._age_ns(item) // NS_PER_MS) if item.is_late else 0
        packed = self._function.pack_call(
            item.document, after=after, ts_publish=self._clock.now(), late_ms=item.late_ms
        )
        item.sent = self._clock.monotonic()
        self._in_flight.append(item)
        self._link.submit(packed, self._on_reply)

    def _send_waiting(self) -> None:
        while self._is_ready and self._waiting and len(self._in_flight) < _IN_FLIGHT:
            self._send(self._waiting.popleft())

    def _on_reply(self, reply: Reply) -> None:
        item = self._in_flight.popleft()
        if isinstance(reply, Refused):
            self._on_refusal(item, reply)
        else:
            self._confirm(item, None if reply == DUPLICATE else cast("int", reply))
        if self._refused and not self._in_flight:
            self._retry_later()
        self._send_waiting()
        self._note_depth()

    def _confirm(self, item: _Item, sequence: int | None) -> None:
        if sequence is None:
            self.duplicates += 1
        else:
            self.published += 1
            self.delivered_late += item.is_late
        if not self._refused:
            self.last_refusal = ""
            self._backoff.reset()
        self._tail.append(item.document)
        if self._on_confirmed is not None:
            self._on_confirmed(Confirmation(item.document, sequence, item.late_ms, item.sent, self._clock.monotonic()))

    def _on_refusal(self, item: _Item, reply: Refused) -> None:
        """Stop sending until what is in flight has come back; then all that was refused is tried again in order."""
        self.refusals += 1
        if not self._refused and reply.text != self.last_refusal:
            self.last_refusal = reply.text
            log.error("signal_refused", id=item.document.id, reason=reply.text)
        if not item.document.test:
            self._is_ready = False
            self._refused.append(item)
        if NOT_LOADED in reply.text:
            self._link.drop(reply.text)  # on the next connection it is loaded again

    def _retry_later(self) -> None:
        self._put_back(self._refused)
        self._refused = []
        asyncio.get_running_loop().call_later(self._backoff.next_delay_s(), self._resume, self._link.connections)

    def _resume(self, connection: int) -> None:
        if self._link.is_up and self._link.connections == connection:
            self._is_ready = True
            self._send_waiting()

    def _put_back(self, items: Sequence[_Item], *, at_head: bool = True) -> None:
        """Let ``items`` wait, in their order. A late test is of no use to anybody: it is dropped."""
        kept = [item for item in items if not item.document.test]
        self.dropped += len(items) - len(kept)
        for item in kept:
            item.is_late = True
        if at_head:
            self._waiting.extendleft(reversed(kept))
        else:
            self._waiting.extend(kept)

    def _note_depth(self) -> None:
        if self.depth:
            self._idle.clear()
        else:
            self._idle.set()

    async def _prepare(self) -> None:
        """On a new connection: load the function, find what the server lacks, and send that first."""
        await self._link.call("FUNCTION", "LOAD", "REPLACE", self._function.code)
        missing = await self._missing_from_server()
        if missing:
            log.warning("signals_sent_again", count=len(missing), first=missing[0].id)
        self._put_back([_Item(document, None) for document in missing])
        self._is_ready = True
        self._send_waiting()
        self._note_depth()

    async def _missing_from_server(self) -> list[Document]:
        tail = list(self._tail)
        missing: list[Document] = []
        for start in range(0, len(tail), _IDS_PER_QUESTION):
            asked = tail[start : start + _IDS_PER_QUESTION]
            scores = await self._link.call("ZMSCORE", keys.IDS, *[document.id for document in asked])
            held = cast("Sequence[bytes | None]", scores)
            missing += [document for document, score in zip(asked, held, strict=True) if score is None]
        for document in missing:  # it comes back to the tail when it is confirmed
            self._tail.remove(document)
        return missing

    def _requeue(self, _: str) -> None:
        """The connection is gone: whatever it had not confirmed goes to the head of the queue, in order."""
        self._is_ready = False
        self._put_back([*self._refused, *self._in_flight])
        self._refused = []
        self._in_flight.clear()
        self._note_depth()

    def _age_ns(self, item: _Item) -> Nanos:
        if item.queued is None:
            return max(0, self._clock.now() - item.document.ts_scored)
        return self._clock.monotonic() - item.queued
