"""A book's levels, read out of its words, and the numbers among these that stand in ticks and lots."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from signald.core.kernels import layout
from signald.core.kernels.digits import LARGEST
from signald.core.kernels.layout import ASK_SIDE, NONE
from signald.core.kernels.machine import WordArray

_NOWHERE: Final = frozenset({NONE, LARGEST})
"""What stands for a tick and is none."""


def pairs_of(words: WordArray, side: int) -> WordArray:
    """Every (tick, lots) of a side, best first."""
    inside, outside = _inside(words, side), _outside(words, side)
    pairs = np.column_stack([np.concatenate([inside[i], outside[i]]) for i in range(2)])
    return pairs[np.argsort(pairs[:, 0] if side == ASK_SIDE else -pairs[:, 0])]


def held(words: WordArray, sides: Sequence[WordArray], place: int) -> WordArray:
    """Every tick (place 0), or number of lots (1), that a book of these levels holds anywhere, but what means none."""
    first = 2 * place
    parts = [words[layout.TICKER + first :][:2], words[layout.TOUCH + first :][:2]]
    parts += [pairs[:, place] for pairs in sides] + ([] if place else [words[layout.KNOWN :][:2]])
    found = np.concatenate(parts)
    return found[(found != NONE) & (found != LARGEST)]


def rescale(words: WordArray, up: WordArray, down: WordArray) -> None:
    """Multiply by ``up`` and divide by ``down``, each of ticks and of lots, what a book holds beside its levels."""
    for place, first in (
        (0, layout.KNOWN),
        (0, layout.TICKER),
        (0, layout.TOUCH),
        (1, layout.TICKER + 2),
        (1, layout.TOUCH + 2),
    ):
        for word in (first, first + 1):
            if words[word] not in _NOWHERE:
                words[word] = words[word] * up[place] // down[place]


def _inside(words: WordArray, side: int) -> tuple[WordArray, WordArray]:
    start = layout.RINGS + side * layout.RING
    ring = words[start : start + layout.RING]
    taken = layout.BITS + side * layout.RING_WORDS
    blocks = np.flatnonzero(words[taken : taken + layout.RING_WORDS])
    slots = (blocks[:, np.newaxis] * 64 + np.arange(64)).reshape(-1)
    slots = slots[ring[slots] != 0]
    base = int(words[layout.BASE])
    return base + ((slots - base) & (layout.RING - 1)), ring[slots]


def _outside(words: WordArray, side: int) -> tuple[WordArray, WordArray]:
    slots = 1 << int(words[layout.TABLE_WIDTH])
    start = layout.OVERFLOW + 2 * slots
    keys, lots = words[start : start + 2 * slots].reshape(slots, 2).T
    ours = (keys != 0) & ((keys & 1) == side)
    return keys[ours] >> 1, lots[ours]
