"""What can be set about Kraken."""

from typing import Annotated, Literal, TypeAlias

import msgspec

Positive: TypeAlias = Annotated[int, msgspec.Meta(gt=0)]
NotNegative: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]


class KrakenConfig(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="kraken", tag_field="name"
):
    """Kraken's public websocket, version 2: spot.

    Attributes:
        instruments: Whose books.
        ws_url: Address of the websocket, without the path.
        rest_url: Address of the REST interface, without the path; only ``signald instruments`` asks there.
        depth: Levels a side; the checksum covers ten.
        stale_after_ms: A book that is silent for so long is doubted, and one that comes so much later than it did.
        stale_move_bps: It is stale if a book of the same asset elsewhere has moved so far meanwhile.
        reconnect_after_s: Age at which a connection is relieved by a new one; no limit is named, cuts do come.
        malformed_per_minute: More frames than that which make no sense, and the connection is made anew.
    """

    instruments: tuple[str, ...]
    ws_url: str = "wss://ws.kraken.com"
    rest_url: str = "https://api.kraken.com"
    depth: Literal[10, 25, 100, 500, 1000] = 100
    stale_after_ms: Positive = 5_000
    stale_move_bps: NotNegative = 1.0
    reconnect_after_s: Positive = 82_800
    malformed_per_minute: Positive = 20

    @property
    def name(self) -> str:
        """Its name in the registry."""
        return "kraken"
