"""Trading Economics' calendar: a table over HTTP, and its changes over a websocket."""

from signald.sources.calendars.tradingeconomics.config import TradingEconomicsConfig
from signald.sources.calendars.tradingeconomics.reading import read_change, read_table, subscription, table_path

__all__ = ["TradingEconomicsConfig", "read_change", "read_table", "subscription", "table_path"]
