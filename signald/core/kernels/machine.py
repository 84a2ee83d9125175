"""The few instructions that kernels need and Python has no word for; each function's body is its plain twin.

``words`` are a pointer to 8-byte words when compiled and an array when not; they carry integers, and floats by their
bits. A frame is ``bytes``. Nothing is checked when compiled: callers stay within the frame and the words, which the
plain twins do check.
"""

import ctypes
import struct
from typing import Any, Final, Protocol, TypeAlias, cast

import numpy as np
from llvmlite import ir  # pyright: ignore[reportMissingTypeStubs]  # it has none
from numpy.typing import NDArray

from signald.core.kernels.jit import emitted

WordArray: TypeAlias = NDArray[np.int64]
"""Words as Python holds them."""


class Words(Protocol):
    """Words as kernels see them: a pointer when compiled, an array when not."""

    def __getitem__(self, index: int, /) -> int:
        """One word."""
        ...

    def __setitem__(self, index: int, word: int, /) -> None:
        """Change one word."""
        ...


_BYTE: Final = ir.IntType(8)
_HALF: Final = ir.IntType(32)
_WORD: Final = ir.IntType(64)
_REAL: Final = ir.DoubleType()
_NO: Final = ir.Constant(ir.IntType(1), 0)


def _emit_words_of(builder: Any, array: Any) -> Any:  # noqa: ANN401  # LLVM's objects are untyped, here and below
    return builder.extract_value(array, 4)  # (meminfo, parent, items, itemsize, data, …)


@emitted("words(i8[::1])", _emit_words_of)
def words_of(array: WordArray) -> Words:
    """The words of ``array``, borrowed: the caller keeps it alive."""
    return array


def _emit_words_held(builder: Any, held: Any) -> Any:  # noqa: ANN401
    return builder.extract_value(held, 0)


@emitted("words(held)", _emit_words_held)
def words_held(array: WordArray) -> Words:
    """The words of ``array``, an argument of type ``held``."""
    return array


def _emit_words_at(builder: Any, address: Any, count: Any) -> Any:  # noqa: ANN401
    del count
    return builder.inttoptr(address, _WORD.as_pointer())


@emitted("words(i8, i8)", _emit_words_at)
def words_at(address: int, count: int) -> Words:
    """The ``count`` words at ``address``, borrowed: whoever wrote the address keeps them alive."""
    memory: Any = (ctypes.c_int64 * count).from_address(int(address))
    return np.frombuffer(memory, dtype=np.int64)


def _emit_words_from(builder: Any, words: Any, first: Any) -> Any:  # noqa: ANN401
    return builder.gep(words, [first])


@emitted("words(words, i8)", _emit_words_from)
def words_from(words: Words, first: int) -> Words:
    """``words`` without those before ``first``."""
    return cast("WordArray", words)[first:]


def _emit_real(builder: Any, words: Any, index: Any) -> Any:  # noqa: ANN401
    return builder.load(builder.bitcast(builder.gep(words, [index]), _REAL.as_pointer()))


@emitted("f8(words, i8)", _emit_real)
def real(words: Words, index: int) -> float:
    """The float whose bits are ``words[index]``."""
    return struct.unpack("<d", struct.pack("<q", words[index]))[0]


def _emit_set_real(builder: Any, words: Any, index: Any, number: Any) -> Any:  # noqa: ANN401
    builder.store(number, builder.bitcast(builder.gep(words, [index]), _REAL.as_pointer()))
    return ir.Constant(_WORD, 0)


@emitted("i8(words, i8, f8)", _emit_set_real)
def set_real(words: Words, index: int, number: float) -> int:
    """Write the bits of ``number`` to ``words[index]``; 0."""
    words[index] = struct.unpack("<q", struct.pack("<d", number))[0]
    return 0


def _emit_frame_of(builder: Any, array: Any) -> Any:  # noqa: ANN401
    frame = ir.Constant(ir.LiteralStructType([_BYTE.as_pointer(), _WORD]), None)
    frame = builder.insert_value(frame, builder.extract_value(array, 4), 0)  # (meminfo, parent, items, …, data, …)
    return builder.insert_value(frame, builder.extract_value(array, 2), 1)


