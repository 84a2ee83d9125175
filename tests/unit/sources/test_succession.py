import pytest

from signald.core.board import Board
from signald.model.notices import BookLive, Relieved
from signald.model.time import NS_PER_S, Nanos
from signald.sources.registry import read_venue_config
from signald.sources.succession import SPARE, Succession, build_succession
from signald.sources.venues.bybit import source as _compiled  # noqa: F401 - to compile takes longer than a test may
from tests.support.instruments import BYBIT_OTHER_PERP, BYBIT_PERP

T0 = 1_786_310_818 * NS_PER_S
LIFETIME_S = 1_000
NEW = "bybit" + SPARE


class Connections:
    """Both connections of a venue with two books, the first one live."""

    def __init__(self) -> None:
        names = [BYBIT_PERP.id, BYBIT_OTHER_PERP.id]
        settings = {"name": "bybit", "instruments": names, "reconnect_after_s": LIFETIME_S}
        venue = read_venue_config(settings, where="test")
        instruments = [BYBIT_PERP, BYBIT_OTHER_PERP]
        self.both: Succession = build_succession(venue, instruments, Board(names), channel="bybit")
        self.both.lanes["bybit"].on_connected(T0)
        for instrument in instruments:
            self.both.lanes["bybit"].on_frame(snapshot(instrument.venue_symbol, T0), T0)

    def relieve(self, now: Nanos) -> None:
        """The old connection is old, and the new one is made."""
        assert self.both.lanes["bybit"].advance(now).opens == NEW
        self.both.lanes[NEW].on_connected(now)


@pytest.fixture
def connections() -> Connections:
    return Connections()


def test_a_new_connection_whose_books_come_one_by_one_is_given_the_time(connections: Connections) -> None:
    new, began = connections.both.lanes[NEW], T0 + LIFETIME_S * NS_PER_S
    connections.relieve(began)

    new.on_frame(snapshot(BYBIT_PERP.venue_symbol, began), began + 100 * NS_PER_S)
    patient = new.advance(began + 130 * NS_PER_S)
    last = new.on_frame(snapshot(BYBIT_OTHER_PERP.venue_symbol, began), began + 180 * NS_PER_S)
    handed_over = new.advance(began + 183 * NS_PER_S)

    assert patient.reconnect == last.reconnect == ""
    assert [type(event) for event in handed_over.events] == [Relieved]
    assert handed_over.closes == "bybit"


def test_a_new_connection_whose_books_do_not_come_is_given_up(connections: Connections) -> None:
    new, began = connections.both.lanes[NEW], T0 + LIFETIME_S * NS_PER_S
    connections.relieve(began)
    new.on_frame(snapshot(BYBIT_PERP.venue_symbol, began), began + 100 * NS_PER_S)

    given_up = new.advance(began + 220 * NS_PER_S)

    assert given_up.reconnect == "its books do not become those of the connection before"
    assert not any(isinstance(event, BookLive | Relieved) for event in given_up.events)


def snapshot(symbol: str, ts: Nanos) -> bytes:
    members = f'"s":"{symbol}","b":[["100.0","1"]],"a":[["100.5","1"]],"u":7,"seq":7'
    frame = f'{{"topic":"orderbook.50.{symbol}","type":"snapshot","ts":{ts // 10**6},"data":{{{members}}}}}'
    return frame.encode()
