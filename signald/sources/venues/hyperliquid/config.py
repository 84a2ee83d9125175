"""What can be set about Hyperliquid."""

from typing import Annotated, TypeAlias

import msgspec

Positive: TypeAlias = Annotated[int, msgspec.Meta(gt=0)]
NotNegative: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]


class HyperliquidConfig(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="hyperliquid", tag_field="name"
):
    """Hyperliquid's public websocket.

    Attributes:
        instruments: Whose books.
        ws_url: Address of the websocket, without the path.
        rest_url: Address of the REST interface, without the path; only ``signald instruments`` asks there.
        fast: Whether books have 5 levels about every 0.5 s, or 20 levels every 5 s.
        touch: Whether the best bid and ask are also taken from `bbo`, with every block.
        stale_after_ms: A book that is silent for so long is doubted, and one that comes so much later than it did.
        stale_move_bps: It is stale if a book of the same asset elsewhere has moved so far meanwhile.
        reconnect_after_s: Age at which a connection is relieved by a new one; no limit is named, cuts do come.
        malformed_per_minute: More frames than that which make no sense, and the connection is made anew.
    """

    instruments: tuple[str, ...]
    ws_url: str = "wss://api.hyperliquid.xyz"
    rest_url: str = "https://api.hyperliquid.xyz"
    fast: bool = True
    touch: bool = True
    stale_after_ms: Positive = 10_000
    stale_move_bps: NotNegative = 1.0
    reconnect_after_s: Positive = 82_800
    malformed_per_minute: Positive = 20

    @property
    def name(self) -> str:
        """Its name in the registry."""
        return "hyperliquid"
