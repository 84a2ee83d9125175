import json
from typing import Any

import pytest

from signald.core.board import Board
from signald.core.kernels.rows import FLAG_LOCKED, FLAG_STALE, FLAG_UNSEQUENCED, FLAG_UNSUMMED
from signald.core.scoring import book_flags
from signald.errors import ConfigError
from signald.model.notices import BookLive, Rejected
from signald.sources.inband import InBandSource
from signald.sources.registry import build_source, ccxt_exchange, ccxt_id, read_venue_config
from signald.sources.venues.ccxt import source as _compiled  # noqa: F401 - to compile takes longer than a test may
from tests.support.instruments import BITSTAMP_BTC, BITSTAMP_ETH, perpetual

NOW = 1_739_367_001_000_000_000
TS_MS = 1_739_367_000_123
UNCHECKED = FLAG_UNSEQUENCED | FLAG_UNSUMMED


def written(bids: list[list[str]], asks: list[list[str]], **changes: object) -> bytes:
    book: dict[str, Any] = {"asks": asks, "bids": bids, "nonce": None, "symbol": "btcusd", "timestamp": TS_MS}
    return json.dumps(book | changes, separators=(",", ":"), sort_keys=True).encode()


BOOK = written([["100", "1.5"], ["99", "0.00000001"]], [["101", "1"]])


class Run:
    """One source, connected."""

    def __init__(self, **settings: object) -> None:
        self.board = Board([BITSTAMP_BTC.id])
        table = {"name": "ccxt:bitstamp", "instruments": [BITSTAMP_BTC.id], **settings}
        source = build_source(read_venue_config(table, where="test"), [BITSTAMP_BTC], self.board)
        assert isinstance(source, InBandSource)
        self.source = source
        self.asked = [json.loads(each) for each in source.on_connected(NOW).frames]
        self.said: list[object] = []

    def feed(self, *frames: bytes) -> None:
        for each in frames:
            self.said += self.source.on_frame(each, NOW).events

    @property
    def row(self) -> Any:  # noqa: ANN401 - a row of numpy's
        return self.board.read()[0]


def test_books_are_ordered_with_all_that_can_be_set() -> None:
    order = {"op": "watch", "books": ["btcusd"], "kind": "spot", "depth": 20, "limit": 25, "silent_after_s": 9}

    assert Run(depth=20, limit=25, silent_after_s=9).asked == [order]


def test_each_frame_is_a_whole_book_whatever_came_before() -> None:
    run = Run()

    run.feed(BOOK, written([["98", "1"]], [["103", "1"]], timestamp=TS_MS - 500, nonce=-1))

    assert (run.row["bid"], run.row["ask"]) == (98.0, 103.0)
    assert run.source.books[0].counts == (1, 1)
    assert [type(each) for each in run.said] == [BookLive]


def test_rows_say_what_cannot_be_checked_beside_what_is_wrong() -> None:
    run = Run()
    run.feed(BOOK, written([["100", "1"]], [["100", "1"]]))
    locked = int(run.row["flags"])

    run.source.books[0].mark_stale(held=True)
    run.feed(BOOK)
    stale = int(run.row["flags"])
    run.source.books[0].mark_fresh()

    assert locked == UNCHECKED | FLAG_LOCKED
    assert stale == UNCHECKED | FLAG_STALE
    assert run.row["flags"] == UNCHECKED
    assert book_flags(run.row.item()) == ("unsequenced_book", "unsummed_book")


def test_a_book_without_a_time_is_as_old_as_its_arrival() -> None:
    run = Run()

    run.feed(written([["100", "1"]], [["101", "1"]], timestamp=None))

    assert run.row["ts_event"] == NOW


def test_nothing_is_known_beyond_the_worst_level() -> None:
    run = Run()

    run.feed(written([["100000", "1"]], [["100001", "1"], ["100010", "1"]]))

    assert run.row["bid_depth_5"] != run.row["bid_depth_5"]  # NaN: it ends at the touch


@pytest.mark.parametrize(
    "frame",
    [
        BOOK.replace(b'"asks":', b' "asks": '),
        BOOK.replace(b"btcusd", b"btc\\u0075sd"),
        json.dumps(json.loads(BOOK), indent=1).encode(),
        BOOK[:-1] + b',"more":{"deep":[1,2,{}]}}',
        b'{"symbol":"btcusd",' + BOOK[1:].replace(b',"symbol":"btcusd"', b""),
    ],
)
def test_every_dress_that_json_allows_is_read(frame: bytes) -> None:
    run = Run()

    run.feed(frame)

    assert (run.row["bid"], run.row["bid_size"], run.row["ask"]) == (100.0, 1.5, 101.0)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"[]",
        BOOK[:-1],
        BOOK + b"x",
        written([["100", "-1"]], []),
        written([["abc", "1"]], []),
        written([["100"]], []),
        BOOK.replace(b'"bids"', b'"bidz"'),
        written([["100", "1"]], [["101", "1"]], timestamp=-5),
        written([["100", "1"]], [["101", "1"]], timestamp=TS_MS * 2),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(frame: bytes) -> None:
    run = Run()
    run.feed(BOOK)
    before = run.source.books[0].counts

    run.feed(frame)

    assert isinstance(run.said[1], Rejected)
    assert run.source.books[0].counts in {before, (0, 0)}  # whose book it was may be known: then it is lost


def test_another_markets_book_is_counted() -> None:
    run = Run()

    run.feed(written([["100", "1"]], [["101", "1"]], symbol="ethusd"))

    assert run.source.counts["unknown_symbol"] == 1


def test_a_market_that_is_refused_is_said() -> None:
    run = Run()

    run.feed(b'{"refused":"btcusd: bitstamp does not trade it as spot"}')

    (said,) = run.said
    assert isinstance(said, Rejected)
    assert (said.field, said.problem) == ("subscribe", "btcusd: bitstamp does not trade it as spot")


def test_markets_of_two_kinds_need_two_tables() -> None:
    other = perpetual("BTC", "USD")
    table = {"name": "ccxt:bitstamp", "instruments": [BITSTAMP_ETH.id, other.id]}
    config = read_venue_config(table, where="test")

    with pytest.raises(ConfigError, match=r"ethusd\.BITSTAMP is spot and .* is perpetual: give each kind a table"):
        build_source(config, [BITSTAMP_ETH, other], Board([BITSTAMP_ETH.id, other.id]))


def test_the_exchange_is_named_behind_the_colon() -> None:
    assert [ccxt_exchange(name) for name in ("ccxt:bitstamp", "binance_usdm", "ccxt:")] == ["bitstamp", "", ""]
    assert [ccxt_id(name) for name in ("ccxt:bitstamp", "binance_usdm")] == ["bitstamp", "binanceusdm"]


@pytest.mark.parametrize("name", ["ccxt", "ccxt:"])
def test_an_exchange_must_be_named(name: str) -> None:
    with pytest.raises(ConfigError, match=r"is not one of .*ccxt:EXCHANGE; did you mean ccxt:EXCHANGE"):
        read_venue_config({"name": name, "instruments": []}, where="test")
