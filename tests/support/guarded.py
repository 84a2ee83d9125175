"""Bytes that end where the memory ends: whoever reads past them is killed by the kernel.

`python -m tests.support.guarded` gives every decoder every beginning of some frames, and mutations of them, so placed.
It prints how many there were; a read past the end ends it with SIGSEGV.
"""

import ctypes
import mmap
import sys
from collections.abc import Iterator
from typing import Any, Final

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels import outcomes
from signald.sources.desk import Desk
from signald.sources.venues.binance.decode import seed_book
from tests.support.decoder_fuzz import DIALECTS, DecoderFuzz
from tests.support.frame_mutations import Mutations
from tests.support.instruments import BTCUSDT

_ROOM: Final = 1 << 20
_HEAD: Final = bytes.__basicsize__ - 1
"""Of a bytes object: what stands before the bytes themselves, whose closing zero is not counted here."""
_REFERENCES: Final = 1 << 20
_LONGEST: Final = 700
_FRAMES: Final = 6


class GuardedBytes:
    """Makes bytes objects that end at a page which cannot be read. Each is void once the next is made."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _ROOM + mmap.PAGESIZE)
        self._end = ctypes.addressof(ctypes.c_char.from_buffer(self._memory)) + _ROOM
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mprotect(ctypes.c_void_p(self._end), ctypes.c_size_t(mmap.PAGESIZE), 0):
            raise OSError(ctypes.get_errno(), "mprotect")

    def place(self, content: bytes) -> bytes:
        """``content`` once more, at the end of the memory that there is."""
        start = self._end - len(content) - _HEAD
        head = (ctypes.c_int64 * (_HEAD // 8)).from_address(start)
        head[0], head[1], head[2], head[3] = _REFERENCES, id(bytes), len(content), -1
        ctypes.memmove(start + _HEAD, content, len(content))
        placed: Any = ctypes.cast(start, ctypes.py_object).value
        return placed


def frames_of(venue: str) -> Iterator[tuple[DecoderFuzz, bytes]]:
    """Frames that a book takes, whole, cut off at every byte, and mutated."""
    mutations = Mutations(7)
    for seed in range(_FRAMES):
        fuzz = DecoderFuzz(venue, seed)
        for _ in range(20):
            problem = fuzz.step()
            assert not problem, problem
        frame = fuzz.frame[:_LONGEST]
        yield fuzz, fuzz.frame
        for end in range(len(frame) + 1):
            yield fuzz, frame[:end]
            yield fuzz, mutations.mutated(frame[:end])


def main() -> int:
    """Give every decoder everything."""
    guarded = GuardedBytes()
    given = 0
    for venue in DIALECTS:
        for fuzz, frame in frames_of(venue):
            assert fuzz.apply(guarded.place(frame)) >= outcomes.APPLIED
            given += 1
    book = Book(BTCUSDT, Board([BTCUSDT.id]).writer_row(0))
    desk = Desk([book])
    body = (
        b'{"lastUpdateId":1000,"bids":[["61799.99","1.5"],["61799.90000000","2"]],"asks":[["61800","0.5"]],'
        b'"x":[1.5,{"y":"z"}]}'
    )
    for end in range(len(body) + 1):
        outcome = seed_book(guarded.place(body[:end]), book.address, 5_000, desk.words)
        assert (outcome == outcomes.APPLIED) == (end == len(body))
        given += 1
    sys.stdout.write(f"{given} frames at the end of memory\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
