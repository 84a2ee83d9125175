"""Quote currencies in dollars: what books say, what a depeg does, and what a lying or dead book does not."""

from collections.abc import Mapping

import numpy as np
import pytest

from signald.core.board import BoardRows
from signald.core.movers.pegs import Pegs, in_dollars, moved_bps
from signald.core.movers.rules import PegRules
from signald.model.instruments import is_peg
from signald.model.time import NS_PER_S
from tests.support.calendar import T0
from tests.support.instruments import BTCUSDT, spot
from tests.support.rows import live_rows

TETHER = spot("USDT", "USD", tick="0.0001", lot="0.01")
SECOND = spot("USDT", "USDC", tick="0.0001", lot="0.01")
CIRCLE = spot("USDC", "USD", tick="0.0001", lot="0.01")
FIRST_DIGITAL = spot("FDUSD", "USDT", tick="0.0001", lot="0.01")
LIBERTY = spot("USD1", "USDT", tick="0.0001", lot="0.01")
BOARD = (BTCUSDT, TETHER, CIRCLE, SECOND, FIRST_DIGITAL, LIBERTY)
RULES = PegRules(gate_bps=50.0, stale_after_ns=60 * NS_PER_S)


def board(mids: Mapping[str, float], *, now: int = T0) -> BoardRows:
    """Rows of :data:`BOARD`; a book that is not named is not there."""
    rows = live_rows(len(BOARD), ts_ingest=now)
    for place, one in enumerate(BOARD):
        rows["mid"][place] = mids.get(one.id, np.nan)
    return rows


def test_a_stablecoins_book_is_a_peg_and_bitcoins_is_not() -> None:
    assert [is_peg(one) for one in BOARD] == [False, True, True, True, True, True]


def test_every_currency_is_valued_through_the_books_there_are() -> None:
    pegs = Pegs(BOARD, RULES)

    mids = {TETHER.id: 0.999, CIRCLE.id: 1.0002, FIRST_DIGITAL.id: 0.998, LIBERTY.id: 1.001}
    pegs.look(board(mids), T0)

    assert pegs.usd("USDT") == 0.999
    assert pegs.usd("USDC") == 1.0002
    assert pegs.usd("FDUSD") == pytest.approx(0.998 * 0.999, rel=1e-12)
    assert pegs.usd("USD1") == pytest.approx(1.001 * 0.999, rel=1e-12)
    assert pegs.usd("USD") == 1.0
    assert {view.state for view in pegs.views.values()} == {"live"}


@pytest.mark.parametrize("depeg", [0.99, 1.01, 0.9, 0.5])
def test_a_depeg_moves_bitcoin_in_dollars_by_less_than_a_basis_point(depeg: float) -> None:
    pegs = Pegs(BOARD, RULES)
    dollars = 95_700.0
    pegs.look(board({TETHER.id: 1.0}), T0)
    before = in_dollars(dollars / 1.0, pegs.usd("USDT"))

    pegs.look(board({TETHER.id: round(depeg, 4)}), T0)

    after = in_dollars(round(dollars / depeg, 2), pegs.usd("USDT"))
    moved = moved_bps(before, after)
    assert moved is not None
    assert abs(moved) < 1.0
    assert pegs.views["USDT"].state == "depegged"


def test_a_silent_peg_keeps_its_last_word_and_is_stale() -> None:
    pegs = Pegs(BOARD, RULES)
    pegs.look(board({TETHER.id: 0.9993}), T0)

    pegs.look(board({TETHER.id: 0.9}), T0 + RULES.stale_after_ns + 1)

    assert (pegs.usd("USDT"), pegs.views["USDT"].state, pegs.views["USDT"].ts) == (0.9993, "stale", T0)


def test_of_two_books_that_dispute_the_one_nearer_to_what_was_known_counts() -> None:
    pegs = Pegs(BOARD, RULES)
    pegs.look(board({TETHER.id: 0.9995, CIRCLE.id: 1.0, SECOND.id: 0.9993}), T0)
    assert pegs.usd("USDT") == pytest.approx(0.9994)

    pegs.look(board({TETHER.id: 0.2, CIRCLE.id: 1.0, SECOND.id: 0.9993}), T0)

    assert pegs.usd("USDT") == 0.9993
    assert pegs.views["USDT"].state == "disputed"


def test_a_currency_without_a_book_is_taken_at_a_dollar_and_said_to_be_nothing() -> None:
    pegs = Pegs((BTCUSDT,), RULES)

    pegs.look(live_rows(1), T0)

    assert pegs.usd("USDT") == 1.0
    assert not pegs.views


def test_without_a_book_in_dollars_the_one_that_is_redeemed_tells_the_other() -> None:
    board = (BTCUSDT, spot("USDC", "USDT", tick="0.0001", lot="1"))
    rows = live_rows(2)
    rows["mid"] = 95_700.0, 1.0004
    pegs = Pegs(board, RULES)

    pegs.look(rows, T0)

    assert pegs.usd("USDT") == pytest.approx(1.0 / 1.0004)
    assert "USDC" not in pegs.views


def test_when_the_books_in_dollars_fall_silent_nothing_is_redeemed_at_what_it_was_not_worth() -> None:
    board = (BTCUSDT, CIRCLE, TETHER, spot("USDC", "USDT", tick="0.0001", lot="1"))
    rows = live_rows(4)
    rows["mid"] = 95_700.0, 0.88, 1.0, 0.88
    pegs = Pegs(board, RULES)
    pegs.look(rows, T0)

    rows["state"][1:3] = 0
    pegs.look(rows, T0)

    assert (pegs.usd("USDT"), pegs.views["USDT"].state) == (1.0, "stale")
    assert (pegs.usd("USDC"), pegs.views["USDC"].state) == (0.88, "stale")
