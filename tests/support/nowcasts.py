"""A past in which core PCE is made of two components, and models and figures of it."""

from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from signald.model.macro import Indicator
from signald.model.nowcast import Bridge, NowcastModel
from signald.model.parameters import Parameters, Report, identify
from signald.model.time import NS_PER_S, Nanos, format_rfc3339, parse_rfc3339
from signald.research.bridge import HEADER, History
from signald.sources.calendars.files import CalendarRow
from tests.support.models import build_model, build_response, build_series
from tests.support.samples import build_indicator

TARGET = "us.core_pce.mom"
SHELTER = "us.cpi.mom/shelter"
PPI_FEES = "us.ppi.mom/portfolio_management"
INDICATORS: dict[str, Indicator] = {
    one.id: one
    for one in (
        build_indicator("us.cpi.mom", report="us.cpi", step=0.1),
        build_indicator("us.ppi.mom", report="us.ppi", step=0.1),
        build_indicator(TARGET, report="us.pce", step=0.1),
        build_indicator("us.core_pce.yoy", report="us.pce", step=0.1),
        build_indicator("us.nfp", report="us.employment", step=1.0),
    )
}
_DAY = 86_400 * NS_PER_S


class Planted(NamedTuple):
    """Core PCE = 0.05 + 0.45 · shelter + 0.15 · fees + ε; its consensus knows of the shelter only."""

    history: History
    rows: list[CalendarRow]

    def write_history(self, path: Path) -> Path:
        """As a file."""
        lines = [",".join(HEADER)]
        for (name, period), words in self.history.known.items():
            indicator, _, component = name.partition("/")
            lines += [f"{format_rfc3339(ts)},{indicator}:{period},{component},{actual!r}" for ts, actual in words]
        path.write_text("\n".join(lines) + "\n")
        return path

    def write_calendar(self, path: Path) -> Path:
        """As the contract's CSV."""
        lines = ["ts_scheduled,indicator,period,actual,consensus,prior"]
        for row in self.rows:
            told = ["" if one is None else repr(one) for one in (row.actual, row.consensus, row.prior)]
            lines.append(",".join([format_rfc3339(row.ts_scheduled), row.indicator, row.period, *told]))
        path.write_text("\n".join(lines) + "\n")
        return path


def months(count: int) -> list[str]:
    """Periods from 2010-01 on."""
    return [f"{2010 + place // 12}-{place % 12 + 1:02d}" for place in range(count)]


def published(period: str, days: int) -> Nanos:
    """13:30 so many days after the first of the month that follows."""
    year, month = int(period[:4]), int(period[5:])
    after = f"{year + month // 12}-{month % 12 + 1:02d}-01T13:30:00Z"
    return parse_rfc3339(after) + days * _DAY


def planted_past(count: int, *, seed: int, noise: float = 0.04) -> Planted:
    """So many months; CPI comes on the 13th, PPI on the 14th, core PCE on the 29th."""
    random = np.random.default_rng(seed)
    known: dict[tuple[str, str], list[tuple[Nanos, float]]] = {}
    rows: list[CalendarRow] = []
    for period in months(count):
        shelter, fees, other = (float(one) for one in random.normal((0.35, 0.2, 0.0), (0.15, 0.8, noise)))
        known[SHELTER, period] = [(published(period, 12) + 184_000_000, shelter)]
        known[PPI_FEES, period] = [(published(period, 13) + 184_000_000, fees)]
        expected = 0.05 + 0.45 * shelter + 0.15 * 0.2
        rows.append(
            CalendarRow(
                release_id=f"{TARGET}:{period}",
                indicator=TARGET,
                period=period,
                ts_scheduled=published(period, 28),
                actual=expected + 0.15 * (fees - 0.2) + other,
                consensus=round(expected, 1),
                prior=None,
            )
        )
    return Planted(History(known, "planted.csv", "0" * 64), rows)


PERIOD = "2025-01"
CPI_RELEASE, PPI_RELEASE, PCE_RELEASE = (f"{name}:{PERIOD}" for name in ("us.cpi.mom", "us.ppi.mom", TARGET))
CPI_DUE, PPI_DUE, PCE_DUE = (published(PERIOD, days) for days in (12, 13, 28))


def build_bridge(regressors: tuple[str, ...] = (SHELTER, PPI_FEES), *, error: float = 0.05, past_n: int = 40) -> Bridge:
    """0.05 + 0.5 · each component, with its past error."""
    size = len(regressors)
    return Bridge(
        target=TARGET,
        regressors=regressors,
        constant=0.05,
        beta=(0.5,) * size,
        errors=(0.01,) * (size + 1),
        covariance=((0.0,) * (size + 1),) * (size + 1),
        ranges=((-1.0, 1.0),) * size,
        n=60,
        first_period="2020-01",
        last_period="2024-12",
        r2=0.8,
        past_n=past_n,
        past_error=error,
        bound=0.09,
        consensus_error=0.08,
        beyond=10,
        right=8,
    )


def build_bridged(*bridges: Bridge) -> Parameters:
    """A model in which bitcoin falls 30 bps on a tenth of a percent of core PCE, with these bridges to it."""
    model = build_model(
        (build_series(TARGET, "us.pce"), build_series("us.cpi.mom", "us.cpi"), build_series("us.ppi.mom", "us.ppi")),
        {"BTC": (build_response(300, (-30.0, -60.0, -10.0)), build_response(900, (-33.0, -63.0, -11.0)))},
        reports=[
            Report(id=name, series=(one,), moments=((1.0,),), n=24, pooled_correlation=1.0)
            for name, one in (("us.pce", TARGET), ("us.cpi", "us.cpi.mom"), ("us.ppi", "us.ppi.mom"))
        ],
    )
    nowcast = NowcastModel(bridges=bridges, silent={}, history="planted.csv", sha256="0" * 64)
    return identify(msgspec.structs.replace(model, nowcast=nowcast))
