"""The joint regression of moves on all surprises of their timestamp, through statsmodels."""

# statsmodels has no type stubs: what comes out of it is given its type here, and nowhere else.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from statsmodels.regression.linear_model import OLS

Floats = NDArray[np.float64]


class Fit(NamedTuple):
    """Least squares without a constant.

    Attributes:
        beta: Coefficients.
        covariance: Of them, robust to unequal variances (HC1, MacKinnon & White 1985).
        r2: Uncentred R².
        squares: Each squared residual over one less its leverage, which is unbiased where variances are equal (HC2).
    """

    beta: Floats
    covariance: Floats
    r2: float
    squares: Floats


def regress(moves: Floats, surprises: Floats) -> Fit:
    """Regress ``moves[timestamp]`` on ``surprises[timestamp, series]``.

    There is no constant: bitcoin's drift over minutes is nothing beside a release, and a constant would be the mean
    move of all kinds of releases.
    """
    results: Any = OLS(moves, surprises).fit(cov_type="HC1")
    leverage: Floats = results.get_influence().hat_matrix_diag
    residuals: Floats = results.resid
    return Fit(
        beta=np.asarray(results.params),
        covariance=np.asarray(results.cov_params()),
        r2=float(results.rsquared),
        squares=residuals**2 / np.maximum(1.0 - leverage, np.finfo(np.float64).eps),
    )
