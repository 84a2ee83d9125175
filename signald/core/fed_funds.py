"""What futures on the federal funds rate say of the next decisions, by the method of CME's FedWatch tool.

A contract settles at 100 less the average effective rate over its month. A month without a meeting has one rate, which
so is known; in a month with one the average is that of the rates before and after it, weighted by days. Decisions are
steps of 25 basis points: a change between two of them is a lottery between these two, and meetings are independent.
https://www.cmegroup.com/education/demos-and-tutorials/fed-funds-futures-probability-tree-calculator.html
"""

import calendar
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple, TypeAlias

Month: TypeAlias = tuple[int, int]
"""Year and month."""

STEP: Final = 0.25
"""Percent: what a decision changes the rate by, or a multiple of it."""

_HALF_TICK: Final = 0.0025
"""Percent: as finely as a price tells a month's average; contracts trade in half basis points."""


class Decision(NamedTuple):
    """What the prices say of one meeting.

    Attributes:
        meeting: Its last day.
        before: Effective rate before it, percent.
        after: Expected effective rate after it.
        p_cut: Probability that this meeting cuts.
        p_hold: That it leaves the rate.
        p_hike: That it raises it.
        levels: Steps from the rate now → probability that the target stands there after this meeting.
    """

    meeting: date
    before: float
    after: float
    p_cut: float
    p_hold: float
    p_hike: float
    levels: Mapping[int, float]


def decisions(prices: Mapping[Month, float], meetings: Sequence[date], *, rate: float | None = None) -> list[Decision]:
    """Probabilities of each meeting, in order of time, as far as prices reach.

    Where the month after a meeting has none, the rate after the meeting is that month's, and the rate before it
    follows; so backwards through the months that have one. Else the rate before it is that after the last, which is the
    month's before where that has no meeting, or ``rate``; where so few days follow in the month that the rounding of
    its price would be more than a tenth of a step, nothing is said.

    Args:
        prices: Month → price of its contract.
        meetings: Last days of meetings, one a month at most, the past ones among them as far as prices reach back.
        rate: Effective rate now, percent; ``None``: only months without a meeting tell.
    """
    days = {(day.year, day.month): day for day in meetings}
    found: list[Decision] = []
    levels: Mapping[int, float] = {0: 1.0}
    last = rate
    for month in sorted(days):
        known = _around(month, days, prices, last)
        if known is None:
            last = None
            continue
        before, after = known
        odds = spread((after - before) / STEP)
        levels = _follow(levels, odds)
        last = after
        found.append(
            Decision(
                meeting=days[month],
                before=before,
                after=after,
                p_cut=sum(odds[step] for step in odds if step < 0),
                p_hold=odds.get(0, 0.0),
                p_hike=sum(odds[step] for step in odds if step > 0),
                levels=levels,
            )
        )
    return found


def implied_cuts(prices: Mapping[Month, float], meetings: Sequence[date], *, year: int, rate: float) -> float | None:
    """Cuts of 25 basis points priced from ``rate`` to the end of ``year``; ``None``: prices do not reach that far."""
    within = [one for one in decisions(prices, meetings, rate=rate) if one.meeting.year <= year]
    expected = {day for day in meetings if day.year <= year and (day.year, day.month) in prices}
    if not within or {one.meeting for one in within} != expected or (year, 12) not in prices:
        return None
    return (rate - within[-1].after) / STEP


def spread(steps: float) -> dict[int, float]:
    """A number of steps as a lottery between the two whole ones around it; zero is whole."""
    nearest = round(steps)
    if abs(steps - nearest) < 1e-9:  # noqa: PLR2004 - what arithmetic loses
        return {nearest: 1.0}
    low = math.floor(steps)
    return {low: low + 1 - steps, low + 1: steps - low}


def _around(
    month: Month, days: Mapping[Month, date], prices: Mapping[Month, float], last: float | None
) -> tuple[float, float] | None:
    """Rates before and after the meeting of a month; ``None``: not known."""
    if month not in prices:
        return None
    after = _from_behind(month, days, prices)
    if after is not None:
        return _before(month, days, prices, after), after
    earlier = _turned(month, -1)
    before = 100.0 - prices[earlier] if earlier in prices and earlier not in days else last
    if before is None:
        return None
    first, length = _days(month, days)
    left = length - first
    if _HALF_TICK * length / left > STEP / 10.0:  # of so few days a price cannot tell
        return None
    return before, (length * (100.0 - prices[month]) - first * before) / left


def _from_behind(month: Month, days: Mapping[Month, date], prices: Mapping[Month, float]) -> float | None:
    """The rate after a month's meeting, from the next month without one, back through those that have one."""
    run = list(_run(month, days))
    end = _turned(run[-1], 1)
    if end not in prices or any(one not in prices for one in run):
        return None
    rate = 100.0 - prices[end]
    for later in reversed(run[1:]):
        rate = _before(later, days, prices, rate)
    return rate


def _before(month: Month, days: Mapping[Month, date], prices: Mapping[Month, float], after: float) -> float:
    first, length = _days(month, days)
    return after if not first else (length * (100.0 - prices[month]) - (length - first) * after) / first


def _run(month: Month, days: Mapping[Month, date]) -> Iterator[Month]:
    """A month and those after it that have a meeting too, without a gap."""
    while month in days:
        yield month
        month = _turned(month, 1)


def _days(month: Month, days: Mapping[Month, date]) -> tuple[int, int]:
    """Days of a month before the day of its meeting, and all."""
    return days[month].day - 1, calendar.monthrange(*month)[1]


def _turned(month: Month, by: int) -> Month:
    number = month[0] * 12 + month[1] - 1 + by
    return number // 12, number % 12 + 1


def _follow(levels: Mapping[int, float], odds: Mapping[int, float]) -> dict[int, float]:
    """Levels after a decision that does not depend on those before."""
    after: dict[int, float] = {}
    for level, p in levels.items():
        for step, q in odds.items():
            after[level + step] = after.get(level + step, 0.0) + p * q
    return dict(sorted(after.items()))
