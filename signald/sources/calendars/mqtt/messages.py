"""Payloads of the calendar topics, spelled as the contract spells them. Extra fields are legal and ignored."""

from typing import Annotated, TypeAlias

import msgspec

from signald.model.control import EVERYTHING, Command
from signald.model.expectations import QuietDay
from signald.model.macro import ReleaseKind, ScheduleState
from signald.model.movers import Begun, Day
from signald.model.policy import Category

Figure: TypeAlias = int | float | str
"""A figure as sent: read by :func:`signald.model.figures.parse_figure` in the indicator's unit."""

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""A whole number that fits every store; nanoseconds since the epoch do."""


class ScheduleMessage(msgspec.Struct, frozen=True, kw_only=True):
    """``calendar/schedule/{release_id}/{source}``, retained."""

    release_id: str
    indicator: str
    period: str
    ts_scheduled: str
    consensus: Figure | None
    prior: Figure | None
    source: str
    sequence: Count
    ts_event: str
    consensus_low: Figure | None = None
    consensus_high: Figure | None = None
    consensus_std: Figure | None = None
    consensus_n: Count | None = None
    state: ScheduleState = ScheduleState.SCHEDULED


class ReleaseMessage(msgspec.Struct, frozen=True, kw_only=True):
    """``calendar/release/{release_id}/{source}``; only a retraction may come without a figure."""

    release_id: str
    ts_event: str
    source: str
    sequence: Count
    kind: ReleaseKind
    actual: Figure | None = None
    revised_prior: Figure | None = None
    components: dict[str, Figure] = {}


class SettledMessage(msgspec.Struct, frozen=True, kw_only=True):
    """``calendar/settled/{release_id}``: of our own making, in the journal only; ``None``: it was taken back."""

    release_id: str
    actual: float | None
    ts_scheduled: Count
    ts_known: Count
    components: dict[str, float] = {}


class HeartbeatMessage(msgspec.Struct, frozen=True, kw_only=True):
    """``heartbeat/{source}``."""

    source: str
    ts_event: str
    sequence: Count
    covers: Annotated[tuple[str, ...], msgspec.Meta(max_length=1_000)]


class ControlMessage(msgspec.Struct, frozen=True, kw_only=True):
    """``control/{command}``; a ``resume`` has a reason."""

    command: Command
    by: str
    sequence: Count
    ts_event: str
    target: Annotated[str, msgspec.Meta(min_length=1, max_length=128)] = EVERYTHING
    reason: Annotated[str, msgspec.Meta(max_length=1_000)] = ""


class PolicyMessage(msgspec.Struct, frozen=True, kw_only=True):
    """``policy/{category}``."""

    event_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    sequence: Count
    category: Category
    stance: Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)]
    severity: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
    headline: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
    source: str
    ts_event: str
    expires_after_s: Annotated[float, msgspec.Meta(gt=0.0, le=2_592_000.0)]


class ReferenceMessage(msgspec.Struct, frozen=True, kw_only=True):
    """``reference/{symbol}``."""

    symbol: Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
    price: Annotated[float, msgspec.Meta(gt=0.0, le=1e12)]
    source: str
    sequence: Count
    ts_event: str


Probability: TypeAlias = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Price: TypeAlias = Annotated[float, msgspec.Meta(ge=50.0, le=110.0)]
"""Of a future on the federal funds rate, which was never above 25 percent, nor below −5."""


class ExpectationsMessage(msgspec.Struct, frozen=True, kw_only=True):
    """``expectations/fed_funds``: what is expected of a meeting, or the futures' prices that tell it.

    Either ``p_cut``, ``p_hold``, ``p_hike`` and ``implied_cuts_year_end``, or ``prices`` by month (``2025-03``),
    ``meetings`` (the last days of all of them as far as prices reach) and ``rate``, the effective rate now.
    """

    source: str
    sequence: Count
    meeting: str
    ts_event: str
    p_cut: Probability | None = None
    p_hold: Probability | None = None
    p_hike: Probability | None = None
    implied_cuts_year_end: Annotated[float, msgspec.Meta(ge=-40.0, le=40.0)] | None = None
    prices: Annotated[dict[str, Price], msgspec.Meta(min_length=1, max_length=60)] | None = None
    meetings: Annotated[tuple[str, ...], msgspec.Meta(max_length=60)] = ()
    rate: Annotated[float, msgspec.Meta(ge=-5.0, le=25.0)] | None = None


class RememberedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """``movers/remembered``: of our own making, in the journal only; see :class:`signald.model.movers.Remembered`."""

    days: dict[str, tuple[Day, ...]]
    recoveries: dict[str, tuple[float | None, ...]]
    begun: dict[str, Begun] = {}
    cuts: dict[str, tuple[QuietDay, ...]] = {}
