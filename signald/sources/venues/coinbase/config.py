"""What can be set about Coinbase."""

from typing import Annotated, TypeAlias

import msgspec

Positive: TypeAlias = Annotated[int, msgspec.Meta(gt=0)]
NotNegative: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]


class CoinbaseConfig(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="coinbase", tag_field="name"
):
    """Coinbase Advanced Trade, the public websocket.

    Attributes:
        instruments: Whose books; 30 on one connection at most.
        ws_url: Address of the websocket, without the path.
        rest_url: Address of the REST interface, without the path; only ``signald instruments`` asks there.
        stale_after_ms: A book that is silent for so long is doubted, and one that comes so much later than it did.
        stale_move_bps: It is stale if a book of the same asset elsewhere has moved so far meanwhile.
        reconnect_after_s: Age at which a connection is relieved by a new one; no limit is named, cuts do come.
        malformed_per_minute: More frames than that which make no sense, and the connection is made anew.
    """

    instruments: tuple[str, ...]
    ws_url: str = "wss://advanced-trade-ws.coinbase.com"
    rest_url: str = "https://api.coinbase.com"
    stale_after_ms: Positive = 5_000
    stale_move_bps: NotNegative = 1.0
    reconnect_after_s: Positive = 82_800
    malformed_per_minute: Positive = 20

    @property
    def name(self) -> str:
        """Its name in the registry."""
        return "coinbase"
