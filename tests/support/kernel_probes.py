"""Kernels that do nothing but call one part of the real ones, so that a test can."""

import numpy as np

from signald.core.kernels import digits, features, ladder, levels, machine, money, overflow, scan, swar
from signald.core.kernels.jit import kernel
from signald.core.kernels.layout import BOOK_WORDS
from signald.core.kernels.machine import WordArray, length_of, real, set_real, words_at, words_from, words_of

DIGIT_RUN, PLAIN_RUN, WHOLE, FRACTION, LEFT_OVER, ALL_DIGITS = range(6)
TRAILING, LEADING, BIT, BITS_FROM, BITS_UP_TO, SCATTER = range(6)


@kernel("i8(i8, i8, i8, i8)")
def probe_text(what: int, word: int, count: int, decimals: int) -> int:
    """One function of swar.py."""
    if what == DIGIT_RUN:
        return swar.digit_run(word)
    if what == PLAIN_RUN:
        return swar.plain_run(word)
    if what == WHOLE:
        return swar.whole(word, count)
    if what == FRACTION:
        return swar.fraction(word, count, decimals)
    if what == LEFT_OVER:
        return int(swar.left_over(word, count, decimals) != 0)
    return int(swar.all_digits(word, count))


@kernel("i8(i8, i8, i8)")
def probe_bits(what: int, number: int, width: int) -> int:
    """One function of machine.py."""
    if what == TRAILING:
        return machine.trailing_zeros(number)
    if what == LEADING:
        return machine.leading_zeros(number)
    if what == BIT:
        return machine.bit(number)
    if what == BITS_FROM:
        return machine.bits_from(number)
    if what == BITS_UP_TO:
        return machine.bits_up_to(number)
    return machine.scatter(number, width)


@kernel("void(frame, i8, i8[::1])")
def probe_loads(frame: bytes, at: int, out: WordArray) -> None:
    """Length, byte, half and word at ``at``."""
    words = words_of(out)
    words[0] = length_of(frame)
    words[1] = machine.byte_at(frame, at)
    words[2] = machine.half_at(frame, at)
    words[3] = machine.word_at(frame, at)


@kernel("f8(i8, i8, f8)")
def probe_real(address: int, index: int, number: float) -> float:
    """Write a float into the words at ``address``, read it back and double it."""
    words = words_from(words_at(address, index + 1), index)
    set_real(words, 0, number)
    return 2.0 * real(words, 0)


@kernel("i8(frame, i8, i8, i8[::1], i8[::1])")
def probe_steps(frame: bytes, at: int, off_step: int, form: WordArray, out: WordArray) -> int:
    """Read one decimal: its steps; where it ends goes to ``out[0]``."""
    steps, end = digits.read_steps(frame, at, length_of(frame), words_of(form), off_step)
    words_of(out)[0] = end
    return steps


@kernel("i8(frame, i8)")
def probe_value(frame: bytes, at: int) -> int:
    """Skip one JSON value."""
    return scan.skip_value(frame, at, length_of(frame))


@kernel("i8(frame, i8, i8[::1])")
def probe_counter(frame: bytes, at: int, out: WordArray) -> int:
    """Read one counter; where it ends goes to ``out[0]``."""
    number, end = scan.read_counter(frame, at, length_of(frame))
    words_of(out)[0] = end
    return number


@kernel("i8(frame, i8[::1], i8[::1], i8[::1])")
def probe_levels(frame: bytes, book: WordArray, pairs: WordArray, out: WordArray) -> int:
    """Read one list of levels from the frame's beginning; where it ends goes to ``out[0]``."""
    room = len(pairs) // 2
    count, end = levels.read_levels(frame, 0, length_of(frame), words_of(book), words_of(pairs), room)
    words_of(out)[0] = end
    return count


@kernel("i8(i8[::1], i8, i8[::1])")
def probe_apply(book: WordArray, side: int, pairs: WordArray) -> int:
    """Apply (tick, lots) pairs to one side, as a frame does; whether the window had to be looked at."""
    words = words_of(book)
    settled = ladder.apply_levels(words, side, words_of(pairs), len(pairs) // 2)
    if not settled or words[ladder.APART] != 0 or ladder.drifted(words):
        ladder.settle(words)
        return 1
    return 0


@kernel("i8(i8[::1], i8, i8, i8)")
def probe_outside(book: WordArray, side: int, tick: int, lots: int) -> int:
    """Set one size in the overflow table (-1: only read it); the size before."""
    words = words_of(book)
    if lots < 0:
        return overflow.lots_outside(words, side, tick)
    return overflow.set_outside(words, side, tick, lots)


@kernel("f8(i8[::1], i8, i8, i8)")
def probe_money(book: WordArray, side: int, low: int, high: int) -> float:
    """The sum of tick * lots between two ticks."""
    return money.money_between(words_of(book), side, low, high)


@kernel("void(i8[::1], i8)")
def probe_row(book: WordArray, now: int) -> None:
    """Bring the book's row up to date."""
    features.update_row(words_of(book), now)
    features.mark_crossing(words_of(book))


def word(text: bytes) -> int:
    """Eight bytes as kernels load them."""
    return int.from_bytes(text, "little", signed=True)


def pairs_of(*levels_: tuple[int, int]) -> WordArray:
    """(tick, lots) pairs as kernels read them."""
    return np.array(levels_, dtype=np.int64).reshape(-1)


assert BOOK_WORDS * 8 <= 2_000_000
