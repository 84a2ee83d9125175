"""Closed segments become zstd files, in a thread of its own, so that a crash at any moment loses nothing."""

import contextlib
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

import zstandard

from signald.errors import JournalError
from signald.journal.recovery import sync_directory
from signald.journal.segments import is_compressed, list_segments

_LEVEL = 3  # 0.3 s for a 32 MB segment of frames; higher levels gain little on JSON and take seconds
_SOME_BYTES = 1 << 20


def new_compressor() -> zstandard.ZstdCompressor:
    """What segments are compressed with."""
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)


def compress_segment(path: Path) -> Path:
    """Replace a closed segment by its compressed form, which is complete and on the disk before the original goes.

    Returns:
        The new file.

    Raises:
        OSError: There was no room or no right; the original is as it was.
    """

    def compress(source: BinaryIO, sink: BinaryIO) -> None:
        new_compressor().copy_stream(source, sink, size=path.stat().st_size)

    return _replace(path, path.with_name(path.name + ".zst"), compress)


def unpack_segment(path: Path) -> Path:
    """Replace a compressed segment by the one it was, which is complete and on the disk before the other goes.

    Returns:
        The new file.

    Raises:
        JournalError: It is damaged; it is as it was.
        OSError: There was no room or no right; likewise.
    """

    def unpack(source: BinaryIO, sink: BinaryIO) -> None:
        decompressor = zstandard.ZstdDecompressor().decompressobj()
        while not decompressor.eof and (some := source.read(_SOME_BYTES)):
            sink.write(decompressor.decompress(some))
        if not decompressor.eof or decompressor.unused_data or source.read(1):
            problem = "it does not end where its content does"
            raise zstandard.ZstdError(problem)

    try:
        return _replace(path, path.with_name(path.name.removesuffix(".zst")), unpack)
    except zstandard.ZstdError as error:
        msg = f"{path}: {error}"
        raise JournalError(msg) from error


def unpack(journal: Path) -> int:
    """Unpack all compressed segments of a journal; how many they were. Raises as :func:`unpack_segment`."""
    packed = [path for path in list_segments(journal) if is_compressed(path)]
    for path in packed:
        unpack_segment(path)
    return len(packed)


def pack(journal: Path) -> int:
    """Compress all segments of a journal but the last, which may be written to; how many they were.

    Raises:
        OSError: There was no room or no right.
    """
    plain = [path for path in list_segments(journal)[:-1] if not is_compressed(path)]
    for path in plain:
        compress_segment(path)
    return len(plain)


def _replace(path: Path, target: Path, write: Callable[[BinaryIO, BinaryIO], object]) -> Path:
    """Write ``target`` from ``path``; what fails leaves ``path`` as it is, and nothing else."""
    unfinished = target.with_name(f"{target.name}.{os.getpid()}.tmp")  # another process may be at the same segment
    try:
        with path.open("rb") as source, unfinished.open("wb") as sink:
            _take_after(os.fstat(source.fileno()), sink.fileno())
            write(source, sink)
            sink.flush()
            os.fsync(sink.fileno())
        unfinished.rename(target)
    except (OSError, zstandard.ZstdError):
        unfinished.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)
    path.unlink(missing_ok=True)
    return target


def _take_after(original: os.stat_result, handle: int) -> None:
    """Give a file owner and mode of another: who packs as root must not lock out the daemon whose journal it is."""
    os.fchmod(handle, stat.S_IMODE(original.st_mode))  # while it is ours: it may not be any more thereafter
    if (os.geteuid(), os.getegid()) != (original.st_uid, original.st_gid):
        with contextlib.suppress(PermissionError):  # only root may give files away: else it stays ours
            os.fchown(handle, original.st_uid, original.st_gid)


class Compressor:
    """Compresses segments one after the other at the lowest priority; what fails stays as it is until the next start.

    Attributes:
        failed: How many segments could not be compressed.
    """

    def __init__(self) -> None:
        self.failed = 0
        self._paths: SimpleQueue[Path | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(self, path: Path) -> None:
        """Have ``path`` compressed; it must be closed and synced."""
        self._paths.put(path)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="journal-compression", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Wait for what was submitted."""
        if self._thread is not None:
            self._paths.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        lower_priority()
        while (path := self._paths.get()) is not None:
            try:
                compress_segment(path)
            except OSError:
                self.failed += 1


def lower_priority() -> None:
    """Give the calling thread the lowest priority where the system knows threads as processes (Linux)."""
    if hasattr(os, "sched_getaffinity"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
