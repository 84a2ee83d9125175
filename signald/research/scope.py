"""What a backtest scores: whose moves, when, of which indicators, and at what cost."""

from collections.abc import Container, Mapping
from typing import Final, NamedTuple

import numpy as np

from signald.errors import ConfigError
from signald.model.macro import Indicator, IndicatorId
from signald.model.parameters import Parameters
from signald.model.time import Nanos
from signald.research.sample import Flags, Sample
from signald.research.strategy import COST_BPS
from signald.research.variants import Variant

EMBARGO_S: Final = 3_600
"""How long after a move is over it is learnt from: the running model learns when the longest horizon has passed."""


class Scope(NamedTuple):
    """What is scored; everything earlier is learnt from.

    Attributes:
        asset: Whose moves.
        begin: First scheduled time scored; ``None``: from the start.
        end: Scheduled times before this are scored; ``None``: to the end.
        indicators: Timestamps at which one of these came; empty: all.
        embargo_s: Seconds after a move's end before anything is learnt from it.
        cost_bps: Of a round trip.
        variant: A way to estimate that was left out; ``None``: the one decided on.
    """

    asset: str = "BTC"
    begin: Nanos | None = None
    end: Nanos | None = None
    indicators: tuple[IndicatorId, ...] = ()
    embargo_s: int = EMBARGO_S
    cost_bps: float = COST_BPS
    variant: Variant | None = None


def check_scope(
    scope: Scope,
    indicators: Mapping[IndicatorId, Indicator],
    *,
    priced: Container[str],
    model: Parameters | None = None,
) -> None:
    """Refuse what cannot be scored: raises ``ConfigError`` for an unknown indicator or an asset without prices."""
    for name in scope.indicators:
        if name not in indicators:
            raise ConfigError(name, "is no indicator that we know")
    if scope.asset not in priced or (model is not None and scope.asset not in model.assets):
        raise ConfigError(scope.asset, "has no prices here, or is not in the model")


def inside_scope(sample: Sample, scope: Scope) -> Flags:
    """Which of the sample's rows are scored."""
    inside = np.ones(len(sample.ts), dtype=np.bool_)
    if scope.begin is not None:
        inside &= sample.ts >= scope.begin
    if scope.end is not None:
        inside &= sample.ts < scope.end
    if scope.indicators:
        columns = [i for i, name in enumerate(sample.series) if name.partition(":")[0] in scope.indicators]
        inside &= ~np.isnan(sample.z[:, columns]).all(axis=1)
    return inside
