import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from signald.core.board import Board
from signald.core.kernels.rows import STATE_GAP, STATE_LIVE
from signald.errors import ConfigError
from signald.model.notices import BookGap, Rejected
from signald.sources.inband import InBandSource
from signald.sources.registry import build_source, read_venue_config
from signald.sources.venues.coinbase import source as _compiled  # noqa: F401 - to compile takes longer than a test may
from tests.support.instruments import COINBASE_BTC, COINBASE_ETH

NOW = 1_787_610_117_110_183_000


def event(kind: str, *levels: tuple[str, str, str], symbol: str = "BTC-USD") -> dict[str, Any]:
    updates = [
        {"side": side, "event_time": "1970-01-01T00:00:00Z", "price_level": price, "new_quantity": size}
        for side, price, size in levels
    ]
    return {"type": kind, "product_id": symbol, "updates": updates}


def frame(number: int, *events: dict[str, Any], channel: str = "l2_data") -> bytes:
    head = {"channel": channel, "timestamp": "2026-08-24T22:34:13.813164957Z", "sequence_num": number}
    return json.dumps({**head, "events": events}, separators=(",", ":")).encode()


BOOK = (("bid", "99", "2"), ("bid", "98.5", "1"), ("offer", "101", "3"))


class Run:
    """One source of two books, connected."""

    def __init__(self) -> None:
        instruments = [COINBASE_BTC, COINBASE_ETH]
        names = [each.id for each in instruments]
        self.board = Board(names)
        config = read_venue_config({"name": "coinbase", "instruments": names}, where="test")
        source = build_source(config, instruments, self.board)
        assert isinstance(source, InBandSource)
        self.source = source
        self.said: list[object] = []
        self.asked = source.on_connected(NOW).frames

    def feed(self, *frames: bytes) -> None:
        for each in frames:
            self.said += self.source.on_frame(each, NOW).events

    @property
    def gaps(self) -> list[str]:
        return [each.instrument for each in self.said if isinstance(each, BookGap)]

    @property
    def states(self) -> Sequence[int]:
        return self.board.read()["state"].tolist()


def test_heartbeats_are_asked_for_with_the_books() -> None:
    orders = [json.loads(each) for each in Run().asked]

    assert [each["channel"] for each in orders] == ["heartbeats", "level2"]


@pytest.mark.parametrize("lost", ["heartbeats", "l2_data", "subscriptions"])
def test_what_is_missing_may_have_been_anyones(lost: str) -> None:
    run = Run()
    frames = [
        frame(0, event("snapshot", *BOOK)),
        frame(1, event("snapshot", *BOOK, symbol="ETH-USD")),
        frame(2, *([event("update", symbol="ETH-USD")] if lost == "l2_data" else []), channel=lost),
        frame(3, event("update", ("bid", "99.5", "1"))),
    ]

    run.feed(*frames[:2], *frames[3:])

    assert run.gaps == ["BTC-USD.COINBASE", "ETH-USD.COINBASE"]
    assert run.states == [STATE_GAP, STATE_GAP]


def test_every_frame_counts_whatever_it_is_of() -> None:
    run = Run()

    run.feed(
        frame(7, event("snapshot", *BOOK)),
        frame(8, channel="heartbeats"),
        frame(9, event("update", *BOOK, symbol="SOL-USD")),
        frame(10, {"subscriptions": {"level2": ["BTC-USD"]}}, channel="subscriptions"),
        frame(11, event("update", ("bid", "99.5", "1"), ("offer", "101", "0"), ("offer", "102", "1"))),
    )

    row = run.board.read()[0]
    assert run.gaps == []
    assert (row["bid"], row["ask"], row["applied"], row["sequence"]) == (99.5, 102.0, 2, 11)


def test_a_frame_of_several_events_is_one_frame() -> None:
    run = Run()

    run.feed(
        frame(1, event("snapshot", *BOOK), event("snapshot", *BOOK, symbol="ETH-USD")),
        frame(2, event("update", ("bid", "99.5", "1")), event("update", ("bid", "99.75", "1"), symbol="ETH-USD")),
        frame(3, event("update", ("bid", "99.6", "1"))),
    )

    assert run.gaps == []
    assert run.states == [STATE_LIVE, STATE_LIVE]
    assert run.board.read()["bid"].tolist() == [99.6, 99.75]


