import json
import math

import msgspec
import pytest

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels import rows
from signald.core.kernels.jit import PLAIN
from signald.errors import ConfigError
from signald.model.notices import BookGap, BookLive, BookStale, Rejected
from signald.sources.protocol import EMPTY
from signald.sources.registry import build_source, read_venue_config
from tests.support.binance_wire import SECOND, Wire, depth, envelope, snapshot, ticker
from tests.support.instruments import BTCUSDT, ETHUSDT

GAP, LIVE, SYNCING, DISCONNECTED = rows.STATE_GAP, rows.STATE_LIVE, rows.STATE_SYNCING, rows.STATE_DISCONNECTED


def test_the_address_subscribes_to_depth_and_ticker_of_every_symbol() -> None:
    wire = Wire(BTCUSDT, ETHUSDT)

    assert wire.source.url_path == (
        "/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker/ethusdt@depth@100ms/ethusdt@bookTicker"
    )
    assert wire.source.instruments == (BTCUSDT.id, ETHUSDT.id)


def test_connecting_asks_for_every_snapshot() -> None:
    wire = Wire(BTCUSDT, ETHUSDT)

    step = wire.connect()

    assert [(request.tag, request.path) for request in step.requests] == [
        ("snapshot:BTCUSDT", "/api/v3/depth?symbol=BTCUSDT&limit=5000"),
        ("snapshot:ETHUSDT", "/api/v3/depth?symbol=ETHUSDT&limit=5000"),
    ]
    assert [request.not_before for request in step.requests] == [wire.now, wire.now]
    assert wire.row()["state"] == SYNCING


def test_a_book_is_live_with_the_first_frame_that_joins_its_snapshot() -> None:
    wire = Wire(BTCUSDT)
    wire.connect()
    assert wire.answer(snapshot(100)) is EMPTY
    assert wire.row()["state"] == SYNCING

    step = wire.frame(depth(99, 103, [("61800.00", "0")], [("61800.01", "0.7")]))

    assert step.events == (BookLive(channel="binance", instrument=BTCUSDT.id, sequence=103, ts_ingest=wire.now),)
    row = wire.row()
    assert (row["state"], row["sequence"], row["applied"]) == (LIVE, 103, 1)
    assert (row["bid"], row["ask"], row["ask_size"]) == (61799.5, 61800.01, 0.7)
    assert (row["ts_ingest"], row["ts_event"]) == (wire.now, 1_723_161_255_208_000_000)


def test_frames_kept_before_the_snapshot_are_put_onto_it() -> None:
    wire = Wire(BTCUSDT)
    applied: list[tuple[int, int]] = []
    wire.source.on_applied = lambda book: applied.append((book.sequence, book.ts_ingest))
    wire.connect()
    times = []
    for first, final in ((95, 98), (99, 102), (103, 105)):
        assert wire.frame(depth(first, final, [(f"6{final}.00", "1")])) is EMPTY
        times.append(wire.now)

    step = wire.answer(snapshot(100))

    assert [type(event) for event in step.events] == [BookLive]
    assert applied == [(102, times[1]), (105, times[2])]
    assert [price for price, _ in wire.source.books[0].levels("bid", 9)][-2:] == [6105, 6102]
    assert wire.row()["ts_ingest"] == times[2]


def test_a_frame_that_does_not_join_is_a_gap_and_is_cured() -> None:
    wire = Wire(BTCUSDT)
    wire.go_live(100)

    step = wire.frame(depth(103, 104))

    (gap,) = step.events
    assert gap == BookGap(
        channel="binance", instrument=BTCUSDT.id, reason="sequence", expected=102, received=103, ts_ingest=wire.now
    )
    assert [request.tag for request in step.requests] == ["snapshot:BTCUSDT"]
    row = wire.row()
    assert row["state"] == GAP
    assert math.isnan(row["bid"])
    wire.frame(depth(105, 105))
    cured = wire.answer(snapshot(103))
    assert [type(event) for event in cured.events] == [BookLive]
    assert (wire.row()["state"], wire.row()["sequence"]) == (LIVE, 105)


def test_frames_that_repeat_or_overlap_do_no_harm() -> None:
    wire = Wire(BTCUSDT)
    wire.go_live(100)

    assert wire.frame(depth(99, 101, [("1.00", "1")])) is EMPTY
    assert wire.frame(depth(100, 102, [("2.00", "1")])) is EMPTY

    assert wire.row()["sequence"] == 102
    assert wire.source.books[0].levels("bid", 9)[-1] == (2, 1)


