"""A small calendar and its bars, with a planted response: what `calibrate`, `backtest` and `ci` read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

_BAR = timedelta(minutes=5)
_BEFORE = 300
_AFTER = 14


class QuantFiles(NamedTuple):
    """Paths of a calendar and of a file of bars."""

    calendar: Path
    prices: Path


def write_quant_files(folder: Path, *, months: int = 40, response_bps: float = -60.0, seed: int = 0) -> QuantFiles:
    """Write ``calendar.csv`` with ``months`` of us.cpi.mom, and ``btc_5m.csv`` with bars around each release.

    Each bar moves by 10 basis points or so; the one that begins at a release by ``response_bps`` per standard
    deviation of surprise on top.
    """
    random = np.random.default_rng(seed)
    rows = ["ts_scheduled,indicator,period,actual,consensus,prior"]
    bars = ["date,open,high,low,close,volume"]
    for month in range(months):
        year, number = 2020 + month // 12, month % 12 + 1
        release = datetime(year, number, 14, 13, 30, tzinfo=UTC)
        surprise = round(float(random.normal()), 1)
        before = f"{year - (number == 1)}-{(number - 2) % 12 + 1:02d}"
        rows.append(f"{release:%Y-%m-%dT%H:%M:%SZ},us.cpi.mom,{before},{0.3 + 0.1 * surprise:.2f},0.3,0.2")
        price = 100.0
        for index in range(-_BEFORE, _AFTER):
            move = 1e-3 * float(random.normal()) + (1e-4 * response_bps * surprise if index == 0 else 0.0)
            start, opened, price = release + index * _BAR, price, price * (1.0 + move)
            high, low = max(opened, price), min(opened, price)
            bars.append(f"{start:%Y-%m-%dT%H:%M:%SZ},{opened:.6f},{high:.6f},{low:.6f},{price:.6f},1")
    files = QuantFiles(folder / "calendar.csv", folder / "btc_5m.csv")
    files.calendar.write_text("\n".join(rows) + "\n", encoding="utf-8")
    files.prices.write_text("\n".join(bars) + "\n", encoding="utf-8")
    return files
