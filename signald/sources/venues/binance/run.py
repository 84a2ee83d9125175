"""Binance's frames as a journal has them: many in one call. Only replay loads it, and so only replay compiles it."""

import numpy as np
from numpy.typing import NDArray

from signald.core.kernels.jit import kernel
from signald.core.kernels.machine import WordArray, frame_of, frame_within, words_of
from signald.core.kernels.outcomes import LAST_ROUTINE, TICK
from signald.core.kernels.records import CHANNEL, LENGTH, ROW_WORDS, START, TS
from signald.core.kernels.ticks import tick_until
from signald.sources.venues.binance.decode import take


@kernel("i8(u1[::1], i8[::1], i8, i8, i8, i8[::1], i8[::1])")
def apply_frames(
    content: NDArray[np.uint8],
    table: WordArray,
    number: int,
    at: int,
    until: int,
    desk: WordArray,
    watch: WordArray,
) -> int:
    """Take one connection's frames, and its quiet ticks among them, up to the first whose outcome is not routine.

    Args:
        content: What they lie in.
        table: Their rows, see core/kernels/records.py.
        number: Whose: the channel in the rows.
        at: First row.
        until: One past the last.
        desk: The connection's, as for ``apply_frame``.
        watch: What its ticks rest on, see core/kernels/ticks.py.

    Returns:
        The row and its outcome, ``row << 8 | outcome``; ``until << 8`` if all were routine.
    """
    memory, rows, words, watched = frame_of(content), words_of(table), words_of(desk), words_of(watch)
    while at < until:
        row = ROW_WORDS * at
        if not tick_until(watched, rows[row + TS]):
            return at << 8 | TICK
        if rows[row + CHANNEL] == number:
            outcome = take(frame_within(memory, rows[row + START], rows[row + LENGTH]), rows[row + TS], words)
            if outcome > LAST_ROUTINE:
                return at << 8 | outcome
        at += 1
    return until << 8
