"""Appends records to a journal: what was flushed survives the process, what was synced survives the power.

Three steps, each with its promise:

* ``append`` encodes into memory. A SIGKILL loses it.
* ``flush`` hands all of that to the operating system in one ``write``; called before anything is sent. What was
  flushed survives SIGKILL of this process, not a power cut.
* ``sync`` seals the block and waits for the disk (``fdatasync``); the live shell's timer calls it, from a thread,
  every 10 ms or sooner. A power cut loses what was flushed since the last ``sync`` returned, so at most the timer's
  period and the disk's own time: signals that were sent in that time may be missing from the journal, and the record
  at the end may be torn. The next writer cuts it and says so in ``recovered``.

A disk that is full (or broken) halts nothing: the first ``append``, ``flush`` or ``sync`` that meets it raises
``JournalError``, later ones are silent, and ``status().failing`` says why for as long as it lasts. Records wait in
memory; ``sync`` tries again each time and goes on, in the middle of a record if need be, as soon as there is room.
Past half of ``buffer_limit_bytes`` frames and answers of venues are no longer kept, past all of it nothing is; how
many were lost, and of which time, then stands in the journal at that place.

Where ``fdatasync`` itself fails, the system may have dropped what it could not write and will not say so again: that
is raised once too, and ``signald journal check`` finds whether anything is missing.
"""

import fcntl
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from signald.errors import JournalError
from signald.journal.appender import Appender
from signald.journal.compression import Compressor
from signald.journal.format import Lost, encode_lost, encode_record, seal_block
from signald.journal.recovery import recover, sync_directory
from signald.journal.segments import LOCK_NAME, is_compressed, list_segments
from signald.model.records import Record, RecordKind
from signald.model.time import Nanos

_BULK = frozenset({RecordKind.FRAME, RecordKind.RESPONSE})


class WriterStatus(NamedTuple):
    """How a journal's writer is.

    Attributes:
        failing: Why records cannot be written or synced now, ``""`` if they can.
        buffered_bytes: Waiting in memory.
        unsynced_bytes: With the operating system, not known to be on the disk; of the open segment.
        lost: Records that were not kept since the writer began.
        segment: File being written.
        uncompressed: Closed segments that could not be compressed.
    """

    failing: str
    buffered_bytes: int
    unsynced_bytes: int
    lost: int
    segment: Path
    uncompressed: int


