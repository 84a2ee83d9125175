"""Books that are asked for in band: when, how many in a frame, and how often at most."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from signald.model.time import Nanos
from signald.sources.syncing import Budget

Write: TypeAlias = Callable[[Sequence[str]], bytes]
"""Writes one frame that asks for, or gives up, the books of some symbols."""


class Subscriptions:
    """What one connection has asked for, and is still to ask for.

    Args:
        subscribe: Writes the frame that asks for books.
        unsubscribe: Writes the frame that gives them up: a snapshot comes again only to who asks again.
        batch: Symbols that one frame may hold.
        per_minute: Askings that the venue bears; those of one moment count as one.
        pause_ns: Least time between two frames that ask; 0: all that is due goes at once.
        alone: What is asked for again has a frame of its own, where a venue may refuse a frame for one of its symbols.
    """

    def __init__(
        self,
        *,
        subscribe: Write,
        unsubscribe: Write,
        batch: int,
        per_minute: int,
        pause_ns: Nanos = 0,
        alone: bool = False,
    ) -> None:
        self._subscribe = subscribe
        self._unsubscribe = unsubscribe
        self._batch = batch
        self._budget = Budget(per_minute)
        self._asked: set[str] = set()
        self._wanted: dict[str, Nanos] = {}
        self._granted: Nanos | None = None
        self._pause_ns = pause_ns
        self._next: Nanos = 0
        self._alone = alone

    def begin(self) -> None:
        """A new connection: nothing has been asked for on it."""
        self._asked.clear()
        self._wanted.clear()
        self._granted = None

    def want(self, symbol: str, not_before: Nanos) -> None:
        """A book is to be asked for, at that time or later; if it already is, at the earlier of both."""
        self._wanted[symbol] = min(not_before, self._wanted.get(symbol, not_before))

    def take(self, now: Nanos) -> tuple[bytes, ...]:
        """Give the frames to send now."""
        due = [symbol for symbol, not_before in self._wanted.items() if not_before <= now]
        if not due or now < self._next:
            return ()
        if self._granted is None:
            self._granted = self._budget.spend(now)
        if self._granted > now:
            return ()
        self._granted = None
        if self._pause_ns:
            due = due[: self._batch]
            self._next = now + self._pause_ns
        again = [symbol for symbol in due if symbol in self._asked]
        self._asked.update(due)
        for symbol in due:
            del self._wanted[symbol]
        if self._alone:
            first = [symbol for symbol in due if symbol not in again]
            each = [write([symbol]) for symbol in again for write in (self._unsubscribe, self._subscribe)]
            return (*each, *self._frames(self._subscribe, first))
        return (*self._frames(self._unsubscribe, again), *self._frames(self._subscribe, due))

    def next_deadline(self) -> Nanos | None:
        """When :meth:`take` next has something to give."""
        if not self._wanted:
            return None
        return max(min(self._wanted.values()), self._granted or 0, self._next)

    def _frames(self, write: Write, symbols: Sequence[str]) -> Iterable[bytes]:
        return (write(symbols[first : first + self._batch]) for first in range(0, len(symbols), self._batch))
