"""Every fault of a simulated venue, by name: what to do to its wire."""

from collections.abc import Callable
from typing import Final

from signald.simulate.venues.binance_exchange import BinanceExchange
from tests.support.simulated_venue import SimulatedVenue

_WHOLE_PUSHES: Final = frozenset({"hyperliquid"})
"""Venues whose books are not asked for again when a frame is lost: the next is as good."""


def lose_one(venue: SimulatedVenue) -> None:
    venue.faults.drop()


def refuse(venue: SimulatedVenue) -> None:
    """The next attempts to get the book back are answered with 429."""
    if isinstance(venue.exchange, BinanceExchange):
        venue.exchange.http_faults.refuse(429, retry_after_s=1, times=2)
        lose_one(venue)
    else:
        venue.exchange.refusals = 1
        venue.exchange.cut()


def give_stale_snapshot(venue: SimulatedVenue) -> None:
    """The next snapshot is the one before."""
    if isinstance(venue.exchange, BinanceExchange):
        venue.exchange.http_faults.stale_snapshots = 1
    else:
        venue.exchange.stale_snapshots = 1
    if venue.venue in _WHOLE_PUSHES:
        venue.exchange.cut()
    else:
        lose_one(venue)


def restart(venue: SimulatedVenue) -> None:
    """The service is restarted, in the venue's own way."""
    if isinstance(venue.exchange, BinanceExchange):
        venue.exchange.announce_shutdown()
    else:
        venue.exchange.restart_service()


ORDERS: Final[dict[str, Callable[[SimulatedVenue], object]]] = {
    "drop": lose_one,
    "duplicate": lambda venue: venue.faults.duplicate(),
    "reorder": lambda venue: venue.faults.reorder(),
    "truncate": lambda venue: venue.faults.truncate(keep=0.6),
    "delay": lambda venue: venue.faults.delay(3),
    "cut": lambda venue: venue.exchange.cut(),
    "429": refuse,
    "stale snapshot": give_stale_snapshot,
    "service restart": restart,
}