def test_a_snapshot_older_than_the_frames_is_asked_for_again_after_a_pause() -> None:
    wire = Wire(BTCUSDT)
    wire.connect()
    wire.frame(depth(200, 201))

    step = wire.answer(snapshot(100))

    (gap,) = step.events
    assert isinstance(gap, BookGap)
    assert (gap.reason, gap.expected, gap.received) == ("stale_snapshot", 101, 200)
    assert step.requests[0].not_before == wire.now + SECOND
    assert [type(event) for event in wire.answer(snapshot(200)).events] == [BookLive]


def test_a_gap_within_the_kept_frames_keeps_those_behind_it() -> None:
    wire = Wire(BTCUSDT)
    wire.connect()
    for first in (99, 102, 110, 111):
        wire.frame(depth(first, first + (2 if first < 110 else 0)))

    step = wire.answer(snapshot(100))

    assert [event.reason for event in step.events if isinstance(event, BookGap)] == ["sequence"]
    assert [type(event) for event in wire.answer(snapshot(109)).events] == [BookLive]
    assert wire.row()["sequence"] == 111


def test_a_failed_answer_is_asked_for_again_ever_more_seldom() -> None:
    wire = Wire(BTCUSDT)
    wire.connect()

    waits = []
    for _ in range(8):
        step = wire.answer(b"")
        waits.append(round((step.requests[0].not_before - wire.now) / SECOND))
        wire.now = step.requests[0].not_before

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize("body", [b'{"code":-1121,"msg":"Invalid symbol."}', b"<html>", b"[]", b'{"lastUpdateId":1}'])
def test_an_answer_that_is_no_snapshot_is_said_and_asked_for_again(body: bytes) -> None:
    wire = Wire(BTCUSDT)
    wire.connect()

    step = wire.answer(body)

    (rejected,) = step.events
    assert isinstance(rejected, Rejected)
    assert rejected.field == "snapshot:BTCUSDT"
    assert len(step.requests) == 1


def test_an_answer_that_nobody_waits_for_is_ignored() -> None:
    wire = Wire(BTCUSDT)
    assert wire.answer(snapshot(100)) is EMPTY
    wire.go_live(100)

    assert wire.answer(snapshot(50)) is EMPTY
    assert wire.answer(snapshot(50), "DOGEUSDT") is EMPTY
    assert wire.source.on_response("other", b"", wire.now) is EMPTY
    assert wire.row()["sequence"] == 101


def test_an_overdue_answer_is_asked_for_again() -> None:
    wire = Wire(BTCUSDT)
    wire.connect()
    due = wire.source.next_deadline()
    assert due is not None

    assert wire.source.advance(due - 1).requests == ()
    step = wire.source.advance(due)

    assert [request.tag for request in step.requests] == ["snapshot:BTCUSDT"]
    later = wire.source.next_deadline()
    assert later is not None
    assert later > due


def test_the_snapshot_may_be_written_in_any_legal_way() -> None:
    wire = Wire(BTCUSDT)
    wire.connect()

    wire.answer(json.dumps({"x": [1], **json.loads(snapshot(100))}, indent=2).encode())

    assert wire.source.books[0].counts == (2, 2)


def test_a_disconnection_ends_every_book() -> None:
    wire = Wire(BTCUSDT, ETHUSDT)
    wire.go_live(100)

    step = wire.source.on_disconnected(wire.now)

    assert [(event.instrument, event.reason) for event in step.events if isinstance(event, BookGap)] == [
        (BTCUSDT.id, "disconnected")
    ]
    assert [wire.row(number)["state"] for number in range(2)] == [DISCONNECTED, DISCONNECTED]
    assert wire.source.next_deadline() is None
    assert wire.frame(depth(102, 102)) is EMPTY
    assert wire.row()["state"] == DISCONNECTED


def test_a_new_connection_starts_from_nothing() -> None:
    wire = Wire(BTCUSDT)
    wire.go_live(100)
    wire.frame(ticker(500, "1.00", "2.00"))
    wire.source.on_disconnected(wire.now)

    step = wire.connect()

    assert len(step.requests) == 1
    assert wire.source.books[0].counts == (0, 0)
    wire.answer(snapshot(10))
    wire.frame(depth(11, 11))
    assert (wire.row()["bid"], wire.row()["sequence"]) == (61800.0, 11)


