import json
from typing import Any

import pytest

from signald.core.board import Board
from signald.core.kernels.rows import FLAG_CROSSED, STATE_GAP
from signald.model.notices import BookGap, Rejected
from signald.sources.inband import InBandSource
from signald.sources.registry import build_source, read_venue_config
from signald.sources.venues.dydx import source as _compiled  # noqa: F401 - to compile takes longer than a test may
from tests.support.instruments import DYDX_BTC, DYDX_ETH

NOW = 1_787_610_117_110_183_000


def message(number: int, kind: str, contents: Any, *, symbol: str = "BTC-USD") -> bytes:  # noqa: ANN401 - JSON
    head = {"type": kind, "connection_id": "a4d3", "message_id": number, "id": symbol, "channel": "v4_orderbook"}
    return json.dumps({**head, "contents": contents}, separators=(",", ":")).encode()


def snapshot(number: int, bids: dict[str, str], asks: dict[str, str], *, symbol: str = "BTC-USD") -> bytes:
    sides = [[{"price": price, "size": size} for price, size in side.items()] for side in (bids, asks)]
    return message(number, "subscribed", {"bids": sides[0], "asks": sides[1]}, symbol=symbol)


class Run:
    """One source of two books, connected."""

    def __init__(self) -> None:
        instruments = [DYDX_BTC, DYDX_ETH]
        names = [each.id for each in instruments]
        self.board = Board(names)
        config = read_venue_config({"name": "dydx", "instruments": names}, where="test")
        source = build_source(config, instruments, self.board)
        assert isinstance(source, InBandSource)
        self.source = source
        self.said: list[object] = []
        source.on_connected(NOW)

    def feed(self, *frames: bytes) -> None:
        for frame in frames:
            self.said += self.source.on_frame(frame, NOW).events

    @property
    def sides(self) -> list[list[tuple[str, str]]]:
        book = self.source.books[0]
        return [
            [(f"{p.normalize():f}", f"{s.normalize():f}") for p, s in book.levels(side, 10)] for side in ("bid", "ask")
        ]

    @property
    def gaps(self) -> list[tuple[str, str]]:
        return [(each.instrument, each.reason) for each in self.said if isinstance(each, BookGap)]


def test_of_two_levels_that_meet_the_older_one_goes() -> None:
    run = Run()
    run.feed(snapshot(1, {"100": "1", "99": "2"}, {"101": "1", "102": "3"}))

    run.feed(message(2, "channel_data", {"bids": [["101.5", "5"]]}))
    after_bid = run.sides
    run.feed(message(3, "channel_data", {"asks": [["100", "4"]]}))

    assert after_bid == [[("101.5", "5"), ("100", "1"), ("99", "2")], [("102", "3")]]
    assert run.sides == [[("99", "2")], [("100", "4"), ("102", "3")]]
    assert run.gaps == []


@pytest.mark.parametrize(
    ("bid", "ask", "sides"),
    [
        ("5", "2", [[("101", "3"), ("99", "2")], [("103", "1")]]),
        ("2", "5", [[("99", "2")], [("100", "3"), ("103", "1")]]),
        ("2", "2", [[("99", "2")], [("103", "1")]]),
    ],
)
def test_of_two_that_were_told_together_the_larger_is_made_smaller(bid: str, ask: str, sides: list[Any]) -> None:
    run = Run()
    run.feed(snapshot(1, {"99": "2"}, {"103": "1"}))

    run.feed(message(2, "channel_data", {"bids": [["101", bid]], "asks": [["100", ask]]}))

    assert run.sides == sides


def test_a_snapshot_that_is_crossed_is_uncrossed() -> None:
    run = Run()

    run.feed(snapshot(1, {"101": "2", "99": "2"}, {"100": "1", "103": "1"}))

    assert run.sides == [[("101", "1"), ("99", "2")], [("103", "1")]]
    assert run.board.read()[0]["flags"] == 0


