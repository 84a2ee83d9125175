import gzip
import zipfile
from pathlib import Path

import pytest
import zstandard

from signald.errors import ImportFormatError, JournalError
from signald.journal.reader import read
from signald.journal.session import Session, session_record
from signald.replay.importers import recording
from signald.replay.importers.recording import Imported, read_lines, write_import
from tests.support.journals import frame, frames

CONTENT = b"first\r\nsecond\n\nlast"
LINES = [(1, b"first"), (2, b"second"), (3, b""), (4, b"last")]


@pytest.mark.parametrize(
    "content",
    [CONTENT, gzip.compress(CONTENT), zstandard.compress(CONTENT[:5]) + zstandard.compress(CONTENT[5:])],
    ids=["plain", "gzip", "zstd in two frames"],
)
def test_lines_are_read_however_the_file_is_compressed(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)

    assert list(read_lines(tmp_path / "file")) == LINES


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    assert list(read_lines(tmp_path / "file")) == []


def test_a_file_cut_off_names_the_last_line_read(tmp_path: Path) -> None:
    lines = b"".join(b"%d\n" % number**5 for number in range(100_000))
    (tmp_path / "file").write_bytes(gzip.compress(lines)[:-1_000])

    with pytest.raises(ImportFormatError, match=r"file:\d{5}: the file is damaged or cut off"):
        list(read_lines(tmp_path / "file"))


def test_damaged_zstd_is_an_error(tmp_path: Path) -> None:
    content = bytearray(zstandard.compress(CONTENT * 100))
    content[8] ^= 0xFF
    (tmp_path / "file").write_bytes(content)

    with pytest.raises(ImportFormatError, match="damaged or cut off"):
        list(read_lines(tmp_path / "file"))


@pytest.mark.parametrize(
    ("at", "value", "word"), [(6, 1, "encrypted"), (8, 98, "not supported")], ids=["encrypted", "packed otherwise"]
)
def test_an_archive_that_cannot_be_unpacked_is_an_error(tmp_path: Path, at: int, value: int, word: str) -> None:
    with zipfile.ZipFile(tmp_path / "file", "w") as archive:
        archive.writestr("bars.csv", CONTENT)
    content = bytearray((tmp_path / "file").read_bytes())
    content[at] = content[content.index(b"PK\x01\x02") + at + 2] = value  # flags or method, in both of its headers
    (tmp_path / "file").write_bytes(content)

    with pytest.raises(ImportFormatError, match=f"cannot be unpacked.*{word}"):
        list(read_lines(tmp_path / "file"))


def test_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ImportFormatError, match="No such file"):
        list(read_lines(tmp_path / "file"))


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_LONGEST_LINE", 100)
    (tmp_path / "file").write_bytes(b"short\n" + b"x" * 200)

    with pytest.raises(ImportFormatError, match=r"file:2: the line is longer than 100 bytes"):
        list(read_lines(tmp_path / "file"))


def test_an_import_is_a_journal_and_says_what_it_has(tmp_path: Path) -> None:
    session = session_record(Session(mode="import", instruments=("A.B",)), frame(0).ts_ingest)

    imported = write_import(tmp_path, [session, *frames(3)], instruments=("A.B",), skipped={"blank": 2})

    assert list(read(tmp_path)) == [session, *frames(3)]
    assert imported == Imported(3, ("A.B",), frame(0).ts_ingest, frame(2).ts_ingest, {"blank": 2})


def test_an_import_does_not_touch_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "something").write_bytes(b"")

    with pytest.raises(JournalError, match="is not empty"):
        write_import(tmp_path, [], instruments=(), skipped={})
