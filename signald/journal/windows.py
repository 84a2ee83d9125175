"""A segment's bytes, some megabytes at a time in memory that is used again, the next while these are walked.

Memory that is used again stays in the processor's caches, and is not fetched from the system page by page: that would
cost as much as applying the frames that lie in it.
"""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self, TypeAlias, cast

import numpy as np
import zstandard
from numpy.typing import NDArray

from signald.errors import JournalError
from signald.journal.segments import is_compressed, open_segment

Bytes: TypeAlias = NDArray[np.uint8]

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

    def fill(self, file: _Readable, begun: Lock) -> int:
        """Read a window; how many bytes it has, fewer than there is room for only at the segment's end.

        ``begun`` is released once nothing is left to do that needs the interpreter.
        """
        free = self.room.data[HEAD_BYTES:]
        filled = 0
        begun.release()
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


class Windows:
    """The windows of segments, one segment after the other, with a thread that reads (and decompresses) ahead.

    The thread does nothing else: whatever would need the interpreter's lock there, it could wait milliseconds for it.

    A context manager.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "journal-reading")
        self._buffer, self._other = _Buffer(), _Buffer()
        self._path: Path | None = None
        self._file: _Readable | None = None
        self._filling: Future[int] | None = None
        self._window = Window(_NOTHING, 0, last=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()
        self._pool.shutdown()

    def first(self, path: Path) -> Window:
        """The first window of a segment; an empty one if it cannot be opened."""
        if self._filling is None or self._path != path:
            self.ahead(path)
        return self._next(_NOTHING, 0)

    def following(self, offset: int) -> Window:
        """The next window, unless the one before was the last; it begins with that byte of the segment.

        That is a multiple of eight, so that what lies on such stays there.
        """
        assert offset % _ALIGNED == 0
        return self._next(self._window.content[offset - self._window.offset :], offset)

    def ahead(self, path: Path) -> None:
        """Begin to read a segment, once the last window of the one before is there."""
        self._close()
        self._path = path
        self._file = _open(path)
        self._fill()

    def _fill(self) -> None:
        self._buffer, self._other = self._other, self._buffer
        if self._file is not None:
            begun = Lock()
            begun.acquire()
            self._filling = self._pool.submit(self._buffer.fill, self._file, begun)
            begun.acquire()  # else this thread would keep the interpreter's lock for milliseconds, and that one wait

    def _next(self, rest: Bytes, offset: int) -> Window:
        filled = self._filling.result() if self._filling is not None else 0
        self._filling = None
        self._window = window = Window(self._buffer.behind(rest, filled), offset, last=filled < WINDOW_BYTES)
        if window.last:
            self._close()
        else:
            self._fill()
        return window

    def _close(self) -> None:
        if self._filling is not None:
            wait([self._filling])
            self._filling = None
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
