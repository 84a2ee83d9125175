"""What ccxt's exchanges are told before they are asked: where to ask, and of which markets."""

# ccxt's exchanges are generated without types.
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Collection
from typing import Any, Final
from urllib.parse import urlsplit

_DERIVATIVES: Final = {"okx": "swap", "hyperliquid": "swap"}
"""What exchanges call the markets of perpetuals, where that is not ``linear``."""
_NAMED_BY: Final = {"kraken": "symbol", "hyperliquid": "baseName"}
"""What of a market the exchange's websocket calls it by, where that is not the id of its REST interface."""
_WEBSOCKET: Final = frozenset({"ws", "wss"})


def prepare(
    exchange: Any,  # noqa: ANN401 - generated without types
    kinds: Collection[str] = (),
    *,
    rest_url: str = "",
    ws_url: str = "",
) -> None:
    """Tell an exchange of ccxt's where to ask, and what.

    Args:
        exchange: It.
        kinds: Of the markets to load, for exchanges of which we know that they take them; none: all.
        rest_url: Scheme and host of its REST interface in place of those that ccxt knows; ``""``: ccxt's.
        ws_url: The same of its websockets.
    """
    exchange.has["fetchCurrencies"] = False  # wants an account, and gives nothing that is needed here
    exchange.urls["api"] = _moved(exchange.urls["api"], rest_url, ws_url)
    if rest_url:
        exchange.hostname = urlsplit(rest_url).netloc
    if not kinds:
        return
    derivatives = _DERIVATIVES.get(exchange.id, "linear")
    exchange.options["fetchMarkets"] = {"types": sorted({"spot" if kind == "spot" else derivatives for kind in kinds})}


def name_of(market: dict[str, Any], exchange: str) -> str:
    """What the websocket of ``exchange``, by its name in ccxt, calls a market."""
    return str(market.get(_NAMED_BY.get(exchange, "id")))


def kind_of(market: dict[str, Any]) -> str:
    """The kind of a market, in our words."""
    if market["spot"]:
        return "spot"
    return "perpetual" if market["swap"] else "future"


def _moved(urls: Any, rest_url: str, ws_url: str) -> Any:  # noqa: ANN401 - nested dictionaries of strings
    """Every address in ``urls`` with scheme and host of the one given for its kind, if one is."""
    if isinstance(urls, dict):
        return {key: _moved(value, rest_url, ws_url) for key, value in urls.items()}
    if isinstance(urls, str):
        base = ws_url if urlsplit(urls).scheme in _WEBSOCKET else rest_url
        return base.rstrip("/") + urlsplit(urls).path if base else urls
    return urls
