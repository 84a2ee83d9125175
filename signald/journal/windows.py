"""A segment's bytes, some megabytes at a time in memory that is used again, the next while these are looked at.

Memory that is used again stays in the processor's caches, and is not fetched from the system page by page: that would
cost as much as applying the frames that lie in it.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from types import TracebackType
from typing import Final, Generic, NamedTuple, Protocol, Self, TypeAlias, TypeVar, cast

import numpy as np
import zstandard
from numpy.typing import NDArray

from signald.errors import JournalError
from signald.journal.segments import is_compressed, open_segment

Bytes: TypeAlias = NDArray[np.uint8]
T = TypeVar("T")

WINDOW_BYTES: Final = 4 << 20
HEAD_BYTES: Final = 1 << 20  # for what a window did not use up: a block that ends in the next one
_AT_ONCE_BYTES: Final = 64 << 20
_ALIGNED: Final = 8
_NOTHING: Final[Bytes] = np.empty(0, np.uint8)


class Window(NamedTuple):
    """Bytes of a segment.

    Attributes:
        content: They; valid until the next window is asked for.
        offset: Where in the segment the first of them is.
        last: Whether the segment ends with them, or cannot be read any further.
    """

    content: Bytes
    offset: int
    last: bool


class _Readable(Protocol):
    """What a segment is read from; its decompressor has no types."""

    def readinto(self, room: memoryview, /) -> int: ...

    def close(self) -> None: ...


class _Buffer:
    """Room for what was left and for a window behind it."""

    def __init__(self) -> None:
        self.room: Bytes = np.empty(HEAD_BYTES + WINDOW_BYTES, np.uint8)

    def fill(self, file: _Readable) -> int:
        """Read a window; how many bytes it has, fewer than there is room for only at the segment's end."""
        free = self.room.data[HEAD_BYTES:]
        filled = 0
        try:
            while filled < WINDOW_BYTES and (count := file.readinto(free[filled:])):
                filled += count
        except (OSError, zstandard.ZstdError):
            return filled  # whoever reads it record by record from there will say why it ends
        return filled

    def behind(self, rest: Bytes, filled: int) -> Bytes:
        """What was filled, and ``rest`` before it."""
        if len(rest) > HEAD_BYTES:
            return np.concatenate([rest, self.room[HEAD_BYTES : HEAD_BYTES + filled]])
        first = HEAD_BYTES - len(rest)
        self.room[first:HEAD_BYTES] = rest
        return self.room[first : HEAD_BYTES + filled]


class Seen(NamedTuple, Generic[T]):
    """A window that was looked at.

    Attributes:
        window: It.
        end: The byte of the segment that the next window begins with, on a multiple of eight.
        found: What was found in it.
    """

    window: Window
    end: int
    found: T


class Windows(Generic[T]):
    """The windows of segments, one segment after the other, with a thread that reads and looks ahead.

    A context manager.

    Args:
        look: Told a window, says with which byte of the segment the next one is to begin, and what was found.
    """

    def __init__(self, look: Callable[[Window], tuple[int, T]]) -> None:
        self._look = look
        self._pool = ThreadPoolExecutor(1, "journal-reading")
        self._buffer, self._other = _Buffer(), _Buffer()
        self._path: Path | None = None
        self._file: _Readable | None = None
        self._seeing: Future[Seen[T]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()
        self._pool.shutdown()

    def first(self, path: Path) -> Seen[T]:
        """The first window of a segment; an empty one if it cannot be opened."""
        if self._seeing is None or self._path != path:
            self.ahead(path)
        return self.following()

    def following(self) -> Seen[T]:
        """The next window, unless the one before was the last."""
        assert self._seeing is not None
        seen = self._seeing.result()
        self._seeing = None
        if seen.window.last:
            self._close()
        else:
            self._see(seen.window.content[seen.end - seen.window.offset :], seen.end)
        return seen

    def ahead(self, path: Path) -> None:
        """Begin to read a segment, once the last window of the one before is there."""
        self._close()
        self._path = path
        self._file = _open(path)
        self._see(_NOTHING, 0)

    def _see(self, rest: Bytes, offset: int) -> None:
        self._buffer, self._other = self._other, self._buffer
        self._seeing = self._pool.submit(self._read, self._buffer, self._file, rest, offset)

    def _read(self, buffer: _Buffer, file: _Readable | None, rest: Bytes, offset: int) -> Seen[T]:
        assert offset % _ALIGNED == 0
        filled = buffer.fill(file) if file is not None else 0
        window = Window(buffer.behind(rest, filled), offset, last=filled < WINDOW_BYTES)
        return Seen(window, *self._look(window))

    def _close(self) -> None:
        if self._seeing is not None:
            wait([self._seeing])
            self._seeing = None
        if self._file is not None:
            self._file.close()
            self._file = None


def _open(path: Path) -> _Readable | None:
    """A segment to be filled from; a compressed one is read at once, so that the thread need not ask Python for more.

    None if it cannot be read: whoever reads it record by record will say why.
    """
    try:
        if is_compressed(path) and path.stat().st_size <= _AT_ONCE_BYTES:
            return cast("_Readable", zstandard.ZstdDecompressor().stream_reader(path.read_bytes()))
        return cast("_Readable", open_segment(path))
    except (JournalError, OSError):
        return None
