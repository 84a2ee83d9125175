"""The desk's side of the stream: ``async for`` or ``for``, one class for both.

with Desk("redis://127.0.0.1:6379/0", consumer="otc-desk-1", handled=book.has) as desk:
    for received in desk:
        book.note(received)          # make the effect durable, with the id
        desk.ack(received)           # and only then say so
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import structlog

from signald.client.entries import Received
from signald.client.guard import Guidance
from signald.client.reader import Reader
from signald.client.sequences import Gap
from signald.client.watcher import Watcher
from signald.client.worker import Worker
from signald.model.instruments import InstrumentId
from signald.model.macro import ReleaseId
from signald.model.signals import Signal
from signald.runtime.clock import LiveClock
from signald.sinks.keys import consumer_stream
from signald.transports.settings import RedisConfig

_LAST_WORDS_S: Final = 2.0

_Result = TypeVar("_Result")


class Desk:
    """One consumer's stream, read by one worker; connects, and connects again, by itself.

    What is promised: every signal of the stream is handed over, in order; one that was acknowledged never again; one
    that was not, again after a crash. Make the effect durable together with the id, acknowledge after that, and give
    ``handled``: then each id is handled exactly once, whenever the process dies.
    """

    def __init__(
        self,
        url: str,
        *,
        consumer: str,
        worker: Worker = Worker(),  # noqa: B008 - frozen
        handled: Callable[[str], bool] | None = None,
        silent_after_s: float = 5.0,
        on_gap: Callable[[Gap], None] | None = None,
        on_silence: Callable[[str], None] | None = None,
        redis: RedisConfig | None = None,
    ) -> None:
        """Build a desk that is not connected yet.

        Args:
            url: Where Redis is, as in signald's own configuration.
            consumer: Whose stream: ``{signald}:consumer:NAME``.
            worker: Which of the consumer's workers this process is; by default the only one.
            handled: Whether an id was handled, from the desk's own durable record; such a delivery is acknowledged and
                not handed over. Called by whoever iterates.
            silent_after_s: Without a connection for so long, signals have stopped.
            on_gap: Told of signals that can no longer be had. Like ``on_silence`` it is called by the event loop, in
                the synchronous form in a thread of its own, and must not block.
            on_silence: Told when signals stop: no connection, or an instrument's guidance ran out with no successor.
            redis: Passwords, certificates and time-outs; ``url`` counts.

        Raises:
            ConfigError: ``url`` or a file that is named cannot be used.
        """
        _let_logging_decide()
        given = redis or RedisConfig()
        config = RedisConfig(
            **{name: getattr(given, name) for name in RedisConfig.__struct_fields__ if name != "url"}, url=url
        )
        key = consumer_stream(consumer)
        self._handled = handled
        self._reader = Reader(config, key, worker, on_gap=on_gap)
        self._watcher = Watcher(config, key, silent_after_s=silent_after_s, on_silence=on_silence)
        self._running: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    # -- what it says ------------------------------------------------------------------------------------------------

    def guard(self, instrument: InstrumentId) -> Guidance:
        """What to do with quotes of ``instrument`` now; ``widen`` whenever signald has not said what holds now."""
        return self._watcher.book.guidance(instrument, LiveClock.monotonic())

    def ladder(self, release_id: ReleaseId) -> dict[InstrumentId, Signal]:
        """The newest scenario of a release, by instrument: what each plausible figure would mean."""
        return self._watcher.book.ladder(release_id)

    @property
    def repeated(self) -> int:
        """Deliveries that were left out because their id was handled before."""
        return self._reader.repeated

    @property
    def unreadable(self) -> int:
        """Deliveries that were skipped because they could not be read."""
        return self._reader.unreadable

    def ack(self, received: Received) -> None:
        """Say that ``received`` is dealt with, its effect on the disk; goes out at once, again if it must."""
        if self._thread is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._reader.acknowledge, received)
        else:
            self._reader.acknowledge(received)

    def again(self, received: Received) -> None:
        """Say that ``received`` could not be dealt with: it is handed over once more, after those that wait."""
        if self._thread is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._reader.give_back, received)
        else:
            self._reader.give_back(received)

    # -- async for ---------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Connect, with no limit of time; the guard is rebuilt before this returns."""
        self._loop = asyncio.get_running_loop()
        self._running = self._loop.create_task(self._run(), name="desk")
        ready = self._loop.create_task(self._watcher.wait_ready(), name="desk-ready")
        try:
            await asyncio.wait({self._running, ready}, return_when=asyncio.FIRST_COMPLETED)
        except BaseException:  # whoever enters it has given up, and will not leave it
            ready.cancel()
            self._running.cancel()
            await asyncio.wait({self._running, ready})
            raise
        ready.cancel()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Send the last acknowledgements, for two seconds at most, and leave."""
        assert self._running is not None
        await self._reader.flush(_LAST_WORDS_S)
        self._running.cancel()
        await asyncio.wait({self._running})

    async def __aiter__(self) -> AsyncIterator[Received]:
        """Signals, for ever.

        Raises:
            SchemaError: The stream carries another version.
        """
        while True:
            received = await self._next()
            if self._was_handled(received):
                self._reader.skip(received)
            else:
                yield received

    def _was_handled(self, received: Received) -> bool:
        """Ask the desk; a record that cannot be read now does not lose the signal."""
        if self._handled is None:
            return False
        try:
            return self._handled(received.id)
        except BaseException:
            self.again(received)
            raise

    async def _next(self) -> Received:
        assert self._running is not None
        taking = asyncio.get_running_loop().create_task(self._reader.next(), name="desk-next")
        try:
            await asyncio.wait({taking, self._running}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            if taking.done() and not taking.cancelled() and taking.exception() is None:
                self._reader.put_back(taking.result())
            raise
        finally:
            if not taking.done():
                taking.cancel()
        if taking.cancelled() or not taking.done():
            self._running.result()  # what keeps the connections has failed, and says why
        return taking.result()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._reader.run(), name="desk-reader")
            group.create_task(self._watcher.run(), name="desk-watcher")

    # -- for ---------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """The same for a program without an event loop: one runs in a thread."""
        loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=loop.run_forever, name="signald-desk", daemon=True)
        self._thread.start()
        self._loop = loop
        try:
            self._wait(self.__aenter__())
        except BaseException:
            self._end_thread()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Send the last acknowledgements and leave."""
        try:
            self._wait(self.__aexit__(kind, error, trace))
        finally:
            self._end_thread()

    def _end_thread(self) -> None:
        assert self._loop is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._thread = None

    def __iter__(self) -> Iterator[Received]:
        """Signals, for ever; raises ``SchemaError`` as the asynchronous form does."""
        while True:
            received = self._wait(self._next())
            if self._was_handled(received):
                assert self._loop is not None
                self._loop.call_soon_threadsafe(self._reader.skip, received)
            else:
                yield received

    def _wait(self, coroutine: Coroutine[Any, Any, _Result]) -> _Result:
        assert self._loop is not None
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise


def _let_logging_decide() -> None:
    """What we log goes through the desk's own ``logging``, unless the desk has set structlog up itself."""
    if not structlog.is_configured():
        structlog.configure(
            processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
            wrapper_class=structlog.stdlib.BoundLogger,
            logger_factory=structlog.stdlib.LoggerFactory(),
        )
