"""What moves a market beside the figures, as documents tell it, and as sources tell us."""

from typing import Literal, TypeAlias

import msgspec

from signald.model.expectations import QuietDay
from signald.model.time import Nanos

PegState: TypeAlias = Literal["live", "stale", "depegged", "disputed"]
ReferenceState: TypeAlias = Literal["live", "closed", "stale"]


Day: TypeAlias = tuple[int, float, float | None]
"""A day, counted from the epoch, its move in basis points and its mean order flow of a second in base units."""

Begun: TypeAlias = tuple[float | None, float, int]
"""The mid in dollars at which a move began (``None``: no book), the order flow since, over how many seconds."""


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """One source's price of what bitcoin is compared with, such as the Nasdaq's future ``NQ``."""

    symbol: str
    price: float
    source: str
    sequence: int
    ts_event: Nanos
    ts_ingest: Nanos


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What an earlier run had seen of moves before releases and of recoveries: of our own making, in the journal only.

    Attributes:
        days: ``CLOCK|OFFSET|INSTRUMENT`` → quiet days, looked at OFFSET before CLOCK, both in nanoseconds.
        recoveries: Instrument → how long its book took after past releases, seconds; ``None``: it did not in time.
        begun: ``MOMENT|INSTRUMENT`` → where the move before that moment, which is still to come, began.
        cuts: ``CLOCK|SOURCE`` → by how much priced cuts changed after CLOCK on quiet days, at most.
        ts_ingest: When this run was told.
    """

    days: dict[str, tuple[Day, ...]]
    recoveries: dict[str, tuple[float | None, ...]]
    begun: dict[str, Begun] = {}
    cuts: dict[str, tuple[QuietDay, ...]] = {}
    ts_ingest: Nanos = 0


class QuoteView(msgspec.Struct, frozen=True, kw_only=True):
    """What the quote currency was worth when it was last looked at, at ``ts``.

    ``usd`` is US dollars for one; ``state`` ``stale`` where no book has told for too long and the last word stands,
    ``depegged`` beyond the gate, ``disputed`` where its books differ by more than the gate.
    """

    currency: str
    usd: float
    state: PegState
    ts: Nanos


class DriftView(msgspec.Struct, frozen=True, kw_only=True):
    """What had moved before the figure, at the last look before it.

    ``realised_bps`` since the first look, ``band_bps`` what as much time moved on nine of ten days without a release
    (``None``: too few are known), ``flow`` the mean order flow of a second in base units and ``flow_band`` likewise.
    ``share`` is how much of the whole adjustment, this move and the predicted one, was gone: 0 where they differ in
    sign; ``None`` where nothing is predicted.
    """

    realised_bps: float
    band_bps: float | None
    flow: float | None
    flow_band: float | None
    share: float | None


class ReferenceView(msgspec.Struct, frozen=True, kw_only=True):
    """How bitcoin went with a reference lately; frozen unless ``state`` is ``live``."""

    correlation: float
    beta: float
    bars: int
    state: ReferenceState


class VenueView(msgspec.Struct, frozen=True, kw_only=True):
    """One venue among all that trade the asset.

    ``basis_bps`` is its mid in dollars against the composite; ``depth_share`` its part of the US dollars within 25 bps
    on all venues, ``dex_share`` that of all decentralised ones; ``lead_ms`` is by how much its returns since the figure
    led those of the others, negative: followed, at the ``correlation`` found there. ``None`` is unknown.
    """

    basis_bps: float | None
    depth_share: float | None
    dex_share: float | None
    lead_ms: float | None
    correlation: float | None
