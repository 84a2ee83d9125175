"""What moves before a release, against quiet days."""

import numpy as np
import pytest

from signald.core.movers.drift import DriftRules, Drifts, Look, Moved, Snapshot, share_gone
from signald.model.time import NS_PER_S
from tests.support.calendar import DAY, T0

RULES = DriftRules(from_ns=36_000 * NS_PER_S, at_ns=(3_600 * NS_PER_S, 60 * NS_PER_S), days=20)
START = T0 - 40 * DAY
HOUR = 3_600 * NS_PER_S
NOTHING_SEEN = Snapshot((None,), (0.0,), 0)


def walk_to(
    drifts: Drifts,
    until: int,
    *,
    moves: dict[int, float] | None = None,
    seed: int = 4,
    flow: float = 0.0,
    since: int = 0,
) -> dict[Look, tuple[Moved, ...]]:
    """Take every look up to ``until``; on each day the price moves by a draw, or by what is planted, in bps.

    What flows is counted from each move's beginning, or from ``since``.
    """
    random = np.random.default_rng(seed)
    found: dict[Look, tuple[Moved, ...]] = {}
    drawn: dict[int, float] = {}
    while (due := drifts.next_ts()) is not None and due <= until:
        look = drifts.pop()
        move = drawn.setdefault(look.moment, (moves or {}).get(look.moment, float(random.normal(0.0, 50.0))))
        gone = 1.0 - (look.before - 60 * NS_PER_S) / (RULES.from_ns - 60 * NS_PER_S)
        elapsed = min(RULES.from_ns - look.before, look.ts - since)
        mids = (95_000.0 * (1.0 + move * gone * 1e-4),)
        told = drifts.see(look, Snapshot(mids, (flow * elapsed / NS_PER_S,), elapsed // NS_PER_S))
        if told:
            found[look] = told
    return found


def expecting(*releases: int, now: int = START) -> Drifts:
    drifts = Drifts(RULES, ["BTCUSDT.BINANCE"])
    for scheduled in releases:
        drifts.expect(scheduled, now)
    return drifts


def test_a_planted_move_is_measured_and_lies_beyond_the_band() -> None:
    found = walk_to(expecting(T0), T0, moves={T0: -400.0}, flow=2.0)

    last = found[Look(T0 - 60 * NS_PER_S, T0, 60 * NS_PER_S)][0]
    assert last.bps == pytest.approx(-400.0)
    assert last.flow == pytest.approx(2.0)
    assert last.is_beyond
    assert [look.before // NS_PER_S for look in found] == [3_600, 60]


def test_a_quiet_days_move_is_within_the_band_nine_times_of_ten() -> None:
    beyond = [next(iter(walk_to(expecting(T0), T0, seed=seed).values()))[0].is_beyond for seed in range(150)]

    assert np.mean(beyond) == pytest.approx(0.1, abs=0.06)


def test_the_band_is_the_kth_smallest_of_the_quiet_days() -> None:
    planted = {T0 - back * DAY: float(back) for back in range(1, 60)}

    found = walk_to(expecting(T0), T0, moves=planted | {T0: 0.0})

    weekdays = [back for back in range(1, 60) if ((T0 - back * DAY) // DAY + 3) % 7 < 5][:20]
    last = found[Look(T0 - 60 * NS_PER_S, T0, 60 * NS_PER_S)][0]
    assert last.band_bps == pytest.approx(float(weekdays[18]))


def test_too_few_quiet_days_give_no_band_and_nothing_is_beyond() -> None:
    found = walk_to(expecting(T0, now=T0 - 5 * DAY), T0, moves={T0: 1_000.0})

    [moved] = [one for look, (one,) in found.items() if look.before == 60 * NS_PER_S]
    assert moved.bps == pytest.approx(1_000.0)
    assert moved.band_bps is None
    assert not moved.is_beyond


def test_a_day_with_a_release_is_no_quiet_day() -> None:
    others = [T0 - back * DAY for back in range(1, 40)]
    drifts = expecting(T0, *others)

    walk_to(drifts, T0, moves=dict.fromkeys(others, 900.0))

    assert not list(drifts.memory())


def test_a_dead_book_makes_no_move_and_no_quiet_day() -> None:
    drifts = expecting(T0)
    while drifts.next_ts() is not None:
        look = drifts.pop()
        told = drifts.see(look, Snapshot((None,), (0.0,), 10))
        assert all(one.bps is None and not one.is_beyond for one in told)

    assert not list(drifts.memory())


def test_a_later_run_knows_the_quiet_days() -> None:
    before, after = expecting(T0), expecting(T0, now=T0 - DAY)
    walk_to(before, T0 - DAY)

    for memory in before.memory():
        after.recall(memory)

    assert list(after.memory()) == list(before.memory())
    found = walk_to(after, T0, moves={T0: -400.0})
    assert all(one[0].is_beyond for look, one in found.items() if look.before == 60 * NS_PER_S)


def test_what_was_called_off_is_not_told() -> None:
    drifts = expecting(T0)
    drifts.call_off(T0)

    assert walk_to(drifts, T0) == {}
    assert drifts.at(T0) == ()


def test_looks_are_bounded_however_many_releases_are_announced() -> None:
    drifts = Drifts(RULES, ["BTCUSDT.BINANCE"])
    for minute in range(0, 1_440 * 60, 7):
        drifts.expect(T0 + minute * 60 * NS_PER_S, T0 - DAY)

    count = 0
    while drifts.next_ts() is not None:
        drifts.pop()
        count += 1
    assert count <= 8_192


def test_a_planted_share_is_recovered() -> None:
    total = -100.0

    assert share_gone(0.4 * total, 0.6 * total) == pytest.approx(0.40)
    assert share_gone(0.4 * total, -0.6 * total) == 0.0
    assert share_gone(0.0, total) == 0.0


def test_a_move_under_way_goes_on_in_a_later_run() -> None:
    whole, before, after = expecting(T0), expecting(T0), expecting(now=T0 - 3 * HOUR)
    found = walk_to(whole, T0, moves={T0: -400.0}, flow=2.0)
    walk_to(before, T0 - 5 * HOUR, moves={T0: -400.0}, flow=2.0)
    seen = before.rules.from_ns - 4 * HOUR
    handed = list(before.begun(Snapshot((None,), (2.0 * seen / NS_PER_S,), seen // NS_PER_S)))

    after.expect(T0, T0 - 4 * HOUR)
    for begun in handed:
        after.resume(begun, NOTHING_SEEN, T0 - 4 * HOUR)
    assert list(after.begun(NOTHING_SEEN)) == handed
    for memory in before.memory():
        after.recall(memory)
    resumed = walk_to(after, T0, moves={T0: -400.0}, flow=2.0, since=T0 - 4 * HOUR)

    last = Look(T0 - 60 * NS_PER_S, T0, 60 * NS_PER_S)
    assert resumed[last][0].bps == pytest.approx(found[last][0].bps)
    assert resumed[last][0].flow == pytest.approx(found[last][0].flow)
    assert resumed[last][0].band_bps == pytest.approx(found[last][0].band_bps)


def test_what_a_run_saw_begin_itself_counts_as_it_saw_it() -> None:
    drifts = expecting(T0, now=T0 - 11 * HOUR)
    walk_to(drifts, T0 - 5 * HOUR, moves={T0: -400.0})
    own = list(drifts.begun(NOTHING_SEEN))

    drifts.resume({f"{T0}|BTCUSDT.BINANCE": (1.0, 9.0, 9)}, NOTHING_SEEN, T0 - 5 * HOUR)
    drifts.resume({f"{T0 - DAY}|BTCUSDT.BINANCE": (1.0, 9.0, 9)}, NOTHING_SEEN, T0 - 5 * HOUR)

    assert list(drifts.begun(NOTHING_SEEN)) == own


def test_flow_of_a_book_that_was_away_when_the_move_began_goes_on_in_a_later_run() -> None:
    names = ["BTCUSDT.BINANCE", "ETHUSDT.BINANCE", "SOLUSDT.BINANCE"]
    before, after = Drifts(RULES, names[:2]), Drifts(RULES, names)
    before.expect(T0, START)
    after.expect(T0, T0 - 4 * HOUR)
    while (look := before.pop()) != Look(T0 - RULES.from_ns, T0, RULES.from_ns):
        pass
    before.see(look, Snapshot((95_000.0, None), (0.0, 100.0), 0))
    handed = list(before.begun(Snapshot((None, None), (600.0, 400.0), 100)))

    for begun in handed:
        after.resume(begun, Snapshot((None,) * 3, (0.0,) * 3, 0), T0 - 4 * HOUR)
    again = list(after.begun(Snapshot((None,) * 3, (0.0,) * 3, 0)))
    moved = after.see(Look(T0 - HOUR, T0, HOUR), Snapshot((95_000.0, 3_000.0, 150.0), (300.0, 100.0, 50.0), 100))

    assert [one.bps for one in moved] == [0.0, None, None]
    assert [one.flow for one in moved] == [4.5, 2.0, None]
    assert again == handed
