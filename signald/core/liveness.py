"""Which sources are alive, by their heartbeats."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from signald.model.macro import Heartbeat, IndicatorId, ReleaseId
from signald.model.notices import SourceAlive, SourceSilent
from signald.model.time import NS_PER_S, Nanos

SILENT_AFTER_NS: Final = 15 * NS_PER_S
"""A source sends a heartbeat at least every 5 s while it lives (contract); three missed ones are silence."""

FORGOTTEN_AFTER_NS: Final = 86_400 * NS_PER_S
"""A source that has been silent for a day is gone: it makes no release doubtful any more."""

MAX_SOURCES: Final = 256
"""Sources remembered; a new one takes the place of one that is silent, never of one that is alive."""


@dataclass(slots=True)
class _Source:
    newest: Heartbeat
    is_silent: bool = False


class SourceLiveness:
    """Remembers each source's newest heartbeat, and notices when there are no more."""

    def __init__(self) -> None:
        """Know nobody."""
        self._sources: dict[str, _Source] = {}
        self._next: Nanos | None = None

    def __len__(self) -> int:
        """How many sources are remembered."""
        return len(self._sources)

    @property
    def newest(self) -> Mapping[str, Heartbeat]:
        """Each source's newest heartbeat, by name."""
        return {name: source.newest for name, source in sorted(self._sources.items())}

    def heard(self, heartbeat: Heartbeat) -> list[SourceAlive]:
        """Take a heartbeat; says so if its source was not known to be alive. An older one changes nothing."""
        source = self._sources.get(heartbeat.source)
        if source is not None and heartbeat.sequence <= source.newest.sequence:
            return []
        if source is None and not self._make_room(heartbeat.ts_ingest):
            return []
        self._sources[heartbeat.source] = _Source(heartbeat)
        self._look_ahead()
        if source is not None and not source.is_silent:
            return []
        return [SourceAlive(source=heartbeat.source, covers=heartbeat.covers, ts_ingest=heartbeat.ts_ingest)]

    def next_silence(self) -> Nanos | None:
        """When the next source will have been silent for too long, unless it is heard of before."""
        return self._next

    def fall_silent(self, now: Nanos) -> list[Heartbeat]:
        """Last heartbeats of the sources that have now become silent, in the order in which they did."""
        silent = [one for one in self._sources.values() if not one.is_silent and _silence_of(one.newest) <= now]
        for source in silent:
            source.is_silent = True
        self._look_ahead()
        return sorted((one.newest for one in silent), key=lambda newest: (newest.ts_ingest, newest.source))

    def is_silent(self, indicator: IndicatorId, now: Nanos) -> bool:
        """Whether any source that covers ``indicator`` is silent, or there is none."""
        covering = list(self._covering(indicator, now))
        return not covering or any(_silence_of(newest) <= now for newest in covering)

    def missing(self, release_id: ReleaseId, indicator: IndicatorId, now: Nanos) -> list[SourceSilent]:
        """An alarm for each source that covers a release and is silent, by name; or that none covers it."""
        covering = list(self._covering(indicator, now))
        if not covering:
            return [SourceSilent(source="", ts_heard=None, release_id=release_id, ts_ingest=now)]
        return [
            SourceSilent(source=newest.source, ts_heard=newest.ts_ingest, release_id=release_id, ts_ingest=now)
            for newest in sorted(covering, key=lambda newest: newest.source)
            if _silence_of(newest) <= now
        ]

    def covering(self, indicator: IndicatorId, now: Nanos) -> tuple[str, ...]:
        """Names of the sources that say they cover ``indicator``, alive or silent for less than a day; in order."""
        return tuple(sorted(newest.source for newest in self._covering(indicator, now)))

    def _covering(self, indicator: IndicatorId, now: Nanos) -> Iterator[Heartbeat]:
        for source in self._sources.values():
            if now - source.newest.ts_ingest < FORGOTTEN_AFTER_NS and covers(source.newest, indicator):
                yield source.newest

    def _make_room(self, now: Nanos) -> bool:
        """Whether one more may be remembered, in the place of the one that has been silent for longest."""
        if len(self._sources) < MAX_SOURCES:
            return True
        eldest = min(self._sources.values(), key=lambda one: (one.newest.ts_ingest, one.newest.source)).newest
        if _silence_of(eldest) > now:
            return False
        del self._sources[eldest.source]
        return True

    def _look_ahead(self) -> None:
        awaited = [_silence_of(one.newest) for one in self._sources.values() if not one.is_silent]
        self._next = min(awaited, default=None)


def covers(heartbeat: Heartbeat, indicator: IndicatorId) -> bool:
    """Whether a source says that it covers ``indicator``."""
    return is_covered(indicator, heartbeat.covers)


def is_covered(indicator: IndicatorId, patterns: Iterable[str]) -> bool:
    """Whether ``indicator`` is among the patterns, each of which may end in ``*``."""
    return any(
        indicator.startswith(pattern[:-1]) if pattern.endswith("*") else indicator == pattern for pattern in patterns
    )


def _silence_of(newest: Heartbeat) -> Nanos:
    return newest.ts_ingest + SILENT_AFTER_NS
