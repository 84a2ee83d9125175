"""Walks a whole journal and finds the first thing that is not as it was written."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import zstandard

from signald.errors import JournalError
from signald.journal.format import (
    CHAIN_START,
    HEADER_BYTES,
    KIND_LOST,
    KIND_SEAL,
    Seal,
    Stored,
    decode_header,
    seal_block,
)
from signald.journal.segments import (
    SegmentFile,
    Tail,
    list_segments,
    open_segment,
    read_exactly,
    segment_number,
    walk,
)


class Fault(NamedTuple):
    """The first place where a journal is not sound.

    Attributes:
        segment: File.
        offset: Byte in the uncompressed segment.
        problem: What is wrong there.
    """

    segment: Path
    offset: int
    problem: str


class CheckResult(NamedTuple):
    """What a check saw up to the first fault, or to the end.

    Attributes:
        segments: Files begun.
        records: Records appended to it, the journal's own marks not counted.
        blocks: Blocks whose checksum and chain are right.
        unsealed: Records after the last block: they have only their own checksums.
        lost: Records that its writer could not keep.
        chain: The chain after the last block, as hex: equal for equal journals.
        fault: ``None`` if all is well.
    """

    segments: int
    records: int
    blocks: int
    unsealed: int
    lost: int
    chain: str
    fault: Fault | None


def check(path: Path) -> CheckResult:
    """Verify each record, each block and the chain through all segments of a journal, or of one segment file.

    An unfinished record at the very end is a fault too, the one that the next writer will cut; on a journal that is
    being written it may be seen for a moment.

    Raises:
        JournalError: There is no journal there.
    """
    segments = list_segments(path) if path.is_dir() else [path]
    if not segments:
        msg = f"{path}: no journal there"
        raise JournalError(msg)
    checker = _Checker()
    fault: Fault | None = None
    for segment in segments:
        fault = checker.segment(segment, last=segment == segments[-1])
        if fault is not None:
            break
    return checker.result(fault)


def check_all(paths: Sequence[Path]) -> CheckResult:
    """Verify a journal that has parts, its own first: counts are added up, the chain is that of its own.

    Raises:
        JournalError: There is no journal there.
    """
    first, *others = [check(path) for path in paths]
    for other in others:
        first = first._replace(
            segments=first.segments + other.segments,
            records=first.records + other.records,
            blocks=first.blocks + other.blocks,
            unsealed=first.unsealed + other.unsealed,
            lost=first.lost + other.lost,
            fault=first.fault or other.fault,
        )
    return first


class _Window:
    """Hands a segment's bytes to a walk and keeps those that no seal has covered yet."""

    def __init__(self, file: SegmentFile) -> None:
        self._file = file
        self._bytes = bytearray()
        self._start = 0

    def read(self, size: int) -> bytes:
        chunk = self._file.read(size)
        self._bytes += chunk
        return chunk

    def take(self, start: int, end: int) -> bytes:
        """Bytes ``[start, end)``, forgotten with all before them."""
        block = bytes(self._bytes[start - self._start : end - self._start])
        del self._bytes[: end - self._start]
        self._start = end
        return block


class _Checker:
    def __init__(self) -> None:
        self._chain = CHAIN_START
        self._number: int | None = None
        self._segments = self._records = self._blocks = self._unsealed = self._lost = 0

    def result(self, fault: Fault | None) -> CheckResult:
        return CheckResult(
            segments=self._segments,
            records=self._records,
            blocks=self._blocks,
            unsealed=self._unsealed,
            lost=self._lost,
            chain=self._chain.hex(),
            fault=fault,
        )

    def segment(self, path: Path, *, last: bool) -> Fault | None:
        """Check one segment as the one that follows those before."""
        self._segments += 1
        try:
            with open_segment(path) as file:
                window = _Window(file)
                problem = self._follow(path, window)
                return Fault(path, 0, problem) if problem else self._body(path, window, last=last)
        except zstandard.ZstdError as error:
            return Fault(path, 0, f"cannot be decompressed: {error}")

    def _follow(self, path: Path, window: _Window) -> str:
        """What is wrong with a segment's header, or ``""``."""
        try:
            header = decode_header(read_exactly(window.read, HEADER_BYTES))
        except JournalError as error:
            return str(error)
        if segment_number(path) not in {header.number, -1}:
            return f"the header says that this is segment {header.number}"
        if self._number is not None and header.number != self._number + 1:
            return f"segment {self._number + 1} is missing"
        if (self._number is not None or header.number == 0) and header.chain != self._chain:
            return "the chain breaks: this does not follow the segment before"
        self._number, self._chain = header.number, header.chain
        return ""

    def _body(self, path: Path, window: _Window, *, last: bool) -> Fault | None:
        sealed_to = 0
        uncovered: list[tuple[int, int]] = []  # offset and kind of the records that no seal covers yet
        records = walk(window.read, HEADER_BYTES)
        while True:
            try:
                stored = next(records)
            except StopIteration as end:
                tail: Tail = end.value
                break
            uncovered.append((stored.offset, stored.kind))
            self._count(stored)
            if stored.kind == KIND_SEAL:
                seal = stored.seal()
                covered = sum(1 for offset, _ in uncovered if offset < seal.end)
                if seal.start != sealed_to or not sealed_to < seal.end <= stored.offset:
                    return Fault(path, stored.offset, f"the seal is for bytes {seal.start} to {seal.end}")
                problem = self._seal(seal, covered, window)
                if problem:
                    return Fault(path, stored.offset, problem)
                sealed_to = seal.end
                del uncovered[:covered]
        self._unsealed = sum(1 for _, kind in uncovered if kind != KIND_SEAL)
        if tail.surplus:
            return Fault(path, tail.offset, tail.problem)
        if self._unsealed and not last:
            return Fault(path, tail.offset, "the segment was closed without a seal")
        return None

    def _count(self, stored: Stored) -> None:
        if stored.kind == KIND_LOST:
            self._lost += stored.lost().records
        elif stored.kind != KIND_SEAL:
            self._records += 1

    def _seal(self, seal: Seal, covered: int, window: _Window) -> str:
        """What is wrong with a block, or ``""``."""
        if seal.records != covered:
            return f"the seal is for {seal.records} records, the block has {covered}"
        crc, chain = seal_block(self._chain, [window.take(seal.start, seal.end)])
        if seal.crc != crc:
            return f"the block from byte {seal.start} to {seal.end} fails its checksum"
        if seal.chain != chain:
            return "the chain breaks: the seal does not follow the block before"
        self._chain = chain
        self._blocks += 1
        return ""
