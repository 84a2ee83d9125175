"""``signald bridge ics``: agencies' own schedules."""

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from signald.bridges.bridge import Deliver
from signald.bridges.polling import Poller
from signald.errors import ConfigError
from signald.model.macro import Indicator, IndicatorId
from signald.runtime.clock import Clock
from signald.sources.calendars.ics import IcsConfig, read_schedule
from signald.sources.calendars.ics.config import REPORTS
from signald.transports.http_client import HttpClient


class Ics:
    """All configured schedules."""

    name = "ics"

    def __init__(self, config: IcsConfig, indicators: Mapping[IndicatorId, Indicator], clock: Clock) -> None:
        """Build a feed that has not been asked yet.

        Raises:
            ConfigError: There is no address, or one that is none; a report that no series is of.
        """
        if not config.urls:
            where, problem = "bridges.ics.urls", "is empty"
            raise ConfigError(where, problem)
        known = {one.report for one in indicators.values()}
        for title, report in config.reports.items():
            if report not in known:
                where, problem = f"bridges.ics.reports.{title}", f"no series is of the report {report!r}"
                raise ConfigError(where, problem)
        reports = {**config.reports, **REPORTS}
        self.covers: Sequence[str] = tuple(one.id for one in indicators.values() if one.report in reports.values())
        self._pollers = [
            Poller(
                HttpClient(self.name, f"{parts.scheme}://{parts.netloc}", clock),
                clock,
                name=self.name,
                path=lambda parts=parts: f"{parts.path}?{parts.query}" if parts.query else parts.path,
                read=lambda body: read_schedule(body, indicators, reports),
                poll_s=config.poll_s,
            )
            for parts in map(urlsplit, config.urls)
        ]

    def is_alive(self) -> bool:
        """Whether every schedule was fetched lately."""
        return all(poller.is_alive() for poller in self._pollers)

    async def run(self, deliver: Deliver) -> None:
        """Fetch for ever."""
        async with asyncio.TaskGroup() as group:
            for number, poller in enumerate(self._pollers):
                group.create_task(poller.run(deliver), name=f"ics-{number}")