@emitted("frame(u1[::1])", _emit_frame_of)
def frame_of(array: NDArray[np.uint8]) -> bytes:
    """The bytes of ``array`` as a frame, borrowed: the caller keeps it alive."""
    return array.tobytes()


def _emit_text_from(builder: Any, array: Any, first: Any) -> Any:  # noqa: ANN401
    return builder.bitcast(builder.gep(builder.extract_value(array, 4), [first]), _WORD.as_pointer())


@emitted("words(u1[::1], i8)", _emit_text_from)
def text_from(array: NDArray[np.uint8], first: int) -> Words:
    """The bytes of ``array`` from ``first`` on as a text, borrowed: the caller keeps it alive."""
    return cast("Words", array[first:])


def _emit_text_word(builder: Any, words: Any, at: Any) -> Any:  # noqa: ANN401
    place = builder.gep(builder.bitcast(words, _BYTE.as_pointer()), [at])
    return builder.load(builder.bitcast(place, _WORD.as_pointer()), align=1)


@emitted("i8(words, i8)", _emit_text_word)
def text_word(words: Words, at: int) -> int:
    """The eight bytes from byte ``at`` of ``words``, the first the lowest."""
    return struct.unpack_from("<q", cast("Any", words), at)[0]


def _emit_set_text_word(builder: Any, words: Any, at: Any, word: Any) -> Any:  # noqa: ANN401
    place = builder.gep(builder.bitcast(words, _BYTE.as_pointer()), [at])
    builder.store(word, builder.bitcast(place, _WORD.as_pointer()), align=1)
    return ir.Constant(_WORD, 0)


@emitted("i8(words, i8, i8)", _emit_set_text_word)
def set_text_word(words: Words, at: int, word: int) -> int:
    """Write eight bytes from byte ``at`` of ``words`` on, the lowest first; 0."""
    struct.pack_into("<q", cast("Any", words), at, int(word))
    return 0


def _emit_length_of(builder: Any, frame: Any) -> Any:  # noqa: ANN401
    return builder.extract_value(frame, 1)


@emitted("i8(frame)", _emit_length_of)
def length_of(frame: bytes) -> int:
    """How many bytes ``frame`` has."""
    return len(frame)


def _emit_frame_within(builder: Any, frame: Any, start: Any, length: Any) -> Any:  # noqa: ANN401
    moved = builder.insert_value(frame, builder.gep(builder.extract_value(frame, 0), [start]), 0)
    return builder.insert_value(moved, length, 1)


@emitted("frame(frame, i8, i8)", _emit_frame_within)
def frame_within(frame: bytes, start: int, length: int) -> bytes:
    """The ``length`` bytes of ``frame`` from ``start``, as a frame of their own; nothing is copied."""
    return frame[start : start + length]


def _emit_load(builder: Any, frame: Any, at: Any, form: Any) -> Any:  # noqa: ANN401
    place = builder.gep(builder.extract_value(frame, 0), [at])
    loaded = builder.load(builder.bitcast(place, form.as_pointer()), align=1)
    return loaded if form is _WORD else builder.zext(loaded, _WORD)


def _emit_byte_at(builder: Any, frame: Any, at: Any) -> Any:  # noqa: ANN401
    return _emit_load(builder, frame, at, _BYTE)


@emitted("i8(frame, i8)", _emit_byte_at)
def byte_at(frame: bytes, at: int) -> int:
    """The byte at ``at``, 0 … 255."""
    return frame[at]


def _emit_half_at(builder: Any, frame: Any, at: Any) -> Any:  # noqa: ANN401
    return _emit_load(builder, frame, at, _HALF)


@emitted("i8(frame, i8)", _emit_half_at)
def half_at(frame: bytes, at: int) -> int:
    """The four bytes from ``at``, the first the lowest."""
    return struct.unpack_from("<I", frame, at)[0]


