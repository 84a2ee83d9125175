"""Decimal text to whole steps: a price in ticks, a size in lots, exactly or not at all.

How a number is written is given by four words, its *form*: DECIMALS, SCALE, STEP and LIMIT of layout.py. A tick size of
0.25 is DECIMALS 2, SCALE 100, STEP 25; "3.5000" is then 14 ticks. What is not `digits[.digits]`, what lies between two
steps, and what is too large is an error, never another number.
"""

from decimal import Decimal
from typing import Final

import numpy as np

from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.layout import DECIMALS, LIMIT, SCALE, STEP
from signald.core.kernels.machine import Words, byte_at, word_at
from signald.core.kernels.outcomes import NOT_PLAIN, TOO_LARGE
from signald.core.kernels.swar import digit_run, fraction, left_over, whole

POINT: Final = ord(".")
MOST_DECIMALS: Final = 16
LARGEST: Final = (1 << 57) - 1
"""Of ticks and lots, 1.4e17: a tick and its side fit a word, and so does the sum of ten sizes, with room to spare."""

POWERS: Final = np.array([10**power for power in range(17)], dtype=np.int64)


def form_of(step: Decimal) -> tuple[int, int, int, int]:
    """DECIMALS, SCALE, STEP, LIMIT of numbers that are multiples of ``step``.

    Raises:
        ValueError: ``step`` is not positive, or has more than 16 decimals or significant digits.
    """
    sign, digits, exponent = step.normalize().as_tuple()
    if not isinstance(exponent, int) or sign or not any(digits):
        msg = f"a step of {step} is not a positive number"
        raise ValueError(msg)
    decimals = max(0, -exponent)
    units = int("".join(map(str, digits))) * 10 ** max(0, exponent)
    if decimals > MOST_DECIMALS or units > LARGEST:
        msg = f"a step of {step} has too many digits"
        raise ValueError(msg)
    return decimals, 10**decimals, units, LARGEST // 10**decimals - 1


@inlined
def safe_word(frame: bytes, at: int, end: int) -> int:
    """The eight bytes from ``at``, zeros for those at ``end`` and after."""
    if at + 8 <= end:
        return word_at(frame, at)
    return _last_word(frame, at, end)


@inner
def _last_word(frame: bytes, at: int, end: int) -> int:
    word = 0
    for i in range(end - at):
        word |= byte_at(frame, at + i) << (8 * i)
    return word


@inner
def read_steps(frame: bytes, at: int, end: int, form: Words, off_step: int) -> tuple[int, int]:
    """Read one number that begins at ``at``.

    Returns:
        Its steps, and where it ends; an error's outcome, negative, in place of the steps: ``off_step`` if it lies
        between two.
    """
    word = safe_word(frame, at, end)
    run = digit_run(word)
    at += run
    units = whole(word, run)
    if run == 8:  # noqa: PLR2004  # a word is full
        word = safe_word(frame, at, end)
        more = digit_run(word)
        at += more
        units = units * POWERS[more] + whole(word, more)
        if more == 8:  # noqa: PLR2004
            return -TOO_LARGE, at
    if run == 0:
        return -NOT_PLAIN, at
    if units > form[LIMIT]:
        return -TOO_LARGE, at
    part = 0
    if at < end and byte_at(frame, at) == POINT:
        part, at = _read_fraction(frame, at + 1, end, form[DECIMALS], off_step)
        if part < 0:
            return part, at
    return _steps(units * form[SCALE] + part, form[STEP], off_step), at


@inner
def _read_fraction(frame: bytes, at: int, end: int, decimals: int, off_step: int) -> tuple[int, int]:
    """Read the digits after a point, at least one, as units of the last of ``decimals``."""
    part = 0
    taken = 0
    while True:
        word = safe_word(frame, at, end)
        run = digit_run(word)
        wanted = min(max(decimals - taken, 0), 8)
        if run == 0 and taken == 0:
            return -NOT_PLAIN, at
        if left_over(word, run, wanted) != 0:
            return -off_step, at
        part = part * POWERS[wanted] + fraction(word, run, wanted)
        taken += 8
        at += run
        if run < 8:  # noqa: PLR2004
            break
        if taken > 2 * MOST_DECIMALS:
            return -NOT_PLAIN, at
    return part * POWERS[max(decimals - taken, 0)], at


@inlined
def _steps(units: int, step: int, off_step: int) -> int:
    if step == 1:
        return units
    if units % step != 0:
        return -off_step
    return units // step
