"""What can be set about dYdX."""

from typing import Annotated, TypeAlias

import msgspec

Positive: TypeAlias = Annotated[int, msgspec.Meta(gt=0)]
NotNegative: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]


class DydxConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="dydx", tag_field="name"):
    """The public websocket of dYdX v4's indexer.

    Attributes:
        instruments: Whose books.
        ws_url: Address of the websocket, without the path.
        rest_url: Address of the REST interface, without the path; only ``signald instruments`` asks there.
        batched: Whether updates are gathered for about 250 ms, or come one by one.
        stale_after_ms: A book that is silent for so long is doubted.
        stale_move_bps: It is stale if a book of the same asset elsewhere has moved so far meanwhile.
        reconnect_after_s: Age at which a connection is relieved by a new one; no limit is named, cuts do come.
        malformed_per_minute: More frames than that which make no sense, and the connection is made anew.
    """

    instruments: tuple[str, ...]
    ws_url: str = "wss://indexer.dydx.trade"
    rest_url: str = "https://indexer.dydx.trade"
    batched: bool = False
    stale_after_ms: Positive = 10_000
    stale_move_bps: NotNegative = 2.0
    reconnect_after_s: Positive = 82_800
    malformed_per_minute: Positive = 20

    @property
    def name(self) -> str:
        """Its name in the registry."""
        return "dydx"
