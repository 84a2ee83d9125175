"""The prior of a release that no source told: what counted as the figure of the period before, when it was due."""

import pytest

from signald.core.release_window import Series
from signald.model.macro import SettledFigure
from tests.support.calendar import DAY, T0

DECEMBER = "us.cpi.yoy:2024-12"
JANUARY = "us.cpi.yoy:2025-01"
MONTH = 30 * DAY


def settled(release_id: str, actual: float | None, known: int, due: int | None = None) -> SettledFigure:
    ts_scheduled = known if due is None else due
    return SettledFigure(
        release_id=release_id, actual=actual, ts_scheduled=ts_scheduled, ts_known=known, ts_ingest=known
    )


def series_of(*figures: SettledFigure) -> Series:
    series = Series()
    for figure in figures:
        series.settle(figure)
    return series


def test_it_is_the_figure_of_the_period_before_as_last_corrected() -> None:
    series = series_of(settled(DECEMBER, 2.9, T0 - MONTH), settled(DECEMBER, 2.8, T0 - 20 * DAY))

    assert series.prior(JANUARY, T0) == 2.8
    assert series.prior(DECEMBER, T0) is None


def test_what_was_taken_back_is_not_known() -> None:
    series = series_of(settled(DECEMBER, 2.9, T0 - MONTH), settled(DECEMBER, None, T0 - MONTH + 5))

    assert series.prior(JANUARY, T0) is None


def test_of_two_words_of_one_moment_the_later_counts() -> None:
    series = series_of(settled(DECEMBER, None, T0 - MONTH), settled(DECEMBER, 2.8, T0 - MONTH))

    assert series.prior(JANUARY, T0) == 2.8
    assert len(list(series)) == 1


@pytest.mark.parametrize("order", [1, -1])
def test_nothing_counts_that_came_when_the_release_was_due_or_later_in_whatever_order_it_came(order: int) -> None:
    figures = [settled(DECEMBER, 2.9, T0 - MONTH), settled(DECEMBER, 2.7, T0, T0 - MONTH)]

    assert series_of(*figures[::order]).prior(JANUARY, T0) == 2.9


def test_two_periods_at_one_minute_know_nothing_of_one_another() -> None:
    series = series_of(settled("us.nfp:2025-10", 1.0, T0 - 1, T0))

    assert series.prior("us.nfp:2025-11", T0) is None


def test_a_period_of_which_nothing_came_is_not_skipped() -> None:
    series = series_of(settled("us.cpi.yoy:2025-09", 3.0, T0 - 2 * MONTH))

    assert series.prior("us.cpi.yoy:2025-11", T0) is None


@pytest.mark.parametrize(
    ("before", "period"),
    [
        ("2024-12", "2025-01"),
        ("2025-02", "2025-03"),
        ("2024-Q4", "2025-Q1"),
        ("2025-Q1", "2025-Q2"),
        ("2025-W05", "2025-W06"),
        ("2024-W52", "2025-W01"),
        ("2020-W53", "2021-W01"),
        ("2024", "2025"),
        ("2025-01-29", "2025-03-19"),
    ],
)
def test_the_period_before_is_found_by_how_periods_are_spelled(before: str, period: str) -> None:
    series = series_of(settled(f"us.x:{before}", 1.5, T0 - MONTH))

    assert series.prior(f"us.x:{period}", T0) == 1.5


@pytest.mark.parametrize("period", ["2021-W53", "0001-W01", "2025-03", "2025-Q3"])
def test_no_other_period_is_taken_for_it(period: str) -> None:
    series = series_of(settled("us.x:2021-W52", 1.5, T0 - MONTH), settled("us.x:2025-01", 1.5, T0 - MONTH))

    assert series.prior(f"us.x:{period}", T0) is None


def test_of_several_stages_the_newest_counts() -> None:
    advance = settled("us.gdp.qoq:2024-Q4:advance", 2.3, T0 - 2 * MONTH)
    third = settled("us.gdp.qoq:2024-Q4:third", 2.4, T0 - MONTH)

    assert series_of(advance, third).prior("us.gdp.qoq:2025-Q1:advance", T0) == 2.4
    assert series_of(advance, third).prior("us.gdp.qoq:2025-Q1:second", T0 - MONTH) == 2.3


def test_it_keeps_the_periods_that_were_spoken_of_last() -> None:
    series = Series()
    for number in range(1_000):
        series.settle(settled(f"us.x:{1000 + number}", 1.0, T0 - MONTH + number))
        for correction in range(3):
            series.settle(settled(f"us.x:{1000 + number}", 2.0, T0 - MONTH + number, correction))

    assert series.prior("us.x:2000", T0) == 2.0
    assert len(list(series)) == 6


def test_corrections_without_end_are_not_all_kept() -> None:
    series = series_of(*(settled(DECEMBER, float(number), T0 - MONTH + number) for number in range(1_000)))

    assert series.prior(JANUARY, T0) == 999.0
    assert len(list(series)) == 16
