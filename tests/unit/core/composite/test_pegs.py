"""Composite rows in dollars: what a depeg does to them, and what a lying peg does not."""

import numpy as np
import pytest

from signald.app.world import engine_order
from signald.core.board import BoardRows
from signald.core.composite import Composites, PegReader
from signald.core.composite.pegs import OLDEST_NS
from signald.core.kernels.machine import WordArray
from signald.core.kernels.rows import ROW_FIELDS, ROW_WORDS
from tests.support.calendar import T0
from tests.support.instruments import BTCUSDT, COINBASE_BTC, HYPERLIQUID_BTC, KRAKEN_BTC, spot
from tests.support.rows import live_rows

TETHER = spot("USDT", "USD", tick="0.0001", lot="0.01")
CIRCLE = spot("USDC", "USDT", tick="0.0001", lot="0.01")
BOARD = (BTCUSDT, COINBASE_BTC, HYPERLIQUID_BTC, KRAKEN_BTC, CIRCLE, TETHER)


def rows(*, usdt: float, usdc: float, dollars: float = 95_000.0) -> BoardRows:
    """Bitcoin costs the same in dollars everywhere."""
    found = live_rows(len(BOARD))
    found["mid"] = dollars / usdt, dollars, dollars / usdc, dollars, usdc / usdt, usdt
    for side, sign in (("bid", -1.0), ("ask", 1.0), ("microprice", 0.0)):
        found[side] = found["mid"] * (1.0 + sign * 1e-6)
    found["spread_bps"] = 0.02
    return found


def words(found: BoardRows) -> WordArray:
    return np.frombuffer(found.tobytes() + bytes(8 * ROW_WORDS), dtype=np.int64).copy()


def composite_mid(found: BoardRows) -> float:
    composites = Composites(BOARD, ["BTC"], pegs=PegReader(BOARD))
    filled = words(found)
    composites.fill(filled)
    return float(filled[-ROW_WORDS:].view(ROW_FIELDS)[0]["mid"])


@pytest.mark.parametrize(("usdt", "usdc"), [(0.99, 1.0), (1.0, 0.99), (0.9, 0.99), (1.01, 0.88)])
def test_a_depeg_moves_the_composite_by_less_than_a_basis_point(usdt: float, usdc: float) -> None:
    before = composite_mid(rows(usdt=1.0, usdc=1.0))

    after = composite_mid(rows(usdt=usdt, usdc=usdc))

    assert after / before == pytest.approx(1.0, abs=1e-4)


def test_each_rows_currency_is_valued_whatever_the_order_of_the_books() -> None:
    dollars = PegReader(BOARD)(words(rows(usdt=0.98, usdc=0.995))[:-ROW_WORDS])

    assert dollars.tolist() == pytest.approx([0.98, 1.0, 0.995, 1.0, 0.98, 1.0])


def test_a_stale_or_absurd_book_of_a_peg_counts_for_nothing() -> None:
    stale, absurd = rows(usdt=0.98, usdc=1.0), rows(usdt=0.98, usdc=1.0)
    stale["state"][4] = absurd["state"][4] = 0  # USDC in tether would tell too
    stale["ts_ingest"][5] = T0 - OLDEST_NS - 1
    absurd["mid"][5] = 1e-6

    assert PegReader(BOARD)(words(stale)[:-ROW_WORDS])[0] == 1.0
    assert PegReader(BOARD)(words(absurd)[:-ROW_WORDS])[0] == 1.0


def test_what_a_composite_row_was_before_counts_for_nothing() -> None:
    before = words(rows(usdt=0.98, usdc=0.995))
    before[-ROW_WORDS:].view(ROW_FIELDS)["ts_ingest"] = T0 + 2 * OLDEST_NS

    assert PegReader(BOARD)(before)[0] == pytest.approx(0.98)


def test_the_engine_sees_books_of_pegs_last() -> None:
    composites = Composites(BOARD, ["BTC"]).instruments

    assert engine_order(BOARD, composites) == (0, 1, 2, 3, 6, 4, 5)
    assert engine_order(BOARD[:4], composites) == ()
