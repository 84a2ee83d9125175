"""The guard's timeline on real days, and on a minute of fourteen figures: right to the second, whatever clocks do."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from signald.core.board import empty_rows
from signald.core.guard.rules import GuardRules
from signald.model.indicators import load_indicators
from signald.model.signals import Signal
from signald.model.time import NS_PER_MS, NS_PER_S
from signald.sources.calendars.files.reader import read_calendar
from signald.sources.calendars.files.rows import CalendarRow
from tests.support.calendar import figure, scheduled
from tests.support.engine import INSTRUMENTS, build_engine, of_bitcoin, tell, those, wait
from tests.support.rows import live_rows
from tests.support.shared_data import shared_data

CONFIGS = Path(__file__).parents[4] / "configs"
INDICATORS = load_indicators((CONFIGS / "indicators.toml").read_bytes())
NEW_YORK = ZoneInfo("America/New_York")
RULES = GuardRules(important=("us.cpi.*", "us.nfp", "us.fomc.*", "us.gdp.*", "us.retail_sales.*", "us.ppi.*"))
DEAD = empty_rows(len(INSTRUMENTS))
DAY_S = 86_400
RANKS = ("normal", "recover", "widen", "released", "hold")


def own_state(after_s: float, lead_s: int) -> str:
    """What one moment asks for so long after its T0, by the table of ``docs/guard.md``, if no figure comes."""
    states = ((1_800, "normal"), (300, "recover"), (60, "widen"), (-5, "hold"), (-lead_s, "widen"))
    return next((state for begin, state in states if after_s >= begin), "normal")


def lead_s(names: Iterable[str]) -> int:
    return 900 if any(RULES.lead_ns(name) == RULES.widen_before_ns for name in names) else 120


def told(rows: Sequence[CalendarRow]) -> list[Signal]:
    """Bitcoin's steps over a day whose feeds are all dead and whose figures never come."""
    engine = build_engine(indicators=INDICATORS, guard=RULES)
    begin = rows[0].ts_scheduled - DAY_S * NS_PER_S
    for number, row in enumerate(rows):
        tell(
            engine,
            scheduled(
                row.release_id,
                ts_scheduled=row.ts_scheduled,
                period=row.period,
                consensus=row.consensus,
                prior=row.prior,
                sequence=number,
                ts_event=begin,
                ts_ingest=begin,
            ),
            rows=DEAD,
        )
    outputs = wait(engine, rows[-1].ts_scheduled + DAY_S * NS_PER_S, rows=DEAD)
    return [one for one in of_bitcoin(outputs) if one.kind == "guard" and one.ts_scheduled is not None]


