import os
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from signald.errors import JournalError
from signald.journal import compression
from signald.journal.compression import Compressor, compress_segment, pack, unpack
from signald.journal.reader import read
from signald.journal.writer import JournalWriter
from tests.support.journals import frames, write_journal


def test_the_compressed_file_holds_the_same_bytes(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(1_000))
    segment = tmp_path / "00000000.segment"
    original = segment.read_bytes()

    compressed = compress_segment(segment)

    assert zstandard.ZstdDecompressor().decompress(compressed.read_bytes()) == original
    assert compressed.stat().st_size < len(original) / 5
    assert not segment.exists()


def test_a_failure_leaves_the_original_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int) -> None:
        raise OSError(28, "No space left on device", str(handle))

    write_journal(tmp_path, frames(10))
    segment = tmp_path / "00000000.segment"
    monkeypatch.setattr(compression.os, "fsync", refuse)

    with pytest.raises(OSError, match="No space left"):
        compress_segment(segment)

    assert [path.name for path in tmp_path.iterdir() if path.name != "lock"] == [segment.name]


def test_two_processes_that_compress_one_segment_leave_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_journal(tmp_path, frames(1_000))
    segment = tmp_path / "00000000.segment"
    original, sync = segment.read_bytes(), os.fsync

    def meanwhile(handle: int) -> None:
        monkeypatch.setattr(compression.os, "fsync", sync)
        monkeypatch.setattr(compression.os, "getpid", lambda: 1)
        compress_segment(segment)
        sync(handle)

    monkeypatch.setattr(compression.os, "fsync", meanwhile)
    compressed = compress_segment(segment)

    assert zstandard.ZstdDecompressor().decompress(compressed.read_bytes()) == original
    assert [path.name for path in tmp_path.iterdir() if path.name != "lock"] == [compressed.name]


def test_a_failure_is_counted_and_the_rest_goes_on(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(10))
    compressor = Compressor()
    compressor.submit(tmp_path / "00000007.segment")
    compressor.submit(tmp_path / "00000000.segment")

    compressor.close()

    assert compressor.failed == 1
    assert (tmp_path / "00000000.segment.zst").exists()


def test_a_journal_that_is_unpacked_and_packed_again_holds_the_same_records(tmp_path: Path) -> None:
    with JournalWriter(tmp_path, segment_bytes=4_096, block_bytes=1_024) as writer:
        for record in frames(200):
            writer.append(record)
    before, names = list(read(tmp_path)), sorted(path.name for path in tmp_path.iterdir())

    unpacked = unpack(tmp_path)
    between = list(read(tmp_path))
    plain = [path.name for path in tmp_path.glob("*.zst")]
    packed = pack(tmp_path)

    assert unpacked == packed > 1
    assert plain == []
    assert between == list(read(tmp_path)) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_a_damaged_segment_is_not_unpacked(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(1_000))
    compressed = compress_segment(tmp_path / "00000000.segment")
    damaged = compressed.read_bytes()[:-9]
    compressed.write_bytes(damaged + b"123456789")

    with pytest.raises(JournalError, match=r"00000000\.segment\.zst"):
        unpack(tmp_path)

    assert [path.name for path in tmp_path.iterdir() if path.name != "lock"] == [compressed.name]


@pytest.mark.parametrize("change", [lambda found: found[: len(found) // 2], lambda found: found + found])
def test_a_segment_that_ends_too_soon_or_too_late_is_not_unpacked(
    change: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    write_journal(tmp_path, frames(1_000))
    compressed = compress_segment(tmp_path / "00000000.segment")
    damaged = change(compressed.read_bytes())
    compressed.write_bytes(damaged)

    with pytest.raises(JournalError, match=r"00000000\.segment\.zst"):
        unpack(tmp_path)

    assert [path.name for path in tmp_path.iterdir() if path.name != "lock"] == [compressed.name]
    assert compressed.read_bytes() == damaged


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_whoever_packs_and_unpacks_owner_and_mode_stay(tmp_path: Path) -> None:
    write_journal(tmp_path, frames(10), segment_bytes=1)
    first = tmp_path / "00000000.segment"
    os.chown(first, 1_234, 4_321)
    first.chmod(0o640)

    pack(tmp_path)
    packed = (tmp_path / "00000000.segment.zst").stat()
    unpack(tmp_path)

    for found in (packed, first.stat()):
        assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (1_234, 4_321, 0o640)


def test_mode_stays_where_nothing_may_be_given_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    write_journal(tmp_path, frames(10), segment_bytes=1)
    (tmp_path / "00000000.segment").chmod(0o604)
    monkeypatch.setattr(compression.os, "geteuid", lambda: -1)
    monkeypatch.setattr(compression.os, "fchown", refuse)

    pack(tmp_path)

    assert (tmp_path / "00000000.segment.zst").stat().st_mode & 0o777 == 0o604
