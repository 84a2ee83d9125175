"""CSV files of ours: a header that is known, and rows."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from signald.errors import ConfigError, ImportFormatError

_LARGEST: Final = 16 << 20


def read_lines(path: Path) -> list[list[str]]:
    """Every line's cells.

    Raises:
        ConfigError: There is no such file.
        ImportFormatError: It is no CSV in UTF-8, or larger than any of ours.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            text = file.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise ImportFormatError(str(path), 0, f"has more than {_LARGEST} characters")
        return list(csv.reader(io.StringIO(text, newline="")))
    except OSError as error:
        raise ConfigError(str(path), error.strerror or str(error)) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ImportFormatError(str(path), 0, f"is no CSV in UTF-8: {error}") from error


def read_table(path: Path, header: Sequence[str]) -> list[list[str]]:
    """The rows below ``header``, cells as they stand; the first is the file's second line.

    Raises:
        ConfigError: There is no such file.
        ImportFormatError: It is no CSV in UTF-8, or its first line is another.
    """
    rows = read_lines(path)
    if not rows or rows[0] != list(header):
        raise ImportFormatError(str(path), 1, f"the header is not {','.join(header)}")
    return rows[1:]
