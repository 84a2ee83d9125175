import math

import numpy as np
import pytest

from signald.core.board import Board, BoardRows
from signald.core.composite import Composites, CompositeView, is_composite
from signald.core.kernels.machine import WordArray
from signald.core.kernels.rows import (
    FLAG_STALE,
    ROW_FIELDS,
    ROW_WORDS,
    STATE_DISCONNECTED,
    STATE_GAP,
    STATE_LIVE,
)
from tests.support.calendar import T0
from tests.support.rows import live_rows
from tests.support.venues import traded

ONE, TWO, THREE, FOUR = (traded("BTC", venue) for venue in ("ONE", "TWO", "THREE", "FOUR"))
ALL = [ONE, TWO, THREE, FOUR]


def rows_at(*mids: float, half: float = 0.5) -> BoardRows:
    rows = live_rows(len(mids))
    for row, mid in zip(rows, mids, strict=True):
        row["bid"], row["ask"], row["mid"], row["microprice"] = mid - half, mid + half, mid, mid
        row["spread_bps"] = 2 * half / mid * 1e4
        row["bid_size"] = row["ask_size"] = 1.0
        row["bid_depth_5"] = row["ask_depth_5"] = 200_000.0
        row["bid_depth_10"] = row["ask_depth_10"] = 300_000.0
        row["bid_depth_25"] = row["ask_depth_25"] = 600_000.0
    return rows


def with_room(rows: BoardRows, count: int = 1) -> WordArray:
    return np.concatenate([np.frombuffer(rows.tobytes(), np.int64), np.zeros(count * ROW_WORDS, np.int64)])


def composite_row(composites: Composites, rows: BoardRows) -> np.void:
    words = with_room(rows)
    composites.fill(words)
    return words[-ROW_WORDS:].view(ROW_FIELDS)[0]


def seen(composites: Composites, rows: BoardRows) -> CompositeView:
    (view,) = composites.look(with_room(rows))
    return view


def test_an_asset_has_a_composite_if_two_venues_on_the_board_have_it() -> None:
    ether = [traded("ETH", "ONE"), traded("ETH", "TWO")]
    alone = [traded("SOL", "ONE"), traded("SOL", "ONE", suffix="-PERP")]
    composites = Composites([ONE, *ether, TWO, *alone], ["BTC", "ETH", "SOL", "XRP", "BTC"])

    names = [one.id for one in composites.instruments]

    assert names == ["BTC-USD.COMPOSITE", "ETH-USD.COMPOSITE"]
    assert all(map(is_composite, names))
    assert not is_composite(ONE.id)


def test_four_equal_venues_give_the_mean_of_the_middle_two() -> None:
    row = composite_row(Composites(ALL, ["BTC"]), rows_at(99_990.0, 100_000.0, 100_010.0, 100_400.0))

    assert row["microprice"] == pytest.approx(100_005.0)
    assert row["mid"] == pytest.approx(100_005.0)
    assert row["ask"] - row["mid"] == pytest.approx((100_010.0 + 100_400.0) / 2 - 100_005.0 + 0.5)
    assert row["mid"] - row["bid"] == pytest.approx(row["ask"] - row["mid"])
    assert row["spread_bps"] == pytest.approx((row["ask"] - row["bid"]) / row["mid"] * 1e4)


def test_a_venue_far_from_all_others_counts_for_nothing() -> None:
    composites = Composites(ALL, ["BTC"])
    three = composite_row(Composites(ALL[:3], ["BTC"]), rows_at(99_990.0, 100_000.0, 100_010.0))

    rows = rows_at(99_990.0, 100_000.0, 100_010.0, 110_000.0)

    assert composite_row(composites, rows)["microprice"] == three["microprice"] == pytest.approx(100_000.0)
    view = seen(composites, rows)
    assert (view.venues, view.members[3].share) == (3, 0.0)
    assert view.members[3].basis_bps == pytest.approx(1_000.0)


def test_depth_age_and_spread_make_weight_up_to_the_cap() -> None:
    composites = Composites(ALL, ["BTC"])
    rows = rows_at(100_000.0, 100_000.0, 100_000.0, 100_000.0)
    rows["bid_depth_5"][0] = rows["ask_depth_5"][0] = 2e12
    rows["ts_ingest"][2] = T0 - 3_000_000_000
    rows["bid"][3], rows["ask"][3] = 99_990.0, 100_010.0

    shares = [member.share for member in seen(composites, rows).members]

    assert shares[0] == shares[1] == 0.25  # four venues: none has more than a quarter, so all have as much
    assert sum(shares) == pytest.approx(1.0)
    five = Composites([*ALL, traded("BTC", "FIVE")], ["BTC"])
    more = rows_at(*[100_000.0] * 5)
    more["ts_ingest"][2] = T0 - 3_000_000_000
    more["bid"][3], more["ask"][3] = 99_980.0, 100_020.0
    more["bid_depth_5"][4] = more["ask_depth_5"][4] = 800_000.0
    told = [member.share for member in seen(five, more).members]
    assert told[4] == 0.25
    assert told[0] == told[1] == 0.25
    aged, wide = 0.5 ** (3 / 5), 1.1 / 5
    assert told[2] == pytest.approx(0.25 * aged / (aged + wide))  # what is left, by weight
    assert told[3] == pytest.approx(0.25 - told[2])


