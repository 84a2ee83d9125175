"""What the market expects of the Federal Reserve, as sources tell it and as documents do."""

from typing import Literal, TypeAlias

import msgspec

from signald.model.time import Nanos

ThresholdFrom: TypeAlias = Literal["configured", "model", "quiet_days"]

QuietDay: TypeAlias = tuple[int, float]
"""A day, counted from the epoch, and the farthest that implied cuts were from before within the window."""


class Expectations(msgspec.Struct, frozen=True, kw_only=True):
    """One source's word on the next decision and on the cuts that are priced by the end of its year.

    Attributes:
        meeting: Its last day, ``2025-03-19``.
        p_cut: Probability of a cut at that meeting.
        p_hold: Of none.
        p_hike: Of a hike.
        implied_cuts_year_end: Cuts of 25 basis points by the end of the meeting's year; negative: hikes.
        source: Who says so.
        sequence: Rising for each source.
        ts_event: When it was so.
        ts_ingest: When we heard of it.
    """

    meeting: str
    p_cut: float
    p_hold: float
    p_hike: float
    implied_cuts_year_end: float
    source: str
    sequence: int
    ts_event: Nanos
    ts_ingest: Nanos


class CutsThreshold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What implied cuts change by on days without a release.

    ``cuts`` is the quantile of the farthest change within the window, ``low`` and ``high`` bound it with 90 %
    (``None``: so few days say nothing of that side), ``days`` is how many it rests on; ``window_s`` is the window.
    """

    cuts: float
    low: float | None
    high: float | None
    days: int
    window_s: float


class CutsResponse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an asset's move goes with the change in implied cuts over its time, at most the window; the surprises held.

    It explains a move that is over: what cuts will be is as unknown as the move.

    Attributes:
        seconds: Over which time.
        bps_per_cut: Basis points for one more cut that is priced.
        error: Standard error of that, HC1.
        n: Timestamps it rests on.
        r2_without: Uncentred R² of the surprises alone, over the same timestamps.
        r2: With the change in implied cuts.
    """

    seconds: int
    bps_per_cut: float
    error: float
    n: int
    r2_without: float
    r2: float


class CutsModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was estimated from a history of implied cuts: asset → its responses by rising time.

    ``history`` and ``sha256`` are the name and the hash of the file that has it; ``""`` in models of before they were.
    """

    threshold: CutsThreshold | None
    assets: dict[str, tuple[CutsResponse, ...]]
    history: str = ""
    sha256: str = ""


class ExpectationsView(msgspec.Struct, frozen=True, kw_only=True):
    """What a release did to the cuts that are priced by the end of the year.

    Both words are of ``source``: the newest that had come before T0, and one that came within the window after it.
    ``threshold_cuts`` is what such a change stays within on nine of ten days without a release, bounded with 90 % by
    ``threshold_low`` and ``threshold_high``; ``None`` is unknown. ``explained_bps`` is what the change makes of the
    move by the model's estimate, given where it has one, with the standard error: it explains, it does not predict.
    """

    source: str
    meeting: str
    cuts_before: float
    cuts: float
    change_cuts: float
    p_cut_before: float
    p_cut: float
    threshold_cuts: float | None
    threshold_low: float | None
    threshold_high: float | None
    threshold_days: int | None
    threshold_from: ThresholdFrom | None
    ts_before: Nanos
    ts_event: Nanos
    explained_bps: float | msgspec.UnsetType = msgspec.UNSET
    explained_error_bps: float | msgspec.UnsetType = msgspec.UNSET
