"""Holds back what follows from an input until it is known whether its run lived to say it.

What a run was cut off from saying, its restart says: in its own words, which are those on record. So of the input
before a restart only the documents that stand on record are given, and those of the restart are left to it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

from signald.journal.pieces import Piece
from signald.journal.session import read_session
from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.replay.feeding import Replayed

P = TypeVar("P", bound=Piece)

_OUTPUTS: Final = frozenset({RecordKind.SIGNAL, RecordKind.NOTICE})


class Held:
    """What was replayed since the newest input of a run from which documents follow."""

    def __init__(self, is_live: Sequence[bool]) -> None:
        """Take, for each journal by its place, whether it is a run's own."""
        self._is_live = is_live
        self._going_on = sum(is_live)
        self._held: list[Replayed] = []
        self._own = (
            0  # place among them of what the run's own input gave: a tick made before it was nobody's to cut off
        )
        self._said: set[str] = set()

    def until_over(self, pieces: Iterable[P], place: int) -> Iterator[P]:
        """The ``pieces`` of the journal at ``place``; behind the last run's own nothing is cut off any more."""
        yield from pieces
        self._going_on -= self._is_live[place]

    def pass_on(self, replayed: Iterable[Replayed], piece: Piece, place: int) -> Iterator[Replayed]:
        """What is certain now that ``piece`` of the journal at ``place`` is read; ``replayed`` is what came of it."""
        is_live = self._is_live[place]
        if is_live and isinstance(piece, Record) and piece.kind in _OUTPUTS:
            self._said.add(piece.key)
        elif is_live:
            if self._held and _is_restart(piece):
                self._held[self._own] = self._as_said(self._held[self._own])
            yield from self.rest()
        elif not self._going_on:
            yield from self.rest()
        for each in replayed:
            if self._held or (is_live and any(isinstance(output, Signal) for output in each.fed.outputs)):
                self._own = len(self._held) if is_live else self._own
                self._held.append(each)
            else:
                yield each

    def rest(self) -> Iterator[Replayed]:
        """All that is held, as it is."""
        held, self._held = self._held, []
        self._said.clear()
        yield from held

    def _as_said(self, replayed: Replayed) -> Replayed:
        outputs = (one for one in replayed.fed.outputs if not isinstance(one, Signal) or one.id in self._said)
        return replayed._replace(fed=replayed.fed._replace(outputs=tuple(outputs)))


def _is_restart(piece: Piece) -> bool:
    """Whether a run begins here that knows what the one before had seen."""
    if not isinstance(piece, Record) or piece.kind is not RecordKind.SESSION:
        return False
    return read_session(piece).recovered_from is not None
