from signald.core.scoring.past import nearest_moves, rank_past
from signald.model.learning import PastEvent

_EVENTS = tuple(
    PastEvent(ts=ts, z=z, moves=moves)
    for ts, z, moves in (
        (1, {"us.cpi.mom": 1.0, "us.core_cpi.mom": 1.0}, {"BTC": -80.0, "ETH": -90.0}),
        (2, {"us.cpi.mom": 1.2}, {"BTC": -70.0}),
        (3, {"us.nfp": 1.0}, {"BTC": -50.0}),
        (4, {"us.cpi.mom": -3.0}, {"BTC": 150.0, "ETH": 170.0}),
    )
)


def test_the_nearest_past_events_come_first_and_strangers_not_at_all() -> None:
    ranked = rank_past(_EVENTS, {"us.cpi.mom": 1.1})

    moves = nearest_moves(ranked, "BTC")

    assert [one.ts_scheduled for one in moves] == [2, 1, 4]
    assert [one.distance for one in moves] == [0.1, 0.1, 4.1]
    assert moves[0].realised_bps == -70.0


def test_a_series_that_did_not_come_then_counts_as_no_surprise() -> None:
    ranked = rank_past(_EVENTS, {"us.cpi.mom": 1.2, "us.core_cpi.mom": 1.0})

    assert [(event.ts, round(distance, 1)) for distance, event in ranked[:2]] == [(1, 0.2), (2, 1.0)]


def test_events_whose_move_of_the_asset_is_not_known_are_passed_over() -> None:
    ranked = rank_past(_EVENTS, {"us.cpi.mom": 1.1})

    assert [one.ts_scheduled for one in nearest_moves(ranked, "ETH")] == [1, 4]
    assert nearest_moves(ranked, "DOGE") == ()


def test_without_any_surprise_nothing_is_near() -> None:
    assert rank_past(_EVENTS, {}) == []
