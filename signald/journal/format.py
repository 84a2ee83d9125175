"""How a journal lies on disk: segment headers, records, seals. Pure layout, no I/O.

All integers are little-endian and all records start on a multiple of eight bytes, so that a compiled loop can walk
a mapped segment. A segment is a header and then records to its end::

    header   magic 8s "SIGNALDJ" | version u32 | size u32 | number u64 | ts_before i64 | chain 32s | 0 u32 | crc u32
    record   length u32 | crc u32 | ts_ingest i64 | kind u8 | channel_len u8 | key_len u16 | payload_len u32
             | payload | channel | key | zeros up to a multiple of eight

``length`` counts the whole record. ``crc`` is the CRC-32 (as in zlib) of everything behind it, begun at ``length``
instead of 0 so that the length is covered too. The payload stands first, at byte 24 of every record, because that is
what a compiled reader wants to find without arithmetic.

Kinds up to 127 are :class:`~signald.model.records.RecordKind`; those above are the journal's own and readers of
records never see them:

* a *seal* closes a block: the bytes ``[start, end)`` of its segment. Blocks tile a segment from byte 0, header
  included; a seal may stand a little behind its block's end (records that were appended while the block was being
  hashed) and belongs to the block after. It carries the block's count of records, its CRC-32, and the chain:
  SHA-256 over the chain before and the block's bytes. The chain runs on through the next segment's header.
  ``synced`` says how much of the segment was known to be on the disk, not just with the operating system, when the
  seal was made: damage before it is damage, what is torn after it is a power cut's.
* *lost* stands where records could not be kept because the disk was full for too long: how many, and the times of the
  first and the last of them.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterable
from typing import Final, NamedTuple

from signald.errors import JournalError
from signald.model.records import Record, RecordKind
from signald.model.time import Nanos

VERSION: Final = 1
MAGIC: Final = b"SIGNALDJ"
SEAL_MAGIC: Final = b"SIGNSEAL"

KIND_LOST: Final = 254
KIND_SEAL: Final = 255

CHAIN_START: Final = bytes(32)
"""The chain before the first block of a journal."""

MAX_RECORD_BYTES: Final = 1 << 28
"""A longer length is damage; the longest frame seen is Coinbase's snapshot of 5 MB."""

PREFIX: Final = struct.Struct("<II")
FIELDS: Final = struct.Struct("<qBBHI")
HEAD_BYTES: Final = PREFIX.size + FIELDS.size
_HEADER: Final = struct.Struct("<8sIIQq32sI")
_CRC: Final = struct.Struct("<I")
HEADER_BYTES: Final = _HEADER.size + _CRC.size
_SEAL: Final = struct.Struct("<8sQQQII32s")
_LOST: Final = struct.Struct("<Qqq")
_PADDING: Final = tuple(bytes(count) for count in range(8))
_KINDS: Final[dict[int, RecordKind]] = {kind.value: kind for kind in RecordKind}


class Header(NamedTuple):
    """The head of a segment.

    Attributes:
        number: Place of the segment in its journal, from 0.
        ts_before: Highest ``ts_ingest`` of all segments before this one; 0 in the first.
        chain: The chain after the last block of the segment before.
    """

    number: int
    ts_before: Nanos
    chain: bytes


class Seal(NamedTuple):
    """What closes a block.

    Attributes:
        start: First byte of the block in its segment.
        end: One past its last byte.
        synced: Bytes of the segment that were known to survive a power cut when the seal was made.
        records: Records of any kind in the block.
        crc: CRC-32 of the block's bytes.
        chain: SHA-256 over the chain before and the block's bytes.
    """

    start: int
    end: int
    synced: int
    records: int
    crc: int
    chain: bytes


class Lost(NamedTuple):
    """Records that could not be kept, so many, from ``first`` to ``last`` by ``ts_ingest``."""

    records: int
    first: Nanos
    last: Nanos


def encode_header(header: Header) -> bytes:
    """Write the head of a segment."""
    content = _HEADER.pack(MAGIC, VERSION, HEADER_BYTES, header.number, header.ts_before, header.chain, 0)
    return content + _CRC.pack(zlib.crc32(content))


