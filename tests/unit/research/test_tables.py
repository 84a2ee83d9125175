"""Tables in CSV: rows below a header that is known, or an error that names the file."""

from pathlib import Path

import pytest

from signald.errors import ConfigError, ImportFormatError
from signald.research.tables import read_table

HEADER = ("month", "price")


def test_rows_below_the_header_come_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text('month,price\n2025-01,"95.7"\n', encoding="utf-8")

    assert read_table(path, HEADER) == [["2025-01", "95.7"]]


@pytest.mark.parametrize(
    ("text", "said"), [(b"", "header"), (b"price,month\n", "header"), (b"month,price\n\xff\n", "UTF-8")]
)
def test_another_file_is_refused(tmp_path: Path, text: bytes, said: str) -> None:
    path = tmp_path / "prices.csv"
    path.write_bytes(text)

    with pytest.raises(ImportFormatError, match=said):
        read_table(path, HEADER)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.csv"):
        read_table(tmp_path / "nothing.csv", HEADER)
