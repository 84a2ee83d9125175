"""Venues that number the frames of a connection, whatever they are of: one that is missing may have been anyone's."""

from signald.core.kernels.desk import COUNTED
from signald.core.kernels.jit import inlined
from signald.core.kernels.layout import NONE
from signald.core.kernels.machine import Words
from signald.core.kernels.outcomes import BAD_SEQUENCE, LOST_COUNT, QUIET


@inlined
def count_frame(desk: Words, number: int, outcome: int) -> int:
    """Count the frame with a number; the first one of a connection may have any.

    Returns:
        ``outcome`` if it follows the last one, QUIET if it is that one again or from before, LOST_COUNT if there are
        frames missing before it: counting goes on from it then.
    """
    last = desk[COUNTED]
    if number < 0:
        return BAD_SEQUENCE
    if last != NONE and number <= last:
        return QUIET
    desk[COUNTED] = number
    return outcome if last in (NONE, number - 1) else LOST_COUNT
