import math

import pytest

from signald.core.board import Board
from signald.core.kernels.outcomes import PROBLEMS, TOO_LARGE
from signald.errors import ConfigError
from signald.model.notices import BookGap, Rejected
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


def frame(kind: str, update_id: int, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> bytes:
    sides = [",".join(f'["{price}","{size}"]' for price, size in side) for side in (bids, asks)]
    data = f'{{"s":"BTCUSDT","b":[{sides[0]}],"a":[{sides[1]}],"u":{update_id},"seq":1}}'
    return f'{{"topic":"orderbook.50.BTCUSDT","type":"{kind}","ts":1,"data":{data},"cts":1}}'.encode()
