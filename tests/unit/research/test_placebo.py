from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from signald.research.placebo import LEAST, placebo_tests, sum_up
from signald.research.prices import Bars
from signald.research.sample import Sample
from tests.support.samples import build_sample

_STEP_NS = 300 * 10**9


def _bars(days: int, *, seed: int = 0) -> Bars:
    """Five-minute bars of independent moves whose size changes from day to day."""
    random = np.random.default_rng(seed)
    start = int(datetime(2023, 1, 2, tzinfo=UTC).timestamp()) * 10**9
    count = days * 288
    sizes = np.repeat(np.exp(0.5 * random.normal(size=days)), 288) * 1e-3
    closed = 100.0 * (1.0 + sizes * random.standard_t(4, size=count))
    starts = start + np.arange(count, dtype=np.int64) * _STEP_NS
    return Bars(_STEP_NS, starts, np.full(count, 100.0), closed, np.zeros(count, dtype=np.int64))


def _monthly(names: int, releases: int, *, seed: int = 1) -> Sample:
    """``names`` series, each at 08:30 New York on a weekday of its own of each month."""
    random = np.random.default_rng(seed)
    moments: dict[int, list[int]] = {}
    for name in range(names):
        for month in range(releases):
            day = datetime(2023, 1, 2) + timedelta(days=30 * month + 3 * name)  # noqa: DTZ001 - New York's, below
            day += timedelta(days=max(0, day.weekday() - 4) and 7 - day.weekday())
            local = day.replace(hour=8, minute=30, tzinfo=ZoneInfo("America/New_York"))
            moments.setdefault(int(local.timestamp()) * 10**9, []).append(name)
    ts = np.array(sorted(moments), dtype=np.int64)
    z = np.full((len(ts), names), np.nan)
    for row, moment in enumerate(ts.tolist()):
        z[row, moments[moment]] = random.standard_t(4, size=len(moments[moment]))
    return build_sample([f"us.a{name}" for name in range(names)], z, {"BTC": {300: np.zeros(len(ts))}})._replace(ts=ts)


def test_days_without_a_release_are_rejected_as_often_as_chance_has_it() -> None:
    sample = _monthly(5, 40)
    reports = {name: name for name in sample.series}

    found = [sum_up(placebo_tests(sample, reports, [_bars(1250, seed=seed)], seconds=300)) for seed in range(4)]

    summed = [one for one in found if one is not None]
    assert len(summed) == 4
    assert min(one.tests for one in summed) >= 20
    assert np.mean([one.rejections for one in summed]) == pytest.approx(0.05, abs=0.035)
    assert all(one.lo <= one.rejections <= one.hi for one in summed)


def test_placebo_days_are_weekdays_at_the_same_minute_of_new_yorks_clock() -> None:
    sample = _monthly(1, 20)
    sample = sample._replace(z=np.clip(sample.z, -1.5, 1.5))
    bars = _bars(620)
    local = [datetime.fromtimestamp(one / 1e9, UTC).astimezone(ZoneInfo("America/New_York")) for one in bars.start]
    there = np.array([one.weekday() < 5 and (one.hour, one.minute) == (8, 30) for one in local])
    nearest = np.abs(bars.start[:, None] - sample.ts).argmin(axis=1)
    haunted = bars.close * (1.0 + 5e-3 * sample.z[nearest, 0])

    at_the_minute = bars._replace(close=np.where(there, haunted, bars.close))
    at_all_others = bars._replace(close=np.where(there, bars.close, haunted))

    first, second = (
        placebo_tests(sample, {"us.a0": "us.a0"}, [one], seconds=300)[0].p for one in (at_the_minute, at_all_others)
    )
    assert first < 0.01 < second


def test_too_few_releases_are_not_tested() -> None:
    sample = _monthly(1, LEAST - 1)

    assert placebo_tests(sample, {"us.a0": "us.a0"}, [_bars(600)], seconds=300) == []
    assert sum_up([]) is None
