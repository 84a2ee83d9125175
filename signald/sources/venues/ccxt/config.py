"""What can be set about an exchange that is reached through ccxt."""

from typing import Annotated, TypeAlias

import msgspec

Positive: TypeAlias = Annotated[int, msgspec.Meta(gt=0)]
NotNegative: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]


class CcxtConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One exchange, through ccxt.pro.

    Attributes:
        name: ``ccxt:`` and the exchange's name in ccxt.
        instruments: Whose books; their ``venue_symbol`` is the exchange's own id of the market.
        ws_url: Scheme and host of its websockets in place of those that ccxt knows; ``""``: ccxt's.
        rest_url: The same of its REST interface.
        depth: Levels a side that are taken of a book.
        limit: Levels a side that the exchange is asked for; 0: what it sends unasked. Some bear certain numbers only.
        silent_after_s: A book of which nothing came for so long is asked for again, on a new connection.
        stale_after_ms: A book that is silent for so long is doubted, and one that comes so much later than it did.
        stale_move_bps: It is stale if a book of the same asset elsewhere has moved so far meanwhile.
        reconnect_after_s: Age at which a connection is relieved by a new one: a day is what most exchanges allow.
        malformed_per_minute: More frames than that which make no sense, and the connection is made anew.
    """

    name: str
    instruments: tuple[str, ...]
    ws_url: str = ""
    rest_url: str = ""
    depth: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 50
    limit: Annotated[int, msgspec.Meta(ge=0)] = 0
    silent_after_s: Positive = 60
    stale_after_ms: Positive = 5_000
    stale_move_bps: NotNegative = 1.0
    reconnect_after_s: Positive = 82_800
    malformed_per_minute: Positive = 20
