"""Messages of rows: what is packed is read, and nothing that is not as it says."""

import struct

import numpy as np
import pytest

from signald.core.kernels.rows import ROW_USED
from signald.live.remote.packing import WHOLE, Head, Image, layout_of, pack

LAYOUT = layout_of(("A.X", "B.Y"), (1e5,))
HEAD = Head(LAYOUT, 7, 8, 9, 1, WHOLE, 11, 12, -13, 14)
ROWS = np.arange(2 * ROW_USED, dtype=np.int64).reshape(2, ROW_USED) - 5


def test_a_message_is_read_as_it_was_packed() -> None:
    image = Image.read(pack(HEAD, [1, 0], ROWS), layout=LAYOUT, most=2)

    assert isinstance(image, Image)
    assert image.head == HEAD
    assert image.numbers == [1, 0]
    assert image.raw == [row.tobytes() for row in ROWS]
    assert image.rows.tolist() == ROWS.tolist()


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", "malformed"),
        (pack(HEAD, [1, 0], ROWS)[:-1], "malformed"),
        (pack(HEAD, [1, 0], ROWS) + b"\0", "malformed"),
        (pack(HEAD, [1, 2], ROWS), "malformed"),
        (pack(HEAD, [1, -1], ROWS), "malformed"),
        (pack(HEAD._replace(layout=LAYOUT ^ 1), [1, 0], ROWS), "layout"),
        (b"GET " + pack(HEAD, [1, 0], ROWS)[4:], "version"),
        (pack(HEAD, [1, 0], ROWS)[:4] + struct.pack("<H", 2) + pack(HEAD, [1, 0], ROWS)[6:], "version"),
    ],
)
def test_what_is_not_as_it_says_is_refused(message: bytes, reason: str) -> None:
    assert Image.read(message, layout=LAYOUT, most=2) == reason


def test_the_digest_tells_other_rows_or_their_order() -> None:
    others = (layout_of(("B.Y", "A.X"), (1e5,)), layout_of(("A.X",), (1e5,)), layout_of(("A.X", "B.Y"), (2e5,)))

    assert LAYOUT not in others
    assert layout_of(["A.X", "B.Y"], [1e5]) == LAYOUT
