import json

import pytest

from signald.model.time import NS_PER_S
from signald.simulate.market import ASK, BID, Change
from signald.simulate.venues.binance_spot import (
    FAST_DEPTH,
    ListedSymbol,
    envelope,
    error_body,
    limit_of_query,
    streams_of_path,
)
from tests.support.instruments import BTCUSDT

NOW = 1_739_367_000 * NS_PER_S + 123_456_789


def listed() -> ListedSymbol:
    symbol = ListedSymbol(BTCUSDT, update_id=156)
    symbol.ledger.apply([Change(BID, 9_570_010, 61_000), Change(ASK, 9_570_020, 5), Change(ASK, 9_570_030, 100_000)])
    return symbol


def test_a_depth_update_is_spelled_as_the_venue_spells_it() -> None:
    frame = listed().depth_update(FAST_DEPTH, NOW)

    assert frame == (
        '{"e":"depthUpdate","E":1739367000123,"s":"BTCUSDT","U":157,"u":159,'
        '"b":[["95700.10000000","0.61000000"]],'
        '"a":[["95700.20000000","0.00005000"],["95700.30000000","1.00000000"]]}'
    )


def test_a_removed_level_has_size_zero() -> None:
    symbol = listed()
    symbol.depth_update(FAST_DEPTH, NOW)

    symbol.ledger.apply([Change(ASK, 9_570_020, 0)])

    assert json.loads(symbol.depth_update(FAST_DEPTH, NOW) or "")["a"] == [["95700.20000000", "0.00000000"]]


def test_no_change_gives_no_frame() -> None:
    symbol = listed()
    symbol.depth_update(FAST_DEPTH, NOW)
    symbol.book_ticker()

    assert symbol.depth_update(FAST_DEPTH, NOW) is None
    assert symbol.book_ticker() is None


def test_the_ticker_carries_the_books_update_id() -> None:
    assert json.loads(listed().book_ticker() or "") == {
        "u": 159,
        "s": "BTCUSDT",
        "b": "95700.10000000",
        "B": "0.61000000",
        "a": "95700.20000000",
        "A": "0.00005000",
    }


def test_a_snapshot_has_the_best_levels_and_the_last_id() -> None:
    assert json.loads(listed().snapshot(1)) == {
        "lastUpdateId": 159,
        "bids": [["95700.10000000", "0.61000000"]],
        "asks": [["95700.20000000", "0.00005000"]],
    }


def test_a_crossed_book_can_be_had_and_cured() -> None:
    symbol = listed()

    symbol.cross()
    crossed = symbol.ledger.touch()
    symbol.uncross()
    cured = symbol.ledger.touch()

    assert crossed.bid_ticks > crossed.ask_ticks
    assert cured.bid_ticks < cured.ask_ticks


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker",
            (True, ("btcusdt@depth@100ms", "btcusdt@bookTicker")),
        ),
        ("/stream", (True, ())),
        ("/ws/btcusdt@depth", (False, ("btcusdt@depth",))),
        ("/ws/a@b/c@d", (False, ("a@b", "c@d"))),
        ("/ws", (False, ())),
        ("/wss", None),
        ("/api/v3/depth", None),
    ],
)
def test_a_path_names_its_streams(path: str, expected: tuple[bool, tuple[str, ...]] | None) -> None:
    assert streams_of_path(path) == expected


@pytest.mark.parametrize(("query", "expected"), [("", 100), ("limit=1000", 1000), ("limit=9999", 5000), ("limit=0", 1)])
def test_a_limit_is_kept_within_the_venues(query: str, expected: int) -> None:
    assert limit_of_query(query) == expected


def test_envelopes_and_errors_have_the_venues_form() -> None:
    assert envelope("btcusdt@depth", "{}") == '{"stream":"btcusdt@depth","data":{}}'
    assert error_body(-1121, "Invalid symbol.") == '{"code":-1121,"msg":"Invalid symbol."}'
