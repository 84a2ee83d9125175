"""Which venues there are: only what is configured is imported, and so compiled."""

from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, cast

import msgspec

from signald.errors import ConfigError
from signald.model.instruments import Instrument
from signald.sources.protocol import VenueSource
from signald.sources.tables import nearest, problems

if TYPE_CHECKING:
    from signald.core.board import Board  # the board compiles kernels: to read a configuration takes none

_FOLDER: Final = "signald.sources.venues"
_VENUES: Final = {
    "binance": ("binance", "BinanceConfig"),
    "binance_usdm": ("binance", "BinanceUsdmConfig"),
    "okx": ("okx", "OkxConfig"),
    "bybit": ("bybit", "BybitConfig"),
    "coinbase": ("coinbase", "CoinbaseConfig"),
    "kraken": ("kraken", "KrakenConfig"),
    "hyperliquid": ("hyperliquid", "HyperliquidConfig"),
    "dydx": ("dydx", "DydxConfig"),
    "pools": ("pools", "PoolsConfig"),
    "ccxt:EXCHANGE": ("ccxt", "CcxtConfig"),
}
"""Name → folder and the name of its configuration there."""
_CCXT: Final = "ccxt:"
"""Begins the name of a venue that has no folder of its own; behind it stands its name in ccxt."""

_OVER_MQTT: Final = frozenset({"pools"})

Way: TypeAlias = Literal["websocket", "ccxt", "mqtt"]
"""What brings a venue's frames: a websocket of ours, ccxt's own connections, or the broker."""

FOLDERS: Final = tuple(dict.fromkeys(folder for folder, _ in _VENUES.values()))
"""Each dialect's folder, once."""
CCXT_IDS: Final = {
    "binance": "binance",
    "binance_usdm": "binanceusdm",
    "okx": "okx",
    "bybit": "bybit",
    "coinbase": "coinbase",
    "kraken": "kraken",
    "hyperliquid": "hyperliquid",
    "dydx": "dydx",
}
"""Name → the exchange's name in ccxt, which knows what it trades."""


def ccxt_exchange(name: str) -> str:
    """The exchange whose books ccxt watches for the venue ``name``; ``""`` if we do that ourselves."""
    return name.removeprefix(_CCXT) if name.startswith(_CCXT) else ""


def ccxt_id(name: str) -> str:
    """The name of the venue ``name`` in ccxt; ``""`` if ccxt does not know it."""
    return ccxt_exchange(name) or CCXT_IDS.get(name, "")


def way_of(name: str) -> Way:
    """What brings the frames of the venue ``name``."""
    if ccxt_exchange(name):
        return "ccxt"
    return "mqtt" if name in _OVER_MQTT else "websocket"


class VenueConfig(Protocol):
    """What every venue's configuration has."""

    @property
    def name(self) -> str:
        """Its name here; also the channel of its connection."""
        ...

    @property
    def instruments(self) -> tuple[str, ...]:
        """Whose books."""
        ...

    @property
    def reconnect_after_s(self) -> int:
        """Age at which its connection is relieved by a new one, in seconds."""
        ...

    @property
    def ws_url(self) -> str:
        """Address of the websocket, without the source's path."""
        ...

    @property
    def rest_url(self) -> str:
        """Address of the REST interface, without a request's path."""
        ...


def read_venue_config(table: object, *, where: str) -> VenueConfig:
    """Read one ``[[venues]]`` table.

    Args:
        table: As TOML gives it.
        where: File and place, for errors.

    Raises:
        ConfigError: The venue is none we know, or a key or value is wrong; everything that is wrong
            is named, unknown keys with the nearest known one.
    """
    if found := venue_problems(table, where=where):
        raise ConfigError(where, "; ".join(found))
    told = cast("dict[str, Any]", table)
    try:
        return msgspec.convert(told, _config_type(told["name"]))
    except msgspec.ValidationError as error:
        raise ConfigError(where, str(error)) from error


def venue_problems(table: object, *, where: str) -> list[str]:
    """All that is wrong with one ``[[venues]]`` table, each with its key, preceded by ``where``."""
    told = cast("dict[str, Any]", table) if isinstance(table, dict) else {}
    name = told.get("name")
    if not isinstance(name, str) or _entry(name) is None:
        known = ", ".join(_VENUES)
        return [f"{where}.name: {name!r} is not one of {known}; did you mean {nearest(name, _VENUES)}?"]
    return list(problems(told, _config_type(name), prefix=f"{where}."))


def _entry(name: str) -> tuple[str, str] | None:
    """Folder and configuration of a venue; None if there is no such venue."""
    return _VENUES.get(f"{_CCXT}EXCHANGE" if ccxt_exchange(name) else name)


def _found(name: str) -> tuple[str, str]:
    entry = _entry(name)
    assert entry is not None  # the configuration was read
    return entry


def _config_type(name: str) -> type[Any]:
    folder, struct = _found(name)
    return getattr(import_module(f"{_FOLDER}.{folder}.config"), struct)


def with_instruments(venue: VenueConfig, instruments: Sequence[str]) -> VenueConfig:
    """The same configuration for other instruments."""
    return cast("VenueConfig", msgspec.structs.replace(cast("msgspec.Struct", venue), instruments=tuple(instruments)))


def channels_of(venues: Sequence[VenueConfig]) -> tuple[str, ...]:
    """Names of the venues' connections: the venue's own, and from its second table on ``bybit.2``, ``bybit.3``."""
    count: Counter[str] = Counter()
    names: list[str] = []
    for venue in venues:
        count[venue.name] += 1
        names.append(venue.name if count[venue.name] == 1 else f"{venue.name}.{count[venue.name]}")
    return tuple(names)


def build_source(
    venue: VenueConfig, instruments: Sequence[Instrument], board: "Board", *, channel: str = ""
) -> VenueSource:
    """Build the source of one venue's connection.

    Args:
        venue: Its configuration.
        instruments: Those of all venues, in the order of the board's rows.
        board: Where it writes.
        channel: Name of the connection; ``""``: the venue's.

    Raises:
        ConfigError: An instrument is not there, or cannot be kept.
    """
    folder, _ = _found(venue.name)
    source: Any = import_module(f"{_FOLDER}.{folder}.source")
    return source.build(venue, instruments, board, channel=channel)
