import json
from typing import Any

import pytest

from signald.core.board import Board
from signald.core.kernels.rows import FLAG_ONE_SIDED
from signald.model.notices import BookGap, Rejected
from signald.sources.inband import InBandSource
from signald.sources.registry import build_source, read_venue_config
from signald.sources.venues.hyperliquid import source as _compiled  # noqa: F401 - to compile takes longer than a test may
from tests.support.instruments import HYPERLIQUID_BTC

NOW = 1_737_918_844_000_000_000
BLOCK = 1_737_918_843_542


def level(price: str, size: str) -> dict[str, Any]:
    return {"px": price, "sz": size, "n": 1}


def push(block: int, bids: list[Any], asks: list[Any], *, channel: str = "l2Book") -> bytes:
    members = {"levels": [bids, asks]} if channel == "l2Book" else {"bbo": [*bids, *asks]}
    data = {"coin": "BTC", "time": block, **members}
    return json.dumps({"channel": channel, "data": data}, separators=(",", ":")).encode()


class Run:
    """One source, connected."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - TOML
        self.board = Board([HYPERLIQUID_BTC.id])
        table = {"name": "hyperliquid", "instruments": [HYPERLIQUID_BTC.id], **settings}
        source = build_source(read_venue_config(table, where="test"), [HYPERLIQUID_BTC], self.board)
        assert isinstance(source, InBandSource)
        self.source = source
        self.asked = [json.loads(each)["subscription"] for each in source.on_connected(NOW).frames]
        self.said: list[object] = []

    def feed(self, *frames: bytes) -> None:
        for each in frames:
            self.said += self.source.on_frame(each, NOW).events

    @property
    def touch(self) -> tuple[float, float]:
        row = self.board.read()[0]
        return float(row["bid"]), float(row["ask"])


BOOK = [level("100", "1"), level("99", "2")], [level("101", "1"), level("102", "2")]


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        ({}, [{"type": "bbo", "coin": "BTC"}, {"type": "l2Book", "coin": "BTC", "fast": True}]),
        ({"fast": False, "touch": False}, [{"type": "l2Book", "coin": "BTC"}]),
    ],
)
def test_what_is_asked_for_can_be_set(settings: dict[str, Any], asked: list[Any]) -> None:
    assert Run(**settings).asked == asked


def test_each_push_is_a_whole_book() -> None:
    run = Run()

    run.feed(push(BLOCK, *BOOK), push(BLOCK + 500, [level("98", "1")], [level("103", "1")]))

    assert run.touch == (98.0, 103.0)
    assert run.source.books[0].counts == (1, 1)


def test_a_push_of_an_earlier_block_is_dropped() -> None:
    run = Run()

    run.feed(push(BLOCK, *BOOK), push(BLOCK - 1, [level("98", "1")], [level("103", "1")]))

    assert run.touch == (100.0, 101.0)
    assert run.source.books[0].applied == 1


@pytest.mark.parametrize("channel", ["l2Book", "bbo"])
def test_a_push_that_is_far_ahead_of_our_time_is_refused_and_the_next_counts(channel: str) -> None:
    run = Run()
    run.feed(push(BLOCK, *BOOK))
    sides = ([level("98", "1")], [level("103", "1")])

    run.feed(push(BLOCK + 3_600_000, *sides, channel=channel))
    refused, lost = run.said[1:]
    run.feed(push(BLOCK + 500, *BOOK), push(BLOCK + 570, *sides, channel="bbo"))

    assert isinstance(refused, Rejected)
    assert isinstance(lost, BookGap)
    assert "far ahead of ours" in refused.problem
    assert run.touch == (98.0, 103.0)


def test_a_push_that_is_a_little_ahead_of_our_time_counts() -> None:
    run = Run()

    run.feed(push(NOW // 1_000_000 + 60_000, *BOOK))

    assert run.touch == (100.0, 101.0)


def test_the_touch_comes_with_each_block() -> None:
    run = Run()
    run.feed(push(BLOCK, *BOOK))

    run.feed(push(BLOCK + 70, [level("100.5", "3")], [level("101", "1")], channel="bbo"))
    newer = run.touch
    run.feed(push(BLOCK - 70, [level("90", "3")], [level("91", "1")], channel="bbo"))

    assert newer == (100.5, 101.0)
    assert run.touch == newer


def test_a_touch_may_have_one_side_only() -> None:
    run = Run()
    run.feed(push(BLOCK, *BOOK))

    run.feed(push(BLOCK + 70, [None], [level("101", "1")], channel="bbo"))

    assert run.board.read()[0]["flags"] & FLAG_ONE_SIDED


def test_an_empty_book_is_one() -> None:
    run = Run()

    run.feed(push(BLOCK, [], []))

    assert run.source.books[0].counts == (0, 0)
    assert [each for each in run.said if isinstance(each, BookGap)] == []


@pytest.mark.parametrize("order", [["n", "px", "sz"], ["sz", "n", "px"]])
def test_members_may_come_in_any_order(order: list[str]) -> None:
    run = Run()
    sides = [[{key: each[key] for key in order} for each in side] for side in BOOK]

    run.feed(push(BLOCK, *sides))

    assert run.touch == (100.0, 101.0)
    assert run.source.counts["slow"] == 0


@pytest.mark.parametrize("bad", [{"px": "100"}, {"px": "0", "sz": "1"}, {"px": 100, "sz": "1"}, {"px": "x", "sz": "1"}])
def test_a_level_that_is_none_is_refused(bad: dict[str, Any]) -> None:
    run = Run()
    run.feed(push(BLOCK, *BOOK))

    run.feed(push(BLOCK + 1, [bad], []))

    assert [type(each) for each in run.said[1:]] == [Rejected, BookGap]
