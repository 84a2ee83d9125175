"""``signald bridge forexfactory``: schedules and forecasts of the week."""

from collections.abc import Mapping, Sequence

from signald.bridges.bridge import Deliver
from signald.bridges.polling import Poller
from signald.model.macro import Indicator, IndicatorId
from signald.runtime.clock import Clock
from signald.sources.calendars.forexfactory import PATH, ForexFactoryConfig, read_week
from signald.transports.http_client import HttpClient


class ForexFactory:
    """The weekly export."""

    name = "forexfactory"

    def __init__(self, config: ForexFactoryConfig, indicators: Mapping[IndicatorId, Indicator], clock: Clock) -> None:
        """Build a feed that has not been asked yet."""
        self.covers: Sequence[str] = tuple(one.id for one in indicators.values() if self.name in one.aliases)
        self._poller = Poller(
            HttpClient(self.name, config.url, clock),
            clock,
            name=self.name,
            path=lambda: PATH,
            read=lambda body: read_week(body, indicators),
            poll_s=config.poll_s,
        )

    def is_alive(self) -> bool:
        """Whether the export was fetched lately."""
        return self._poller.is_alive()

    async def run(self, deliver: Deliver) -> None:
        """Fetch for ever."""
        await self._poller.run(deliver)
