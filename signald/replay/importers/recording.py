"""What all importers share: lines of a file, plain or compressed, and a journal made of records.

Who wants to see how far a command has read says so with :func:`watched`; importers need not hand it on.
"""

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Final, NamedTuple, TypeAlias

import zstandard

from signald.errors import ImportFormatError, JournalError
from signald.journal.writer import JournalWriter
from signald.model.instruments import InstrumentId
from signald.model.records import Record
from signald.model.time import Nanos

_LONGEST_LINE: Final = 64 << 20  # bytes; Coinbase's snapshot has 5 MB
_LARGEST_CALENDAR: Final = 16 << 20  # bytes; seven years of hourly copies have a tenth of that
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_ZIP: Final = b"PK\x03\x04"
_LINES_BETWEEN_LOOKS: Final = 4_096

Watch: TypeAlias = Callable[[Path, int], None]
"""Told a file and how many of its bytes were read; 0 when a pass over it begins."""

_WATCH: ContextVar[Watch | None] = ContextVar("watch", default=None)


class Imported(NamedTuple):
    """What an import made.

    Attributes:
        records: Records in the journal, the session not counted.
        instruments: Instruments in it.
        ts_first: Time of the first record; ``None`` if there was none.
        ts_last: Time of the last one.
        skipped: What was left out, by reason.
    """

    records: int
    instruments: tuple[InstrumentId, ...]
    ts_first: Nanos | None
    ts_last: Nanos | None
    skipped: Mapping[str, int]


def write_import(
    path: Path, records: Iterable[Record], *, instruments: tuple[InstrumentId, ...], skipped: Mapping[str, int]
) -> Imported:
    """Write a new journal of records, the first of which is its session.

    Args:
        path: Its directory, which must not hold a journal yet.
        records: In order; read as they are written.
        instruments: For the result.
        skipped: For the result; may be filled while ``records`` is read.

    Raises:
        JournalError: The journal cannot be written, or there is one already.
        ImportFormatError: From ``records``; what was read until then is in the journal.
    """
    if path.is_dir() and any(path.iterdir()):
        msg = f"{path} is not empty: an import makes a journal of its own"
        raise JournalError(msg)
    count = 0
    ts_first: Nanos | None = None
    ts_last: Nanos | None = None
    with JournalWriter(path) as writer:
        for record in records:
            writer.append(record)
            if count == 1:
                ts_first = record.ts_ingest
            ts_last = record.ts_ingest
            count += 1
    return Imported(max(count - 1, 0), instruments, ts_first, ts_last, dict(skipped))


@contextmanager
def watched(watch: Watch) -> Generator[None]:
    """Have ``watch`` told how far files are read."""
    token = _WATCH.set(watch)
    try:
        yield
    finally:
        _WATCH.reset(token)


def tell_watch(path: Path, read: int) -> None:
    """Tell whoever watches that so many bytes of a file were read."""
    watch = _WATCH.get()
    if watch is not None:
        watch(path, read)


def read_lines(path: Path, *, strip: bytes = b"\r\n") -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers from 1, without ``strip`` at their ends.

    Gzip, zstd and zip, which must hold one file, are told by their content.

    Raises:
        ImportFormatError: The file cannot be read or decompressed, or a line is longer than any frame.
    """
    number = 0
    try:
        with path.open("rb") as file, _decompressed(file) as lines:
            tell_watch(path, 0)
            while line := lines.readline(_LONGEST_LINE):
                number += 1
                if len(line) == _LONGEST_LINE:
                    raise ImportFormatError(str(path), number, f"the line is longer than {_LONGEST_LINE} bytes")
                if number % _LINES_BETWEEN_LOOKS == 0:
                    tell_watch(path, file.tell())
                yield number, line.rstrip(strip)
            tell_watch(path, path.stat().st_size)
    except OSError as error:
        raise ImportFormatError(str(path), number, error.strerror or str(error)) from error
    except (EOFError, zlib.error, zstandard.ZstdError, zipfile.BadZipFile) as error:
        raise ImportFormatError(
            str(path), number, f"the file is damaged or cut off behind this line: {error}"
        ) from error
    except RuntimeError as error:  # of zipfile: encrypted, or packed by a method that it does not know
        raise ImportFormatError(str(path), number, f"the archive cannot be unpacked: {error}") from error


def is_packed(path: Path) -> bool:
    """Whether a file is compressed, by its content; raises ``OSError``."""
    with path.open("rb") as file:
        return file.read(4).startswith((_GZIP, _ZSTD, _ZIP))


def read_whole(path: Path, *, most: int | None = None) -> bytes:
    """A file at once, compressed or not; without ``most`` a calendar's.

    Raises:
        ImportFormatError: As :func:`read_lines`; or it has more bytes than ``most``.
    """
    lines: list[bytes] = []
    left = most = _LARGEST_CALENDAR if most is None else most
    for number, line in read_lines(path, strip=b""):
        left -= len(line)
        if left < 0:
            raise ImportFormatError(str(path), number, f"has more than {most} bytes")
        lines.append(line)
    return b"".join(lines)


def _decompressed(file: io.BufferedReader) -> IO[bytes] | gzip.GzipFile:
    magic = file.peek(4)[:4]
    if magic[:2] == _GZIP:
        return gzip.GzipFile(fileobj=file)
    if magic == _ZSTD:
        reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        return io.BufferedReader(reader)  # pyright: ignore[reportArgumentType]  # a raw reader in all but its type
    if magic == _ZIP:
        archive = zipfile.ZipFile(file)
        names = archive.namelist()
        if len(names) != 1:
            msg = f"the archive holds {len(names)} files, not one"
            raise zipfile.BadZipFile(msg)
        return archive.open(names[0])
    return file
