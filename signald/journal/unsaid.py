"""What of the newest input is not on record, as its run was cut off: a restart says it, and a replay says the same.

A restart has it from an engine that has read a few hours, not from the one that was cut off, so it need not be to the
byte what that one would have said. Whoever replays must know which documents were whose.
"""

from collections.abc import Iterable

from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.pipeline import is_remembered

_ASIDE = frozenset({RecordKind.NOTICE, RecordKind.SESSION})  # a restart that was cut off itself had not said it either


class Tail:
    """The documents on record behind the newest input of a run's journal."""

    def __init__(self) -> None:
        """Nothing was read."""
        self._said: set[str] = set()
        self._is_open = False

    def read(self, record: Record) -> None:
        """Read the next record of the run's own journal."""
        if record.kind is RecordKind.SIGNAL:
            self._said.add(record.key)
        elif is_remembered(record):
            self._said.clear()
            self._is_open = True
        elif record.kind not in _ASIDE:
            self.close()

    def close(self) -> None:
        """Something followed: what there was to say had been said."""
        self._is_open = False

    def unsaid(self, outputs: Iterable[object]) -> tuple[Signal, ...]:
        """Which documents among the outputs of the newest input are not on record."""
        if not self._is_open:
            return ()
        return tuple(one for one in outputs if isinstance(one, Signal) and one.id not in self._said)
