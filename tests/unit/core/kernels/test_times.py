import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signald.core.kernels.jit import kernel
from signald.core.kernels.machine import WordArray, length_of, words_of
from signald.core.kernels.scan import STRANGE
from signald.core.kernels.times import read_time
from signald.model.time import NS_PER_S, format_rfc3339

END_OF_2199 = 7_258_118_400


@kernel("void(frame, i8[::1])")
def read_into(frame: bytes, found: WordArray) -> None:
    """Read a time from a text's first byte on: what it is, and the place after it."""
    words = words_of(found)
    words[0], words[1] = read_time(frame, 0, length_of(frame))


def read(text: str) -> list[int]:
    found = np.zeros(2, dtype=np.int64)
    read_into(text.encode(), found)
    return found.tolist()


@given(seconds=st.integers(0, END_OF_2199 - 1), nanos=st.integers(0, NS_PER_S - 1))
def test_every_time_is_read_as_it_was_written(seconds: int, nanos: int) -> None:
    ts = seconds * NS_PER_S + nanos
    text = format_rfc3339(ts) + '"'

    assert read(text) == [ts, len(text)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        '"',
        "2026-08-24T22:34:13.813164957Z",
        '2026-08-24T22:34:13+00:00"',
        '2026-02-30T00:00:00Z"',
        '2025-02-29T00:00:00Z"',
        '2026-13-01T00:00:00Z"',
        '2026-00-01T00:00:00Z"',
        '2026-08-24T24:00:00Z"',
        '2026-08-24T22:34:60Z"',
        '2026-08-24T22:34:13.Z"',
        '2026-08-24T22:34:13.8131649571Z"',
        '2026-08-24 22:34:13Z"',
        '1969-12-31T23:59:59Z"',
        '2200-01-01T00:00:00Z"',
        '20260-8-24T22:34:13Z"',
    ],
)
def test_what_is_no_time_of_that_form_is_none(text: str) -> None:
    assert read(text)[0] == STRANGE
