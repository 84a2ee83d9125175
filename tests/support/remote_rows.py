"""Both ends of the way on which rows come from another host, in one loop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import numpy as np

from signald.core.board import Board
from signald.core.kernels.publish import publish
from signald.live.remote.arrivals import Arrivals
from signald.live.remote.carrier import Carrier
from signald.live.remote.receiver import RowsLink
from signald.model.time import NS_PER_S, Nanos
from signald.runtime.backoff import Backoff
from signald.runtime.clock import Clock, LiveClock
from signald.transports.settings import RedisConfig
from tests.support.rows import live_rows

HOST = "tokyo"
NAMES = ("BTCUSDT.BINANCE", "BTC-USDT.OKX")


class SkewedClock:
    """The machine's time, as a host has it whose clocks both show something else."""

    def __init__(self, wall: Nanos = 0, monotonic: Nanos = 0) -> None:
        self._wall = wall
        self._monotonic = monotonic

    def now(self) -> Nanos:
        return LiveClock.now() + self._wall

    def monotonic(self) -> Nanos:
        return LiveClock.monotonic() + self._monotonic


class Near:
    """The host that keeps two books."""

    def __init__(self, config: RedisConfig, *, holder: str = "one", clock: Clock | None = None) -> None:
        self.clock = clock or LiveClock()
        self.board = Board(NAMES)
        self.carrier = Carrier(
            HOST, self.board, [0, 1], config=config, holder=holder, writer=0, clock=self.clock, backoff=patience()
        )

    def write(self, number: int, *, bid: float) -> None:
        """A book as it is now, with this bid."""
        rows = live_rows(1, ts_ingest=self.clock.now(), bid=bid)
        publish(self.board.writer_row(number), np.frombuffer(rows.tobytes(), np.int64).copy())
        self.carrier.changed()


class Far:
    """The host that has the engine: its board has a book of its own before the other's two."""

    def __init__(
        self, config: RedisConfig, *, late_after_ns: Nanos = 5 * NS_PER_S, silent_after_ns: Nanos = 5 * NS_PER_S
    ) -> None:
        self.clock = LiveClock()
        self.board = Board(("OWN.KRAKEN", *NAMES))
        self.link = RowsLink(HOST, config, self.clock, backoff=patience())
        self.arrivals = Arrivals(
            self.board,
            [1, 2],
            server_time=self.link.time,
            clock=self.clock,
            late_after_ns=late_after_ns,
            silent_after_ns=silent_after_ns,
        )

    def bids(self) -> list[float]:
        """Of the other host's two books."""
        return self.board.read()["bid"].tolist()[1:]

    def flags(self) -> list[int]:
        return self.board.read()["flags"].tolist()[1:]

    def age_ns(self, number: int) -> Nanos:
        """How old a row is by what it says and by our clock."""
        return self.clock.now() - int(self.board.read()["ts_ingest"][1 + number])


def patience() -> Backoff:
    return Backoff(first_s=0.01, cap_s=0.05)


@asynccontextmanager
async def at_work(*ends: Near | Far) -> AsyncGenerator[None]:
    """Both ends work as long as the body runs."""
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(one.carrier.run() if isinstance(one, Near) else one.link.run(one.arrivals))
            for one in ends
        ]
        yield
        for task in tasks:
            task.cancel()
