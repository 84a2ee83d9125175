"""The files of a journal: what they are called, which there are, and their stored records one by one."""

import io
import re
import zlib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import zstandard

from signald.errors import JournalError
from signald.journal.format import (
    FIELDS,
    HEAD_BYTES,
    HEADER_BYTES,
    KIND_SEAL,
    MAX_RECORD_BYTES,
    PREFIX,
    SEAL_MAGIC,
    Header,
    Stored,
    decode_header,
)

LOCK_NAME: Final = "lock"
SUFFIX: Final = ".segment"
_NAME = re.compile(r"(\d{8})\.segment(\.zst)?")
_CHUNK_BYTES: Final = 1 << 20

SegmentFile: TypeAlias = io.BufferedReader | zstandard.ZstdDecompressionReader


class Tail(NamedTuple):
    """Where a walk over a segment ended.

    Attributes:
        offset: One past the last good record.
        surplus: Bytes seen behind it that make no whole and sound record; 0 at a clean end.
        problem: What is wrong with them, ``""`` at a clean end.
        torn: They may just be unfinished: the record would reach past the end.
    """

    offset: int
    surplus: int
    problem: str
    torn: bool


def segment_path(directory: Path, number: int) -> Path:
    """Where the uncompressed segment ``number`` of a journal lies."""
    return directory / f"{number:08d}{SUFFIX}"


def segment_number(path: Path) -> int:
    """The number in a segment's name, or -1 where it has none."""
    found = _NAME.fullmatch(path.name)
    return int(found[1]) if found else -1


def is_compressed(path: Path) -> bool:
    """Whether the segment is a zstd file."""
    return path.name.endswith(".zst")


def list_segments(directory: Path) -> list[Path]:
    """The segments of a journal in order; of one that lies there both ways the uncompressed file."""
    found: dict[int, Path] = {}
    for path in sorted(directory.iterdir(), reverse=True):  # "N.segment" comes after "N.segment.zst" and wins
        number = segment_number(path)
        if number >= 0:
            found[number] = path
    return [found[number] for number in sorted(found)]


def open_segment(path: Path) -> SegmentFile:
    """Open a segment for reading its uncompressed bytes; one that was compressed a moment ago is found as well.

    Raises:
        JournalError: There is no such file.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        path = path.with_name(path.name + ".zst")
        try:
            file = path.open("rb")
        except OSError as error:
            msg = f"{path}: {error.strerror}"
            raise JournalError(msg) from error
    except OSError as error:
        msg = f"{path}: {error.strerror}"
        raise JournalError(msg) from error
    if not is_compressed(path):
        return file
    return zstandard.ZstdDecompressor().stream_reader(file, closefd=True)


def read_header(path: Path, file: SegmentFile) -> Header:
    """Read the header from a segment just opened; raises :class:`JournalError` naming ``path``."""
    try:
        return decode_header(read_exactly(file.read, HEADER_BYTES))
    except (JournalError, zstandard.ZstdError) as error:
        msg = f"{path}: {error}"
        raise JournalError(msg) from error


def read_exactly(read: Callable[[int], bytes], size: int) -> bytes:
    """So many bytes, fewer only at the end."""
    found = b""
    while len(found) < size and (chunk := read(size - len(found))):
        found += chunk
    return found


def walk(read: Callable[[int], bytes], offset: int) -> Generator[Stored, None, Tail]:
    """Each sound record from ``offset`` on; returns where and why it ended.

    Args:
        read: The next bytes of the segment, at most so many, none at the end for now; stands at ``offset``.
        offset: Where in the segment that is, a record's first byte.
    """
    buffer, at = b"", 0  # buffer[at] is the byte at ``offset``
    while True:
        if len(buffer) - at < HEAD_BYTES:
            chunk = read(_CHUNK_BYTES)
            buffer, at = buffer[at:] + chunk, 0
            if not chunk:
                return Tail(offset, len(buffer), "unfinished record" if buffer else "", torn=bool(buffer))
            continue
        length, crc = PREFIX.unpack_from(buffer, at)
        if length % 8 or not HEAD_BYTES <= length <= MAX_RECORD_BYTES:
            return Tail(offset, len(buffer) - at, f"impossible record length {length}", torn=False)
        if len(buffer) - at < length:
            more = _read_more(read, length - (len(buffer) - at))
            buffer, at = buffer[at:] + more, 0
            if len(buffer) < length:
                return Tail(offset, len(buffer), "unfinished record", torn=True)
        body = buffer[at + PREFIX.size : at + length]
        if zlib.crc32(body, length) != crc or not _fits(body):
            return Tail(offset, len(buffer) - at, "record fails its checksum", torn=False)
        ts_ingest, kind, _, _, _ = FIELDS.unpack_from(body)
        yield Stored(offset, kind, ts_ingest, body)
        at += length
        offset += length


def was_synced(rest: bytes, offset: int) -> bool:
    """Whether a sound seal in ``rest`` says that its writer knew the byte at ``offset`` to be on the disk.

    A fault at such a byte is damage; elsewhere it may be the torn end that a power cut leaves.

    Args:
        rest: The segment's bytes from ``offset`` to its end.
        offset: Where in the segment they begin, on a multiple of eight.
    """
    found = rest.find(SEAL_MAGIC)
    while found >= 0:
        start = found - HEAD_BYTES
        if start >= 0 and start % 8 == 0:
            stored = next(walk(io.BytesIO(rest[start : start + 4096]).read, offset + start), None)
            if stored is not None and stored.kind == KIND_SEAL and stored.seal().synced > offset:
                return True
        found = rest.find(SEAL_MAGIC, found + 1)
    return False


def _fits(body: bytes) -> bool:
    _, _, channel_len, key_len, payload_len = FIELDS.unpack_from(body)
    return FIELDS.size + channel_len + key_len + payload_len <= len(body)


def _read_more(read: Callable[[int], bytes], wanted: int) -> bytes:
    chunks: list[bytes] = []
    while wanted > 0:
        chunk = read(max(wanted, _CHUNK_BYTES))
        if not chunk:
            break
        chunks.append(chunk)
        wanted -= len(chunk)
    return b"".join(chunks)