def decode_header(head: bytes) -> Header:
    """Read the head of a segment.

    Raises:
        JournalError: ``head`` is not a whole and undamaged header of a version we know.
    """
    if len(head) < HEADER_BYTES:
        msg = f"the segment ends inside its header, after {len(head)} of {HEADER_BYTES} bytes"
        raise JournalError(msg)
    magic, version, size, number, ts_before, chain, _ = _HEADER.unpack_from(head)
    if magic != MAGIC:
        msg = f"not a journal segment: it begins with {magic!r}"
        raise JournalError(msg)
    if is_torn_header(head):
        msg = "the segment's header fails its checksum"
        raise JournalError(msg)
    if version != VERSION or size != HEADER_BYTES:
        msg = f"the segment is of format version {version}, this program reads {VERSION}"
        raise JournalError(msg)
    return Header(number, ts_before, chain)


def is_torn_header(head: bytes) -> bool:
    """Whether the head of a segment is what a power cut may leave: not all of it, or zeros in it."""
    return len(head) < HEADER_BYTES or _CRC.unpack_from(head, _HEADER.size)[0] != zlib.crc32(head[: _HEADER.size])


def encode(kind: int, ts_ingest: Nanos, channel: bytes, key: bytes, payload: bytes) -> bytes:
    """Write one record.

    Raises:
        JournalError: A part is longer than the layout holds, or the time is not in 64 bits.
    """
    size = HEAD_BYTES + len(payload) + len(channel) + len(key)
    length = (size + 7) & -8
    if length > MAX_RECORD_BYTES:
        msg = f"a record of {length} bytes is longer than {MAX_RECORD_BYTES}"
        raise JournalError(msg)
    try:
        fields = FIELDS.pack(ts_ingest, kind, len(channel), len(key), len(payload))
    except struct.error as error:
        msg = f"a record does not fit the layout: {error}"
        raise JournalError(msg) from error
    body = b"".join((fields, payload, channel, key, _PADDING[length - size]))
    return PREFIX.pack(length, zlib.crc32(body, length)) + body


def encode_record(record: Record) -> bytes:
    """Write one record as the pipeline was fed it; raises :class:`JournalError` as :func:`encode` does."""
    kind, ts_ingest, channel, key, payload = record
    return encode(kind, ts_ingest, channel.encode(), key.encode(), payload)


def encode_seal(seal: Seal, ts_ingest: Nanos) -> bytes:
    """Write a seal; ``ts_ingest`` is the highest time appended so far."""
    return encode(KIND_SEAL, ts_ingest, b"", b"", _SEAL.pack(SEAL_MAGIC, *seal))


def encode_lost(lost: Lost) -> bytes:
    """Write the mark that stands for records that were not kept."""
    return encode(KIND_LOST, lost.last, b"", b"", _LOST.pack(*lost))


class Stored(NamedTuple):
    """One record as it lies in a segment, its checksum verified.

    Attributes:
        offset: Where it begins.
        kind: :class:`RecordKind` or one of the journal's own.
        ts_ingest: Its time.
        body: Everything behind the checksum.
    """

    offset: int
    kind: int
    ts_ingest: Nanos
    body: bytes

    @property
    def end(self) -> int:
        """One past its last byte."""
        return self.offset + PREFIX.size + len(self.body)

    def payload(self) -> bytes:
        """The payload's bytes."""
        length: int = FIELDS.unpack_from(self.body)[4]
        return self.body[FIELDS.size : FIELDS.size + length]

    def record(self) -> Record:
        """The record as it was appended.

        Raises:
            JournalError: Its kind is none we know: a newer signald wrote it.
        """
        ts_ingest, number, channel_len, key_len, payload_len = FIELDS.unpack_from(self.body)
        kind = _KINDS.get(number)
        if kind is None:
            msg = f"record of unknown kind {number} at byte {self.offset}: written by a newer signald"
            raise JournalError(msg)
        names = FIELDS.size + payload_len
        keys = names + channel_len
        channel = str(self.body[names:keys], "utf-8")
        key = str(self.body[keys : keys + key_len], "utf-8") if key_len else ""
        return Record(kind, ts_ingest, channel, key, self.body[FIELDS.size : names])

    def seal(self) -> Seal:
        """The seal; only for ``KIND_SEAL``."""
        return Seal(*_SEAL.unpack(self.payload())[1:])

    def lost(self) -> Lost:
        """The mark for lost records; only for ``KIND_LOST``."""
        return Lost(*_LOST.unpack(self.payload()))


def seal_block(chain: bytes, chunks: Iterable[bytes | bytearray]) -> tuple[int, bytes]:
    """CRC-32 and next chain of a block given in ``chunks``, after ``chain``."""
    crc = 0
    digest = hashlib.sha256(chain)
    for chunk in chunks:
        crc = zlib.crc32(chunk, crc)
        digest.update(chunk)
    return crc, digest.digest()
