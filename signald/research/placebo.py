"""The same test on days without a release: it must see a response as often as chance has it, and no oftener."""

# statsmodels and SciPy have no type stubs: what comes out of them is given its type here.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from scipy import stats
from statsmodels.regression.linear_model import OLS

from signald.model.time import NS_PER_S
from signald.research.prices import Bars, moves_of
from signald.research.sample import Sample

SHIFTS_DAYS: Final = (-6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6)
"""How far from the release a placebo day lies; never a week, on whose day the same figure may come again."""

LEAST: Final = 15
"""Placebo days below which a series is not tested."""

_QUIET_NS: Final = 2 * 3_600 * NS_PER_S
_LEVEL: Final = 0.05


def placebo_rejections(sample: Sample, bars: Sequence[Bars], *, seconds: int) -> float | None:
    """Share of t-tests at 5 % that reject "no response" on placebo days; ``None`` without any.

    For each series and shift its surprises are regressed on the moves at the same minute so many days off, where no
    release is known within two hours; errors HC1, Student's law.
    """
    tests: list[bool] = []
    for shift in SHIFTS_DAYS:
        moments = sample.ts + shift * 86_400 * NS_PER_S
        quiet = np.array([bool(np.all(np.abs(sample.ts - moment) > _QUIET_NS)) for moment in moments])
        moves = moves_of(bars, moments.tolist(), seconds)
        for column in range(len(sample.series)):
            z = sample.z[:, column]
            rows = quiet & ~np.isnan(z) & ~np.isnan(moves)
            if np.count_nonzero(rows) >= LEAST and np.count_nonzero(z[rows]) >= LEAST // 2:
                fit: Any = OLS(moves[rows], z[rows]).fit(cov_type="HC1")
                bound = float(stats.t.ppf(1.0 - _LEVEL / 2.0, np.count_nonzero(rows) - 1))
                tests.append(abs(float(fit.tvalues[0])) > bound)
    return float(np.mean(tests)) if tests else None
