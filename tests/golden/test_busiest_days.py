"""The guard on the busiest days there were and a minute of fourteen figures: right to the second, from time alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from signald.core.board import empty_rows
from signald.core.guard.rules import GuardRules
from signald.core.guard.watch import RANK
from signald.model.indicators import load_indicators
from signald.model.macro import Indicator, ReleaseId, ScheduledRelease
from signald.model.signals import Signal
from signald.model.time import NS_PER_S, Nanos
from signald.sources.calendars.files.reader import read_calendar
from tests.support.calendar import DAY, scheduled
from tests.support.engine import INSTRUMENTS, build_engine, of_bitcoin, seconds, tell, wait
from tests.support.shared_data import shared_data

ROOT = Path(__file__).resolve().parents[2]
NEW_YORK = ZoneInfo("America/New_York")
RULES = GuardRules(important=("us.cpi.*", "us.nfp", "us.gdp.*", "us.core_pce.*"), renew_every_ns=365 * DAY)
DEAD = empty_rows(len(INSTRUMENTS))

FOURTEEN = (
    *("us.nfp:2025-10", "us.nfp:2025-11", "us.unemployment_rate:2025-11", "us.average_hourly_earnings.mom:2025-10"),
    *(
        "us.average_hourly_earnings.mom:2025-11",
        "us.average_hourly_earnings.yoy:2025-11",
        "us.private_payrolls:2025-11",
    ),
    *("us.manufacturing_payrolls:2025-10", "us.manufacturing_payrolls:2025-11", "us.retail_sales.mom:2025-10"),
    *("us.core_retail_sales.mom:2025-10", "us.housing_starts:2025-09", "us.building_permits:2025-09:preliminary"),
    "us.jobless_claims:2025-W50",
)


@pytest.fixture(scope="module")
def indicators() -> Mapping[str, Indicator]:
    return load_indicators((ROOT / "configs/indicators.toml").read_bytes())


def guard_of(indicators: Mapping[str, Indicator], due: Mapping[ReleaseId, Nanos]) -> list[tuple[Nanos, str]]:
    """Times and states of bitcoin's guard when these releases are announced a day ahead, and no feed lives."""
    engine = build_engine(indicators=indicators, guard=RULES)
    first = min(due.values()) - DAY
    outputs = [one for name, ts in due.items() for one in tell(engine, word(name, ts, first), rows=DEAD)]
    outputs += wait(engine, max(due.values()) + seconds(4_000), rows=DEAD)
    return [(one.ts_event, one.desk.state) for one in of_bitcoin(outputs) if one.kind == "guard" and one.desk]


def word(name: ReleaseId, ts: Nanos, first: Nanos) -> ScheduledRelease:
    return scheduled(name, ts_scheduled=ts, ts_event=first, ts_ingest=first, consensus=None, prior=None)


def expected(leads: Mapping[Nanos, Nanos]) -> dict[Nanos, str]:
    """State from each time on, by the issue's own words: the highest of what each moment asks for."""
    spans = [
        (at + begin, at + end, state)
        for at, lead in leads.items()
        for begin, end, state in (
            (-lead, seconds(-5), "widen"),
            (seconds(-5), seconds(60), "hold"),
            (seconds(60), seconds(300), "widen"),
            (seconds(300), seconds(1_800), "recover"),
            (seconds(1_800), 10 * DAY, "normal"),
        )
    ]
    times = sorted({begin for begin, _, _ in spans})
    return {ts: max((s for b, e, s in spans if b <= ts < e), key=lambda state: RANK[state]) for ts in times}


def leads_of(names: Iterable[tuple[ReleaseId, Nanos]]) -> dict[Nanos, Nanos]:
    leads: dict[Nanos, Nanos] = defaultdict(int)
    for name, ts in names:
        leads[ts] = max(leads[ts], RULES.lead_ns(name.partition(":")[0]))
    return leads


def last_of_each(said: Sequence[tuple[Nanos, str]]) -> dict[Nanos, str]:
    return dict(said)


def busiest(indicators: Mapping[str, Indicator]) -> list[dict[ReleaseId, Nanos]]:
    by_day: dict[int, dict[ReleaseId, Nanos]] = defaultdict(dict)
    for name in ("calendar_us_investing.csv", "calendar_us_ff.csv"):
        path = shared_data("macro", "calendar", name)
        for row in read_calendar(path.read_bytes(), indicators, name=name).rows:
            by_day[row.ts_scheduled // DAY].setdefault(row.release_id, row.ts_scheduled)
    counted = Counter({day: len(due) for day, due in by_day.items()})
    return [by_day[day] for day, _ in counted.most_common(3)]


def test_guard_of_the_three_busiest_days_is_right_to_the_second(indicators: Mapping[str, Indicator]) -> None:
    for due in busiest(indicators):
        assert len(due) > 10
        assert last_of_each(guard_of(indicators, due)) == expected(leads_of(due.items()))


def test_minute_of_fourteen_figures_is_one_moment(indicators: Mapping[str, Indicator]) -> None:
    at = utc(date(2025, 12, 16), time(8, 30))

    said = guard_of(indicators, dict.fromkeys(FOURTEEN, at))

    assert len(FOURTEEN) == 14
    assert [((ts - at) // NS_PER_S, state) for ts, state in said] == [
        (-900, "widen"),
        (-5, "hold"),
        (60, "widen"),
        (300, "recover"),
        (1_800, "normal"),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [(date(2025, 3, 7), date(2025, 3, 10)), (date(2025, 10, 31), date(2025, 11, 3))],
    ids=["spring", "autumn"],
)
def test_guard_keeps_new_yorks_clock_when_that_is_changed(
    indicators: Mapping[str, Indicator], before: date, after: date
) -> None:
    due = {f"us.cpi.yoy:{day:%Y-%m}": utc(day, time(8, 30)) for day in (before, after)}
    due |= {f"us.core_cpi.mom:{day:%Y-%m}": utc(day, time(8, 30)) for day in (before, after)}
    said = [guard_of(indicators, {name: ts}) for name, ts in due.items()]

    clocks = {tuple(local(ts) for ts, _ in one) for one in said}

    assert clocks == {("08:15:00", "08:29:55", "08:31:00", "08:35:00", "09:00:00")} | (
        {("08:28:00", "08:29:55", "08:31:00", "08:35:00", "09:00:00")}
    )


def utc(day: date, clock: time) -> Nanos:
    return round(datetime.combine(day, clock, NEW_YORK).timestamp()) * NS_PER_S


def local(ts: Nanos) -> str:
    return datetime.fromtimestamp(ts // NS_PER_S, UTC).astimezone(NEW_YORK).strftime("%H:%M:%S")


def test_every_step_names_every_release_of_its_moment(indicators: Mapping[str, Indicator]) -> None:
    at = utc(date(2025, 12, 16), time(8, 30))
    engine = build_engine(indicators=indicators, guard=RULES)
    for name in FOURTEEN:
        tell(engine, word(name, at, at - DAY), rows=DEAD)

    outputs = wait(engine, at, rows=DEAD)

    steps = [one for one in outputs if isinstance(one, Signal) and one.kind == "guard"]
    assert steps
    assert all({cause.release_id for cause in one.causes} == set(FOURTEEN) for one in steps)
