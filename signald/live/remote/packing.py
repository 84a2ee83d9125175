"""Board rows as one message from the host that keeps the books to the one that has the engine.

Little-endian, version 1: a head of 88 bytes, then for each row its number among the host's rows and the words that
mean something, each of eight bytes. Nothing is read that is not as long as its head says.
"""

import struct
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, NamedTuple, Self

import numpy as np

from signald.core.kernels.machine import WordArray
from signald.core.kernels.rows import ROW_USED
from signald.model.time import Nanos

VERSION: Final = 1
MOST_ROWS: Final = 1_024
"""Of one message, which then has some 240 KiB."""
WHOLE: Final = 1
"""Flag: all rows of the writer are in the message."""

_MAGIC: Final = b"SGBR"
_HEAD: Final = struct.Struct("<4sHHQQQQIIqqqQ")
_CARRIED: Final = 1 + ROW_USED
_WORD: Final = 8


class Head(NamedTuple):
    """What a message says beside its rows.

    Attributes:
        layout: Digest of which rows there are; see :func:`layout_of`.
        epoch: Of the lease under which it was sent: a later one fences all earlier ones.
        run: When its writer began, by the server's clock: a later one is a writer that was started again.
        sequence: Of the writer's messages in this run, from 1 on, without gaps.
        writer: Number of the process among those of its host.
        flags: :data:`WHOLE` or nothing.
        sent: By the writer's monotonic clock, ns.
        sent_wall: By its wall clock, ns; the rows' own times are of that clock.
        server_offset: What is added to the writer's monotonic time to have the server's, ns.
        offset_error: By how much that may be wrong, ns.
    """

    layout: int
    epoch: int
    run: int
    sequence: int
    writer: int
    flags: int
    sent: Nanos
    sent_wall: Nanos
    server_offset: Nanos
    offset_error: Nanos


class Image(NamedTuple):
    """A message that was read.

    Attributes:
        head: What it says of itself.
        numbers: Of the rows it has, among the host's.
        rows: Their words, one line each; not to be written.
        raw: The same, as they came.
    """

    head: Head
    numbers: list[int]
    rows: WordArray
    raw: list[bytes]

    @classmethod
    def read(cls, message: bytes, *, layout: int, most: int) -> "Self | str":
        """Read ``message``; of one that is not to be believed the reason, in a word.

        Args:
            message: As it came.
            layout: The digest it must have.
            most: How many rows the host has: no number may reach it.
        """
        if len(message) < _HEAD.size:
            return "malformed"
        magic, version, count, *fields = _HEAD.unpack_from(message)
        if magic != _MAGIC or version != VERSION:
            return "version"
        if count > MOST_ROWS or len(message) != _HEAD.size + count * _CARRIED * _WORD:
            return "malformed"
        head = Head(*fields)
        if head.layout != layout:
            return "layout"
        lines = np.frombuffer(message, dtype="<i8", offset=_HEAD.size).reshape(count, _CARRIED)
        numbers: list[int] = lines[:, 0].tolist()
        if any(not 0 <= number < most for number in numbers):
            return "malformed"
        ends = range(_HEAD.size + _CARRIED * _WORD, len(message) + 1, _CARRIED * _WORD)
        return cls(head, numbers, lines[:, 1:], [message[end - ROW_USED * _WORD : end] for end in ends])


def pack(head: Head, numbers: Sequence[int], rows: WordArray) -> bytes:
    """The message: ``rows`` has a line of :data:`ROW_USED` words for each of ``numbers``."""
    lines = np.empty((len(numbers), _CARRIED), dtype="<i8")
    lines[:, 0] = numbers
    lines[:, 1:] = rows
    return _HEAD.pack(_MAGIC, VERSION, len(numbers), *head) + lines.tobytes()


def layout_of(instruments: Sequence[str], slippage_usd: Sequence[float]) -> int:
    """A digest of what the rows of a host are, and of what is measured in them."""
    told = "\0".join((f"{VERSION} {ROW_USED}", *instruments, *map(repr, slippage_usd)))
    return int.from_bytes(blake2b(told.encode(), digest_size=8).digest(), "little")
