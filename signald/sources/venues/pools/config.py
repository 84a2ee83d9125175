"""What can be set about pools."""

from typing import Annotated, Literal, TypeAlias

import msgspec

Positive: TypeAlias = Annotated[int, msgspec.Meta(gt=0)]
NotNegative: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]

_WRAPPED = {"WETH": "ETH", "WBTC": "BTC", "cbBTC": "BTC", "WSOL": "SOL"}


class PoolsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pools whose states come over MQTT.

    Attributes:
        name: ``pools``.
        instruments: Whose ladders.
        step_bps: Price step of a ladder's levels. A walk down it is worse than the pool by a quarter of that at most.
        reach_bps: How far from the pool's price a ladder reaches.
        wrapped: Symbols of tokens → what they stand for.
        stale_after_ms: A pool whose block is so old is doubted; Ethereum's are 12 s apart.
        stale_move_bps: It is stale if a book of the same asset elsewhere has moved so far meanwhile: a pool follows
            when the move is larger than its fee.
        reconnect_after_s: Age at which a connection is relieved by a new one.
        malformed_per_minute: More states than that which make no sense, and the connection is made anew.
    """

    name: Literal["pools"]
    instruments: tuple[str, ...]
    step_bps: Annotated[float, msgspec.Meta(ge=0.1, le=100)] = 1.0
    reach_bps: Annotated[float, msgspec.Meta(ge=1, le=2_000)] = 250.0
    wrapped: dict[str, str] = msgspec.field(default_factory=lambda: dict(_WRAPPED))
    stale_after_ms: Positive = 20_000
    stale_move_bps: NotNegative = 10.0
    reconnect_after_s: Positive = 604_800
    malformed_per_minute: Positive = 20

    @property
    def ws_url(self) -> str:
        """Pools come over the configured broker."""
        return ""

    @property
    def rest_url(self) -> str:
        """Nothing is asked by HTTP."""
        return ""