def test_a_newer_ticker_gives_the_touch_and_an_older_does_not() -> None:
    wire = Wire(BTCUSDT)
    wire.go_live(100)

    wire.frame(ticker(101, "1.00", "2.00"))
    assert wire.row()["bid"] == 61800.0
    wire.frame(ticker(105, "61800.50", "61800.60"))
    at = wire.now
    wire.frame(ticker(104, "3.00", "4.00"))
    wire.frame(depth(102, 104, [("61799.00", "1")]))
    row = wire.row()
    assert (row["bid"], row["bid_size"], row["ask"], row["ask_size"]) == (61800.5, 0.25, 61800.6, 0.75)
    assert (row["ts_touch"], row["sequence"]) == (at, 104)
    wire.frame(depth(105, 105, [("61800.00", "4")]))

    assert (wire.row()["bid"], wire.row()["bid_size"]) == (61800.0, 4.0)
    assert wire.source.books[0].touch()[0] == wire.source.books[0].levels("bid", 1)[0]


def test_a_ticker_before_the_book_is_live_shows_once_it_is() -> None:
    wire = Wire(BTCUSDT)
    wire.connect()
    wire.frame(ticker(300, "61800.50", "61800.60"))
    assert math.isnan(wire.row()["bid"])
    wire.answer(snapshot(100))

    wire.frame(depth(101, 101))

    assert wire.row()["bid"] == 61800.5


def test_a_ticker_with_an_empty_side_is_one_sided() -> None:
    wire = Wire(BTCUSDT)
    wire.go_live(100)

    wire.frame(ticker(105, "0.00000000", "61800.60"))

    row = wire.row()
    assert math.isnan(row["bid"])
    assert row["flags"] & rows.FLAG_ONE_SIDED


def test_a_silent_book_is_stale_until_it_moves() -> None:
    wire = Wire(BTCUSDT, stale_after_ms=2_000)
    wire.go_live(100)
    last = wire.now
    halfway = wire.source.next_deadline()
    assert halfway == last + SECOND
    assert wire.source.advance(halfway).events == ()
    due = wire.source.next_deadline()
    assert due == last + 2 * SECOND
    wire.now = due - 2_000_000
    wire.frame(ticker(101, "1.00", "2.00"))

    (stale,) = wire.source.advance(due).events

    assert stale == BookStale(channel="binance", instrument=BTCUSDT.id, age_ms=2_000.0, ts_ingest=due)
    assert (wire.row()["state"], wire.row()["flags"]) == (LIVE, rows.FLAG_STALE)
    again = wire.source.next_deadline()
    assert again is not None
    assert again > due
    assert wire.source.advance(again).events == ()
    wire.now = again
    wire.frame(depth(102, 102))
    assert wire.row()["flags"] == 0
    assert [type(event) for event in wire.source.advance(wire.now + 3 * SECOND).events] == [BookStale]


def test_a_book_that_moves_is_not_stale() -> None:
    wire = Wire(BTCUSDT, stale_after_ms=2_000)
    wire.go_live(100)
    for number in range(20):
        wire.now += SECOND
        wire.frame(depth(102 + number, 102 + number, E=1_723_161_255_208 + 1_000 * number))
        due = wire.source.next_deadline()
        if due is not None and due <= wire.now:
            assert wire.source.advance(wire.now).events == ()


def test_a_crossed_book_is_flagged_and_after_a_while_thrown_away() -> None:
    wire = Wire(BTCUSDT)
    wire.go_live(100)

    wire.frame(depth(102, 102, [("61900.00", "1")]))
    assert wire.row()["flags"] == rows.FLAG_CROSSED
    events = [event for number in range(103, 111) for event in wire.frame(depth(number, number)).events]
    assert events == []
    step = wire.frame(depth(111, 111))

    assert [event.reason for event in step.events if isinstance(event, BookGap)] == ["crossed"]
    assert wire.row()["state"] == GAP


@pytest.mark.parametrize(
    ("frame", "count"),
    [
        (b'{"result":null,"id":1}', "other_kind"),
        (envelope("trade", {"e": "trade", "E": 1, "s": "BTCUSDT", "b": 88, "p": "1"}), "other_kind"),
        (depth(1, 2, s="DOGEUSDT"), "unknown_symbol"),
    ],
)
def test_what_is_no_books_is_counted(frame: bytes, count: str) -> None:
    wire = Wire(BTCUSDT)
    wire.go_live(100)

    assert wire.frame(frame) is EMPTY

    assert wire.source.counts[count] == 1


def test_an_announced_shutdown_is_followed_by_a_new_connection() -> None:
    wire = Wire(BTCUSDT)

    step = wire.frame(b'{"e":"serverShutdown","E":1770123456789}')

    assert step.reconnect


