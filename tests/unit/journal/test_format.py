import zlib

import pytest

from signald.errors import JournalError
from signald.journal.format import (
    HEADER_BYTES,
    KIND_LOST,
    KIND_SEAL,
    PREFIX,
    Header,
    Lost,
    Seal,
    Stored,
    decode_header,
    encode,
    encode_header,
    encode_lost,
    encode_record,
    encode_seal,
    seal_block,
)
from signald.model.records import Record, RecordKind


def stored(encoded: bytes) -> Stored:
    return Stored(0, encoded[16], 0, encoded[PREFIX.size :])


def test_a_record_is_read_as_it_was_written() -> None:
    record = Record(RecordKind.MESSAGE, 1_736_947_800_000_000_001, "mqtt", "calendar/release/µs/bls", b'{"actual":2.9}')

    encoded = encode_record(record)

    assert stored(encoded).record() == record


def test_a_payload_begins_at_byte_24_and_a_record_ends_on_a_word() -> None:
    encoded = encode_record(Record(RecordKind.FRAME, 1, "binance", "", b"payload"))

    assert encoded[24:31] == b"payload"
    assert len(encoded) % 8 == 0
    assert int.from_bytes(encoded[:4], "little") == len(encoded)


def test_the_checksum_covers_the_length() -> None:
    encoded = encode_record(Record(RecordKind.FRAME, 1, "binance", "", b"payload"))

    crc = int.from_bytes(encoded[4:8], "little")

    assert crc == zlib.crc32(encoded[8:], len(encoded))


def test_a_header_is_read_as_it_was_written() -> None:
    header = Header(number=7, ts_before=123, chain=bytes(range(32)))

    encoded = encode_header(header)

    assert len(encoded) == HEADER_BYTES
    assert decode_header(encoded) == header


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (b"SIGNALDJ", "ends inside its header"),
        (b"x" * HEADER_BYTES, "not a journal segment"),
        (encode_header(Header(0, 0, bytes(32)))[:-1] + b"\xff", "fails its checksum"),
    ],
)
def test_a_header_that_is_none_is_refused(head: bytes, problem: str) -> None:
    with pytest.raises(JournalError, match=problem):
        decode_header(head)


def test_a_header_of_another_version_names_both() -> None:
    head = bytearray(encode_header(Header(0, 0, bytes(32))))
    head[8] = 9
    head[-4:] = zlib.crc32(head[:-4]).to_bytes(4, "little")

    with pytest.raises(JournalError, match="version 9, this program reads 1"):
        decode_header(bytes(head))


def test_a_seal_is_read_as_it_was_written() -> None:
    seal = Seal(start=72, end=1_000, synced=500, records=3, crc=5, chain=bytes(range(32)))

    mark = stored(encode_seal(seal, 1))

    assert mark.kind == KIND_SEAL
    assert mark.seal() == seal


def test_a_mark_for_lost_records_is_read_as_it_was_written() -> None:
    mark = stored(encode_lost(Lost(3, 10, 20)))

    assert mark.kind == KIND_LOST
    assert mark.lost() == Lost(3, 10, 20)


@pytest.mark.parametrize(
    ("channel", "key", "ts_ingest"), [("c" * 256, "", 1), ("c", "k" * 65_536, 1), ("c", "k", 1 << 63)]
)
def test_what_does_not_fit_the_layout_is_refused(channel: str, key: str, ts_ingest: int) -> None:
    with pytest.raises(JournalError, match="does not fit the layout"):
        encode_record(Record(RecordKind.FRAME, ts_ingest, channel, key, b""))


def test_a_kind_of_a_newer_program_is_refused_by_number() -> None:
    with pytest.raises(JournalError, match="unknown kind 100"):
        stored(encode(100, 1, b"", b"", b"")).record()


def test_a_block_hashes_the_same_however_it_is_cut() -> None:
    whole = seal_block(bytes(32), [b"abcdef"])

    parts = seal_block(bytes(32), [b"ab", bytearray(b"cd"), b"ef"])

    assert whole == parts


def test_the_chain_depends_on_what_came_before() -> None:
    assert seal_block(bytes(32), [b"block"])[1] != seal_block(b"\x01" * 32, [b"block"])[1]
