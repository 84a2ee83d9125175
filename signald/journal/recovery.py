"""What a writer does before it goes on with a journal: cut the torn end, find where to continue."""

import io
import os
from pathlib import Path
from typing import NamedTuple

from signald.errors import JournalError
from signald.journal.format import CHAIN_START, HEADER_BYTES, KIND_SEAL, Stored, decode_header, is_torn_header
from signald.journal.segments import (
    Tail,
    is_compressed,
    list_segments,
    open_segment,
    read_exactly,
    segment_number,
    walk,
    was_synced,
)
from signald.model.time import Nanos


class Cut(NamedTuple):
    """Something a recovery found at the end of a journal.

    Attributes:
        segment: File it was found in.
        offset: First byte that is not part of a sound record.
        size: Bytes from there to the end of the file.
        problem: What is wrong with them.
        kept_as: Where the bytes lie now, off the journal; ``None`` where they were damage and left alone: the
            journal goes on in a new segment then.
    """

    segment: Path
    offset: int
    size: int
    problem: str
    kept_as: Path | None


class Continuation(NamedTuple):
    """Where a writer goes on.

    Attributes:
        number: Segment to append to.
        offset: Its length; 0: it must be made.
        chain: The chain after its last seal, or before it.
        ts_highest: Highest ``ts_ingest`` in the journal.
        block: Bytes behind the last block's end, which no seal covers yet.
        block_records: Records in them.
        dirty: There is more than seals among them.
    """

    number: int
    offset: int
    chain: bytes
    ts_highest: Nanos
    block: bytes
    block_records: int
    dirty: bool


class _Walked(NamedTuple):
    begins: bytes
    chain: bytes
    sealed_to: int
    ts_highest: Nanos
    tail: Tail


def recover(directory: Path) -> tuple[Continuation, tuple[Cut, ...]]:
    """Bring the end of the journal in ``directory`` in order; only its one writer may call this.

    A torn end is moved out of the journal into a ``.cut`` file, and with it whatever segments come after: a segment is
    synced before the next one is, so nothing there had been promised. A segment of no bytes is removed. Damage to what
    had been synced is not touched.

    Raises:
        JournalError: A file cannot be read or moved.
    """
    try:
        _remove_leftovers(directory)
        return _recover(directory)
    except OSError as error:
        msg = f"{directory}: cannot be recovered: {error.strerror}"
        raise JournalError(msg) from error


def _recover(directory: Path) -> tuple[Continuation, tuple[Cut, ...]]:
    cuts: list[Cut] = []
    segments = list_segments(directory)
    unsure = _from_last_synced([path for path in segments if not is_compressed(path)])
    place: Continuation | None = None
    chain: bytes | None = None  # what the next segment must follow; ``None``: anything
    for index, path in enumerate(unsure):
        walked = _walk_to_end(path)
        rest = _bytes_from(path, walked.tail.offset)
        if rest and was_synced(rest, walked.tail.offset):
            cuts.append(Cut(path, walked.tail.offset, len(rest), walked.tail.problem, None))
            place, chain = _next_segment(path, walked), None
            continue
        if walked.tail.offset == 0 or chain not in {None, walked.begins}:
            problem = walked.tail.problem or "follows a segment whose end is lost"
            cuts.extend(_set_aside(each, problem) for each in unsure[index:] if not _removed_empty(each))
            break
        if rest:
            cuts.append(_cut(path, walked.tail, rest))
        place, chain = _within(path, walked), walked.chain
    return place or _after_last(segments), tuple(cuts)


def _from_last_synced(segments: list[Path]) -> list[Path]:
    """Leave out segments that were on the disk before a later one was: that one has a seal that says so."""
    for index in range(len(segments) - 1, 0, -1):
        if was_synced(_bytes_from(segments[index], 0), 0):
            return segments[index:]
    return segments


def _within(path: Path, walked: _Walked) -> Continuation:
    """Where to go on in a segment whose torn end is gone."""
    block = _bytes_from(path, walked.sealed_to)
    skip = max(HEADER_BYTES - walked.sealed_to, 0)
    kinds = [stored.kind for stored in walk(io.BytesIO(block[skip:]).read, 0)]
    return Continuation(
        number=segment_number(path),
        offset=walked.tail.offset,
        chain=walked.chain,
        ts_highest=walked.ts_highest,
        block=block,
        block_records=len(kinds),
        dirty=any(kind != KIND_SEAL for kind in kinds),
    )


def _after_last(segments: list[Path]) -> Continuation:
    """Where to go on when no open segment is left: behind the last compressed one, or at the beginning."""
    compressed = [path for path in segments if is_compressed(path)]
    if not compressed:
        return Continuation(0, 0, CHAIN_START, 0, b"", 0, dirty=False)
    return _next_segment(compressed[-1], _walk_to_end(compressed[-1]))


def _next_segment(path: Path, walked: _Walked) -> Continuation:
    return Continuation(segment_number(path) + 1, 0, walked.chain, walked.ts_highest, b"", 0, dirty=False)


def _walk_to_end(path: Path) -> _Walked:
    with open_segment(path) as file:
        head = read_exactly(file.read, HEADER_BYTES)
        if is_torn_header(head):
            return _Walked(b"", CHAIN_START, 0, 0, Tail(0, len(head), "unfinished header", torn=True))
        header = decode_header(head)
        chain, sealed_to, ts_highest = header.chain, 0, header.ts_before
        records = walk(file.read, HEADER_BYTES)
        while True:
            try:
                stored: Stored = next(records)
            except StopIteration as end:
                tail: Tail = end.value
                return _Walked(header.chain, chain, sealed_to, ts_highest, tail)
            ts_highest = max(ts_highest, stored.ts_ingest)
            if stored.kind == KIND_SEAL:
                seal = stored.seal()
                chain, sealed_to = seal.chain, seal.end


def _bytes_from(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read()


def _cut(path: Path, tail: Tail, rest: bytes) -> Cut:
    kept_as = _unused(path)
    with kept_as.open("xb") as file:
        file.write(rest)
        file.flush()
        os.fsync(file.fileno())
    with path.open("r+b") as file:
        file.truncate(tail.offset)
        os.fsync(file.fileno())
    sync_directory(path.parent)
    return Cut(path, tail.offset, len(rest), tail.problem, kept_as)


def _removed_empty(path: Path) -> bool:
    """Remove a segment that a writer made and died before it wrote a byte: nothing was in it, so nothing is cut."""
    if path.stat().st_size:
        return False
    path.unlink()
    sync_directory(path.parent)
    return True


def _set_aside(path: Path, problem: str) -> Cut:
    kept_as = _unused(path)
    size = path.stat().st_size
    path.rename(kept_as)
    sync_directory(path.parent)
    return Cut(path, 0, size, problem, kept_as)


def _unused(path: Path) -> Path:
    count = 0
    while (candidate := path.with_name(f"{path.name}.{count}.cut")).exists():
        count += 1
    return candidate


def _remove_leftovers(directory: Path) -> None:
    """Finish what a killed compression left: its unfinished copy, or the original of a finished one."""
    for path in directory.glob("*.tmp"):
        path.unlink()
    for path in directory.glob("*.segment.zst"):
        path.with_name(path.name.removesuffix(".zst")).unlink(missing_ok=True)


def sync_directory(directory: Path) -> None:
    """Make the directory's entries survive a power cut."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
