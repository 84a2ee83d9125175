"""The end of a journal as files: one open segment, its open block, and what is closed but not synced. No locks."""

import os
from pathlib import Path
from typing import NamedTuple

from signald.journal.format import Header, Seal, encode_header, encode_seal, seal_block
from signald.journal.recovery import Continuation, sync_directory
from signald.journal.segments import segment_path
from signald.model.time import Nanos


class Block(NamedTuple):
    """Bytes ``[start, end)`` of the open segment, closed but not sealed yet."""

    start: int
    end: int
    records: int
    chunks: list[bytes | bytearray]


class OpenFiles(NamedTuple):
    """What :meth:`Appender.sync` is to make safe, noted while nobody writes."""

    handle: int
    number: int
    whole: int
    retired: tuple[tuple[int, Path], ...]


class Appender:
    """Encoded records go in, segments with sealed blocks come out.

    The caller sees to it that only :meth:`sync` and the hashing of a block run beside another method.

    Attributes:
        buffer: Encoded records that were not handed to the operating system yet.
        chain: The chain after the last block taken and sealed.
        offset: Bytes written to the open segment.
        synced: How many of them are known to be on the disk.
        ts_highest: Highest time appended so far.
        dirty: A record was appended since the last block was taken.
    """

    def __init__(self, directory: Path, place: Continuation, *, segment_bytes: int, block_bytes: int) -> None:
        self.buffer = bytearray()
        self.chain = place.chain
        self.offset = place.offset
        self.synced = 0
        self.ts_highest: Nanos = place.ts_highest
        self.dirty = place.dirty
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._block_bytes = block_bytes
        self._number = place.number
        self._ts_before: Nanos = place.ts_highest  # of all segments before the open one
        self._entry_synced = place.number if place.offset else -1  # segment whose directory entry is on the disk
        self._buffered_records = 0
        self._block: list[bytes | bytearray] = [place.block] if place.block else []
        self._block_start = place.offset - len(place.block)
        self._block_records = place.block_records
        self._retired: list[tuple[int, Path]] = []
        self._handle = os.open(self.segment, os.O_WRONLY | os.O_APPEND) if place.offset else -1

    @property
    def segment(self) -> Path:
        """The open segment; it is made when there is something to write."""
        return segment_path(self._directory, self._number)

    @property
    def unsynced(self) -> bool:
        """Whether there is anything that a power cut would take."""
        return bool(self.dirty or self.buffer or self._retired or self.offset > self.synced)

    def put(self, encoded: bytes) -> None:
        """Add one encoded record."""
        self.buffer += encoded
        self._buffered_records += 1

    def drain(self) -> None:
        """Write the buffer; what was written before an ``OSError`` is not written again.

        Raises:
            OSError: The segment cannot be made, or not everything was written.
        """
        if not self.buffer:
            return
        if self._handle < 0:
            self._handle = os.open(self.segment, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
            self.buffer[:0] = encode_header(Header(self._number, self._ts_before, self.chain))
        done = 0
        try:
            with memoryview(self.buffer) as view:
                while done < len(view):
                    done += os.write(self._handle, view[done:])
        finally:
            self.offset += done
            if done == len(self.buffer):
                self._block.append(self.buffer)
                self.buffer = bytearray()
                self._block_records += self._buffered_records
                self._buffered_records = 0
            elif done:
                self._block.append(bytes(self.buffer[:done]))
                self.buffer = self.buffer[done:]

    def take_block(self) -> Block | None:
        """Begin a new block and hand over the one before, or ``None`` if it has no record worth a seal."""
        if self.buffer or not self.dirty:
            return None
        block = Block(self._block_start, self.offset, self._block_records, self._block)
        self._block_start, self._block_records, self._block = self.offset, 0, []
        self.dirty = False
        return block

    def put_seal(self, block: Block, crc: int, chain: bytes) -> None:
        """Add the seal of a block that was taken and hashed."""
        self.chain = chain
        self.put(encode_seal(Seal(block.start, block.end, self.synced, block.records, crc, chain), self.ts_highest))

    def seal_and_rotate(self) -> None:
        """Seal a block and close a segment that have grown long enough; the buffer must be empty.

        Raises:
            OSError: The seal cannot be written; it is written with what comes next.
        """
        full = self.offset >= self._segment_bytes
        if full or self.offset - self._block_start >= self._block_bytes:
            block = self.take_block()
            if block is not None:
                self.put_seal(block, *seal_block(self.chain, block.chunks))
                self.drain()
        if full:
            self._retired.append((self._handle, self.segment))
            self._handle = -1
            self._number += 1
            self.offset = self.synced = self._block_start = self._block_records = 0
            self._block = []
            self._ts_before = self.ts_highest

    def files(self) -> OpenFiles:
        """What :meth:`sync` is to make safe."""
        whole = self.synced if self.buffer else self.offset
        return OpenFiles(self._handle, self._number, whole, tuple(self._retired))

    def sync(self, files: OpenFiles) -> list[Path]:
        """Wait until the disk has ``files``: closed segments, then the directory, then the open one.

        That order is what recovery relies on.

        Returns:
            Segments that are closed for good.

        Raises:
            OSError: The disk refused; what was not synced is tried again next time.
        """
        done: list[Path] = []
        for retired, path in files.retired:
            os.fdatasync(retired)
            os.close(retired)
            self._retired.remove((retired, path))
            done.append(path)
        if files.handle >= 0:
            if self._entry_synced != files.number:
                sync_directory(self._directory)
                self._entry_synced = files.number
            os.fdatasync(files.handle)
            if self._number == files.number:
                self.synced = files.whole
        return done

    def close(self) -> None:
        """Let go of all files."""
        for handle in (self._handle, *(retired for retired, _ in self._retired)):
            if handle >= 0:
                os.close(handle)
