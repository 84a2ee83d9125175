"""Asks venues, through ccxt, for what they trade. ccxt takes seconds to import: never loaded on the path."""

# ccxt's exchanges are generated without types: what comes out of them is given its type here, and nowhere else.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import urlsplit

import ccxt

from signald.errors import ConfigError, UnreachableError
from signald.model.instruments import Instrument, InstrumentId

_TIMEOUT_MS = 20_000
_DERIVATIVES = {"okx": "swap"}
"""What exchanges call the markets of perpetuals, where that is not ``linear``."""


def fetch_instruments(
    ccxt_id: str, *, venue: str, symbols: Mapping[str, InstrumentId], rest_url: str | None = None
) -> list[Instrument]:
    """Tick size, lot size and names of some of a venue's instruments, in the order of ``symbols``.

    Args:
        ccxt_id: The exchange's name in ccxt.
        venue: Its name here.
        symbols: Venue's own symbol → our name.
        rest_url: Where to ask in place of the venue's own address.

    Raises:
        ConfigError: ccxt does not know the exchange, or the exchange one of the symbols.
        UnreachableError: It did not answer, or not in words that ccxt understands.
    """
    if ccxt_id not in ccxt.exchanges:
        problem = f"ccxt knows no exchange {ccxt_id!r}"
        raise ConfigError(venue, problem)
    exchange: Any = getattr(ccxt, ccxt_id)({"timeout": _TIMEOUT_MS, "enableRateLimit": True})
    exchange.has["fetchCurrencies"] = False  # wants an account, and gives nothing that is needed here
    if rest_url is not None:
        exchange.urls["api"] = _moved(exchange.urls["api"], rest_url)
        exchange.hostname = urlsplit(rest_url).netloc
    kinds = {_kind_of_symbol(name) for name in symbols.values()}
    derivatives = _DERIVATIVES.get(ccxt_id, "linear")
    exchange.options["fetchMarkets"] = {"types": sorted({"spot" if kind == "spot" else derivatives for kind in kinds})}
    try:
        markets: list[dict[str, Any]] = exchange.fetch_markets()
    except ccxt.BaseError as error:
        reason = f"{type(error).__name__}: {error}"
        raise UnreachableError(venue, rest_url or exchange.hostname, reason) from error
    return [_instrument(markets, venue=venue, symbol=symbol, name=name) for symbol, name in symbols.items()]


def _instrument(markets: list[dict[str, Any]], *, venue: str, symbol: str, name: InstrumentId) -> Instrument:
    kind = _kind_of_symbol(name)
    for market in markets:
        if market["id"] == symbol and _kind_of_market(market) == kind:
            return Instrument(
                id=name,
                venue=venue,
                venue_symbol=symbol,
                base=market["base"],
                quote=market["quote"],
                kind=kind,
                tick_size=_step(market, "price", name),
                lot_size=_step(market, "amount", name),
                contract_size=Decimal(repr(market["contractSize"])) if market.get("contractSize") else Decimal(1),
            )
    problem = f"does not trade {symbol!r} as {kind}"
    raise ConfigError(venue, problem)


def _step(market: dict[str, Any], of: Literal["price", "amount"], name: InstrumentId) -> Decimal:
    """The step exactly: ccxt gives the float nearest to it, whose shortest form is the step itself."""
    step = market["precision"][of]
    if not step:
        problem = f"the venue names no smallest step of {of}"
        raise ConfigError(name, problem)
    return Decimal(repr(step)).normalize()


def _kind_of_market(market: dict[str, Any]) -> str:
    if market["spot"]:
        return "spot"
    return "perpetual" if market["swap"] else "future"


def _kind_of_symbol(name: InstrumentId) -> Literal["spot", "perpetual"]:
    """Our names mark perpetuals: ``-PERP`` where the symbol is shared, else in the venue's own way."""
    symbol = name.partition(".")[0]
    return "perpetual" if symbol.endswith(("-PERP", "-SWAP")) else "spot"


def _moved(urls: Any, base: str) -> Any:  # noqa: ANN401 - nested dictionaries of strings
    """Every address in ``urls`` with scheme and host of ``base``."""
    if isinstance(urls, dict):
        return {key: _moved(value, base) for key, value in urls.items()}
    if isinstance(urls, str):
        return base.rstrip("/") + urlsplit(urls).path
    return urls
