"""The age that a board row gets on its way: through shared memory, over Redis, and a Redis round trip beside them.

Two processes as of two hosts: one writes rows and carries them, the other takes them off Redis onto its own board. Both
read one monotonic clock here, so a row's age on either board is known, and the age that the row itself tells there,
which rests on what each knows of the server's clock, can be held against it. The round trip is an ``ECHO`` of as many
bytes, asked by the process that writes between two rows, through the same connection code. The floor is what no program
can beat: as many bytes published and read by two processes with blocking sockets that do nothing else.
"""

import asyncio
import os
import signal
import struct
from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from signald.app.loop import run_in_loop
from signald.bench.machine import Machine, describe_machine
from signald.bench.path.measure import rank
from signald.bench.path.replies import open_connection
from signald.core.board import Board
from signald.core.kernels.machine import WordArray
from signald.core.kernels.publish import publish
from signald.core.kernels.rows import APPLIED, ROW_WORDS, SEQUENCE, STATE, STATE_LIVE, TS_INGEST
from signald.errors import CheckFailedError
from signald.live.remote.arrivals import Arrivals
from signald.live.remote.carrier import Carrier
from signald.live.remote.receiver import RowsLink
from signald.model.time import NS_PER_S, NS_PER_US
from signald.runtime.clock import LiveClock
from signald.runtime.shared import SharedMemory
from signald.simulate.child import LOOPBACK
from signald.simulate.servers import redis_server
from signald.transports.redis import RedisLink
from signald.transports.settings import RedisConfig

_HOST: Final = "bench"
_BOOKS: Final = 8
_EVERY_S: Final = 0.002
_WARM: Final = 200
_MESSAGE: Final = bytes(328)
"""As long as a message with one row."""
_PACKAGES: Final = ("signald", "redis", "hiredis", "numpy", "uvloop")
_FLOOR_CHANNEL: Final = b"bench-floor"
_STAMP: Final = struct.Struct("<qq")
"""Number of the message, and when it was sent."""
_NEAR, _TRIP, _FAR, _TOLD, _FLOOR = range(5)
_READY: Final = 0
_LISTENS: Final = 1
_READY_WITHIN_S: Final = 20.0
_SETTLES_S: Final = 1.0


class Ages(msgspec.Struct, frozen=True, kw_only=True):
    """Microseconds."""

    p50: float
    p99: float


class BoardResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was timed.

    Attributes:
        machine: Where.
        rows: How many rows were written.
        arrived: How many of them stood on the other host's board; those between were overtaken by newer ones.
        shared_memory_us: From a row's making until it stands on the board of its own host.
        remote_us: Until it stands on the other's.
        round_trip_us: Of as many bytes to Redis and back.
        floor_us: Of as many bytes from one process to another over Redis, with nothing done to them.
        added_us: What the way over Redis adds: remote less shared memory.
        added_to_round_trip: The same in round trips.
        floor_to_round_trip: Of them, what the floor takes.
        age_error_us: By how much the age that a row tells on the other board is wrong, either way.
    """

    machine: Machine
    rows: int
    arrived: int
    shared_memory_us: Ages
    remote_us: Ages
    round_trip_us: Ages
    floor_us: Ages
    added_us: Ages
    added_to_round_trip: Ages
    floor_to_round_trip: Ages
    age_error_us: Ages


class _Shared:
    """What the two processes and this one share."""

    def __init__(self, rows: int) -> None:
        board = Board.nbytes(_BOOKS)
        memory = SharedMemory({"near": board, "far": board, "told": 5 * 8 * rows, "state": 16})
        self.near, self.far = memory.region("near"), memory.region("far")
        self.told: WordArray = np.frombuffer(memory.region("told"), np.int64).reshape(5, rows)
        self.state: WordArray = np.frombuffer(memory.region("state"), np.int64)


def bench_board(*, rows: int = 5_000) -> BoardResult:
    """Write so many rows, one each 2 ms, on one host, and see them on the other.

    Raises:
        CheckFailedError: One of the processes did not do its part.
        ConfigError: There is no redis-server.
    """
    total = rows + _WARM
    shared = _Shared(total)
    with redis_server() as server:
        config = RedisConfig(url=f"redis://{LOOPBACK}:{server.port}/0")
        listeners = [
            _fork(lambda: run_in_loop(_receive(config, shared))),
            _fork(lambda: _listen(server.port, shared)),
        ]
        try:
            writer = _fork(lambda: run_in_loop(_write(config, server.port, shared, total)))
            if os.waitpid(writer, 0)[1]:
                msg = "the process that writes rows failed"
                raise CheckFailedError(msg)
        finally:
            for listener in listeners:
                os.kill(listener, signal.SIGKILL)
                os.waitpid(listener, 0)
    told = shared.told[:, _WARM:]
    near, trip = told[_NEAR], told[_TRIP]
    arrived = told[_FAR] > 0
    if not arrived.any():
        msg = "no row arrived"
        raise CheckFailedError(msg)
    far, round_trip, floor = told[_FAR][arrived], _ages(trip), _ages(told[_FLOOR][told[_FLOOR] > 0])
    shared_memory, remote = _ages(near), _ages(far)
    added = Ages(p50=_round(remote.p50 - shared_memory.p50), p99=_round(remote.p99 - shared_memory.p99))
    return BoardResult(
        machine=describe_machine(*_PACKAGES),
        rows=rows,
        arrived=int(arrived.sum()),
        shared_memory_us=shared_memory,
        remote_us=remote,
        round_trip_us=round_trip,
        floor_us=floor,
        added_us=added,
        added_to_round_trip=_in_round_trips(added, round_trip),
        floor_to_round_trip=_in_round_trips(floor, round_trip),
        age_error_us=_ages(np.abs(told[_TOLD][arrived] - far)),
    )


def sections(result: BoardResult) -> list[tuple[str, str]]:
    """The result as lines of a name and a value."""
    lines = (
        ("a row through shared memory", result.shared_memory_us),
        ("over Redis onto another board", result.remote_us),
        ("what that adds", result.added_us),
        ("a Redis round trip of as many bytes", result.round_trip_us),
        ("as many bytes published, blocking sockets", result.floor_us),
        ("by how much a row's own age is wrong there", result.age_error_us),
    )
    return [
        *((name, f"{ages.p50:9.1f} µs, p99 {ages.p99:9.1f} µs") for name, ages in lines),
        ("round trips that are added", f"{result.added_to_round_trip.p50:9.2f}"),
        ("and that blocking sockets take", f"{result.floor_to_round_trip.p50:9.2f}"),
        ("rows that arrived", f"{result.arrived} of {result.rows}"),
    ]


def _ages(durations: WordArray) -> Ages:
    ordered = sorted(durations.tolist())
    return Ages(p50=_round(rank(ordered, 0.5) / NS_PER_US), p99=_round(rank(ordered, 0.99) / NS_PER_US))


def _in_round_trips(ages: Ages, round_trip: Ages) -> Ages:
    return Ages(p50=round(ages.p50 / round_trip.p50, 2), p99=round(ages.p99 / round_trip.p99, 2))


def _round(value: float) -> float:
    return round(value, 1)


def _fork(work: Callable[[], None]) -> int:
    """A process that does ``work``; it ends with 0 if that ended well."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return pid


