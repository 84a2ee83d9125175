"""Eight bytes of text at a time, in one word ("SIMD within a register"); the first byte is the lowest.

Sources: Mycroft's test for bytes in a range (1987), and Lemire's "Quickly parsing eight digits" (2018) for the three
multiplications.
"""

from typing import Any, Final

from llvmlite import ir  # pyright: ignore[reportMissingTypeStubs]  # it has none

from signald.core.kernels.jit import emitted

_WORD: Final = ir.IntType(64)
_NO: Final = ir.Constant(ir.IntType(1), 0)
_EIGHT: Final = 8


def _every(byte: int) -> Any:  # noqa: ANN401  # LLVM's objects are untyped, here and below
    return ir.Constant(_WORD, int.from_bytes(bytes([byte]) * 8, "little"))


def _number(value: int) -> Any:  # noqa: ANN401
    return ir.Constant(_WORD, value)


def _text(word: int) -> bytes:
    return int(word).to_bytes(8, "little", signed=True)


def _number_of(digits: bytes) -> int:
    return int(digits) if digits.isdigit() else 0


def _first_marked(builder: Any, marks: Any) -> Any:  # noqa: ANN401
    """The number of the lowest byte whose highest bit is set, 8 if none is."""
    return builder.lshr(builder.cttz(marks, _NO), _number(3))


def _not_digits(builder: Any, word: Any) -> Any:  # noqa: ANN401
    """Mark bytes that are no digits: right for the lowest of them and all below it."""
    digits = builder.xor(word, _every(ord("0")))
    return builder.and_(builder.or_(builder.add(digits, _every(0x76)), digits), _every(0x80))


def _emit_digit_run(builder: Any, word: Any) -> Any:  # noqa: ANN401
    return _first_marked(builder, _not_digits(builder, word))


@emitted("i8(i8)", _emit_digit_run)
def digit_run(word: int) -> int:
    """How many of the first bytes are digits, 0 … 8."""
    return next((i for i, byte in enumerate(_text(word)) if byte not in b"0123456789"), _EIGHT)


def _emit_plain_run(builder: Any, word: Any) -> Any:  # noqa: ANN401
    # A byte is marked if it is below 0x20, or 0x80 and above, or equal to the quote or the backslash.
    controls = builder.sub(word, _every(0x20))
    quote = builder.sub(builder.xor(word, _every(ord('"'))), _every(0x01))
    escape = builder.sub(builder.xor(word, _every(ord("\\"))), _every(0x01))
    marks = builder.or_(builder.or_(controls, word), builder.or_(quote, escape))
    return _first_marked(builder, builder.and_(marks, _every(0x80)))


@emitted("i8(i8)", _emit_plain_run)
def plain_run(word: int) -> int:
    """How many of the first bytes stand for themselves in a JSON string, 0 … 8.

    Not so: the quote, the backslash, control characters, and what is not ASCII.
    """
    return next(
        (i for i, byte in enumerate(_text(word)) if not ord(" ") <= byte <= ord("\x7f") or byte in b'"\\'), _EIGHT
    )


def _shift_out(builder: Any, shift: Any, word: Any, count: Any) -> Any:  # noqa: ANN401
    """Shift by ``count`` bytes, 0 … 8, in two steps: a shift by 64 is undefined."""
    half = builder.shl(count, _number(2))
    return shift(shift(word, half), half)


def _keep(builder: Any, word: Any, count: Any) -> Any:  # noqa: ANN401
    """The first ``count`` bytes of ``word``, zeros after them."""
    return builder.and_(word, builder.not_(_shift_out(builder, builder.shl, _number(-1), count)))


def _join(builder: Any, digits: Any) -> Any:  # noqa: ANN401
    """The number whose eight digits (bytes 0 … 9) are in ``digits``, the highest in the lowest byte."""
    pairs = builder.add(builder.mul(digits, _number(10)), builder.lshr(digits, _number(8)))
    mask = _number(0x0000_00FF_0000_00FF)
    outer = builder.mul(builder.and_(pairs, mask), _number(100 + (1_000_000 << 32)))
    inside = builder.and_(builder.lshr(pairs, _number(16)), mask)
    return builder.lshr(builder.add(outer, builder.mul(inside, _number(1 + (10_000 << 32)))), _number(32))


def _emit_whole(builder: Any, word: Any, count: Any) -> Any:  # noqa: ANN401
    digits = builder.xor(word, _every(ord("0")))
    return _join(builder, _shift_out(builder, builder.shl, digits, builder.sub(_number(8), count)))


@emitted("i8(i8, i8)", _emit_whole)
def whole(word: int, count: int) -> int:
    """The number that the first ``count`` bytes spell, 0 for none; no matter what if they are not all digits."""
    return _number_of(_text(word)[:count])


def _emit_fraction(builder: Any, word: Any, count: Any, decimals: Any) -> Any:  # noqa: ANN401
    digits = _keep(builder, builder.xor(word, _every(ord("0"))), count)
    return _join(builder, _shift_out(builder, builder.shl, digits, builder.sub(_number(8), decimals)))


@emitted("i8(i8, i8, i8)", _emit_fraction)
def fraction(word: int, count: int, decimals: int) -> int:
    """The first ``decimals`` (0 … 8) digits after the point, of which ``count`` are written; likewise."""
    return _number_of(_text(word)[:count].ljust(_EIGHT, b"0")[:decimals])


def _emit_left_over(builder: Any, word: Any, count: Any, decimals: Any) -> Any:  # noqa: ANN401
    digits = _keep(builder, builder.xor(word, _every(ord("0"))), count)
    return _shift_out(builder, builder.lshr, digits, decimals)


@emitted("i8(i8, i8, i8)", _emit_left_over)
def left_over(word: int, count: int, decimals: int) -> int:
    """Not 0 if any of the ``count`` digits after the first ``decimals`` is not 0."""
    return int(_text(word)[:count][decimals:].strip(b"0") != b"")


def _emit_all_digits(builder: Any, word: Any, count: Any) -> Any:  # noqa: ANN401
    strangers = _keep(builder, _not_digits(builder, word), count)
    return builder.icmp_unsigned("==", strangers, _number(0))


@emitted("b1(i8, i8)", _emit_all_digits)
def all_digits(word: int, count: int) -> bool:
    """Whether the first ``count`` bytes are digits."""
    return digit_run(word) >= count
