"""Where Trading Economics is asked, and for what."""

from typing import Annotated

import msgspec


class TradingEconomicsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``key_file`` holds ``key:secret``; the table is read every ``poll_s`` seconds, ``days_ahead`` days of it."""

    rest_url: str = "https://api.tradingeconomics.com"
    ws_url: str = "wss://stream.tradingeconomics.com"
    key_file: str | None = None
    countries: tuple[str, ...] = ("united states", "euro area", "united kingdom", "japan", "china")
    poll_s: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    days_ahead: Annotated[int, msgspec.Meta(ge=1, le=60)] = 7
