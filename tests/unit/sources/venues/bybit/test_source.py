import math

import pytest

from signald.core.board import Board
from signald.core.kernels.outcomes import PROBLEMS, TOO_LARGE
from signald.core.kernels.rows import STATE_GAP
from signald.errors import ConfigError
from signald.model.notices import BookGap, Rejected
from signald.sources.protocol import VenueSource
from signald.sources.registry import build_source, read_venue_config
from signald.sources.venues.bybit import source as _compiled  # noqa: F401 - to compile takes longer than a test may
from tests.support.instruments import BYBIT_PERP, BYBIT_SPOT

NOW = 1_786_310_818_000_000_000


def test_each_family_has_its_own_address() -> None:
    paths = []
    for instrument in (BYBIT_SPOT, BYBIT_PERP):
        config = read_venue_config({"name": "bybit", "instruments": [instrument.id]}, where="test")
        paths.append(build_source(config, [instrument], Board([instrument.id])).url_path)

    assert paths == ["/v5/public/spot", "/v5/public/linear"]


def test_two_families_in_one_table_are_refused() -> None:
    instruments = [BYBIT_SPOT, BYBIT_PERP]
    names = [instrument.id for instrument in instruments]
    config = read_venue_config({"name": "bybit", "instruments": names}, where="test")

    with pytest.raises(ConfigError, match="give each family a table of its own"):
        build_source(config, instruments, Board(names))


def test_depth_beyond_the_window_is_unknown_and_the_window_moves() -> None:
    board = Board([BYBIT_SPOT.id])
    config = read_venue_config({"name": "bybit", "instruments": [BYBIT_SPOT.id]}, where="test")
    source = build_source(config, [BYBIT_SPOT], board)
    source.on_connected(NOW)

    source.on_frame(
        frame("snapshot", 7, [(60_000 - n, 1) for n in range(50)], [(60_001 + n, 1) for n in range(49)]), NOW
    )
    full = board.read()[0]
    source.on_frame(frame("delta", 8, [(59_951, 0)], []), NOW + 10**9)
    fewer = board.read()[0]

    assert math.isnan(full["bid_depth_25"])
    assert full["ask_depth_5"] == sum(60_001 + n for n in range(30))
    assert full["bid_depth_5"] == sum(60_000 - n for n in range(30))
    assert not math.isnan(fewer["bid_depth_25"])


@pytest.mark.parametrize("ts", ["9223372036855", "999999999999999", "-1"])
def test_a_time_that_no_word_can_hold_loses_the_book(ts: str) -> None:
    config = read_venue_config({"name": "bybit", "instruments": [BYBIT_SPOT.id]}, where="test")
    source = build_source(config, [BYBIT_SPOT], Board([BYBIT_SPOT.id]))
    source.on_connected(NOW)
    source.on_frame(frame("snapshot", 7, [(60_000, 1)], [(60_001, 1)]), NOW)

    step = source.on_frame(frame("delta", 8, [], []).replace(b'"cts":1}', b'"cts":%s}' % ts.encode()), NOW)

    rejected, gap = step.events
    assert isinstance(rejected, Rejected)
    assert rejected.problem == PROBLEMS[TOO_LARGE]
    assert isinstance(gap, BookGap)
    assert gap.reason == "malformed"


@pytest.mark.parametrize("kind", ["snapshot", "delta"])
def test_a_service_that_was_restarted_begins_a_new_book(kind: str) -> None:
    source, board = live_at(700)

    step = source.on_frame(frame(kind, 1, [(59_000, 2)], [(59_001, 2)]), NOW)
    after = source.on_frame(frame("delta", 2, [(59_000, 3)], []), NOW)

    assert step.events == after.events == ()
    assert [board.read()[0][name] for name in ("bid", "bid_size", "ask", "sequence")] == [59_000.0, 3.0, 59_001.0, 2]


@pytest.mark.parametrize("update_id", [699, 702, 2, 0])
def test_an_update_that_is_not_the_next_is_a_gap(update_id: int) -> None:
    source, board = live_at(700)

    (gap,) = source.on_frame(frame("delta", update_id, [(59_999, 1)], []), NOW).events

    assert isinstance(gap, BookGap)
    assert (gap.reason, gap.expected, gap.received) == ("sequence", 701, update_id)
    assert board.read()[0]["state"] == STATE_GAP


def test_an_update_that_comes_twice_does_no_harm() -> None:
    source, board = live_at(700)

    steps = [source.on_frame(frame("delta", 701, [(60_000, size)], []), NOW) for size in (5, 9)]

    assert [step.events for step in steps] == [(), ()]
    assert board.read()[0]["bid_size"] == 5.0


def live_at(update_id: int) -> tuple[VenueSource, Board]:
    board = Board([BYBIT_SPOT.id])
    config = read_venue_config({"name": "bybit", "instruments": [BYBIT_SPOT.id]}, where="test")
    source = build_source(config, [BYBIT_SPOT], board)
    source.on_connected(NOW)
    source.on_frame(frame("snapshot", update_id, [(60_000, 1)], [(60_001, 1)]), NOW)
    return source, board


def frame(kind: str, update_id: int, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> bytes:
    sides = [",".join(f'["{price}","{size}"]' for price, size in side) for side in (bids, asks)]
    data = f'{{"s":"BTCUSDT","b":[{sides[0]}],"a":[{sides[1]}],"u":{update_id},"seq":1}}'
    return f'{{"topic":"orderbook.50.BTCUSDT","type":"{kind}","ts":1,"data":{data},"cts":1}}'.encode()
