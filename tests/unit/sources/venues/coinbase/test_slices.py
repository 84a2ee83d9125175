"""Snapshots of megabytes, read a slice at a time."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from signald.core.board import Board
from signald.core.kernels.rows import STATE_GAP, STATE_LIVE, STATE_SYNCING
from signald.model.notices import BookGap, Rejected
from signald.sources.registry import build_source, read_venue_config
from signald.sources.sliced import SlicedSource
from signald.sources.venues.coinbase import source as _compiled  # noqa: F401 - to compile takes longer than a test may
from tests.support.instruments import COINBASE_BTC, COINBASE_ETH

NOW = 1_787_610_117_110_183_000
LEVELS = 7_000
"""A side; a megabyte and a half as JSON."""


def frame(number: int, kind: str, levels: list[tuple[str, str, str]], symbol: str = "BTC-USD") -> bytes:
    updates = [
        {"side": side, "event_time": "1970-01-01T00:00:00Z", "price_level": price, "new_quantity": size}
        for side, price, size in levels
    ]
    events = [{"type": kind, "product_id": symbol, "updates": updates}]
    head = {"channel": "l2_data", "timestamp": "2026-08-24T22:34:13.813164957Z", "sequence_num": number}
    return json.dumps({**head, "events": events}, separators=(",", ":")).encode()


def long_levels() -> Iterator[tuple[str, str, str]]:
    for step in range(LEVELS):
        yield "bid", f"{100_000 - step / 25:.2f}", "1"
        yield "offer", f"{100_001 + step / 25:.2f}", "2"


LONG = frame(1, "snapshot", list(long_levels()))
SHORT = [("bid", "99", "2"), ("offer", "101", "3")]


class Run:
    """A source of two books, and what ticks when something is due."""

    def __init__(self) -> None:
        instruments = [COINBASE_BTC, COINBASE_ETH]
        names = [each.id for each in instruments]
        self.board = Board(names)
        source = build_source(
            read_venue_config({"name": "coinbase", "instruments": names}, where="test"), instruments, self.board
        )
        assert isinstance(source, SlicedSource)
        self.source = source
        self.said: list[Any] = []
        self.ticks = 0
        self.now = NOW
        source.on_connected(NOW)

    def feed(self, *frames: bytes) -> None:
        for each in frames:
            self.said += self.source.on_frame(each, self.now).events

    def tick(self) -> None:
        due = self.source.next_deadline()
        assert due is not None
        self.ticks += 1
        self.now = max(self.now, due)
        self.said += self.source.advance(self.now).events

    def read_on(self) -> None:
        """Tick as long as it is at once."""
        while (due := self.source.next_deadline()) is not None and due <= self.now + 1:
            self.tick()

    @property
    def states(self) -> list[int]:
        return self.board.read()["state"].tolist()

    def book(self) -> tuple[Any, Any, int]:
        book = self.source.books[0]
        return book.levels("bid", 1 << 20), book.levels("ask", 1 << 20), book.sequence


def test_a_long_snapshot_is_read_in_slices_and_gives_the_same_book() -> None:
    run = Run()
    run.feed(LONG)
    begun = run.states[0]

    run.read_on()

    bids, asks, sequence = run.book()
    assert (begun, run.states[0], run.source.books[0].applied) == (STATE_SYNCING, STATE_LIVE, 1)
    assert run.ticks >= 5
    assert [float(price) for price, _ in bids] == [round(100_000 - step / 25, 2) for step in range(LEVELS)]
    assert [float(size) for _, size in asks] == [2.0] * LEVELS
    assert sequence == 1


def test_another_book_goes_on_between_two_slices() -> None:
    run = Run()
    run.feed(LONG, frame(2, "snapshot", SHORT, "ETH-USD"))
    run.tick()

    run.feed(frame(3, "update", [("bid", "100", "1")], "ETH-USD"))

    assert run.states == [STATE_SYNCING, STATE_LIVE]
    assert run.board.read()["bid"][1] == 100.0


def test_what_comes_meanwhile_is_applied_behind_the_snapshot() -> None:
    run = Run()
    run.feed(LONG, frame(2, "update", [("bid", "100000", "0"), ("offer", "100000.5", "7")]))
    run.tick()
    run.feed(frame(3, "update", [("bid", "100000.25", "1")]), frame(3, "update", [("bid", "100000.25", "9")]))

    run.read_on()
    run.feed(frame(4, "update", [("offer", "100000.5", "0")]))

    row = run.board.read()[0]
    assert [one for one in run.said if isinstance(one, BookGap)] == []
    assert (row["bid"], row["bid_size"], row["ask"], row["applied"]) == (100_000.25, 1.0, 100_001.0, 4)


def test_two_long_snapshots_are_read_one_after_the_other() -> None:
    run = Run()
    other = LONG.replace(b'"BTC-USD"', b'"ETH-USD"').replace(b'"sequence_num":1', b'"sequence_num":2')

    run.feed(LONG, other)
    run.read_on()

    assert run.states == [STATE_LIVE, STATE_LIVE]


def test_of_snapshots_without_end_two_a_book_wait_and_the_eldest_is_read_at_once() -> None:
    run = Run()
    snapshots = [LONG.replace(b'"sequence_num":1', b'"sequence_num":%d' % number) for number in range(1, 8)]

    run.feed(*snapshots)
    slices: Any = vars(run.source)["_slices"]
    waiting = len(vars(slices)["_queue"])
    applied = run.source.books[0].applied
    run.read_on()

    assert (waiting, applied) == (4, 3)
    assert run.book()[2] == 7
    assert run.states[0] == STATE_LIVE


def test_a_frame_missing_meanwhile_costs_the_snapshot() -> None:
    run = Run()
    run.feed(LONG)
    run.tick()

    run.feed(frame(3, "update", [("bid", "100000", "0")]))
    run.read_on()

    assert run.states[0] != STATE_LIVE


def test_a_long_snapshot_that_comes_again_or_too_late_changes_nothing() -> None:
    run = Run()
    run.feed(LONG, LONG)
    run.read_on()

    run.feed(LONG)

    assert run.source.books[0].applied == 1
    assert run.states[0] == STATE_LIVE


def test_a_new_connection_forgets_what_was_being_read() -> None:
    run = Run()
    run.feed(LONG)
    run.source.on_disconnected(run.now)
    run.source.on_connected(run.now)

    run.feed(frame(1, "snapshot", SHORT))

    run.read_on()
    assert run.book()[0] == [(99, 2)]


def test_a_book_is_kept_in_finer_steps_for_a_level_inside() -> None:
    run = Run()
    run.feed(LONG.replace(b'"price_level":"99990.00"', b'"price_level":"99990.005"'))

    run.read_on()

    assert run.states[0] == STATE_LIVE
    assert Decimal("99990.005") in {price for price, _ in run.book()[0]}
    assert run.source.counts["refined"] == 1


@pytest.mark.parametrize("spoilt", [(b'"price_level":"99800.00"', b'"price_level":99800'), (b'"99800.00"', b'"1e999"')])
def test_a_snapshot_that_makes_no_sense_far_inside_is_refused(spoilt: tuple[bytes, bytes]) -> None:
    run = Run()
    run.feed(LONG.replace(*spoilt, 1))

    run.read_on()

    assert [type(one) for one in run.said] == [Rejected]
    assert run.states[0] in {STATE_SYNCING, STATE_GAP}


def test_a_long_frame_that_is_no_snapshot_is_taken_at_once() -> None:
    run = Run()
    run.feed(frame(1, "snapshot", SHORT))

    run.feed(frame(2, "update", [("bid", f"{price / 100}", "1") for price in range(1, 5_000)]))

    assert run.source.books[0].applied == 2
    assert run.ticks == 0
