"""Asks venues, through ccxt, for what they trade. ccxt takes seconds to import: never loaded on the path."""

# ccxt's exchanges are generated without types: what comes out of them is given its type here, and nowhere else.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

import ccxt

from signald.errors import ConfigError, UnreachableError
from signald.model.instruments import DECENTRALISED, Instrument, InstrumentId
from signald.sources.registry import ccxt_exchange
from signald.transports.ccxt.markets import kind_of, name_of, prepare

_TIMEOUT_MS = 20_000


def fetch_instruments(
    ccxt_id: str, *, venue: str, symbols: Mapping[str, InstrumentId], rest_url: str = ""
) -> list[Instrument]:
    """Tick size, lot size and names of some of a venue's instruments, in the order of ``symbols``.

    Args:
        ccxt_id: The exchange's name in ccxt.
        venue: Its name here.
        symbols: Venue's own symbol → our name.
        rest_url: Where to ask in place of the venue's own address; ``""``: there.

    Raises:
        ConfigError: ccxt does not know the exchange, or the exchange one of the symbols; or its steps follow the price.
        UnreachableError: It did not answer, or not in words that ccxt understands.
    """
    if ccxt_id not in ccxt.exchanges:
        problem = f"ccxt knows no exchange {ccxt_id!r}"
        raise ConfigError(venue, problem)
    exchange: Any = getattr(ccxt, ccxt_id)({"timeout": _TIMEOUT_MS, "enableRateLimit": True})
    known = () if ccxt_exchange(venue) else {_kind_of_symbol(name, venue) for name in symbols.values()}
    prepare(exchange, known, rest_url=rest_url)
    try:
        markets: list[dict[str, Any]] = exchange.fetch_markets()
    except ccxt.BaseError as error:
        reason = f"{type(error).__name__}: {error}"
        raise UnreachableError(venue, rest_url or exchange.hostname or ccxt_id, reason) from error
    if exchange.precisionMode != ccxt.TICK_SIZE:
        problem = f"{ccxt_id} has no fixed steps: write its instruments into the file by hand, in the finest it shows"
        raise ConfigError(venue, problem)
    return [_instrument(markets, ccxt_id, venue=venue, symbol=symbol, name=name) for symbol, name in symbols.items()]


def _instrument(
    markets: list[dict[str, Any]], exchange: str, *, venue: str, symbol: str, name: InstrumentId
) -> Instrument:
    kind = _kind_of_symbol(name, venue)
    for market in markets:
        if name_of(market, exchange) == symbol and kind_of(market) == kind:
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


def _kind_of_symbol(name: InstrumentId, venue: str) -> Literal["spot", "perpetual"]:
    """Our names mark perpetuals: ``-PERP`` where the symbol is shared, else in the venue's own way.

    The decentralised venues' books that we keep are all of perpetuals, and are not marked.
    """
    symbol = name.partition(".")[0]
    return "perpetual" if venue in DECENTRALISED or symbol.endswith(("-PERP", "-SWAP")) else "spot"
