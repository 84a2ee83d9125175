import zlib
from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from signald.core.kernels.jit import kernel, plain
from signald.core.kernels.machine import WordArray, words_of
from signald.core.kernels.text import crc32, crc_by_tables, digits_of, write_decimal, write_whole


@kernel("i8(i8[::1], i8, i8)")
def write_decimal_text(text: WordArray, units: int, decimals: int) -> int:
    """Write a number; where it ends."""
    return write_decimal(words_of(text), 0, units, decimals)


@kernel("i8(i8[::1], i8)")
def write_whole_text(text: WordArray, number: int) -> int:
    """Write a whole number; where it ends."""
    return write_whole(words_of(text), 0, number)


@kernel("i8(i8[::1], i8)")
def crc_of(text: WordArray, end: int) -> int:
    """The checksum of the first so many bytes."""
    return crc32(words_of(text), end)


@kernel("i8(i8[::1], i8)")
def crc_by_tables_of(text: WordArray, end: int) -> int:
    """The same, where the processor does not multiply without carry."""
    return crc_by_tables(words_of(text), 0, end, 0xFFFF_FFFF) ^ 0xFFFF_FFFF


@kernel("i8(i8)")
def eight_digits(number: int) -> int:
    """Eight digits in a word."""
    return digits_of(number)


def written(end: int, text: WordArray) -> str:
    return text.tobytes()[:end].decode()


@given(units=st.integers(0, 2**57 - 1), decimals=st.integers(0, 16))
def test_a_decimal_has_no_digit_that_is_not_needed(units: int, decimals: int) -> None:
    text = np.zeros(16, dtype=np.int64)

    end = write_decimal_text(text, units, decimals)

    wanted = Decimal(units).scaleb(-decimals)
    assert written(end, text) == (f"{wanted.normalize():f}" if units else "0")


@given(number=st.integers(0, 2**62))
def test_a_whole_number_begins_with_no_zero(number: int) -> None:
    text = np.zeros(16, dtype=np.int64)

    assert written(write_whole_text(text, number), text) == str(number)


@given(st.binary(max_size=300))
def test_the_checksum_is_that_of_zlib(data: bytes) -> None:
    text = np.frombuffer(data.ljust(-(-len(data) // 8) * 8 + 8, b"x"), dtype=np.int64).copy()

    assert crc_of(text, len(data)) == zlib.crc32(data)
    assert crc_by_tables_of(text, len(data)) == zlib.crc32(data)


@given(st.integers(0, 10**8 - 1))
def test_digits_are_as_their_plain_twin_has_them(number: int) -> None:
    assert eight_digits(number) == plain(digits_of)(number)
