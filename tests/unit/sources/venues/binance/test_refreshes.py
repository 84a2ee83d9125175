"""A live book is asked for anew beside itself, before the market walks off the snapshot."""

from decimal import Decimal

from signald.core.kernels import rows
from signald.model.notices import BookLive
from signald.sources.protocol import EMPTY
from tests.support.binance_wire import ASKS, BIDS, SECOND, Wire, depth, snapshot
from tests.support.instruments import BTCUSDT

GAP, LIVE = rows.STATE_GAP, rows.STATE_LIVE


def refreshing(**settings: int) -> Wire:
    """A live book that is being asked for anew."""
    wire = Wire(BTCUSDT, refresh_every_s=60, **settings)
    wire.go_live(100)
    wire.now += 61 * SECOND
    step = wire.source.advance(wire.now)
    assert [request.tag for request in step.requests] == ["snapshot:BTCUSDT"]
    return wire


def test_a_live_book_is_refreshed_beside_itself() -> None:
    wire = refreshing(snapshot_limit=100)
    far = [(f"{70_000 + n:.2f}", "1") for n in range(30)]
    assert wire.frame(depth(102, 103, [("61799.75", "3")])) is EMPTY
    assert wire.frame(depth(104, 105, [("61799.50", "0")])) is EMPTY

    assert (
        wire.answer(snapshot(103, (("61800.00", "1.5"), ("61799.75", "3"), ("61799.50", "2")), (*ASKS, *far))) is EMPTY
    )

    book = wire.source.books[0]
    assert (wire.row()["state"], wire.row()["sequence"], wire.row()["applied"]) == (LIVE, 105, 3)
    assert book.counts == (2, 32)
    assert wire.source.counts["refreshes"] == 1
    assert wire.source.counts["refreshes_that_differed"] == 1  # its asks go on where the first snapshot knew of none
    wire.frame(depth(106, 106))
    assert wire.row()["sequence"] == 106


def test_a_snapshot_ahead_of_the_live_book_waits_for_it() -> None:
    wire = refreshing()
    wire.frame(depth(102, 103))

    wire.answer(snapshot(105, (("61800.00", "9"),)))
    assert wire.source.books[0].counts == (2, 2)
    wire.frame(depth(104, 106, [("61800.00", "9"), ("61799.50", "0")]))

    assert wire.source.books[0].counts == (1, 2)
    assert wire.source.counts["refreshes_that_differed"] == 0
    assert wire.row()["state"] == LIVE


def test_a_refresh_that_fails_is_tried_again_and_harms_nothing() -> None:
    wire = refreshing()

    assert len(wire.answer(b"").requests) == 1
    assert len(wire.answer(b"nonsense").requests) == 1
    wire.frame(depth(102, 103))
    stale = wire.answer(snapshot(7))

    assert (len(stale.requests), stale.events) == (1, ())
    assert (wire.row()["state"], wire.row()["sequence"]) == (LIVE, 103)


def test_a_refresh_that_nobody_answers_is_given_up_until_the_next_is_due() -> None:
    wire = refreshing()
    wire.frame(depth(102, 103))

    wire.now += 60 * SECOND
    assert wire.source.advance(wire.now).requests == ()
    assert wire.source.counts["refreshes_given_up"] == 1
    assert wire.answer(snapshot(103, (("61700.00", "9"),))) is EMPTY
    assert wire.source.books[0].counts == (2, 2)
    wire.now += 60 * SECOND
    assert [request.tag for request in wire.source.advance(wire.now).requests] == ["snapshot:BTCUSDT"]


def test_a_book_that_is_lost_is_not_refreshed() -> None:
    wire = refreshing()
    wire.frame(depth(110, 110))
    assert wire.row()["state"] == GAP

    step = wire.answer(snapshot(109))

    assert [type(event) for event in step.events] == [BookLive]
    wire.source.on_disconnected(wire.now)
    assert wire.answer(snapshot(109)) is EMPTY


def test_a_book_is_refreshed_before_the_market_walks_off_the_snapshot() -> None:
    wire = Wire(BTCUSDT, snapshot_limit=100)
    wire.connect()
    bids = [(f"{61800 - n * 5:.2f}", "1") for n in range(100)]
    asks = [(f"{61801 + n * 5:.2f}", "1") for n in range(100)]
    wire.answer(snapshot(100, bids, asks))
    wire.frame(depth(101, 101))
    assert wire.source.advance(wire.now + SECOND).requests == ()

    gone = [(price, "0") for price, _ in bids[:60]]
    wire.frame(depth(102, 102, gone, [("61501.00", "1")]))
    step = wire.source.advance(wire.now + 2 * SECOND)

    assert [request.tag for request in step.requests] == ["snapshot:BTCUSDT"]
    assert wire.source.advance(wire.now + 3 * SECOND).requests == ()


def test_a_refresh_in_other_ticks_is_taken_in_the_finer_ones() -> None:
    wire = refreshing()
    wire.frame(depth(102, 103, [("61799.123", "1")]))

    wire.answer(snapshot(103, (*BIDS, ("61799.123", "1"), ("1.0", "0.0000001"))))
    wire.frame(depth(104, 104))

    book = wire.source.books[0]
    assert book.counts == (4, 2)
    assert book.levels("bid", 4)[2][0] == Decimal("61799.123")
    assert book.steps == (Decimal("0.001"), Decimal("0.0000001"))
