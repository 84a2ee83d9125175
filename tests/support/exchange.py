"""The simulated exchange beside a test that waits: on an event loop in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from signald.runtime.clock import LiveClock
from signald.simulate.market import Market, MarketShape
from signald.simulate.venues.binance_exchange import BinanceExchange, Listing
from signald.simulate.venues.binance_spot import ListedSymbol
from tests.support.instruments import BTCUSDT


class Simulated(Protocol):
    """Any of the simulated exchanges."""

    async def run(self) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...


Exchange = TypeVar("Exchange", bound=Simulated)


class ExchangeInThread(Generic[Exchange]):
    """A running exchange; what is asked of it is done on its own loop."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._loop = asyncio.new_event_loop()
        self._open = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._run()])
        self._end = asyncio.Event()

    def do(self, order: Callable[[Exchange], object]) -> None:
        """Have ``order`` carried out between two steps of the exchange."""
        self._loop.call_soon_threadsafe(order, self.exchange)

    def start(self) -> None:
        """Return when it listens."""
        self._thread.start()
        assert self._open.wait(10)

    def stop(self) -> None:
        """Return when nothing of it is left; harmless a second time."""
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop.close()

    async def _run(self) -> None:
        async with self.exchange, asyncio.TaskGroup() as tasks:
            steps = tasks.create_task(self.exchange.run())
            self._open.set()
            await self._end.wait()
            steps.cancel()


@contextmanager
def running_in_thread(exchange: Exchange) -> Generator[ExchangeInThread[Exchange]]:
    """An exchange that runs as long as the body does."""
    running = ExchangeInThread(exchange)
    running.start()
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def exchange_in_thread() -> Generator[ExchangeInThread[BinanceExchange]]:
    """An exchange that trades BTCUSDT as long as the body runs."""
    clock = LiveClock()
    market = Market(MarketShape(), seed=7, now=clock.now())
    with running_in_thread(BinanceExchange([Listing(ListedSymbol(BTCUSDT), market)], clock)) as running:
        yield running
