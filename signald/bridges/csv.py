"""``signald bridge csv``: a calendar file that somebody else writes, told anew whenever it changes."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

from signald.bridges.bridge import Deliver
from signald.errors import ImportFormatError
from signald.model.macro import Indicator, IndicatorId
from signald.runtime.clock import Clock
from signald.sources.calendars.files import read_calendar
from signald.sources.calendars.files.config import CsvFeedConfig
from signald.sources.feed_rows import FeedRow, FeedRows

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class CsvFile:
    """One file; while it is missing or makes no sense the feed is not alive."""

    name = "csv"

    def __init__(self, config: CsvFeedConfig, indicators: Mapping[IndicatorId, Indicator], clock: Clock) -> None:
        """Build a feed that has not looked yet; ``clock`` is not needed, a file is there or not."""
        del clock
        self.covers: Sequence[str] = tuple(indicators)
        self._path = Path(config.path)
        self._poll_s = config.poll_s
        self._indicators = indicators
        self._content: bytes | None = None
        self._problem: str | None = "was not read yet"

    def is_alive(self) -> bool:
        """Whether the file was there and right when last looked at."""
        return self._problem is None

    async def run(self, deliver: Deliver) -> None:
        """Look for ever."""
        while True:
            await self._look(deliver)
            await asyncio.sleep(self._poll_s)

    async def _look(self, deliver: Deliver) -> None:
        try:
            content = await asyncio.to_thread(self._path.read_bytes)
            if content != self._content:
                reading = read_calendar(content, self._indicators, name=str(self._path))
                faults = {str(fault): count for fault, count in reading.faults.items()}
                rows = tuple(
                    FeedRow(
                        release_id=row.release_id,
                        indicator=row.indicator,
                        period=row.period,
                        ts_scheduled=row.ts_scheduled,
                        consensus=row.consensus,
                        prior=row.prior,
                        actual=row.actual,
                        revised_prior=row.revised_prior,
                    )
                    for row in reading.rows
                )
                deliver(FeedRows(rows, faults))
                self._content = content
        except (OSError, ImportFormatError) as error:
            if str(error) != self._problem:
                log.warning("feed_not_read", feed=self.name, problem=str(error))
            self._problem = str(error)
        else:
            self._problem = None
