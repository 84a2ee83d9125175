"""Times of the day in which nothing is said of some instruments, and the moments at which they turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from signald.core.engine.world import Output
from signald.model.control import Blackout
from signald.model.instruments import InstrumentId
from signald.model.notices import BlackoutTurned
from signald.model.time import NS_PER_S, Nanos

_NS_PER_MINUTE: Final = 60 * NS_PER_S
_NS_PER_DAY: Final = 86_400 * NS_PER_S


@dataclass(slots=True)
class _Window:
    """One blackout; ``is_on`` is what was told of it, ``None`` before the time was known."""

    told: Blackout
    begin: Nanos
    end: Nanos
    is_on: bool | None = None

    def covers(self, ts: Nanos) -> bool:
        """Whether ``ts`` is inside."""
        of_day = ts % _NS_PER_DAY
        if self.begin <= self.end:
            return self.begin <= of_day < self.end
        return of_day >= self.begin or of_day < self.end

    def last_turn(self, ts: Nanos) -> Nanos:
        """When it last began or ended, up to ``ts``."""
        midnight = ts - ts % _NS_PER_DAY
        turns = (midnight + offset - day for offset in (self.begin, self.end) for day in (0, _NS_PER_DAY))
        return max(turn for turn in turns if turn <= ts)

    def next_turn(self, ts: Nanos) -> Nanos:
        """When it begins or ends next, after ``ts``."""
        midnight = ts - ts % _NS_PER_DAY
        turns = (midnight + offset + day for offset in (self.begin, self.end) for day in (0, _NS_PER_DAY))
        return min(turn for turn in turns if turn > ts)


class Blackouts:
    """All that are configured. That the time is not known at first is a deadline that is overdue: time 0."""

    def __init__(self, blackouts: Sequence[Blackout]) -> None:
        """Take them; one that ends when it begins covers nothing."""
        self._windows = [
            _Window(one, _of_day(one.begin), _of_day(one.end)) for one in blackouts if one.begin != one.end
        ]
        self._next: Nanos | None = 0 if self._windows else None

    def __bool__(self) -> bool:
        return bool(self._windows)

    def next_ts(self) -> Nanos | None:
        """When the next one begins or ends; ``None`` if there is none."""
        return self._next

    def turn(self, now: Nanos) -> list[Output]:
        """What has begun or ended by ``now``; at first, what holds already. There must be some."""
        self._next = min(window.next_turn(now) for window in self._windows)
        outputs: list[Output] = []
        for window in self._windows:
            was_on, window.is_on = window.is_on, window.covers(now)
            if window.is_on != bool(was_on):
                outputs.append(_turned(window, now))
        return outputs

    def covers(self, instrument: InstrumentId, ts: Nanos) -> bool:
        """Whether nothing may be said of ``instrument`` at ``ts``."""
        return any(fnmatchcase(instrument, window.told.instrument) and window.covers(ts) for window in self._windows)


def _turned(window: _Window, now: Nanos) -> BlackoutTurned:
    told = window.told
    return BlackoutTurned(
        instrument=told.instrument,
        begins=bool(window.is_on),
        by=told.by,
        reason=told.reason or f"every day from {told.begin} to {told.end} UTC",
        ts_due=window.last_turn(now),
        ts_ingest=now,
    )


def _of_day(clock: str) -> Nanos:
    hours, _, minutes = clock.partition(":")
    return (int(hours) * 60 + int(minutes)) * _NS_PER_MINUTE
