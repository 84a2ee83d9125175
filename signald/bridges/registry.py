"""Which bridges there are."""

from collections.abc import Mapping
from typing import Final

from signald.bridges.bridge import Feed
from signald.bridges.csv import CsvFile
from signald.bridges.forexfactory import ForexFactory
from signald.bridges.ics import Ics
from signald.bridges.tradingeconomics import TradingEconomics
from signald.config import BridgesConfig
from signald.errors import ConfigError
from signald.model.macro import Indicator, IndicatorId
from signald.runtime.clock import Clock

BRIDGES: Final = ("tradingeconomics", "forexfactory", "ics", "csv")
"""Their names."""


def build_feed(name: str, config: BridgesConfig, indicators: Mapping[IndicatorId, Indicator], clock: Clock) -> Feed:
    """The feed called ``name``; raises ``ConfigError`` if there is none, or it cannot run as told."""
    match name:
        case "tradingeconomics":
            return TradingEconomics(config.tradingeconomics, indicators, clock)
        case "forexfactory":
            return ForexFactory(config.forexfactory, indicators, clock)
        case "ics":
            return Ics(config.ics, indicators, clock)
        case "csv":
            return CsvFile(config.csv, indicators, clock)
        case _:
            where = "bridge"
            problem = f"{name!r} is not one of {', '.join(BRIDGES)}"
            raise ConfigError(where, problem)
