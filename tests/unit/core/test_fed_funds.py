import calendar
from datetime import date

import pytest

from signald.core.fed_funds import Month, decisions, implied_cuts, spread

MEETINGS = [date(2025, 3, 19), date(2025, 5, 7), date(2025, 6, 18), date(2025, 7, 30)]
RATES = [4.33, 4.30, 4.20, 4.05, 3.70]


def price_of(month: Month, before: float, after: float, meeting: date) -> float:
    """100 less the average rate over a month, the new one from the day of the meeting on."""
    days = calendar.monthrange(*month)[1]
    return 100.0 - ((meeting.day - 1) * before + (days - meeting.day + 1) * after) / days


def planted() -> dict[Month, float]:
    """Prices of a path of rates: months without a meeting before and after, and a run of three with one."""
    prices = {
        (one.year, one.month): price_of((one.year, one.month), RATES[place], RATES[place + 1], one)
        for place, one in enumerate(MEETINGS)
    }
    return prices | {(2025, 2): 100.0 - RATES[0], (2025, 4): 100.0 - RATES[1], (2025, 8): 100.0 - RATES[4]}


def test_cmes_example_of_september_2015() -> None:
    """CME Group, "Fed Funds Futures Probability Tree Calculator": FFQ5 99.8675, FFU5 99.805, a hike of 53.6 %."""
    (decision,) = decisions({(2015, 8): 99.8675, (2015, 9): 99.805}, [date(2015, 9, 17)])

    assert decision.before == pytest.approx(0.1325)
    assert decision.after == pytest.approx(0.26643, abs=5e-6)
    assert decision.p_hike == pytest.approx(0.536, abs=5e-4)
    assert decision.p_hold == pytest.approx(0.464, abs=5e-4)
    assert decision.p_cut == 0.0


@pytest.mark.parametrize("missing", [None, (2025, 2)])
def test_a_planted_path_is_recovered_from_either_side(missing: Month | None) -> None:
    prices = {month: price for month, price in planted().items() if month != missing}

    found = decisions(prices, MEETINGS)

    assert [one.meeting for one in found] == MEETINGS
    assert [one.before for one in found] == pytest.approx(RATES[:-1])
    assert [one.after for one in found] == pytest.approx(RATES[1:])
    assert [one.p_cut for one in found] == pytest.approx([0.12, 0.4, 0.6, 1.0])
    assert [one.p_hold for one in found] == pytest.approx([0.88, 0.6, 0.4, 0.0], abs=1e-9)


def test_a_price_that_cannot_tell_of_the_days_after_a_meeting_tells_nothing() -> None:
    prices = {month: price for month, price in planted().items() if month != (2025, 8)}

    found = decisions(prices, MEETINGS)

    assert [one.meeting for one in found] == MEETINGS[:-1]
    assert [one.after for one in found] == pytest.approx(RATES[1:-1])


def test_levels_are_what_independent_meetings_add_up_to() -> None:
    levels = decisions(planted(), MEETINGS)[1].levels

    assert levels == pytest.approx({-2: 0.12 * 0.4, -1: 0.12 * 0.6 + 0.88 * 0.4, 0: 0.88 * 0.6})
    assert sum(decisions(planted(), MEETINGS)[3].levels.values()) == pytest.approx(1.0)


def test_the_rate_now_stands_for_a_month_that_is_over() -> None:
    (decision,) = decisions({(2015, 9): 99.805}, [date(2015, 9, 17)], rate=0.1325)

    assert decision.p_hike == pytest.approx(0.536, abs=5e-4)


def test_what_prices_do_not_say_is_not_said() -> None:
    assert decisions({(2015, 9): 99.805}, [date(2015, 9, 17)]) == []
    assert decisions({}, [date(2015, 9, 17)], rate=0.1) == []


def test_cuts_until_the_end_of_the_year_are_counted_from_the_rate_now() -> None:
    december = date(2025, 12, 10)
    prices = {(2025, 11): 96.0, (2025, 12): price_of((2025, 12), 4.0, 3.6, december), (2026, 1): 96.4}

    assert implied_cuts(prices, [december], year=2025, rate=4.1) == pytest.approx(2.0)
    assert implied_cuts({(2025, 11): 96.0}, [december], year=2025, rate=4.1) is None


@pytest.mark.parametrize(
    ("steps", "odds"), [(0.0, {0: 1.0}), (0.4, {0: 0.6, 1: 0.4}), (-1.25, {-2: 0.25, -1: 0.75}), (2.0, {2: 1.0})]
)
def test_a_number_of_steps_is_a_lottery_between_the_whole_ones_around_it(steps: float, odds: dict[int, float]) -> None:
    assert spread(steps) == pytest.approx(odds)
