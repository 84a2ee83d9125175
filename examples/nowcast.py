"""Ten made-up years of components and of the core PCE that follows from them: python nowcast.py FOLDER.

The bridge in them is core PCE = 0.06 + 0.40 shelter + 0.15 medical care + 0.05 portfolio management + noise of 0.03.
The consensus knows of consumer prices only. The last month's figure is not out yet.
"""

import random
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

MONTHS = 120
MEANS = {"shelter": (0.30, 0.12), "medical_care": (0.25, 0.20), "portfolio_management": (0.30, 1.00)}
WEIGHTS = {"shelter": 0.40, "medical_care": 0.15, "portfolio_management": 0.05}


def months() -> Iterator[tuple[str, str]]:
    """Each month, and the one in which its figures come."""
    names = [f"{2015 + place // 12}-{place % 12 + 1:02d}" for place in range(MONTHS + 1)]
    return pairwise(names)


def make(folder: Path, seed: int = 7) -> None:
    draw = random.Random(seed)  # noqa: S311 - made-up figures, not a secret
    components = ["ts_known,release_id,component,actual"]
    calendar = ["ts_scheduled,indicator,period,actual,consensus,prior"]
    prior = ""
    for period, after in months():
        parts = {name: round(draw.gauss(mean, spread), 2) for name, (mean, spread) in MEANS.items()}
        for name, part in parts.items():
            day, release = (14, "us.ppi.mom") if name == "portfolio_management" else (13, "us.cpi.mom")
            components.append(f"{after}-{day}T13:30:00.2Z,{release}:{period},{name},{part}")
        known = 0.06 + sum(WEIGHTS[name] * part for name, part in parts.items() if name != "portfolio_management")
        figure = known + WEIGHTS["portfolio_management"] * parts["portfolio_management"] + draw.gauss(0.0, 0.03)
        actual = f"{figure:.2f}" if len(calendar) < MONTHS else ""
        consensus = f"{known + WEIGHTS['portfolio_management'] * 0.30:.2f}"
        calendar.append(f"{after}-28T13:30:00Z,us.core_pce.mom,{period},{actual},{consensus},{prior}")
        prior = actual
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "components.csv").write_text("\n".join(components) + "\n", encoding="utf-8")
    (folder / "calendar.csv").write_text("\n".join(calendar) + "\n", encoding="utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
