"""Bridges from named parts of consumer and producer prices to the next core PCE, and what is said by them."""

from collections.abc import Iterator
from typing import Final

import msgspec

from signald.model.macro import IndicatorId, ReleaseId
from signald.model.time import Nanos

TARGETS: Final[tuple[IndicatorId, ...]] = ("us.core_pce.mom", "us.core_pce.yoy")
"""What a bridge may lead to."""

REPORTS: Final = ("us.cpi", "us.ppi")
"""Publications whose components it may rest on."""


def regressor_of(indicator: IndicatorId, component: str) -> str:
    """A component as bridges name it: ``us.ppi.mom/financial_services``."""
    return f"{indicator}/{component}"


def is_alike(indicator: IndicatorId, target: IndicatorId) -> bool:
    """Whether both are changes over as long a time: a month's are explained by a month's, a year's by a year's."""
    return indicator.rpartition(".")[2] == target.rpartition(".")[2]


class Bridge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Target = constant + Σ β · component of the same period + ε, least squares over past periods.

    Every period's components are those that were known before its target came out. The past error is that of nowcasts
    that knew nothing of what came later: each by a bridge over the periods whose target was out by then.

    Attributes:
        target: ``us.core_pce.mom``.
        regressors: ``us.ppi.mom/financial_services``, in order.
        constant: In the target's unit.
        beta: Of each regressor.
        errors: Standard errors, HC1: of the constant, then of each β.
        covariance: Of the same, in the same order.
        ranges: Of each regressor the lowest and the highest figure that it rests on.
        n: Periods it rests on.
        first_period: The first of them.
        last_period: The last.
        r2: Centred R².
        past_n: Nowcasts behind the past error.
        past_error: Root mean square of nowcast − first figure, in the target's unit.
        bound: What nine of ten stay within, in that unit: half the interval.
        consensus_error: Root mean square of consensus − first figure over the same periods; ``None``: they have none.
        beyond: How often the nowcast was farther from consensus than the past error known then.
        right: How often of these the figure lay on the same side of consensus.
    """

    target: IndicatorId
    regressors: tuple[str, ...]
    constant: float
    beta: tuple[float, ...]
    errors: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    ranges: tuple[tuple[float, float], ...]
    n: int
    first_period: str
    last_period: str
    r2: float
    past_n: int
    past_error: float
    bound: float
    consensus_error: float | None
    beyond: int
    right: int


class NowcastModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All bridges that could be estimated; ``silent`` says why there is none: target → reason.

    ``history`` and ``sha256`` are name and hash of the file of components.
    """

    bridges: tuple[Bridge, ...]
    silent: dict[IndicatorId, str]
    history: str
    sha256: str


def misfits(model: NowcastModel) -> Iterator[str]:
    """What contradicts itself in a model that was read from a file."""
    for one in model.bridges:
        size = len(one.regressors)
        if any(len(row) != size for row in (one.beta, one.ranges)) or any(
            len(row) != size + 1 for row in (one.errors, one.covariance, *one.covariance)
        ):
            yield f"a bridge to {one.target} is not of {size} components"


class NowcastView(msgspec.Struct, frozen=True, kw_only=True):
    """What the components say of a figure that is to come, beside its consensus; in the figure's unit.

    Attributes:
        release_id: The figure that is to come.
        ts_scheduled: When it is due; ``None``: nobody said.
        nowcast: The figure that the components make likely, not rounded.
        error: Root mean square of past nowcasts' errors.
        lo: Nine of ten figures came within ``lo`` and ``hi``.
        hi: The other end.
        consensus: Median forecast as known now; ``None``: none is.
        difference: Nowcast − consensus.
        is_beyond: Whether that is more than the past error.
        consensus_error: That of the consensus over the same periods.
        n: Periods behind the bridge.
        past_n: Nowcasts behind the error.
        components: What it rests on: regressor → its figure.
        contributions: Regressor, and ``constant`` → its share; they add up to the nowcast.
    """

    release_id: ReleaseId
    ts_scheduled: Nanos | None
    nowcast: float
    error: float
    lo: float
    hi: float
    consensus: float | None
    difference: float | None
    is_beyond: bool
    consensus_error: float | None
    n: int
    past_n: int
    components: dict[str, float]
    contributions: dict[str, float]
