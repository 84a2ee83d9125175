"""Moments at which releases are due, and the clock times of the day they come at."""

from typing import Final

from signald.model.time import NS_PER_S, Nanos

DAY: Final[Nanos] = 86_400 * NS_PER_S
MOST_CLOCKS: Final = 32
"""Times of the day that are looked at; no calendar has more."""

_MINUTE: Final[Nanos] = 60 * NS_PER_S
_THURSDAY: Final = 3  # of the epoch's first day, Monday 0
_SATURDAY: Final = 5
_MOST: Final = 1_024  # releases: those of a year to come, and of months past, whose days are no quiet ones


class Moments:
    """What is due when; a clock time is one of UTC.

    Attributes:
        clocks: Times of the day at which releases are due.
    """

    def __init__(self) -> None:
        """Nothing is due."""
        self.clocks: set[Nanos] = set()
        self._releases: dict[Nanos, None] = {}

    def __contains__(self, moment: Nanos) -> bool:
        """Whether a release is due then."""
        return moment in self._releases

    def expect(self, scheduled: Nanos) -> bool:
        """A release is due then; whether its clock time is one that is looked at."""
        clock = scheduled % DAY
        if clock % _MINUTE or (clock not in self.clocks and len(self.clocks) >= MOST_CLOCKS):
            return False
        self.clocks.add(clock)
        self._releases[scheduled] = None
        if len(self._releases) > _MOST:
            del self._releases[min(self._releases)]
        return True

    def call_off(self, scheduled: Nanos) -> None:
        """No release is due then any more."""
        self._releases.pop(scheduled, None)

    def is_quiet(self, begin: Nanos, end: Nanos) -> bool:
        """Whether no release is due from ``begin`` to ``end``."""
        return not any(begin <= release <= end for release in self._releases)


def is_weekend(ts: Nanos) -> bool:
    """Whether it is Saturday or Sunday, UTC."""
    return (ts // DAY + _THURSDAY) % 7 >= _SATURDAY
