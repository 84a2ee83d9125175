"""What a government did without a calendar: tariffs, orders, laws, decisions of agencies."""

from typing import Literal, TypeAlias

import msgspec

from signald.model.time import Nanos

Category: TypeAlias = Literal[
    "tariff", "executive_order", "legislation", "enforcement", "reserve", "stablecoin", "monetary"
]


class PolicyEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One source's word on one event. It has no consensus, so it is never a surprise.

    Attributes:
        event_id: The source's name for it.
        category: What it is about.
        stance: −1 adverse to risk assets … +1.
        severity: 0…1.
        headline: As the source has it.
        source: Who says so.
        sequence: Rising for each source.
        ts_event: When it happened.
        ts_ingest: When we heard of it.
        expires_after_s: For how long it is news, from when it happened.
    """

    event_id: str
    category: Category
    stance: float
    severity: float
    headline: str
    source: str
    sequence: int
    ts_event: Nanos
    ts_ingest: Nanos
    expires_after_s: float
