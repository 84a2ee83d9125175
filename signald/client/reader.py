"""Takes a desk's deliveries from its stream: each signal once, in order, nothing left out, whoever dies on the way.

The server keeps, for each group of workers, what was delivered and not acknowledged. After a crash that comes first;
what a worker that died had taken is claimed by another; and since the numbers of a stream rise by one, a delivery that
was left out is seen, and read from the stream.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, cast

import structlog

from signald.client.acknowledgements import Acknowledgements
from signald.client.entries import (
    Raw,
    Received,
    UnreadableError,
    entries_reply,
    number_of,
    place_of,
    read_entry,
    streams_reply,
)
from signald.client.handed import Handed
from signald.client.sequences import Gap, Sequences, lost
from signald.client.worker import Worker
from signald.errors import SinkError
from signald.model.time import NS_PER_MS, Nanos
from signald.runtime.clock import LiveClock
from signald.transports.redis import RedisLink, Reply
from signald.transports.settings import RedisConfig

_BLOCK_MS: Final = 500
_AT_ONCE: Final = 32
_MOST_PENDING: Final = 100_000  # deliveries of ours that are asked for at once
_RETRY_S: Final = 0.05
_NOTHING_OLDER: Final = "0-0"

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Reader:
    """One worker of one group.

    Attributes:
        unreadable: Entries that were skipped because they could not be read.
        repeated: Deliveries that were left out because their id was handled before.
    """

    def __init__(self, config: RedisConfig, key: str, worker: Worker, *, on_gap: Callable[[Gap], None] | None) -> None:
        """Build a reader that is not connected yet; see :class:`signald.client.desk.Desk`."""
        self._stream = RedisLink(config, on_up=self._prepare)
        self._words = RedisLink(config)
        self._key, self._group, self._worker = key, worker.group, worker.name
        self._begin = "0" if worker.begin == "oldest" else "$"
        self._shared = worker.shared
        self._claim_after_ms = round(worker.claim_after_s * 1_000)
        self._claimed: Nanos = 0
        self._on_gap = on_gap
        self._sequences = Sequences()
        self._last = _NOTHING_OLDER
        self._is_adrift = False  # what we were delivered last is no longer in the stream
        self._cursor = "0"
        self._ready: deque[Received] = deque()
        self._held: dict[str, None] = {}  # delivered, not acknowledged
        self._handed = Handed()
        self._acks = Acknowledgements(self._words, key=key, group=worker.group)
        self.unreadable: int = 0
        self.repeated: int = 0

    async def run(self) -> None:
        """Keep the connections and send acknowledgements; ends by cancellation only."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._stream.run(), name="desk-stream")
            group.create_task(self._words.run(), name="desk-words")
            group.create_task(self._acks.run(), name="desk-acks")
            group.create_task(self._stay_alive(), name="desk-alive")

    async def next(self) -> Received:
        """The next signal; waits for ever.

        Raises:
            SchemaError: It is of another version.
        """
        while True:
            while self._ready:
                received = self._ready.popleft()
                if received.id not in self._handed:
                    self._handed.give(received)
                    return received
                if self._handed.joins(received):
                    self.repeated += 1
                else:
                    self.skip(received)
            try:
                await self._fetch()
            except SinkError as failure:
                if "NOGROUP" in str(failure):
                    self._stream.drop("the group is gone")  # it is made again on the next connection
                await asyncio.sleep(_RETRY_S)

    def acknowledge(self, received: Received) -> None:
        """It is dealt with: it is not delivered again. Goes out at once, and again after a lost connection."""
        for entry in self._handed.settle(received):
            self._settle(entry)

    def give_back(self, received: Received) -> None:
        """It was not dealt with: hand it over again, after what is waiting."""
        self._handed.take_back(received)
        if received.entry in self._held:
            self._ready.append(received._replace(is_redelivered=True))
        else:  # another worker has claimed it; if that dies too it comes to us as any other
            for entry in self._handed.settle(received):
                self._held.pop(entry, None)

    def put_back(self, received: Received) -> None:
        """Whoever asked for it has not got it: it is still the next."""
        self._handed.take_back(received)
        self._ready.appendleft(received)

    def skip(self, received: Received) -> None:
        """It was handled before: only the server does not know."""
        self.repeated += 1
        self.acknowledge(received)

    async def flush(self, timeout_s: float) -> bool:
        """Wait until the server has every acknowledgement; ``False`` if that took longer."""
        return await self._acks.flush(timeout_s)

    # -- deliveries --------------------------------------------------------------------------------------------------

    async def _prepare(self) -> None:
        """On each connection: the group is there, what was delivered before comes first, and we know where we are."""
        begin = self._begin if self._last == _NOTHING_OLDER else await self._resume_at()
        try:
            await self._stream.call("XGROUP", "CREATE", self._key, self._group, begin, "MKSTREAM")
        except SinkError as failure:
            if "BUSYGROUP" not in str(failure):
                raise
        self._cursor = "0"
        if self._last == _NOTHING_OLDER:
            await self._find_place()

    async def _resume_at(self) -> str:
        """Where a group that is gone begins again: where we are, or the beginning of a stream that was begun anew."""
        newest = entries_reply(await self._stream.call("XREVRANGE", self._key, "+", "-", "COUNT", 1))
        return self._last if newest and place_of(newest[0][0]) >= place_of(self._last) else "0"

    async def _find_place(self) -> None:
        """The number up to which the group was delivered before we came."""
        for group in cast("list[list[object]]", await self._stream.call("XINFO", "GROUPS", self._key)):
            facts = dict(zip(group[::2], group[1::2], strict=True))
            if facts[b"name"] == self._group.encode():
                self._last = cast("bytes", facts[b"last-delivered-id"]).decode()
        newest = entries_reply(await self._stream.call("XRANGE", self._key, self._last, self._last))
        if newest:
            self._sequences.start(number_of(newest[0][1]))
        self._is_adrift = not newest and self._last != _NOTHING_OLDER

    async def _fetch(self) -> None:
        await self._stream.connected.wait()
        if LiveClock.monotonic() - self._claimed >= self._claim_after_ms * NS_PER_MS // 2:
            await self._claim()
            if self._ready:
                return  # it has waited long enough
        delivering = self._cursor
        try:
            reply = await self._stream.call(
                *("XREADGROUP", "GROUP", self._group, self._worker, "COUNT", _AT_ONCE, "BLOCK", _BLOCK_MS),
                *("STREAMS", self._key, delivering),
            )
        except asyncio.CancelledError:
            self._cursor = "0"  # the command is not cancelled with us: what it delivers is read as pending
            raise
        entries = streams_reply(reply)
        if delivering == ">":
            await self._take_new(entries)
            return
        self._take_again(entries)
        self._cursor = entries[-1][0] if entries else ">"

    async def _claim(self) -> None:
        """Take over what a worker left lying for too long: it is dead, or stopped."""
        self._claimed = LiveClock.monotonic()
        start = _NOTHING_OLDER
        while True:
            reply = await self._stream.call(
                *("XAUTOCLAIM", self._key, self._group, self._worker, self._claim_after_ms, start),
                *("COUNT", _AT_ONCE),
            )
            start_next, entries, *trimmed = cast("tuple[bytes, Reply, *tuple[Sequence[bytes], ...]]", reply)
            self._take_again(entries_reply(entries))
            for entry in (name.decode() for names in trimmed for name in names):
                self._miss(entry)  # the server has already forgotten that it was delivered
            start = start_next.decode()
            if start == _NOTHING_OLDER:
                return

    def _take_again(self, entries: Iterable[Raw]) -> None:
        """What was delivered before, here or to another worker."""
        for entry, fields in entries:
            if entry in self._held or entry in self._acks:
                continue  # the desk is at it, or has done it
            if fields is None:
                self._miss(entry)
                self._settle(entry)
            else:
                self._queue(entry, fields, is_redelivered=True)

    async def _take_new(self, entries: Iterable[Raw]) -> None:
        for entry, fields in entries:
            if fields is None:
                continue
            number = number_of(fields)
            if number is None:  # it will be found to be unreadable, and says nothing of what went before
                self._queue(entry, fields)
                continue
            missing = self._sequences.missing(number)
            if self._is_adrift:
                self._is_adrift = False
                self._tell_gap(Gap(None, number - 1))
            if missing:
                await self._refill(missing, before=entry)
            self._sequences.note(number)
            self._last = entry
            self._queue(entry, fields)

    async def _refill(self, missing: range, *, before: str) -> None:
        """Look in the stream for deliveries that were left out; those of a shared group are the other workers'."""
        found: dict[int, Raw] = {}
        reply = await self._stream.call("XRANGE", self._key, f"({self._last}", f"({before}")
        for raw in entries_reply(reply):
            number = number_of(raw[1])
            if number is not None and number in missing:
                found[number] = raw
        if found and not self._shared:
            names = [entry for entry, _ in found.values()]  # from now on they are delivered, and wait for their word
            await self._stream.call(*("XCLAIM", self._key, self._group, self._worker, 0, *names, "FORCE", "JUSTID"))
            for entry, fields in found.values():
                self._queue(entry, fields or {})
        for gap in lost(missing, set(found)):
            self._tell_gap(gap)

    def _queue(self, entry: str, fields: Mapping[bytes, bytes], *, is_redelivered: bool = False) -> None:
        self._held[entry] = None
        try:
            self._ready.append(read_entry(entry, fields, is_redelivered=is_redelivered))
        except UnreadableError as error:
            self.unreadable += 1
            log.exception("delivery_not_read", problem=str(error))
            self._settle(entry)

    def _settle(self, entry: str) -> None:
        self._held.pop(entry, None)
        self._acks.add(entry)

    def _miss(self, entry: str) -> None:
        """What was delivered before is no longer in the stream."""
        log.warning("delivery_trimmed", entry=entry)
        self._tell_gap(Gap(None, self._sequences.last or 0))

    def _tell_gap(self, gap: Gap) -> None:
        log.error("signals_lost", first=gap.first, last=gap.last)
        if self._on_gap is None:
            return
        try:
            self._on_gap(gap)
        except Exception:
            log.exception("on_gap_failed")

    # -- words to the server -----------------------------------------------------------------------------------------

    async def _stay_alive(self) -> None:
        """Say that we are still at what we have taken, so that nobody claims it."""
        while True:
            await asyncio.sleep(self._claim_after_ms / 3_000)
            held = list(self._held)
            if not held or not self._words.is_up:
                continue
            try:
                await self._renew(held)
            except SinkError as failure:
                log.warning("claim_not_renewed", problem=str(failure))

    async def _renew(self, held: Sequence[str]) -> None:
        """Renew our claim on what is still ours; what another has claimed meanwhile is its."""
        first = min(held, key=place_of)  # what was claimed is older than what came before it
        reply = await self._words.call("XPENDING", self._key, self._group, first, "+", _MOST_PENDING, self._worker)
        ours = {cast("bytes", one[0]).decode() for one in cast("Sequence[Sequence[object]]", reply)}
        kept = [entry for entry in held if entry in ours]
        gone = {entry for entry in held if entry not in ours and entry in self._held}
        if gone:
            log.warning("entries_claimed_by_another", count=len(gone))
            self._held = {entry: None for entry in self._held if entry not in gone}
            self._ready = deque(received for received in self._ready if received.entry not in gone)
        if kept:
            await self._words.call("XCLAIM", self._key, self._group, self._worker, 0, *kept, "JUSTID")
