"""What is asked of Binance, and where: streams, and snapshots of depth."""

from collections.abc import Iterable, Sized
from typing import Final
from urllib.parse import quote

from signald.errors import ConfigError
from signald.sources.venues.binance.config import BinanceConfig, BinanceUsdmConfig

_STREAMS: Final = ("depth@100ms", "bookTicker")
"""Of each symbol."""
_MOST_STREAMS: Final = 1_024
"""That one connection may have."""


def check_streams(name: str, books: Sized) -> None:
    """Raise :class:`ConfigError` if one connection may not have so many books."""
    most = _MOST_STREAMS // len(_STREAMS)
    if len(books) > most:
        problem = f"instruments: {len(books)}, one connection may have {most}: give the others a table of their own"
        raise ConfigError(name, problem)


def streams_path(symbols: Iterable[str]) -> str:
    """`/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker/…`."""
    streams = [f"{quote(symbol.lower())}@{stream}" for symbol in symbols for stream in _STREAMS]
    return f"/stream?streams={'/'.join(streams)}"


def snapshot_path(config: BinanceConfig | BinanceUsdmConfig, symbol: str) -> str:
    """`/api/v3/depth?symbol=BTCUSDT&limit=5000`, or the futures' own."""
    path = "/fapi/v1/depth" if isinstance(config, BinanceUsdmConfig) else "/api/v3/depth"
    return f"{path}?symbol={quote(symbol)}&limit={config.snapshot_limit}"