def test_a_book_that_crosses_by_thousands_of_levels_is_flagged_and_uncrossed_with_the_next_message() -> None:
    run = Run()
    wild = {f"{200_000 + n}": "1" for n in range(2_000)}, {f"{100 + n}": "1" for n in range(2_000)}

    run.feed(snapshot(1, *wild))
    flagged = run.board.read()["flags"][0] & FLAG_CROSSED
    run.feed(message(2, "channel_data", {"bids": [["99", "1"]]}))

    assert flagged
    assert run.sides == [[("99", "1")], []]
    assert run.gaps == []


def test_a_batch_is_read_in_its_order() -> None:
    run = Run()
    run.feed(snapshot(1, {"99": "2"}, {"103": "1"}))

    run.feed(message(2, "channel_batch_data", [{"bids": [["98", "1"]]}, {}, {"bids": [["98", "0"], ["97", "4", "9"]]}]))

    assert run.sides == [[("99", "2"), ("97", "4")], [("103", "1")]]


def test_a_number_that_is_missing_costs_every_book_of_the_connection() -> None:
    run = Run()
    run.feed(
        b'{"type":"connected","connection_id":"a4d3","message_id":0}',
        snapshot(1, {"99": "2"}, {"103": "1"}),
        snapshot(2, {"9": "2"}, {"10": "1"}, symbol="ETH-USD"),
    )

    run.feed(message(4, "channel_data", {"bids": [["98", "1"]]}))

    assert run.gaps == [("BTC-USD.DYDX", "sequence"), ("ETH-USD.DYDX", "sequence")]
    assert run.board.read()["state"].tolist() == [STATE_GAP, STATE_GAP]


def test_a_message_of_before_changes_nothing() -> None:
    run = Run()
    run.feed(snapshot(5, {"99": "2"}, {"103": "1"}))

    run.feed(message(5, "channel_data", {"bids": [["98", "1"]]}), message(2, "channel_data", {"bids": [["97", "1"]]}))

    assert run.sides == [[("99", "2")], [("103", "1")]]
    assert run.gaps == []


@pytest.mark.parametrize("first", [0, 3])
def test_a_count_that_begins_anew_is_never_taken_for_the_old_one(first: int) -> None:
    run = Run()
    run.feed(snapshot(5, {"99": "2"}, {"103": "1"}))

    for number in range(first, 40):
        run.feed(message(number, "channel_data", {"bids": [["98", str(1 + number)]]}))

    assert run.gaps == [("BTC-USD.DYDX", "sequence")]
    assert run.board.read()["state"][0] == STATE_GAP


@pytest.mark.parametrize("wild", [10**14, 10**15 - 1])
def test_a_number_far_ahead_costs_the_books_and_not_all_that_follows(wild: int) -> None:
    run = Run()
    run.feed(snapshot(5, {"99": "2"}, {"103": "1"}))

    run.feed(message(wild, "channel_data", {"bids": [["98", "1"]]}))
    run.feed(*(message(number, "channel_data", {"bids": [["98", "1"]]}) for number in range(6, 30)))
    run.feed(snapshot(30, {"97": "2"}, {"103": "1"}), message(31, "channel_data", {"bids": [["96", "1"]]}))

    assert run.gaps == [("BTC-USD.DYDX", "sequence")]
    assert run.sides == [[("97", "2"), ("96", "1")], [("103", "1")]]


def test_two_books_are_not_asked_for_at_once() -> None:
    run = Run()
    again = run.source.on_connected(NOW + 10**12)
    due = run.source.next_deadline()
    assert due is not None

    later = run.source.advance(due)

    assert [b'"subscribe"' in frame for frame in again.frames] == [True]
    assert [b"ETH-USD" in frame for frame in later.frames] == [True]
    assert due - (NOW + 10**12) >= 500_000_000


def test_an_error_is_said_and_counted_as_a_message() -> None:
    run = Run()
    run.feed(snapshot(1, {"99": "2"}, {"103": "1"}))

    run.feed(b'{"type":"error","message":"Invalid channel","connection_id":"a4d3","message_id":2}')
    run.feed(message(3, "channel_data", {"bids": [["98", "1"]]}))

    assert [each.problem for each in run.said if isinstance(each, Rejected)] == ["Invalid channel"]
    assert run.gaps == []