@pytest.mark.parametrize("rewrite", ["spaces", "order", "escapes", "bare", "backwards", "extra"])
def test_a_frame_may_be_written_in_any_legal_way(rewrite: str) -> None:
    wire = Wire(BTCUSDT)
    wire.go_live(100)
    frame = depth(102, 105, [("61799.75", "3")], [("61800.01", "0")])
    data = json.loads(frame)["data"]
    ways = {
        "spaces": json.dumps(json.loads(frame), indent=2),
        "order": json.dumps({"stream": "x", "data": dict(sorted(data.items()))}),
        "escapes": frame.decode().replace("BTCUSDT", "\\u0042TCUSDT").replace("61799", "6179\\u0039"),
        "bare": json.dumps(data, separators=(",", ":")),
        "backwards": json.dumps({"data": data, "stream": "x"}, separators=(",", ":")),
        "extra": json.dumps(
            {"stream": "x", "data": {"ps": {"q": [1, "ü"]}, **data, "st": None}}, separators=(",", ":")
        ),
    }

    assert wire.frame(ways[rewrite].encode()) is EMPTY

    assert (wire.row()["sequence"], wire.row()["ask"]) == (105, 61800.5)
    assert wire.source.books[0].levels("bid", 9)[1] == (61799.75, 3)


def test_depth_beyond_a_snapshot_that_was_cut_off_is_unknown() -> None:
    wire = Wire(BTCUSDT, snapshot_limit=100)
    wire.connect()
    bids = [(f"{61800 - n * 0.5:.2f}", "1") for n in range(100)]
    asks = [(f"{61801 + n * 0.5:.2f}", "1") for n in range(99)]
    wire.answer(snapshot(100, bids, asks))

    wire.frame(depth(101, 101))

    row = wire.row()
    assert row["bid_depth_5"] > 0
    assert math.isnan(row["bid_depth_10"])
    assert row["ask_depth_25"] >= row["ask_depth_10"] > row["ask_depth_5"] > 0


def test_a_thousand_resyncs_leave_the_books_as_small_as_before() -> None:
    wire = Wire(BTCUSDT)
    wire.go_live(100)
    size = wire.source.books[0].words.nbytes
    rounds = 50 if PLAIN else 1_000
    for round_ in range(rounds):
        start = 1_000 * (round_ + 1)
        wire.now += 120 * SECOND
        wire.frame(depth(start, start))
        for number in range(5):
            wire.frame(depth(start + 1 + number, start + 1 + number))
        assert [type(event) for event in wire.answer(snapshot(start)).events] == [BookLive]

    assert wire.source.books[0].words.nbytes == size
    assert wire.row()["applied"] == 1 + 5 * rounds


def test_futures_chain_by_the_frame_before() -> None:
    futures = BTCUSDT_PERP
    wire = Wire(futures)
    step = wire.connect()
    assert step.requests[0].path == "/fapi/v1/depth?symbol=BTCUSDT&limit=1000"
    wire.frame(depth(80, 90, pu=79))
    wire.frame(depth(95, 105, [("61799.00", "1")], pu=90))

    assert [type(event) for event in wire.answer(snapshot(100)).events] == [BookLive]
    assert wire.frame(depth(120, 130, pu=105)) is EMPTY
    assert wire.row()["sequence"] == 130
    (gap,) = wire.frame(depth(131, 140, pu=131)).events
    assert isinstance(gap, BookGap)
    assert gap.reason == "sequence"


def test_a_futures_frame_without_its_chain_makes_no_sense() -> None:
    wire = Wire(BTCUSDT_PERP)
    wire.connect()
    wire.answer(snapshot(100))
    wire.frame(depth(101, 105, pu=100))

    step = wire.frame(depth(106, 107))

    assert [type(event) for event in step.events] == [Rejected, BookGap]


def test_whoever_watches_is_told_of_every_applied_frame() -> None:
    wire = Wire(BTCUSDT)
    seen: list[Book] = []
    wire.source.on_applied = seen.append
    wire.go_live(100)
    wire.frame(ticker(200, "1", "2"))
    wire.frame(depth(102, 102))
    wire.frame(depth(102, 102))
    wire.frame(json.dumps(json.loads(depth(103, 103))).encode())

    assert len(seen) == 3 == seen[0].applied


BTCUSDT_PERP = type(BTCUSDT)(
    **{**{name: getattr(BTCUSDT, name) for name in BTCUSDT.__struct_fields__}, "id": "BTCUSDT-PERP.BINANCE",
       "venue": "binance_usdm", "kind": "perpetual"}
)  # fmt: skip


def test_more_streams_than_one_connection_may_have_are_refused() -> None:
    symbols = [
        msgspec.structs.replace(BTCUSDT, id=f"A{number}.BINANCE", venue_symbol=f"A{number}") for number in range(513)
    ]
    config = read_venue_config({"name": "binance", "instruments": [each.id for each in symbols]}, where="test")
    board = Board([each.id for each in symbols])

    with pytest.raises(ConfigError, match="instruments: 513, one connection may have 512"):
        build_source(config, symbols, board)
