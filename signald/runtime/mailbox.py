"""A bounded queue that states what it does when full, and counts what it dropped."""

import asyncio
import enum
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Overflow(enum.Enum):
    """What becomes of an item that finds the mailbox full."""

    WAIT = "wait"
    """The sender waits; nothing is lost."""
    DROP_OLDEST = "drop_oldest"
    """The item that waited longest makes room."""
    KEEP_LATEST = "keep_latest"
    """A newer item takes the place in line of the one with its key; a new key pushes the oldest out when full."""


class Mailbox(Generic[T]):
    """A queue between tasks of one event loop; no item may be ``None``.

    Attributes:
        dropped: Items that were thrown away or replaced before anyone took them.
    """

    def __init__(self, *, capacity: int, when_full: Overflow, key: Callable[[T], Hashable] | None = None) -> None:
        """Build an empty mailbox of at most ``capacity`` items; ``key`` is for ``KEEP_LATEST``, and only for that."""
        if capacity < 1:
            msg = f"capacity must be at least 1, got {capacity}"
            raise ValueError(msg)
        if (key is not None) != (when_full is Overflow.KEEP_LATEST):
            msg = "key must be given for KEEP_LATEST, and only for that"
            raise ValueError(msg)
        self._capacity = capacity
        self._when_full = when_full
        self._key: Callable[[T], Hashable] = key or id
        # A dict keeps the order of arrival and finds a key at once; without keys every item is its own.
        self._items: dict[Hashable, T] = {}
        self._arrivals = 0
        self._room = asyncio.Event()
        self._room.set()
        self._filled = asyncio.Event()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._items)

    def offer(self, item: T) -> bool:
        """Put ``item`` in without waiting; ``False`` if the mailbox is full and its policy is to wait."""
        key = self._key_of(item)
        if key in self._items:
            self.dropped += 1
        elif len(self._items) >= self._capacity:
            if self._when_full is Overflow.WAIT:
                return False
            del self._items[next(iter(self._items))]
            self.dropped += 1
        self._items[key] = item
        self._filled.set()
        if len(self._items) >= self._capacity:
            self._room.clear()
        return True

    async def put(self, item: T) -> None:
        """Put ``item`` in; waits for room only under ``WAIT``."""
        while not self.offer(item):
            await self._room.wait()

    def take(self) -> T | None:
        """Take the oldest item; ``None`` if there is none."""
        if not self._items:
            return None
        item = self._items.pop(next(iter(self._items)))
        self._room.set()
        if not self._items:
            self._filled.clear()
        return item

    async def get(self) -> T:
        """Take the oldest item, waiting for one."""
        while (item := self.take()) is None:
            await self._filled.wait()
        return item

    def _key_of(self, item: T) -> Hashable:
        if self._when_full is Overflow.KEEP_LATEST:
            return self._key(item)
        self._arrivals += 1
        return self._arrivals
