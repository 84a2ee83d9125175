"""What a daemon says of itself while somebody looks on: its time, what is due, and whether it still speaks."""

from collections.abc import Sequence
from typing import Final

import msgspec

from signald.live.agenda import CalendarState
from signald.model.signals import Signal
from signald.model.time import NS_PER_S, Nanos

STATES: Final = ("calendar", "engine")
"""Components of the status hash that are looked at."""
WORDS: Final = ("halt *", "resume *")
"""Newest documents that are looked at: a halt holds until something newer ends it."""

_SILENT_AFTER_NS: Final = 10 * NS_PER_S  # it writes every other second


class _Dated(msgspec.Struct, frozen=True, kw_only=True):
    now: Nanos


class _Calendar(CalendarState, frozen=True, kw_only=True):
    now: Nanos


class Overheard:
    """Follows the status hash. Its daemon's clock is the one that counts: a demo's is not the machine's.

    Attributes:
        calendar: What is due next.
        halted: The halt that holds; ``None``: signals go out.
    """

    def __init__(self) -> None:
        """Nothing was heard."""
        self.calendar = CalendarState(releases=(), sources=())
        self.halted: Signal | None = None
        self._said: tuple[bytes | None, ...] = ()
        self._now: Nanos | None = None
        self._heard: Nanos = 0

    def take(self, states: Sequence[bytes | None], words: Sequence[bytes | None], monotonic: Nanos) -> None:
        """Take the components :data:`STATES` and the documents :data:`WORDS` as they are at ``monotonic``."""
        if tuple(states) != self._said:  # else it has not spoken since: its clock has gone on with ours
            self._said = tuple(states)
            self._heard = monotonic
            self._now = max((msgspec.json.decode(one, type=_Dated).now for one in states if one), default=None)
            if states[0]:
                self.calendar = msgspec.json.decode(states[0], type=_Calendar)
        halt, resume = (msgspec.json.decode(one, type=Signal) if one else None for one in words)
        self.halted = None if halt is None or (resume is not None and resume.ts_event > halt.ts_event) else halt

    def now(self, monotonic: Nanos) -> Nanos | None:
        """Its time; ``None`` before it said any."""
        return None if self._now is None else self._now + monotonic - self._heard

    def silent_s(self, monotonic: Nanos) -> float | None:
        """How long it has said nothing; ``None`` while that is no reason to worry."""
        silence = monotonic - self._heard
        return None if self._now is None or silence < _SILENT_AFTER_NS else silence / NS_PER_S
