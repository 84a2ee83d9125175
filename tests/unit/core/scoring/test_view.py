import math

import pytest

from signald.core.board import BoardRows, empty_rows
from signald.core.kernels.rows import FLAG_CROSSED, FLAG_LOCKED, FLAG_STALE, STATE_GAP, STATE_LIVE
from signald.core.scoring import book_flags, book_view
from signald.core.scoring.view import Row, cost_bps, half_spread_bps, smaller_side_usd


def _row(**fields: float) -> Row:
    rows: BoardRows = empty_rows(1).copy()
    values = {
        "state": STATE_LIVE,
        "ts_ingest": 1_000_000_000,
        "bid": 95700.1,
        "ask": 95700.2,
        "mid": 95700.15,
        "microprice": 95700.12,
        "spread_bps": 0.0104,
        "imbalance": -0.18,
        "bid_depth_5": 610_000.0,
        "ask_depth_5": 590_000.0,
        **fields,
    }
    for name, value in values.items():
        rows[name] = value
    return rows[0].item()


def test_a_live_book_is_shown_with_its_age() -> None:
    view = book_view(_row(), now=1_012_400_000)

    assert view is not None
    assert (view.bid, view.ask, view.mid, view.microprice) == (95700.1, 95700.2, 95700.15, 95700.12)
    assert (view.spread_bps, view.imbalance, view.age_ms) == (0.0104, -0.18, 12.4)
    assert (view.depth_usd["5"].bid, view.depth_usd["5"].ask) == (610_000.0, 590_000.0)
    assert view.depth_usd["25"].bid is None


@pytest.mark.parametrize("side", ["bid", "ask"])
def test_a_one_sided_book_is_no_book(side: str) -> None:
    row = _row(**{side: math.nan})

    assert book_view(row, now=0) is None
    assert book_view(_row(state=STATE_GAP), now=0) is None
    assert book_flags(row) == ("no_book",)


@pytest.mark.parametrize(
    ("fields", "flags"),
    [
        ({}, ()),
        ({"flags": FLAG_LOCKED}, ()),
        ({"flags": FLAG_STALE}, ("stale_book",)),
        ({"flags": FLAG_CROSSED}, ("crossed_book",)),
        ({"state": STATE_GAP}, ("no_book",)),
        ({"state": STATE_GAP, "flags": FLAG_STALE | FLAG_CROSSED}, ("stale_book", "no_book", "crossed_book")),
    ],
)
def test_what_is_wrong_with_a_book_is_said(fields: dict[str, float], flags: tuple[str, ...]) -> None:
    assert book_flags(_row(**fields)) == flags


def test_crossing_once_costs_half_the_spread() -> None:
    assert half_spread_bps(_row(spread_bps=3.0)) == 1.5
    assert half_spread_bps(_row(spread_bps=-3.0)) == 0.0
    assert half_spread_bps(_row(spread_bps=math.nan)) == 0.0
    assert half_spread_bps(_row(spread_bps=3.0, state=STATE_GAP)) == 0.0


def test_the_smaller_side_is_unknown_if_one_side_is() -> None:
    assert smaller_side_usd(_row()) == 590_000.0
    assert smaller_side_usd(_row(ask_depth_5=math.nan)) is None
    assert smaller_side_usd(_row(state=STATE_GAP)) is None


def test_slippage_is_shown_by_size() -> None:
    view = book_view(
        _row(slippage_usd_1=100_000.0, bid_slippage_1=0.4, ask_slippage_1=0.6, slippage_usd_2=1e6, ask_slippage_2=3.5),
        now=0,
    )

    assert view is not None
    assert [(name, sides.bid, sides.ask) for name, sides in view.slippage_bps.items()] == [
        ("100000", 0.4, 0.6),
        ("1000000", None, 3.5),
    ]


@pytest.mark.parametrize("size", [0.0, math.nan])
def test_a_size_that_was_not_measured_is_not_shown(size: float) -> None:
    view = book_view(_row(slippage_usd_1=size, slippage_usd_2=size), now=0)

    assert view is not None
    assert view.slippage_bps == {}


def test_a_move_costs_half_the_spread_and_the_slippage_of_its_side() -> None:
    row = _row(spread_bps=3.0, slippage_usd_1=100_000.0, bid_slippage_1=0.4, ask_slippage_1=0.6)

    assert (cost_bps(row, 5.0), cost_bps(row, -5.0)) == (2.1, 1.9)
    assert cost_bps(_row(spread_bps=3.0, slippage_usd_1=100_000.0), 5.0) == 1.5
    assert cost_bps(_row(spread_bps=3.0, ask_slippage_1=0.6), 5.0) == 1.5
    gap = _row(state=STATE_GAP, spread_bps=3.0, slippage_usd_1=100_000.0, ask_slippage_1=0.6)
    assert cost_bps(gap, 5.0) == 0.0
