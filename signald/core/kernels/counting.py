"""Venues that number the frames of a connection, whatever they are of: one that is missing may have been anyone's."""

from typing import Final

from signald.core.kernels.desk import BEHIND, COUNTED
from signald.core.kernels.jit import inlined
from signald.core.kernels.layout import NONE
from signald.core.kernels.machine import Words
from signald.core.kernels.outcomes import BAD_SEQUENCE, LOST_COUNT, QUIET

MOST_BEHIND: Final = 16
"""So many frames in a row from before the last one are none that were late: the venue counts anew."""
_MOST_LATE: Final = 1
"""Behind more than that in a row, what follows the last number may as well be of a count that began anew."""


@inlined
def count_frame(desk: Words, number: int, outcome: int) -> int:
    """Count the frame with a number; the first one of a connection may have any.

    Returns:
        ``outcome`` if it follows the last one, QUIET if it is that one again or from before, LOST_COUNT if there are
        frames missing before it, or if the venue counts anew: counting goes on from it then.
    """
    last = desk[COUNTED]
    if number < 0:
        return BAD_SEQUENCE
    behind = desk[BEHIND]
    if last != NONE and number <= last:
        behind += int(number < last or behind > 0)
        desk[BEHIND] = behind
        if behind < MOST_BEHIND:
            return QUIET
    desk[BEHIND] = 0
    desk[COUNTED] = number
    return outcome if last == NONE or (number == last + 1 and behind <= _MOST_LATE) else LOST_COUNT
