"""In what order documents go out, and what becomes of those that came back: decisions without a wire.

Documents leave in the order they came. Several may be in flight, some of them in one command, which writes all of them
or none; each command names the document before it, which the server must have written first. One refusal stops the line
until all that is in flight has come back; a lost connection brings everything in flight back at once. What came back
goes out again, first and in order, marked late.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from signald.model.time import Nanos
from signald.sinks.encoding import Document

_SAID_WHEN_HALTED: Final = frozenset({"halt", "resume"})


class Item:
    """A document on its way; times are monotonic.

    Attributes:
        document: Which.
        number: Its place among all that came.
        queued: When it came; ``None`` for what an earlier process scored.
        is_late: It does not go the direct way.
        late_ms: What it was last sent with.
        sent: When it was last sent.
    """

    __slots__ = ("document", "is_late", "late_ms", "number", "queued", "sent")

    def __init__(self, document: Document, queued: Nanos | None) -> None:
        """Take a document that came at ``queued``."""
        self.document = document
        self.number = 0
        self.queued = queued
        self.is_late = False
        self.late_ms = 0
        self.sent: Nanos = 0


class Outbox:
    """Documents that are not confirmed, and the last ones that are.

    Attributes:
        dropped: Documents given up: tests that could not go at once, and the oldest when too many wait.
    """

    def __init__(self, *, window: int, capacity: int, tail_length: int) -> None:
        """Let ``window`` documents be in flight, ``capacity`` wait, and remember ``tail_length`` confirmed ones."""
        self._window = window
        self._capacity = capacity
        self._waiting: deque[Item] = deque()
        self._in_flight: deque[Item] = deque()
        self._refused: list[Item] = []
        self._tail: deque[tuple[int, Document]] = deque(maxlen=tail_length)
        self._came = 0
        self._is_open = False
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting) + len(self._in_flight) + len(self._refused)

    def oldest(self) -> Item | None:
        """The document that has been on its way longest; may be asked from another thread."""
        for queue in (self._in_flight, self._refused, self._waiting):
            try:
                return queue[0]
            except IndexError:  # empty, or just emptied
                continue
        return None

    def tail(self) -> Sequence[Document]:
        """The last confirmed documents, oldest first."""
        return tuple(document for _, document in self._tail)

    def remember(self, documents: Iterable[Document]) -> None:
        """Take ``documents``, oldest first, for confirmed until the server says otherwise."""
        for document in documents:
            self._came += 1
            self._tail.append((self._came, document))

    def add(self, *items: Item) -> None:
        """Put what came in one instant at the end of the line."""
        room = self._window - len(self._in_flight) if self._is_open and not self._waiting else 0
        for number, item in enumerate(items):
            self._came += 1
            item.number = self._came
            if number >= room:
                item.is_late = True
                if item.document.test:  # of no use to anybody when it is late
                    self.dropped += 1
                    continue
            self._waiting.append(item)
            if len(self._waiting) > self._capacity:
                self._waiting.popleft()
                self.dropped += 1

    def take(self, *, is_halted: bool = False, most: int = 1) -> tuple[list[Item], str] | None:
        """The next documents to send in one command, and the id that must be written before them (``""``: none).

        All of them are tests, or none; there are at most ``most``; ``None``: not now. While ``is_halted`` only the word
        of a halt or its end goes, past all that waits.
        """
        room = min(most, self._window - len(self._in_flight))
        if not self._is_open or not self._waiting or room <= 0:
            return None
        items: list[Item] = []
        if is_halted:
            items = [one for one in self._waiting if one.document.kind in _SAID_WHEN_HALTED][:1]
            if not items:
                self._hold_back()
                return None
            self._waiting.remove(items[0])
        else:
            is_test = self._waiting[0].document.test
            while len(items) < room and self._waiting and self._waiting[0].document.test == is_test:
                items.append(self._waiting.popleft())
        after = next((other.document.id for other in reversed(self._in_flight) if not other.document.test), "")
        self._in_flight.extend(items)
        return items, after

    def confirm(self) -> Item:
        """The oldest document in flight is on the server."""
        item = self._in_flight.popleft()
        self._tail.append((item.number, item.document))
        return item

    def refuse(self) -> Item:
        """The oldest document in flight was refused: nothing is sent any more until :meth:`reopen`."""
        item = self._in_flight.popleft()
        if item.document.test:
            self.dropped += 1
        else:
            self._is_open = False
            self._refused.append(item)
        return item

    @property
    def is_held_up(self) -> bool:
        """Whether something was refused and is to be tried again."""
        return bool(self._refused)

    def has_come_back(self) -> bool:
        """Whether something was refused and nothing is in flight any more: time to think of :meth:`reopen`."""
        return bool(self._refused) and not self._in_flight

    def reopen(self) -> None:
        """After a refusal: try again, in order."""
        self._bring_back(self._refused)
        self._refused = []
        self._is_open = True

    def connect(self, missing: Sequence[Document]) -> None:
        """There is a connection, and the server lacks ``missing`` of the tail: they go out again in their place.

        That is mostly before all that waits; but what was refused here, and written by a replica in time for what came
        after it, waits although that was confirmed.
        """
        gone = {document.id for document in missing}
        again: list[Item] = []
        for number, document in self._tail:
            if document.id in gone:
                item = Item(document, None)
                item.number = number
                again.append(item)
        self._tail = deque((kept for kept in self._tail if kept[1].id not in gone), self._tail.maxlen)
        self._bring_back(again)
        if again:
            self._waiting = deque(sorted(self._waiting, key=_number))
        self._is_open = True

    def disconnect(self) -> None:
        """The connection is gone: what is in flight may or may not have been written."""
        self._bring_back([*self._refused, *self._in_flight])
        self._refused = []
        self._in_flight.clear()
        self._is_open = False

    def _hold_back(self) -> None:
        """What waits for the end of a halt is late by then, whenever that is; a test is of no use then."""
        kept = [item for item in self._waiting if not item.document.test]
        self.dropped += len(self._waiting) - len(kept)
        for item in kept:
            item.is_late = True
        self._waiting = deque(kept)

    def _bring_back(self, items: Sequence[Item]) -> None:
        kept = [item for item in items if not item.document.test]
        self.dropped += len(items) - len(kept)
        for item in kept:
            item.is_late = True
        self._waiting.extendleft(reversed(kept))


def _number(item: Item) -> int:
    return item.number
