"""Which sources are alive, by their heartbeats."""

from signald.model.macro import Heartbeat, IndicatorId
from signald.model.time import NS_PER_S, Nanos

SILENT_AFTER_NS = 15 * NS_PER_S
"""A source sends a heartbeat at least every 5 s while it lives (contract); three missed ones are silence."""

MAX_SOURCES = 256
"""Sources remembered; the one that was heard of first goes first."""


class SourceLiveness:
    """Remembers each source's newest heartbeat."""

    def __init__(self) -> None:
        """Know nobody."""
        self._newest: dict[str, Heartbeat] = {}

    def heard(self, heartbeat: Heartbeat) -> None:
        """Take a heartbeat; an older or repeated one changes nothing."""
        known = self._newest.get(heartbeat.source)
        if known is not None and heartbeat.sequence <= known.sequence:
            return
        self._newest[heartbeat.source] = heartbeat
        if len(self._newest) > MAX_SOURCES:
            del self._newest[next(iter(self._newest))]

    def is_silent(self, indicator: IndicatorId, now: Nanos) -> bool:
        """Whether no source that covers ``indicator`` has been heard of within :data:`SILENT_AFTER_NS`."""
        return not any(
            now - heartbeat.ts_ingest <= SILENT_AFTER_NS
            and any(_covers(pattern, indicator) for pattern in heartbeat.covers)
            for heartbeat in self._newest.values()
        )


def _covers(pattern: str, indicator: IndicatorId) -> bool:
    return indicator.startswith(pattern[:-1]) if pattern.endswith("*") else indicator == pattern
