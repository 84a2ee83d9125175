"""``signald bridge tradingeconomics``: figures by the stream at once, the rest by the table."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

import structlog

from signald.bridges.bridge import Deliver
from signald.bridges.polling import Poller
from signald.errors import ConfigError, MalformedFrameError
from signald.model.macro import Indicator, IndicatorId
from signald.runtime.clock import Clock
from signald.sources.calendars.tradingeconomics import (
    TradingEconomicsConfig,
    read_change,
    read_table,
    subscription,
    table_path,
)
from signald.transports.credentials import read_secret
from signald.transports.http_client import HttpClient
from signald.transports.websocket import WebsocketConnection

_KEY: Final = "bridges.tradingeconomics.key_file"

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class TradingEconomics:
    """The table and the stream.

    Attributes:
        malformed: Messages of the stream that made no sense.
    """

    name = "tradingeconomics"

    def __init__(
        self, config: TradingEconomicsConfig, indicators: Mapping[IndicatorId, Indicator], clock: Clock
    ) -> None:
        """Build a feed that is not connected yet; raises ``ConfigError`` without a key."""
        key = read_secret(config.key_file, key=_KEY)
        if not key:
            problem = "name a file that holds KEY:SECRET" if key is None else f"{config.key_file} is empty"
            raise ConfigError(_KEY, problem)
        self.covers: Sequence[str] = tuple(one.id for one in indicators.values() if self.name in one.aliases)
        self.malformed = 0
        self._indicators = indicators
        self._deliver: Deliver | None = None
        self._poller = Poller(
            HttpClient(self.name, config.rest_url, clock),
            clock,
            name=self.name,
            path=lambda: table_path(config, key, clock.now()),
            read=lambda body: read_table(body, indicators),
            poll_s=config.poll_s,
        )
        url = f"{config.ws_url.rstrip('/')}/?client={quote(key, safe=':')}"
        self._stream = WebsocketConnection(self.name, url, self, clock)

    def is_alive(self) -> bool:
        """Whether the stream is open and the table was read lately."""
        return self._stream.is_up and self._poller.is_alive()

    async def run(self, deliver: Deliver) -> None:
        """Read both for ever."""
        self._deliver = deliver
        async with asyncio.TaskGroup() as group:
            group.create_task(self._stream.run(), name="tradingeconomics-stream")
            group.create_task(self._poller.run(deliver), name="tradingeconomics-table")

    def on_connected(self) -> None:
        """Ask for the calendar's changes."""
        self._stream.send(subscription())

    def on_frame(self, frame: bytes) -> None:
        """A change, or a keepalive; what makes no sense is counted, the next may."""
        assert self._deliver is not None  # the connection runs only inside run()
        try:
            self._deliver(read_change(frame, self._indicators))
        except MalformedFrameError as error:
            self.malformed += 1
            log.warning("feed_message_malformed", feed=self.name, problem=error.problem)

    def on_disconnected(self, reason: str) -> None:
        """Nothing to forget: the table says what was missed."""
