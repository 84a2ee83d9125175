"""What can be set about Binance, and what its two markets differ in."""

from typing import Annotated, Literal, TypeAlias

import msgspec

Positive: TypeAlias = Annotated[int, msgspec.Meta(gt=0)]
NotNegative: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]


class BinanceConfig(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="binance", tag_field="name"
):
    """Binance spot.

    Attributes:
        instruments: Whose books.
        ws_url: Address of the websocket, without the path.
        rest_url: Address of the REST interface, without the path.
        snapshot_limit: Levels a side to ask for; beyond them depth is unknown.
        snapshots_per_minute: How many snapshots may be asked for; one of 5,000 levels costs 250 of 6,000.
        refresh_every_s: A live book is asked for anew this often, beside the live one.
        stale_after_ms: A book that is silent for so long is doubted, and one that comes so much later than it did.
        stale_move_bps: It is stale if a book of the same asset elsewhere has moved so far meanwhile.
        reconnect_after_s: Age at which a connection is relieved by a new one: Binance cuts it after 24 hours.
        malformed_per_minute: More frames than that which make no sense, and the connection is made anew.
    """

    instruments: tuple[str, ...]
    ws_url: str = "wss://stream.binance.com:9443"
    rest_url: str = "https://api.binance.com"
    snapshot_limit: Literal[100, 500, 1000, 5000] = 5000
    snapshots_per_minute: Positive = 20
    refresh_every_s: Positive = 1_800
    stale_after_ms: Positive = 5_000
    stale_move_bps: NotNegative = 1.0
    reconnect_after_s: Positive = 82_800
    malformed_per_minute: Positive = 20

    @property
    def name(self) -> str:
        """Its name in the registry."""
        return "binance"


class BinanceUsdmConfig(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="binance_usdm", tag_field="name"
):
    """Binance USD-M futures; attributes as for spot.

    Depth and tickers come from the `/public` endpoint, the only one since 2026-04-23.
    """

    instruments: tuple[str, ...]
    ws_url: str = "wss://fstream.binance.com/public"
    rest_url: str = "https://fapi.binance.com"
    snapshot_limit: Literal[100, 500, 1000] = 1000
    snapshots_per_minute: Positive = 60
    refresh_every_s: Positive = 1_800
    stale_after_ms: Positive = 5_000
    stale_move_bps: NotNegative = 1.0
    reconnect_after_s: Positive = 82_800
    malformed_per_minute: Positive = 20

    @property
    def name(self) -> str:
        """Its name in the registry."""
        return "binance_usdm"


def snapshot_key(symbol: str) -> str:
    """Tag of the request for a symbol's snapshot."""
    return f"snapshot:{symbol}"
