"""What lies in a worker's journal before its run's own says that the run began."""

from collections.abc import Sequence
from typing import Final

from signald.errors import JournalError
from signald.journal.pieces import Piece
from signald.model.records import Record

_MOST_BYTES: Final = 512 << 20
"""A worker is ahead by as long as processes take to begin: seconds of its venues' frames."""
_RECORD_BYTES: Final = 256
"""About what a record takes beside its payload."""


class Ahead:
    """Pieces that wait for their run, in memory of their own: so many bytes and no more, however long none begins."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        """Keep up to ``most_bytes``."""
        self._most_bytes = most_bytes
        self._pieces: list[tuple[Piece, int]] = []
        self._bytes: dict[int, int] = {}
        self._full: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._bytes)

    def __contains__(self, place: int) -> bool:
        """Whether what comes in the journal at ``place`` has to wait, for something of it does."""
        return place in self._bytes

    def drop(self, place: int) -> None:
        """Forget what waits of a journal: its worker began anew before the run did."""
        self._pieces = [each for each in self._pieces if each[1] != place]
        self._bytes.pop(place, None)
        self._full.discard(place)

    def keep(self, piece: Piece, place: int) -> None:
        """Let a piece wait. Of a worker that has waited for too much nothing is kept any more."""
        known = self._bytes.setdefault(place, 0)
        if place in self._full:
            return
        kept = piece if isinstance(piece, Record) else piece.copied(0, len(piece.rows))  # a reader's is used again
        size = _RECORD_BYTES + len(kept.payload) if isinstance(kept, Record) else kept.memory.nbytes + kept.rows.nbytes
        if sum(self._bytes.values()) + size > self._most_bytes:
            self.drop(place)
            self._bytes[place] = 0
            self._full.add(place)
            return
        self._pieces.append((kept, place))
        self._bytes[place] = known + size

    def take(self) -> Sequence[tuple[Piece, int]]:
        """Give all that waits away, in its order: the run has begun.

        Raises:
            JournalError: Not all of it could be kept.
        """
        if self._full:
            problem = f"a worker's journal is more than {self._most_bytes} bytes ahead of that of its run"
            raise JournalError(problem)
        pieces, self._pieces, self._bytes = self._pieces, [], {}
        return pieces
