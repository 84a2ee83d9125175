"""How an estimated model goes on learning, what it learnt from, and which model it came of."""

import msgspec

from signald.model.time import Nanos


class Pace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a response goes on learning, as those believe who learnt it; arrays are in the order of ``own``.

    Attributes:
        prior: Variance to which each series' response returns when it is forgotten, squared basis points.
        fades: How often a year what was learnt of each halves; 0 forgets nothing.
        residual_count: Releases that each residual's scale rests on.
        residual_fades: How often a year that number halves.
        hour: How much of a usual move is the volatility of the hour before, 0…1.
        lately: What that volatility made of as long a time, median of the last year, basis points.
    """

    prior: tuple[float, ...]
    fades: tuple[float, ...]
    residual_count: tuple[float, ...]
    residual_fades: tuple[float, ...]
    hour: float
    lately: float


class PastEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One timestamp that was learnt from.

    Attributes:
        ts: When its releases were due.
        z: Series → standardised surprise.
        moves: Asset → move over the primary horizon, basis points.
    """

    ts: Nanos
    z: dict[str, float]
    moves: dict[str, float]


class Lineage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a model came of another one by learning.

    Attributes:
        root: The model that was estimated from files.
        parent: The model it took the place of.
        steps: How many timestamps were learnt since ``root``.
        through: The newest of them: nothing from before it is learnt again.
        ts_effective: From when on it scored.
    """

    root: str
    parent: str
    steps: int
    through: Nanos
    ts_effective: Nanos
