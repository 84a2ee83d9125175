"""Frames that make no sense cost their book or nothing, and never more."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signald.core.kernels import rows
from signald.model.notices import BookGap, Rejected
from signald.sources.protocol import EMPTY
from tests.support.binance_wire import Wire, depth, envelope, snapshot, ticker
from tests.support.instruments import BTCUSDT, ETHUSDT

GAP, LIVE = rows.STATE_GAP, rows.STATE_LIVE


SHARED = Wire(BTCUSDT)
SHARED.go_live(100)


@pytest.mark.parametrize(
    "frame",
    [
        depth(102, 102, [("x", "1")]),
        depth(102, 102, [("0.00", "1")]),
        depth(102, 102, [("1.00", "99999999999999999999")]),
        depth(103, 102),
        depth(102, 102, E="now"),
        depth(102, 10**17),
        depth(102, 102, [("1.00", "1")])[:-20],
        depth(102, 102).replace(b'"b":[],', b""),
        depth(102, 102, [("1.00", "0.00000000000001")]),
    ],
)
def test_a_depth_frame_that_makes_no_sense_costs_its_book(frame: bytes) -> None:
    wire = Wire(BTCUSDT, ETHUSDT)
    wire.go_live(100)
    wire.answer(snapshot(7), "ETHUSDT")
    wire.frame(depth(8, 8, s="ETHUSDT"))

    step = wire.frame(frame)

    assert [type(event) for event in step.events] == [Rejected, BookGap]
    assert step.events[1].reason == "malformed"  # type: ignore[union-attr]
    assert (wire.row(0)["state"], wire.row(1)["state"]) == (GAP, LIVE)
    assert [request.tag for request in step.requests] == ["snapshot:BTCUSDT"]


def test_a_ticker_that_makes_no_sense_costs_nothing() -> None:
    wire = Wire(BTCUSDT)
    wire.go_live(100)

    step = wire.frame(ticker(200, "1.0.0", "2", e="bookTicker"))

    assert [type(event) for event in step.events] == [Rejected]
    assert wire.row()["state"] == LIVE


def test_bytes_without_a_name_cost_no_book_until_they_are_too_many() -> None:
    wire = Wire(BTCUSDT, malformed_per_minute=3)
    wire.go_live(100)

    steps = [wire.frame(b"nonsense") for _ in range(4)]

    assert [step.reconnect != "" for step in steps] == [False, False, False, True]
    assert wire.row()["state"] == LIVE
    assert wire.source.counts["malformed"] == 4


def test_one_symbol_that_fails_for_ever_neither_floods_nor_harms() -> None:
    wire = Wire(BTCUSDT, ETHUSDT, malformed_per_minute=3)
    wire.go_live(100)
    wire.answer(snapshot(7), "ETHUSDT")
    wire.frame(depth(8, 8, s="ETHUSDT"))

    steps = [wire.frame(depth(102, 102, [("x", "1")])) for _ in range(50)]

    assert sum(len(step.events) for step in steps) < 60
    assert sum(len(step.requests) for step in steps) == 1
    assert not any(step.reconnect for step in steps)
    assert wire.row(1)["state"] == LIVE


def test_a_price_between_two_ticks_makes_the_ticks_finer() -> None:
    wire = Wire(BTCUSDT)
    wire.go_live(100)

    assert wire.frame(depth(102, 102, [("61799.123", "0.0000001")])) is EMPTY

    book = wire.source.books[0]
    assert [format(part, "f") for part in book.levels("bid", 9)[-1]] == ["61799.123", "0.0000001"]
    assert wire.row()["bid"] == 61800.0
    assert wire.source.counts["refined"] == 3


TICKER = json.loads(ticker(200, "61800.00", "61800.01"))["data"]


@pytest.mark.parametrize(
    "frame",
    [
        envelope("bookTicker", {"e": "bookTicker", **TICKER, "b": "61800.0000000000001"}),
        envelope("bookTicker", {"e": "bookTicker", **TICKER, "b": "61800.001", "a": "nonsense"}),
        depth(99, 99, [("61799.123", "1")]),
    ],
)
def test_a_frame_that_is_not_taken_leaves_the_ticks_as_they_are(frame: bytes) -> None:
    wire = Wire(BTCUSDT)
    wire.go_live(100)

    wire.frame(frame)

    assert wire.row()["state"] == LIVE
    assert wire.source.books[0].steps == (BTCUSDT.tick_size, BTCUSDT.lot_size)


def test_a_book_that_nonsense_has_made_fine_takes_large_sizes_again() -> None:
    wire = Wire(BTCUSDT)
    wire.go_live(100)
    wire.frame(depth(102, 102, [("61799.12", "0.00000000001")]))
    huge = depth(103, 103, [("1.00", "1000000000000")])
    lost = wire.frame(huge)

    wire.go_live(102)
    taken = wire.frame(huge.replace(b'"U":103,"u":103', b'"U":104,"u":104'))

    assert [type(event) for event in lost.events] == [Rejected, BookGap]
    assert taken is EMPTY
    assert wire.source.books[0].levels("bid", 9)[-1] == (Decimal("1.00"), Decimal(1_000_000_000_000))


def test_a_frame_kept_for_the_snapshot_may_need_finer_ticks_than_it() -> None:
    wire = Wire(BTCUSDT)
    wire.go_live(100)
    wire.frame(depth(105, 105, [("61799.123", "1")]))

    wire.answer(snapshot(104))

    assert wire.row()["state"] == LIVE
    assert wire.source.books[0].levels("bid", 9)[-1] == (Decimal("61799.123"), Decimal(1))


@pytest.mark.parametrize("kind", [r"\u0064epthUpdate", r"depthUpdat\u0065", r"d\u0065pthUpdate"])
def test_a_kind_may_be_written_with_escapes(kind: str) -> None:
    wire = Wire(BTCUSDT)
    wire.go_live(100)

    step = wire.frame(depth(102, 102, [("61799.75", "3")]).replace(b"depthUpdate", kind.encode()))

    assert step is EMPTY
    assert wire.source.books[0].sequence == 102
    assert wire.source.counts["slow"] == 1


@given(st.lists(st.one_of(st.binary(max_size=200), st.sampled_from([b"", b"{}", b"[]", b"null", b'{"data":{}}']))))
def test_no_bytes_make_a_source_raise(frames: list[bytes]) -> None:
    wire = SHARED
    applied = wire.row()["applied"]
    for frame in frames:
        wire.frame(frame)
        wire.answer(frame)
    assert wire.row()["applied"] == applied