def test_a_frame_of_several_events_that_comes_again_changes_nothing() -> None:
    run = Run()
    several = frame(2, event("update", ("bid", "99.5", "1")), event("update", ("bid", "99.75", "1"), symbol="ETH-USD"))
    run.feed(
        frame(1, event("snapshot", *BOOK), event("snapshot", *BOOK, symbol="ETH-USD")),
        several,
        frame(3, event("update", ("bid", "99.75", "0"), symbol="ETH-USD")),
    )

    run.feed(several, frame(4, event("update")), frame(4, event("update")), several)

    assert run.gaps == []
    assert run.board.read()["bid"].tolist()[1] == 99.0
    assert run.source.books[1].applied == 3


def test_a_frame_of_several_events_that_comes_twice_at_once_is_applied_once() -> None:
    run = Run()
    snapshots = frame(1, event("snapshot", *BOOK), event("snapshot", *BOOK, symbol="ETH-USD"))

    run.feed(snapshots, snapshots)

    assert [book.applied for book in run.source.books] == [1, 1]


@pytest.mark.parametrize("first", ["update", "snapshot"])
def test_events_behind_one_of_a_product_that_is_not_kept_are_taken(first: str) -> None:
    run = Run()
    run.feed(frame(1, event("snapshot", *BOOK)))
    stranger = event(first, ("bid", "5", "1"), symbol="SOL-USD")

    run.feed(
        frame(2, stranger, event("update", ("bid", "99.5", "1"))), frame(3, event("update", ("offer", "100", "1")))
    )

    row = run.board.read()[0]
    assert run.gaps == []
    assert (row["bid"], row["ask"], row["applied"]) == (99.5, 100.0, 3)


def test_a_frame_whose_first_event_is_refused_is_missed_whole() -> None:
    run = Run()
    run.feed(frame(1, event("snapshot", *BOOK), event("snapshot", *BOOK, symbol="ETH-USD")))
    spoilt = event("update", ("bid", "1e400", "1")), event("update", ("bid", "99.75", "1"), symbol="ETH-USD")

    run.feed(frame(2, *spoilt))

    assert [type(each) for each in run.said if isinstance(each, Rejected)] == [Rejected]
    assert run.source.books[1].applied == 1


def test_a_snapshot_need_not_begin_with_its_best() -> None:
    run = Run()
    levels = [("bid", f"{price}", "1") for price in range(1, 20_000, 13)]

    run.feed(frame(1, event("snapshot", *levels, ("offer", "1000000", "1"), ("offer", "20001", "2"))))

    row = run.board.read()[0]
    assert (row["bid"], row["ask"]) == (19_995.0, 20_001.0)
    assert run.source.books[0].counts == (1_539, 2)


@pytest.mark.parametrize(
    "spoilt",
    [
        (b'"side":"bid"', b'"side":"bad"'),
        (b'"price_level":"99.5"', b'"price_level":"0"'),
        (b'"price_level":"99.5"', b'"price_level":99.5'),
        (b'"sequence_num":2', b'"sequence_num":-2'),
        (b"2026-08-24T", b"2026-08-32T"),
    ],
)
def test_a_frame_that_makes_no_sense_is_missed_by_the_next(spoilt: tuple[bytes, bytes]) -> None:
    run = Run()
    run.feed(frame(1, event("snapshot", *BOOK)))

    run.feed(frame(2, event("update", ("bid", "99.5", "1"))).replace(*spoilt), frame(3, event("update")))

    assert [type(each) for each in run.said if isinstance(each, Rejected)] == [Rejected]
    assert run.gaps[:1] == ["BTC-USD.COINBASE"]


def test_more_products_than_a_connection_may_have_are_refused() -> None:
    many = [msgspec.structs.replace(COINBASE_BTC, id=f"X{n}-USD.COINBASE", venue_symbol=f"X{n}-USD") for n in range(31)]
    names = [each.id for each in many]
    config = read_venue_config({"name": "coinbase", "instruments": names}, where="test")

    with pytest.raises(ConfigError, match="31, and one connection may have 30"):
        build_source(config, many, Board(names))
