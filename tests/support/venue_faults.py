"""Every fault of a simulated venue, by name: what to do to its wire."""

from collections.abc import Callable
from typing import Final

from signald.simulate.venues.binance_exchange import BinanceExchange
from tests.support.venue_on_the_wire import VenueOnTheWire


def lose_one(wire: VenueOnTheWire) -> None:
    wire.faults.drop()


def refuse(wire: VenueOnTheWire) -> None:
    """The next attempts to get the book back are answered with 429."""
    if isinstance(wire.exchange, BinanceExchange):
        wire.exchange.http_faults.refuse(429, retry_after_s=1, times=2)
        lose_one(wire)
    else:
        wire.exchange.refusals = 1
        wire.exchange.cut()


def give_stale_snapshot(wire: VenueOnTheWire) -> None:
    """The next snapshot is the one before."""
    if isinstance(wire.exchange, BinanceExchange):
        wire.exchange.http_faults.stale_snapshots = 1
    else:
        wire.exchange.stale_snapshots = 1
    lose_one(wire)


def restart(wire: VenueOnTheWire) -> None:
    """The service is restarted, in the venue's own way."""
    if isinstance(wire.exchange, BinanceExchange):
        wire.exchange.announce_shutdown()
    else:
        wire.exchange.restart_service()


ORDERS: Final[dict[str, Callable[[VenueOnTheWire], object]]] = {
    "drop": lose_one,
    "duplicate": lambda wire: wire.faults.duplicate(),
    "reorder": lambda wire: wire.faults.reorder(),
    "truncate": lambda wire: wire.faults.truncate(keep=0.6),
    "delay": lambda wire: wire.faults.delay(3),
    "cut": lambda wire: wire.exchange.cut(),
    "429": refuse,
    "stale snapshot": give_stale_snapshot,
    "service restart": restart,
}