async def _receive(config: RedisConfig, shared: _Shared) -> None:
    """Take rows off Redis, and note how old each is once it stands on the board, and how old it says that it is."""
    clock = LiveClock()
    board = Board([f"{number}.BENCH" for number in range(_BOOKS)], shared.far)
    link = RowsLink(_HOST, config, clock)
    arrivals = _Noting(
        board,
        range(_BOOKS),
        server_time=link.time,
        clock=clock,
        late_after_ns=NS_PER_S,
        silent_after_ns=NS_PER_S,
    )
    arrivals.told = shared.told
    arrivals.state = shared.state
    await link.run(arrivals)


class _Noting(Arrivals):
    """Notes what it takes."""

    told: WordArray
    state: WordArray
    _newest = -1

    def take(self, message: bytes) -> None:
        """As it is, and then how old the newest row is."""
        super().take(message)
        now, wall = LiveClock.monotonic(), LiveClock.now()
        self.state[_READY] = 1
        rows = self._board.read()
        newest = int(rows["applied"].argmax())
        number = int(rows["applied"][newest]) - 1
        if number > self._newest:
            self._newest = number
            self.told[_FAR, number] = now - int(rows["sequence"][newest])
            self.told[_TOLD, number] = wall - int(rows["ts_ingest"][newest])


def _listen(port: int, shared: _Shared) -> None:
    """Note how long what is published on the floor's channel was on its way."""
    redis = open_connection(port, 0)
    redis.ask(b"SUBSCRIBE", _FLOOR_CHANNEL)
    shared.state[_LISTENS] = 1
    while True:
        push = redis.read()
        arrived = LiveClock.monotonic()
        if isinstance(push, list) and isinstance(message := push[-1], bytes):
            number, sent = _STAMP.unpack_from(message)
            shared.told[_FLOOR, number] = arrived - sent


async def _write(config: RedisConfig, port: int, shared: _Shared, total: int) -> None:
    """Write rows, and ask for the round trip and the floor between them."""
    clock = LiveClock()
    board = Board([f"{number}.BENCH" for number in range(_BOOKS)], shared.near)
    carrier = Carrier(_HOST, board, range(_BOOKS), config=config, holder="bench", writer=0, clock=clock)
    link = RedisLink(config)
    floor = open_connection(port, 0)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(carrier.run()), group.create_task(link.run())]
        async with asyncio.timeout(_READY_WITHIN_S):
            while not shared.state[: _LISTENS + 1].all() or not link.is_up:  # noqa: ASYNC110 - another process sets it
                await asyncio.sleep(_EVERY_S)
        for number in range(total):
            await asyncio.sleep(_EVERY_S / 2)
            shared.told[_NEAR, number] = _write_row(board, number)
            carrier.changed()
            await asyncio.sleep(_EVERY_S / 2)
            asked = clock.monotonic()
            await link.call("ECHO", _MESSAGE)
            shared.told[_TRIP, number] = clock.monotonic() - asked
            await asyncio.sleep(_EVERY_S / 2)
            stamp = _STAMP.pack(number, clock.monotonic())
            floor.ask(b"PUBLISH", _FLOOR_CHANNEL, stamp + _MESSAGE[_STAMP.size :])
        await asyncio.sleep(_SETTLES_S)
        for task in tasks:
            task.cancel()


def _write_row(board: Board, number: int) -> int:
    """Make a row that says when, and put it on the board; how long that took, ns."""
    row = np.zeros(ROW_WORDS, dtype=np.int64)
    row[STATE] = STATE_LIVE
    row[APPLIED] = number + 1
    row[TS_INGEST] = LiveClock.now()
    made = LiveClock.monotonic()
    row[SEQUENCE] = made
    publish(board.writer_row(number % _BOOKS), row)
    return LiveClock.monotonic() - made
