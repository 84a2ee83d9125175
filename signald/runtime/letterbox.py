"""Short messages from one process to another through memory that they share: nobody waits, the oldest give way.

A slot is written before the count that says so; who reads looks at the count again afterwards, and so never takes what
was being written anew for what was there. What was not read when the reader ended is there for the next one.
"""

from collections.abc import Iterator
from typing import Final

_WORD: Final = 8
_SLOT: Final = 1_024
_SLOTS: Final = 256
_WRITTEN, _READ = range(2)
_HEAD: Final = 2 * _WORD


class Letterbox:
    """One writes, one reads.

    Attributes:
        lost: Messages that gave way to newer ones before they were read; the reader's count.
    """

    LONGEST: Final = _SLOT - _WORD
    """Bytes of a message."""

    SIZE: Final = _HEAD + _SLOTS * _SLOT
    """Bytes that all of it takes."""

    def __init__(self, buffer: bytearray | memoryview | None = None) -> None:
        """Keep it in ``buffer``, zeros when new; by default in memory of our own."""
        self._bytes = memoryview(bytearray(self.SIZE) if buffer is None else buffer)[: self.SIZE]
        self._words = self._bytes.cast("q")
        self.lost = 0

    def post(self, message: bytes) -> None:
        """Leave ``message``; raises ``ValueError`` if it is too long."""
        if len(message) > self.LONGEST:
            msg = f"{len(message)} bytes, more than {self.LONGEST}"
            raise ValueError(msg)
        number = self._words[_WRITTEN]
        start = _place(number)
        self._words[start // _WORD] = len(message)
        self._bytes[start + _WORD : start + _WORD + len(message)] = message
        self._words[_WRITTEN] = number + 1

    def take(self) -> Iterator[bytes]:
        """What has come since, oldest first."""
        while (number := self._words[_READ]) < (written := self._words[_WRITTEN]):
            oldest = max(number, written - _SLOTS + 1)  # the one before may be being written over
            start = _place(oldest)
            length = min(self._words[start // _WORD], self.LONGEST)
            message = bytes(self._bytes[start + _WORD : start + _WORD + length])
            is_whole = self._words[_WRITTEN] < oldest + _SLOTS
            self._words[_READ] = oldest + 1
            self.lost += oldest - number + (not is_whole)
            if is_whole:
                yield message


def _place(number: int) -> int:
    return _HEAD + number % _SLOTS * _SLOT
