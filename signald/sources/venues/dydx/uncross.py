"""dYdX's books cross without anything being wrong: of two levels that meet, the one that was told earlier goes.

A book is uncrossed after every message, so one of the two is of the message at hand; if both are, the larger one is
made smaller by the other ("How to uncross the orderbook", in the indexer's documentation).
"""

from typing import Final

from signald.core.kernels.features import size_at
from signald.core.kernels.jit import inlined, inner
from signald.core.kernels.ladder import apply_levels, drifted, settle
from signald.core.kernels.layout import APART, ASK_SIDE, BEST, BID_SIDE, NONE
from signald.core.kernels.machine import Words

_MOST_WORK: Final = 1 << 20
"""Levels of a message that are looked at in all: a thousandth of a second's. No market crosses so far."""


@inner
def uncross(book: Words, bid_pairs: Words, bids: int, ask_pairs: Words, asks: int, pair: Words) -> None:
    """Take levels away until the best bid is below the best ask, or that takes too long: the book stays crossed then.

    Args:
        book: The book, with the message's levels in it.
        bid_pairs: The message's bids, (tick, lots).
        bids: How many.
        ask_pairs: Likewise of the asks.
        asks: How many.
        pair: Two words of scratch.
    """
    left = _MOST_WORK // (bids + asks + 1)
    while book[BEST] != NONE and book[BEST + 1] != NONE and book[BEST] >= book[BEST + 1] and left > 0:
        left -= 1
        bid, ask = book[BEST], book[BEST + 1]
        new_bid, new_ask = _is_told(bid_pairs, bids, bid), _is_told(ask_pairs, asks, ask)
        bid_lots, ask_lots = size_at(book, BID_SIDE, bid), size_at(book, ASK_SIDE, ask)
        both = new_bid == new_ask
        _set(book, BID_SIDE, bid, max(bid_lots - ask_lots, 0) if both else bid_lots * new_bid, pair)
        _set(book, ASK_SIDE, ask, max(ask_lots - bid_lots, 0) if both else ask_lots * new_ask, pair)


@inlined
def _is_told(pairs: Words, count: int, tick: int) -> bool:
    found = False
    for i in range(count):
        found |= pairs[2 * i] == tick
    return found


@inlined
def _set(book: Words, side: int, tick: int, lots: int, pair: Words) -> None:
    pair[0] = tick
    pair[1] = lots
    if not apply_levels(book, side, pair, 1) or book[APART] != 0 or drifted(book):
        settle(book)
