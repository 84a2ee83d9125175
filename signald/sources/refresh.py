"""A new snapshot beside a live book: a book of its own grows from it, and takes the live one's place when it is level.

A snapshot shows so many levels, and beyond them the book is unknown. As the market walks towards that edge, what lies
ahead becomes unknown too; so a book is asked for anew before it gets there, and once in a while in any case. The live
one is believed meanwhile. When the two are level they are compared: a difference would be an error that nothing else
had shown.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

import numpy as np

from signald.core.book import Book
from signald.core.kernels import ticks
from signald.core.kernels.digits import LARGEST
from signald.core.kernels.layout import BEST, KNOWN, NONE, PHASE_LIVE, PHASE_WAITING
from signald.core.kernels.machine import WordArray
from signald.model.time import NS_PER_S, Nanos
from signald.sources.frames import Frames
from signald.sources.protocol import EMPTY, Request, Step
from signald.sources.syncing import MOST_BYTES, Kept

_COMPARED: Final = 20
_ENOUGH_BPS: Final = 50.0
"""Twice the widest depth on the board."""
_SOON_NS: Final = 60 * NS_PER_S
_GIVEN_UP_NS: Final = 60 * NS_PER_S
"""A refresh that is not level by then is given up, and the next one waits twice as long: recordings answer none."""


class Grower(Protocol):
    """A source of one book, that of the venue whose live book it is to replace."""

    books: tuple[Book, ...]

    def on_connected(self, now: Nanos) -> Step:
        """Ask for the snapshot."""
        ...

    def on_frame(self, frame: bytes, now: Nanos) -> Step:
        """Keep or apply a frame of the book."""
        ...

    def on_response(self, tag: str, body: bytes, now: Nanos) -> Step:
        """Put the snapshot under the frames."""
        ...

    def advance(self, now: Nanos) -> Step:
        """Ask again if no answer came."""
        ...


class Refreshes:
    """The refreshes of one connection's books.

    Args:
        books: In order.
        every_s: How often each is asked for anew in any case.
        grow: Makes the source in which another book for the same instrument grows.
        counts: Told how many there were, and how many differed.
    """

    def __init__(
        self, books: Sequence[Book], every_s: int, grow: Callable[[Book], Grower], counts: Counter[str]
    ) -> None:
        self._books = books
        self._every_ns = every_s * NS_PER_S
        self._grow = grow
        self._counts = counts
        self._growers: dict[int, Grower] = {}
        self._due: dict[int, Nanos] = {}
        self._begun: dict[int, Nanos] = {}
        self._pause: dict[int, Nanos] = {}
        self._reach: dict[int, float] = {}
        self._stretches = _Stretches()
        self.active = False
        """Whether applied frames are wanted."""

    @property
    def waits(self) -> bool:
        """Whether every book that grows only keeps its frames for a snapshot that has not come."""
        return all(grower.books[0].phase == PHASE_WAITING for grower in self._growers.values())

    def keep(self, frames: Frames, number: int, first: int, last: int) -> None:
        """Frames of connection ``number`` in places ``first`` up to ``last`` were applied, while all ``waits``."""
        if self.active and last > first:
            self._stretches.keep(frames, number, first, last)

    def lend(self, words: WordArray) -> bool:
        """Write when, or how near to the edge, something is due: False while a book grows."""
        words[ticks.UNTIL] = min(self._due.values(), default=ticks.NEVER)
        for number, place in enumerate(ticks.places(words)):
            words[place + ticks.SOON] = self._begun.get(number, 0) + self._pause.get(number, _SOON_NS)
            words.view(np.float64)[place + ticks.SHORT] = min(_ENOUGH_BPS, self._reach.get(number, 0.0) / 2)
        return not self.active

    def began(self, number: int, now: Nanos) -> None:
        """A book is live, or refreshed."""
        self._due[number] = now + self._every_ns
        self._reach[number] = known_bps(self._books[number])

    def advance(self, now: Nanos) -> tuple[Request, ...]:
        """Begin what is due; ask again where no answer came."""
        requests: list[Request] = []
        for number, book in enumerate(self._books):
            if number in self._growers and now >= self._begun[number] + _GIVEN_UP_NS:
                self._give_up(number, now)
            elif number in self._growers:
                requests += self._growers[number].advance(now).requests
            elif book.phase == PHASE_LIVE and self._is_due(number, now):
                self._hand_out()
                self._growers[number] = self._grow(book)
                self.active = True
                self._counts["refreshes"] += 1
                requests += self._growers[number].on_connected(now).requests
        return tuple(requests)

    def on_applied(self, number: int, frame: bytes, now: Nanos) -> Step:
        """A frame was applied to a live book."""
        self._hand_out()
        grower = self._growers.get(number)
        return EMPTY if grower is None else self._follow(number, grower.on_frame(frame, now), now)

    def on_response(self, number: int, tag: str, body: bytes, now: Nanos) -> Step | None:
        """A snapshot came; None if no refresh waits for one."""
        self._hand_out()
        grower = self._growers.get(number)
        return None if grower is None else self._follow(number, grower.on_response(tag, body, now), now)

    def drop(self, number: int) -> None:
        """The live book is live no more."""
        self._growers.pop(number, None)
        self.active = bool(self._growers)
        if not self.active:
            self._stretches.clear()

    def clear(self) -> None:
        """Nor is any other."""
        self._growers.clear()
        self._stretches.clear()
        self.active = False

    def _hand_out(self) -> None:
        """Give the books that grow what was kept for them: each takes what is its own."""
        for frame, ts_ingest in self._stretches.take():
            for grower in self._growers.values():
                grower.on_frame(frame, ts_ingest)

    def _follow(self, number: int, step: Step, now: Nanos) -> Step:
        """Put the grown book in the live one's place once it is level; what was said of it is nobody's concern."""
        book, other = self._books[number], self._growers[number].books[0]
        if other.phase == PHASE_LIVE and other.sequence == book.sequence:
            self.drop(number)
            same = all(book.levels(side, _COMPARED) == other.levels(side, _COMPARED) for side in ("bid", "ask"))
            self._counts["refreshes_that_differed"] += not same
            book.adopt(other)
            self.began(number, now)
            self._pause.pop(number, None)
        return Step(requests=step.requests) if step.requests else EMPTY

    def _give_up(self, number: int, now: Nanos) -> None:
        """Nothing is lost: the live book is right. Keeping frames for an answer that does not come costs time."""
        self.drop(number)
        self._counts["refreshes_given_up"] += 1
        self._pause[number] = min(2 * self._pause.get(number, _SOON_NS), self._every_ns)
        self._due[number] = now + self._every_ns

    def _is_due(self, number: int, now: Nanos) -> bool:
        """Whether it is time, or the edge of what is known has come near; the latter no oftener than every minute."""
        soon = now >= self._begun.get(number, 0) + self._pause.get(number, _SOON_NS)
        if now < self._due.get(number, now + 1) and not (soon and self._is_short(number)):
            return False
        self._begun[number] = now
        return True

    def _is_short(self, number: int) -> bool:
        """Whether the edge of what is known has come near."""
        reach = known_bps(self._books[number])
        return reach < _ENOUGH_BPS and 2 * reach < self._reach.get(number, 0.0)


class _Stretches:
    """Frames in the pieces of memory that they came in: most are never looked at, for recordings answer no request."""

    def __init__(self) -> None:
        self._kept: deque[tuple[Frames, int]] = deque()
        self._bytes = 0

    def keep(self, frames: Frames, number: int, first: int, last: int) -> None:
        """Keep a copy; what no longer fits is forgotten from the oldest on."""
        copied = frames.copied(first, last)
        self._kept.append((copied, number))
        self._bytes += len(copied.memory)
        while self._bytes > MOST_BYTES:
            self._bytes -= len(self._kept.popleft()[0].memory)

    def take(self) -> Iterator[Kept]:
        """Give all of them away, in the order they came."""
        while self._kept:
            frames, number = self._kept.popleft()
            for place in np.flatnonzero(frames.numbers == number).tolist():
                yield Kept(frames.frame(place), int(frames.times[place]))
        self._bytes = 0

    def clear(self) -> None:
        """Forget them."""
        self._kept.clear()
        self._bytes = 0


def known_bps(book: Book) -> float:
    """How far from mid, in basis points, both sides of ``book`` are known; 0 if a side is empty."""
    words = book.words
    bid, ask = int(words[BEST]), int(words[BEST + 1])
    if NONE in {bid, ask}:
        return 0.0
    mid = (bid + ask) / 2
    low, high = int(words[KNOWN]), int(words[KNOWN + 1])
    reaches = [(mid - low) / mid if low > 0 else 1.0, (high - mid) / mid if high < LARGEST else 1.0]
    return 1e4 * min(reaches)