def releases() -> dict[date, list[CalendarRow]]:
    """The shared calendar, by New York's day."""
    content = shared_data("macro", "calendar", "calendar_us_investing.csv").read_bytes()
    days: dict[date, list[CalendarRow]] = defaultdict(list)
    for row in read_calendar(content, INDICATORS, name="investing").rows:
        days[datetime.fromtimestamp(row.ts_scheduled // NS_PER_S, NEW_YORK).date()].append(row)
    return days


def judge(rows: Sequence[CalendarRow]) -> None:
    """Compare a day's steps with the table, applied by itself to each moment."""
    moments: dict[int, list[str]] = defaultdict(list)
    for row in rows:
        moments[row.ts_scheduled // NS_PER_S].append(row.indicator)
    leads = {moment: lead_s(names) for moment, names in moments.items()}

    steps = told(rows)

    offsets = {moment: [-leads[moment], -5, 60, 300, 1_800] for moment in leads}
    seen: dict[int, list[float]] = defaultdict(list)
    for step in steps:
        assert step.ts_scheduled is not None
        assert step.desk is not None
        seen[step.ts_scheduled // NS_PER_S].append((step.ts_event - step.ts_scheduled) / NS_PER_S)
        at_s = step.ts_event // NS_PER_S
        asked = (own_state(at_s - moment, lead) for moment, lead in leads.items())
        assert step.desk.state == max(asked, key=RANKS.index)
    assert seen == offsets


@pytest.mark.parametrize("rank", range(3))
def test_timeline_of_the_busiest_days_is_the_tables(rank: int) -> None:
    days = releases()
    [*_, (day, count)] = Counter({day: len(rows) for day, rows in days.items()}).most_common(rank + 1)

    judge(days[day])

    assert count >= 10


@pytest.mark.parametrize(
    ("day", "first"),
    [
        (date(2023, 11, 3), "12:30"),  # payrolls, two days before the clocks were set back
        (date(2023, 11, 9), "13:30"),  # claims, four days after
        (date(2024, 3, 8), "13:30"),  # payrolls, two days before they were set forward
        (date(2024, 3, 12), "12:30"),  # consumer prices, two days after
    ],
)
def test_timeline_follows_new_yorks_clock_when_it_is_changed(day: date, first: str) -> None:
    at_half_past_eight = [
        row
        for row in releases()[day]
        if datetime.fromtimestamp(row.ts_scheduled // NS_PER_S, NEW_YORK).strftime("%H:%M") == "08:30"
    ]

    judge(at_half_past_eight)

    hold = [one for one in told(at_half_past_eight) if one.desk is not None and one.desk.state == "hold"]
    assert [datetime.fromtimestamp(one.ts_event / NS_PER_S + 5, UTC).strftime("%H:%M:%S") for one in hold] == [
        f"{first}:00"
    ]


FOURTEEN = (
    *("us.nfp:2025-10", "us.nfp:2025-11", "us.unemployment_rate:2025-11", "us.participation_rate:2025-11"),
    *("us.average_hourly_earnings.mom:2025-10", "us.average_hourly_earnings.mom:2025-11"),
    *("us.average_hourly_earnings.yoy:2025-11", "us.private_payrolls:2025-10", "us.private_payrolls:2025-11"),
    *("us.manufacturing_payrolls:2025-11", "us.retail_sales.mom:2025-10", "us.core_retail_sales.mom:2025-10"),
    *("us.housing_starts:2025-10", "us.building_permits:2025-10"),
)


def test_minute_of_fourteen_figures_is_one_moment_with_two_months_of_payrolls() -> None:
    t0 = round(datetime(2025, 12, 16, 8, 30, tzinfo=NEW_YORK).timestamp()) * NS_PER_S
    engine = build_engine(indicators=INDICATORS, guard=RULES)
    rows = live_rows(len(INSTRUMENTS), ts_ingest=t0)
    before = {"ts_event": t0 - DAY_S * NS_PER_S, "ts_ingest": t0 - DAY_S * NS_PER_S}
    figures = {name: sum(INDICATORS[name.partition(":")[0]].plausible) / 2.0 for name in FOURTEEN}

    for name in FOURTEEN:
        tell(engine, scheduled(name, ts_scheduled=t0, consensus=figures[name] - 0.1, prior=None, **before), rows=rows)
    outputs = wait(engine, t0, rows=rows)
    for number, name in enumerate(FOURTEEN):
        late = {"ts_event": t0, "ts_ingest": t0 + (100 + number) * NS_PER_MS}
        outputs += tell(engine, figure(figures[name], name, **late), rows=rows)
    outputs += wait(engine, t0 + 3_600 * NS_PER_S, rows=rows)

    steps = [one for one in of_bitcoin(outputs) if one.kind == "guard" and one.ts_scheduled is not None]
    assert [(one.desk.state, (one.ts_event - t0) / NS_PER_S) for one in steps if one.desk] == [
        ("widen", -900.0),
        ("hold", -5.0),
        ("released", 0.15),
        ("recover", 10.0),
        ("normal", 30.0),
    ]
    assert {cause.release_id for cause in steps[1].causes} == set(FOURTEEN)
    scored = [one for one in of_bitcoin(outputs) if one.kind == "release"]
    assert [one.revision for one in scored] == list(range(1, 15))
    assert [cause.release_id for cause in scored[-1].causes if cause.release_id.startswith("us.nfp")] == [
        "us.nfp:2025-10",
        "us.nfp:2025-11",
    ]
    assert "partial_bundle" not in scored[-1].flags
    assert len({one.id for one in those(outputs, Signal)}) == len(those(outputs, Signal))
