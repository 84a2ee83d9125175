"""A made-up year of releases: when which comes, by how much it surprises, and bars of the market around all of it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, NamedTuple

from signald.bench.on_paper import RELEASES
from signald.model.macro import Indicator
from signald.model.time import NS_PER_S, Nanos, format_rfc3339

_WEEKLY: Final = ("us.jobless_claims", "us.continuing_claims")
_MONTHLY: Final = (
    *("us.nfp", "us.unemployment_rate", "us.average_hourly_earnings.mom", "us.cpi.mom", "us.cpi.yoy"),
    *("us.core_cpi.mom", "us.core_cpi.yoy", "us.ppi.mom", "us.core_ppi.mom", "us.core_pce.mom", "us.core_pce.yoy"),
    *("us.retail_sales.mom", "us.ism_manufacturing"),
)
_FIRST_DAY: Final = datetime(2024, 1, 1, 13, 30, tzinfo=UTC)
MID: Final = 95_000.0
_BAR_S: Final = 300
_SURPRISE_STEPS: Final = 2.0  # standard deviation of a made-up surprise, in steps of its series
BPS_PER_STEP: Final = -12.0
CALENDAR_HEADER: Final = "ts_scheduled,indicator,period,actual,consensus,prior\n"
_BAR_VOLATILITY: Final = 0.9e-4 * _BAR_S**0.5  # as the simulated market's
_LEAD_NS: Final[Nanos] = 40 * 86_400 * NS_PER_S
_TAIL_NS: Final[Nanos] = 7_200 * NS_PER_S


class Figure(NamedTuple):
    """One release of the year: ``steps`` is its surprise in steps of its series."""

    number: int
    indicator: str
    period: str
    ts: Nanos
    steps: int


def made_up_year() -> Iterator[Figure]:
    """One release each weekday: two weekly series, and thirteen that come once a month."""
    draw = Random(1)  # noqa: S311 - the same year in every run
    waiting = [
        (name, f"{2023 + (month + 11) // 12}-{(month + 11) % 12 + 1:02d}") for month in range(12) for name in _MONTHLY
    ]
    for number in range(RELEASES):
        week, weekday = divmod(number, 5)
        day = _FIRST_DAY + timedelta(days=7 * week + weekday)
        if weekday < len(_WEEKLY):
            before = (day - timedelta(days=7)).isocalendar()
            name, period = _WEEKLY[weekday], f"{before.year}-W{before.week:02d}"
        else:
            name, period = waiting.pop(0)
        ts = round(day.timestamp()) * NS_PER_S
        yield Figure(number, name, period, ts, round(draw.gauss(0.0, _SURPRISE_STEPS)))


def calendar_line(figure: Figure, indicator: Indicator) -> str:
    """It as a line of the contract's CSV."""
    step = indicator.step
    low, high = indicator.plausible
    consensus = round((max(low, 0.0) + min(high, 50.0 * step * 10)) / 2.0 / step) * step
    actual = consensus + figure.steps * step
    when = format_rfc3339(figure.ts)
    return f"{when},{figure.indicator},{figure.period},{actual:.6g},{consensus:.6g},{consensus:.6g}\n"


def bars(year: Sequence[Figure], played: Mapping[int, float]) -> Iterator[str]:
    """Five-minute bars of the year: a random walk, and at each release that was played what its books showed."""
    figures = {one.ts: one for one in year}
    draw = Random(2)  # noqa: S311 - the same bars in every run
    price = MID
    first, last = year[0].ts - _LEAD_NS, year[-1].ts + _TAIL_NS
    for ts in range(first, last, _BAR_S * NS_PER_S):
        move, figure = draw.gauss(0.0, _BAR_VOLATILITY), figures.get(ts)
        if figure is not None:
            move = played.get(figure.number, BPS_PER_STEP * figure.steps + move * 1e4) * 1e-4
        opened, price = price, price * (1.0 + move)
        high, low = max(opened, price), min(opened, price)
        yield f"{format_rfc3339(ts)},{opened:.2f},{high:.2f},{low:.2f},{price:.2f},1\n"
