"""A book is shown and used only while it can be believed."""

import math

import pytest

from signald.core.board import empty_rows
from signald.core.kernels.rows import (
    FLAG_CROSSED,
    FLAG_STALE,
    STATE_DISCONNECTED,
    STATE_GAP,
    STATE_LIVE,
    STATE_SYNCING,
)
from signald.core.scoring.view import book_flags, book_view, half_spread_bps, smaller_side_usd
from signald.model.signals import BookView, DepthSides
from tests.support.calendar import T0
from tests.support.rows import live_rows


def test_a_live_book_is_shown_with_its_age() -> None:
    [row] = live_rows(1, ts_ingest=T0 - 12_400_000)

    shown = book_view(row.item(), T0)

    assert shown == BookView(
        bid=95_700.1,
        ask=95_700.2,
        mid=95_700.15,
        microprice=95_700.17,
        spread_bps=0.01,
        imbalance=0.2,
        depth_usd={
            "5": DepthSides(bid=610_000.0, ask=590_000.0),
            "10": DepthSides(bid=1_200_000.0, ask=1_300_000.0),
            "25": DepthSides(bid=None, ask=None),
        },
        age_ms=12.4,
    )
    assert book_flags(row.item()) == ()
    assert (half_spread_bps(row.item()), smaller_side_usd(row.item())) == (0.005, 590_000.0)


@pytest.mark.parametrize("state", [STATE_DISCONNECTED, STATE_SYNCING, STATE_GAP])
def test_a_book_that_is_not_live_is_neither_shown_nor_used(state: int) -> None:
    [row] = live_rows(1, state=state)

    assert book_view(row.item(), T0) is None
    assert book_flags(row.item()) == ("no_book",)
    assert (half_spread_bps(row.item()), smaller_side_usd(row.item())) == (0.0, None)


@pytest.mark.parametrize("word", ["bid", "ask", "mid", "microprice", "spread_bps", "imbalance"])
def test_a_book_with_a_number_missing_is_neither_shown_nor_used(word: str) -> None:
    [row] = live_rows(1, **{word: math.nan})

    assert book_view(row.item(), T0) is None
    assert book_flags(row.item()) == ("no_book",)
    assert smaller_side_usd(row.item()) is None


def test_nothing_is_known_of_an_empty_row() -> None:
    [row] = empty_rows(1)

    assert book_view(row.item(), T0) is None
    assert book_flags(row.item()) == ("no_book",)


def test_a_stale_or_crossed_book_is_shown_and_flagged() -> None:
    [row] = live_rows(1, flags=FLAG_STALE | FLAG_CROSSED, state=STATE_LIVE)

    assert book_view(row.item(), T0) is not None
    assert book_flags(row.item()) == ("stale_book", "crossed_book")