def test_books_of_one_exchange_share_one_cap() -> None:
    composites = Composites([*ALL, traded("BTC", "ONE", suffix="-PERP")], ["BTC"])

    shares = [member.share for member in seen(composites, rows_at(*[100_000.0] * 5)).members]

    assert shares == pytest.approx([0.125, 0.25, 0.25, 0.25, 0.125])


@pytest.mark.parametrize(
    "harm",
    [
        {"state": STATE_GAP},
        {"flags": FLAG_STALE},
        {"bid": math.nan},
        {"bid_size": math.nan},
        {"microprice": 100_001.0},
        {"ask": 102_000.0},
        {"bid_depth_5": math.inf, "ask_depth_5": math.inf},
        {"ts_ingest": T0 - 31_000_000_000},
    ],
)
def test_what_cannot_be_believed_has_no_share(harm: dict[str, float]) -> None:
    rows = rows_at(*[100_000.0] * 4)
    for name, value in harm.items():
        rows[name][1] = value

    view = seen(Composites(ALL, ["BTC"]), rows)

    assert [member.share for member in view.members] == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3])


def test_one_venue_alone_is_told_as_doubtful_and_none_as_lost() -> None:
    composites = Composites(ALL, ["BTC"])
    rows = rows_at(*[100_000.0] * 4)
    rows["state"][1:] = STATE_DISCONNECTED
    alone = composite_row(composites, rows)
    rows["state"][0] = STATE_GAP

    lost = composite_row(composites, rows)

    assert (alone["state"], alone["flags"], alone["sequence"]) == (STATE_LIVE, FLAG_STALE, 1)
    assert alone["microprice"] == 100_000.0
    assert (lost["state"], lost["sequence"]) == (STATE_GAP, 0)
    assert math.isnan(lost["microprice"])
    assert seen(composites, rows).price is None


def test_pegs_turn_every_quote_into_dollars() -> None:
    tether = [traded("BTC", venue, quote="USDT") for venue in ("ONE", "TWO", "THREE")]
    at_par = Composites(tether, ["BTC"])
    depegged = Composites(tether, ["BTC"], pegs=lambda _: np.array([0.99, 0.99, 0.99]))
    rows = rows_at(*[100_000.0] * 3)

    assert composite_row(at_par, rows)["microprice"] == pytest.approx(100_000.0)
    assert composite_row(depegged, rows)["microprice"] == pytest.approx(99_000.0)
    assert composite_row(depegged, rows)["bid_depth_5"] == pytest.approx(0.99 * 600_000.0)


def test_a_quote_that_is_no_dollar_needs_a_peg() -> None:
    euro = traded("BTC", "TWO", quote="EUR")

    view = seen(Composites([ONE, euro], ["BTC"]), rows_at(100_000.0, 92_000.0))

    assert [member.share for member in view.members] == [1.0, 0.0]
    assert view.members[1].basis_bps is None


def test_the_ladder_adds_what_rests_within_each_distance_of_the_common_price() -> None:
    # One is at the price; two stands 2 bps below it, so that 5 bps below the price are 3 below its own mid.
    rows = rows_at(100_000.0, 99_980.0, 100_000.0)
    rows["bid_depth_25"][2] = math.nan
    composites = Composites(ALL[:3], ["BTC"], dex=["two"])

    ladder = seen(composites, rows).ladder

    assert seen(composites, rows).price == pytest.approx(100_000.0)
    touch, half = 99_979.5, 0.5 / 99_980.0 * 1e4
    inside = (99_980.0 - 100_000.0 * (1 - 5e-4)) / 99_980.0 * 1e4
    of_two = touch + (200_000.0 - touch) * (inside - half) / (5 - half)
    assert ladder["5"].bid_usd == pytest.approx(400_000.0 + of_two)
    assert ladder["25"].bid_usd < 600_000.0 * 2 + 300_000.0  # unknown beyond: no more than what is known
    assert ladder["25"].bid_usd > 600_000.0 + 300_000.0 + 500_000.0
    assert ladder["5"].ask_usd > ladder["5"].bid_usd
    view = seen(composites, rows)
    assert view.dex_share == pytest.approx(ladder["25"].dex_usd / (ladder["25"].bid_usd + ladder["25"].ask_usd))


def test_a_board_reads_composites_behind_its_other_rows() -> None:
    composites = Composites(ALL, ["BTC"])
    board = Board([one.id for one in ALL], composites=composites)

    read = board.read()

    assert board.instruments[-1] == "BTC-USD.COMPOSITE"
    assert len(read) == 5
    assert read["state"].tolist() == [STATE_DISCONNECTED] * 5
    assert math.isnan(read["mid"][4])
    assert board.recompose(read).tobytes() == read.tobytes()
    assert board.aside().read().tobytes() == read.tobytes()
    rows, views = board.look()
    assert rows.tobytes() == read.tobytes()
    assert [view.instrument for view in views] == ["BTC-USD.COMPOSITE"]
