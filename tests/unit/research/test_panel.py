import statistics

import pytest

from signald.research.panel import merge, observe
from signald.sources.calendars.files import CalendarRow, Reading
from tests.support.samples import DAY_NS, build_indicator

_INDICATORS = {"us.nfp": build_indicator("us.nfp", report="us.employment")}


def _row(month: int, actual: float | None = 3.0, consensus: float | None = 2.0, *, day: int = 1) -> CalendarRow:
    period = f"{2020 + month // 12}-{month % 12 + 1:02d}"
    return CalendarRow(
        release_id=f"us.nfp:{period}",
        indicator="us.nfp",
        period=period,
        ts_scheduled=(30 * month + day) * DAY_NS,
        actual=actual,
        consensus=consensus,
        prior=None,
    )


def _history(count: int) -> list[CalendarRow]:
    return [_row(month, actual=float(month % 5), consensus=2.0) for month in range(count)]


def test_the_first_calendar_that_has_both_figure_and_consensus_is_believed() -> None:
    first = Reading((_row(0, actual=9.0, consensus=None), _row(1, actual=8.0)), {})
    second = Reading((_row(0, actual=3.0), _row(1, actual=4.0), _row(2)), {})

    assert [row.actual for row in merge([first, second])] == [3.0, 8.0, 3.0]


def test_a_release_that_no_calendar_has_whole_is_that_of_the_first() -> None:
    merged = merge([Reading((_row(0, consensus=None),), {}), Reading((_row(0, actual=None),), {})])

    assert merged == [_row(0, consensus=None)]


def test_a_surprise_is_measured_by_those_before_it() -> None:
    observed = observe(_history(30), _INDICATORS)

    raw = [one.raw for one in observed]
    assert [one.z is None for one in observed] == [True] * 8 + [False] * 22
    assert observed[8].z == pytest.approx(raw[8] / statistics.stdev(raw[:8]))
    assert observed[29].z == pytest.approx(raw[29] / statistics.stdev(raw[5:29]))


def test_what_comes_later_changes_no_surprise_before_it() -> None:
    rows = _history(40)
    later = [*rows[:25], *(_row(month, actual=1e9) for month in range(25, 40))]

    assert observe(rows, _INDICATORS)[:25] == observe(later, _INDICATORS)[:25] == observe(rows[:25], _INDICATORS)


def test_a_surprise_beyond_four_deviations_is_cut() -> None:
    assert observe([*_history(20), _row(20, actual=1e9)], _INDICATORS)[-1].z == 4.0


def test_two_periods_at_one_minute_are_measured_by_earlier_minutes_only() -> None:
    twins = [_row(20), _row(21, actual=1.0, day=-29)]

    observed = observe([*_history(20), *twins], _INDICATORS)

    scale = statistics.stdev(one.raw for one in observed[:20])
    assert observed[20].ts == observed[21].ts
    assert [one.z for one in observed[20:]] == pytest.approx([1.0 / scale, -1.0 / scale])


def test_figures_without_consensus_are_no_surprise() -> None:
    assert observe([_row(0, consensus=None), _row(1, actual=None)], _INDICATORS) == []
