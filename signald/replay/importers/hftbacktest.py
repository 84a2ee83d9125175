"""hftbacktest's normalized events (version 2), ``.npz`` or ``.npy``: an array ``data`` of what happened to one book.

Each event has flags (``ev``), both times in nanoseconds, price and size. Those that reached the recorder
(``LOCAL_EVENT``) and are of the book are taken: depth, a whole book's levels, and the clearing before them; trades are
left out and counted. Events of one kind with both times alike are one message.

Read in parts, twice: for the steps, then for the records; see :mod:`signald.replay.importers.book_changes` for what is
made of them. Documented at https://hftbacktest.readthedocs.io/en/latest/data.html
"""

import zipfile
import zlib
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import numpy as np

from signald.errors import ImportFormatError
from signald.replay.importers.book_changes import Change, records_of_changes, survey_changes
from signald.replay.importers.recording import Imported, tell_watch, write_import
from signald.replay.importers.venue_levels import is_known

_DEPTH: Final = 1
_CLEAR: Final = 3
_WHOLE: Final = 4
_KIND: Final = 0xFF
_SELL: Final = 1 << 28
_BUY: Final = 1 << 29
_LOCAL: Final = 1 << 30
_FIELDS: Final = ("ev", "exch_ts", "local_ts", "px", "qty")
_PART: Final = 2_048  # events


class _Event(NamedTuple):
    place: int
    kind: int
    ts_event: int
    ts_ingest: int
    bid: bool
    price: str
    size: str


def import_hftbacktest(
    sources: Sequence[Path], out: Path, *, venue: str, symbol: str, derivative: bool = False
) -> Imported:
    """Turn files of one book into the journal ``out``.

    Args:
        sources: The files, in order of time.
        out: Directory of the new journal.
        venue: Whose book it is, by its name in the registry: the files do not say.
        symbol: In the venue's spelling.
        derivative: Whether that is one, on a venue whose symbols do not say so.

    Raises:
        ImportFormatError: A file has no such array, or is not in order; file and event are named.
        JournalError: The journal cannot be written.
    """
    if not is_known(venue):
        raise ImportFormatError(str(sources[0]), 0, f"venue {venue!r} is none whose books we know")
    blank = Change(venue, symbol, 0, 0, whole=False, bids=(), asks=(), derivative=derivative)
    session = survey_changes(_changes(sources, blank, Counter()))
    if not session.instruments:
        raise ImportFormatError(str(sources[-1]), 0, "there is no event of a book in it")
    skipped: Counter[str] = Counter()
    records = records_of_changes(_changes(sources, blank, skipped), session, skipped)
    return write_import(out, records, instruments=session.instruments, skipped=skipped)


def _changes(sources: Sequence[Path], blank: Change, skipped: Counter[str]) -> Iterator[Change]:
    last = 0
    for path in sources:
        for _, group in groupby(_events(path, skipped), key=lambda one: (one.kind, one.ts_event, one.ts_ingest)):
            events = list(group)
            first = events[0]
            if first.ts_ingest < last:
                raise ImportFormatError(str(path), first.place, "received before the event before it")
            last = first.ts_ingest
            yield blank._replace(
                ts_event=first.ts_event,
                ts_ingest=first.ts_ingest,
                whole=first.kind == _WHOLE,
                bids=[(one.price, one.size) for one in events if one.bid],
                asks=[(one.price, one.size) for one in events if not one.bid],
            )


def _events(path: Path, skipped: Counter[str]) -> Iterator[_Event]:
    """What the recorder got of the book; places count from 1."""
    place = 0
    for part in _parts(path):
        columns: list[list[Any]] = [part[name].tolist() for name in _FIELDS]
        for ev, exchange, local, price, size in zip(*columns, strict=True):
            place += 1
            kind = ev & _KIND
            if not ev & _LOCAL or kind == _CLEAR:
                continue
            if kind not in {_DEPTH, _WHOLE}:
                skipped["trades and other events"] += 1
                continue
            if bool(ev & _BUY) == bool(ev & _SELL):
                raise ImportFormatError(str(path), place, f"event {ev:#x} is of neither or both sides")
            if not (0.0 < price < np.inf and 0.0 <= size < np.inf):
                raise ImportFormatError(str(path), place, f"{price!r}, {size!r} are no price and size")
            yield _Event(place, kind, exchange, local, bool(ev & _BUY), _text(price), _text(size))


def _text(number: float) -> str:
    """The shortest decimal text that is this number."""
    return f"{Decimal(repr(number)).normalize():f}"


def _parts(path: Path) -> Iterator[Any]:
    """The array, a part at a time."""
    try:
        with _opened(path) as file:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, dtype = read(file)
            missing = [name for name in _FIELDS if name not in (dtype.names or ())]
            if missing or len(shape) != 1:
                problem = f"the array has no {', '.join(missing)}: is it of hftbacktest's version 2?"
                raise ImportFormatError(str(path), 0, problem)
            left = whole = shape[0] * dtype.itemsize
            size = path.stat().st_size
            while left:
                tell_watch(path, size * (whole - left) // whole)
                content = file.read(min(left, _PART * dtype.itemsize))
                if len(content) % dtype.itemsize or not content:
                    raise ImportFormatError(str(path), 0, "the file is cut off")
                left -= len(content)
                yield np.frombuffer(content, dtype=dtype)
    except OSError as error:
        raise ImportFormatError(str(path), 0, error.strerror or str(error)) from error
    except (ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise ImportFormatError(str(path), 0, f"no array of hftbacktest: {error}") from error


@contextmanager
def _opened(path: Path) -> Generator[IO[bytes]]:
    if path.exists() and not path.is_file():  # a device may have no end, and whether it is a zip stands at the end
        raise ImportFormatError(str(path), 0, "is no file")
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            yield file
        return
    with zipfile.ZipFile(path) as archive, archive.open("data.npy") as file:
        yield file