def _emit_word_at(builder: Any, frame: Any, at: Any) -> Any:  # noqa: ANN401
    return _emit_load(builder, frame, at, _WORD)


@emitted("i8(frame, i8)", _emit_word_at)
def word_at(frame: bytes, at: int) -> int:
    """The eight bytes from ``at``, the first the lowest, as one signed word."""
    return struct.unpack_from("<q", frame, at)[0]


def _emit_trailing_zeros(builder: Any, word: Any) -> Any:  # noqa: ANN401
    return builder.cttz(word, _NO)


@emitted("i8(i8)", _emit_trailing_zeros)
def trailing_zeros(word: int) -> int:
    """Number of the lowest bit set in ``word``; 64 if none is."""
    bits = int(word) & 0xFFFF_FFFF_FFFF_FFFF
    return (bits & -bits).bit_length() - 1 if bits else 64


def _emit_bits_set(builder: Any, word: Any) -> Any:  # noqa: ANN401
    return builder.ctpop(word)


@emitted("i8(i8)", _emit_bits_set)
def bits_set(word: int) -> int:
    """How many bits of ``word`` are set."""
    return (int(word) & 0xFFFF_FFFF_FFFF_FFFF).bit_count()


def _emit_leading_zeros(builder: Any, word: Any) -> Any:  # noqa: ANN401
    return builder.ctlz(word, _NO)


@emitted("i8(i8)", _emit_leading_zeros)
def leading_zeros(word: int) -> int:
    """How many bits above the highest one set in ``word``; 64 if none is."""
    return 64 - (int(word) & 0xFFFF_FFFF_FFFF_FFFF).bit_length()


def _emit_bit(builder: Any, number: Any) -> Any:  # noqa: ANN401
    return builder.shl(ir.Constant(_WORD, 1), builder.and_(number, ir.Constant(_WORD, 63)))


@emitted("i8(i8)", _emit_bit)
def bit(number: int) -> int:
    """The word with only bit ``number % 64`` set, signed."""
    return -(1 << 63) if number & 63 == 63 else 1 << (int(number) & 63)  # noqa: PLR2004  # bits of a word


def _emit_bits_from(builder: Any, number: Any) -> Any:  # noqa: ANN401
    return builder.shl(ir.Constant(_WORD, -1), builder.and_(number, ir.Constant(_WORD, 63)))


@emitted("i8(i8)", _emit_bits_from)
def bits_from(number: int) -> int:
    """The word with bit ``number % 64`` and all above it set, signed."""
    return -1 << (int(number) & 63)


def _emit_bits_up_to(builder: Any, number: Any) -> Any:  # noqa: ANN401
    above = builder.sub(ir.Constant(_WORD, 63), builder.and_(number, ir.Constant(_WORD, 63)))
    return builder.lshr(ir.Constant(_WORD, -1), above)


@emitted("i8(i8)", _emit_bits_up_to)
def bits_up_to(number: int) -> int:
    """The word with bit ``number % 64`` and all below it set, signed."""
    return -1 if number & 63 == 63 else (2 << (int(number) & 63)) - 1  # noqa: PLR2004  # bits of a word


def _emit_scatter(builder: Any, key: Any, width: Any) -> Any:  # noqa: ANN401
    product = builder.mul(key, ir.Constant(_WORD, _GOLDEN))
    return builder.lshr(product, builder.sub(ir.Constant(_WORD, 64), width))


_GOLDEN: Final = 0x9E37_79B9_7F4A_7C15
"""2^64 over the golden ratio, odd: Knuth's multiplicative hashing (The Art of Computer Programming, 6.4)."""


@emitted("i8(i8, i8)", _emit_scatter)
def scatter(key: int, width: int) -> int:
    """A number of ``width`` (1 … 63) bits that neighbouring keys do not share."""
    return ((int(key) * _GOLDEN) & 0xFFFF_FFFF_FFFF_FFFF) >> (64 - int(width))
