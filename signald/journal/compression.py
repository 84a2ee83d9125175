"""Closed segments become zstd files, in a thread of its own, so that a crash at any moment loses nothing."""

import os
import threading
from pathlib import Path
from queue import SimpleQueue

import zstandard

from signald.journal.recovery import sync_directory

_LEVEL = 3  # 0.3 s for a 32 MB segment of frames; higher levels gain little on JSON and take seconds


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
    target = path.with_name(path.name + ".zst")
    unfinished = path.with_name(path.name + ".zst.tmp")
    compressor = new_compressor()
    try:
        with path.open("rb") as source, unfinished.open("wb") as sink:
            compressor.copy_stream(source, sink, size=path.stat().st_size)
            sink.flush()
            os.fsync(sink.fileno())
        unfinished.rename(target)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)
    path.unlink()
    return target


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
