"""Numbers written as text, and the CRC-32 of it: what venues' checksums are made of.

A text is bytes in an array of words, told by the place of its end. Eight digits at a time are made from a number as
swar.py reads them; the CRC-32 (IEEE 802.3, as zlib's) goes by carryless.py where the processor can, else by tables for
eight bytes at a time: Kounavis & Berry, "A systematic approach to building high performance, software-based, CRC
generators" (2005), "slicing by 8".
"""

from typing import Any, Final

import numpy as np
from llvmlite import ir  # pyright: ignore[reportMissingTypeStubs]  # it has none

from signald.core.kernels.carryless import BLOCK_BYTES, LANES, crc_of_blocks, is_carryless
from signald.core.kernels.digits import MOST_DECIMALS, POWERS
from signald.core.kernels.jit import emitted, inlined, inner
from signald.core.kernels.machine import Words, leading_zeros, set_text_word, text_word, trailing_zeros

_POLYNOMIAL: Final = 0xEDB8_8320
_SLICES: Final = 8
_ALL: Final = 0xFFFF_FFFF
_HALF: Final = 10**8
_ZEROS: Final = int.from_bytes(b"00000000", "little")
_POINT: Final = ord(".")


def _tables() -> Any:  # as POWERS is: an array that kernels freeze  # noqa: ANN401
    tables = np.zeros(_SLICES * 256, dtype=np.int64)
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0)
        tables[byte] = crc
    for place in range(256, _SLICES * 256):
        before = int(tables[place - 256])
        tables[place] = (before >> 8) ^ int(tables[before & 0xFF])
    return tables


_TABLES: Final = _tables()
_CARRYLESS: Final = is_carryless()


def _emit_digits_of(builder: Any, number: Any) -> Any:  # LLVM's objects are untyped  # noqa: ANN401
    def word(value: int) -> Any:  # noqa: ANN401
        return ir.Constant(ir.IntType(64), value)

    high = builder.udiv(number, word(10_000))
    low = builder.sub(number, builder.mul(high, word(10_000)))
    fours = builder.or_(high, builder.shl(low, word(32)))
    hundreds = builder.and_(builder.lshr(builder.mul(fours, word(10_486)), word(20)), word(0x7F_0000_007F))
    rest = builder.sub(fours, builder.mul(hundreds, word(100)))
    pairs = builder.or_(hundreds, builder.shl(rest, word(16)))
    tens = builder.and_(builder.lshr(builder.mul(pairs, word(103)), word(10)), word(0x000F_000F_000F_000F))
    ones = builder.sub(pairs, builder.mul(tens, word(10)))
    return builder.or_(tens, builder.shl(ones, word(8)))


@emitted("i8(i8)", _emit_digits_of)
def digits_of(number: int) -> int:
    """The eight digits (bytes 0 … 9) of a number below 10^8, the highest in the lowest byte."""
    return int.from_bytes(bytes(int(digit) for digit in f"{int(number):08d}"), "little")


@inlined
def write_byte(text: Words, at: int, byte: int) -> int:
    """Write one byte, and seven that count for nothing; the place after it."""
    set_text_word(text, at, byte)
    return at + 1


@inner
def write_whole(text: Words, at: int, number: int) -> int:
    """Write a whole number of at most 24 digits without needless zeros; the place after it."""
    if number >= _HALF:
        at = _write_sixteen(text, at, number // _HALF)
        set_text_word(text, at, digits_of(number % _HALF) | _ZEROS)
        return at + 8
    return _write_short(text, at, number)


@inlined
def _write_sixteen(text: Words, at: int, number: int) -> int:
    """Write a number of at most 16 digits, likewise."""
    if number >= _HALF:
        at = _write_short(text, at, number // _HALF)
        set_text_word(text, at, digits_of(number % _HALF) | _ZEROS)
        return at + 8
    return _write_short(text, at, number)


@inlined
def _write_short(text: Words, at: int, number: int) -> int:
    digits = digits_of(number)
    zeros = min(trailing_zeros(digits) >> 3, 7)
    set_text_word(text, at, (digits | _ZEROS) >> (8 * zeros))
    return at + 8 - zeros


@inner
def write_decimal(text: Words, at: int, units: int, decimals: int) -> int:
    """Write ``units`` of 10^-``decimals`` with no digit that is not needed, as 65114.2 or 65114; the place after it."""
    scale = POWERS[decimals]
    whole = units // scale
    part = units - whole * scale
    at = write_whole(text, at, whole)
    if part == 0:
        return at
    part *= POWERS[MOST_DECIMALS - decimals]
    first, second = digits_of(part // _HALF), digits_of(part % _HALF)
    set_text_word(text, at, _POINT)
    set_text_word(text, at + 1, first | _ZEROS)
    if second == 0:
        return at + 9 - (leading_zeros(first) >> 3)
    set_text_word(text, at + 9, second | _ZEROS)
    return at + 17 - (leading_zeros(second) >> 3)


@inner
def crc32(text: Words, end: int) -> int:
    """The CRC-32 of the bytes before ``end``, 0 … 2^32 - 1."""
    blocks = end // BLOCK_BYTES
    if _CARRYLESS and blocks >= LANES:
        return crc_by_tables(text, blocks * BLOCK_BYTES, end, crc_of_blocks(text, blocks, _ALL)) ^ _ALL
    return crc_by_tables(text, 0, end, _ALL) ^ _ALL


@inner
def crc_by_tables(text: Words, at: int, end: int, crc: int) -> int:
    """What a CRC-32 that stood at ``crc`` stands at after the bytes from ``at`` to before ``end``."""
    while at + _SLICES <= end:
        word = text_word(text, at) ^ crc
        crc = _TABLES[0x700 + (word & 0xFF)] ^ _TABLES[0x600 + (word >> 8 & 0xFF)]
        crc ^= _TABLES[0x500 + (word >> 16 & 0xFF)] ^ _TABLES[0x400 + (word >> 24 & 0xFF)]
        crc ^= _TABLES[0x300 + (word >> 32 & 0xFF)] ^ _TABLES[0x200 + (word >> 40 & 0xFF)]
        crc ^= _TABLES[0x100 + (word >> 48 & 0xFF)] ^ _TABLES[word >> 56 & 0xFF]
        at += _SLICES
    if at < end:
        word = text_word(text, at)
        for _ in range(end - at):
            crc = (crc >> 8) ^ _TABLES[(crc ^ word) & 0xFF]
            word >>= 8
    return crc
