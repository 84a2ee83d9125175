"""Numbers that are written now with more digits, now with fewer, are the same numbers."""

import json

from signald.core.board import Board
from signald.model.notices import BookLive
from signald.sources.venues.binance.config import BinanceConfig
from signald.sources.venues.binance.source import BinanceSource, build
from tests.support.instruments import BTCUSDT

NOW = 1_739_367_000_000_000_000


def live_source() -> BinanceSource:
    """A source whose book went live with the frame 2."""
    board = Board([BTCUSDT.id])
    source = build(BinanceConfig(instruments=(BTCUSDT.id,)), [BTCUSDT], board)
    snapshot = {"lastUpdateId": 1, "bids": [["100.00000000", "1.00000000"]], "asks": [["101.00000000", "1.00000000"]]}
    source.on_connected(NOW)
    source.on_response("snapshot:BTCUSDT", json.dumps(snapshot, separators=(",", ":")).encode(), NOW)
    step = source.on_frame(depth(2, size="2.00000000"), NOW)
    assert [type(event) for event in step.events] == [BookLive]
    return source


def depth(number: int, *, size: str) -> bytes:
    """A frame that puts ``size`` at three bids."""
    levels = [[price, size] for price in ("100.00000000", "99.99000000", "99.98000000")]
    data = {"e": "depthUpdate", "E": 1_739_367_000_000, "s": "BTCUSDT", "U": number, "u": number, "b": levels, "a": []}
    return json.dumps({"stream": "btcusdt@depth@100ms", "data": data}, separators=(",", ":")).encode()


def test_size_with_fewer_digits_is_followed_by_one_with_more() -> None:
    source = live_source()
    sizes = ["3.5", "4.50000000", "5.25", "6.25000000", "7.5"]

    steps = [source.on_frame(depth(number, size=size), NOW) for number, size in enumerate(sizes, start=3)]

    assert [step.events for step in steps] == [()] * len(sizes)
    assert source.counts["slow"] == 0
    assert source.books[0].sequence == 2 + len(sizes)


def test_frame_cut_within_a_size_spoils_no_later_frame() -> None:
    source = live_source()
    whole = depth(3, size="0.06554012")
    snapshot = {"lastUpdateId": 4, "bids": [["100.00000000", "9.12345000"]], "asks": [["101.00000000", "1.00000000"]]}

    source.on_frame(whole[: whole.index(b"0.06554012") + len("0.0655")], NOW)
    source.on_response("snapshot:BTCUSDT", json.dumps(snapshot, separators=(",", ":")).encode(), NOW)
    step = source.on_frame(depth(5, size="1.50000000"), NOW)

    assert [type(event) for event in step.events] == [BookLive]
    assert source.counts["malformed"] == 1
    assert source.books[0].sequence == 5