class JournalWriter:
    """The one writer of the journal in a directory.

    ``append`` and ``flush`` belong to one thread; ``sync`` may be called from another. Not for use across ``fork``.

    Attributes:
        recovered: What was found and cut at the end of an existing journal.
    """

    def __init__(
        self,
        path: Path,
        *,
        segment_bytes: int = 32 << 20,
        block_bytes: int = 256 << 10,
        buffer_limit_bytes: int = 64 << 20,
        compress: bool = True,
    ) -> None:
        """Open the journal in ``path`` for appending, making it where there is none.

        Args:
            path: Its directory.
            segment_bytes: A segment longer than this is closed.
            block_bytes: A block longer than this is sealed without waiting for ``sync``.
            buffer_limit_bytes: What may wait in memory while the disk is full.
            compress: Turn closed segments into zstd files.

        Raises:
            JournalError: It cannot be made, read or recovered, or has a writer already.
        """
        self._directory = path
        self._block_bytes = block_bytes
        self._buffer_limit = buffer_limit_bytes
        self._lock = threading.Lock()  # guards the appender; not held while ``sync`` hashes and waits for the disk
        self._syncing = threading.Lock()  # one ``sync`` at a time; taken before ``_lock``
        self._sealing = False  # ``sync`` is hashing a block: its seal must be the next
        self._failing = ""
        self._sync_failing = ""
        self._gap: Lost | None = None
        self._lost = 0
        self._closed = False
        self._guard = _lock_directory(path)
        try:
            place, self.recovered = recover(path)
            self._end = Appender(path, place, segment_bytes=segment_bytes, block_bytes=block_bytes)
        except BaseException:
            os.close(self._guard)
            raise
        self._compressor = Compressor() if compress else None
        self._compress_leftovers()

    def append(self, record: Record) -> None:
        """Add ``record``, in memory.

        Raises:
            JournalError: The record does not fit the layout, the journal is closed, or, once per occurrence, a full
                buffer could not be written; the record is kept then.
        """
        encoded = encode_record(record)
        ts_ingest = record[1]
        with self._lock:
            if self._closed:
                msg = f"{self._directory}: the journal is closed"
                raise JournalError(msg)
            end = self._end
            waiting = len(end.buffer)
            if self._failing and self._is_full(waiting, record[0]):
                self._lose(ts_ingest)
                return
            if self._gap is not None:
                end.put(encode_lost(self._gap))
                self._gap = None
            end.put(encoded)
            end.dirty = True
            if ts_ingest > end.ts_highest:  # noqa: PLR1730 - max() costs twice the branch, for every frame
                end.ts_highest = ts_ingest
            if waiting >= self._block_bytes and not self._failing:
                self._write_out()

    def flush(self) -> None:
        """Hand everything appended to the operating system; does nothing while the disk is failing.

        Raises:
            JournalError: The disk is full or broken; raised once, until it has worked again.
        """
        with self._lock:
            if self._end.buffer and not self._failing:
                self._write_out()

    def sync(self) -> None:
        """Seal what was flushed and wait until the disk has it; tries again where the disk was failing.

        Raises:
            JournalError: The disk is full or broken; raised once, until it has worked again.
        """
        with self._syncing:
            if self._closed:
                return
            with self._lock:
                self._write_out()
                block = self._end.take_block()
                self._sealing = block is not None
            if block is not None:
                crc, chain = seal_block(self._end.chain, block.chunks)
                with self._lock:
                    self._sealing = False
                    self._end.put_seal(block, crc, chain)
                    self._write_out()
            self._sync_files()

    def needs_sync(self) -> bool:
        """Whether anything was appended that a power cut would take."""
        return self._end.unsynced

    @property
    def ts_highest(self) -> Nanos:
        """Highest ``ts_ingest`` of all that is in the journal or was appended; 0 if there is nothing."""
        return self._end.ts_highest

    def status(self) -> WriterStatus:
        """How the writer is; any thread may ask."""
        with self._lock:
            return WriterStatus(
                failing=self._failing or self._sync_failing,
                buffered_bytes=len(self._end.buffer),
                unsynced_bytes=self._end.offset - self._end.synced,
                lost=self._lost,
                segment=self._end.segment,
                uncompressed=self._compressor.failed if self._compressor else 0,
            )

    def close(self) -> None:
        """Sync, finish compressing, and let another writer in.

        Raises:
            JournalError: Not everything could be written; everything is released all the same.
        """
        if self._closed:
            return
        try:
            self.sync()
            if self._failing:
                msg = f"{self._directory}: {len(self._end.buffer)} bytes were not written: {self._failing}"
                raise JournalError(msg)
        finally:
            self._closed = True
            if self._compressor is not None:
                self._compressor.close()
            self._end.close()
            os.close(self._guard)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _is_full(self, waiting: int, kind: RecordKind) -> bool:
        return waiting >= (self._buffer_limit // 2 if kind in _BULK else self._buffer_limit)

    def _lose(self, ts_ingest: Nanos) -> None:
        self._lost += 1
        gap = self._gap
        self._gap = Lost(1, ts_ingest, ts_ingest) if gap is None else Lost(gap.records + 1, gap.first, ts_ingest)

    def _write_out(self) -> None:
        """Write the buffer, seal and rotate as is due; the failure that begins an occurrence is raised."""
        try:
            self._end.drain()
            if not self._sealing:
                self._end.seal_and_rotate()
        except OSError as error:
            if self._failing:
                return
            self._failing = error.strerror or str(error)
            msg = f"{self._directory}: cannot write: {self._failing}"
            raise JournalError(msg) from error
        self._failing = ""

    def _sync_files(self) -> None:
        with self._lock:
            files = self._end.files()
        try:
            closed = self._end.sync(files)
        except OSError as error:
            if self._sync_failing:
                return
            self._sync_failing = error.strerror or str(error)
            msg = f"{self._directory}: cannot sync: {self._sync_failing}"
            raise JournalError(msg) from error
        self._sync_failing = ""
        if self._compressor is not None:
            for path in closed:
                self._compressor.submit(path)

    def _compress_leftovers(self) -> None:
        """Compress segments that were closed but not compressed when the last writer ended."""
        if self._compressor is None:
            return
        for path in list_segments(self._directory):
            if not is_compressed(path) and path != self._end.segment:
                self._compressor.submit(path)


def _lock_directory(directory: Path) -> int:
    try:
        if not directory.exists():
            directory.mkdir(parents=True, exist_ok=True)  # a feed worker may be making its own below it
            sync_directory(directory.parent)
        handle = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        msg = f"{directory}: cannot be made a journal: {error.strerror}"
        raise JournalError(msg) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        msg = f"{directory}: another process is writing this journal"
        raise JournalError(msg) from error
    return handle
