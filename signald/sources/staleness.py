"""Whether a live book still says what its market does: judged by its progress, its venue's clock and its peers.

That something came proves nothing: a venue may send the same again, or send late. What counts is that the venue's
sequence rises and that its time keeps up with ours. A book that is silent is doubted after a while, and then its peers
are asked, the books of the same asset elsewhere: if one of them has moved away, this one is stale; if all of them stand
where they stood, the market is quiet. Where no peer can say, the venue's own time must go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import numpy as np

from signald.core.board import Board, BoardRows
from signald.core.book import Book
from signald.core.kernels import ticks
from signald.core.kernels.machine import WordArray
from signald.core.kernels.rows import FLAG_STALE, STATE_LIVE
from signald.model.instruments import Instrument
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos

Staleness: TypeAlias = Literal["silent", "left_behind", "late"]
"""Nothing comes and nobody can say why; peers have moved away; what comes is older than it used to be."""

_BPS: Final = 1e4
_AHEAD_NS: Final = 60 * NS_PER_S
"""Where everything has been late for so long, but not by our own clock, the venue's time was ahead before."""


class Peers:
    """The rows of a board that can bear witness for some of its books.

    Args:
        board: Where all books show.
        instruments: In the order of its rows.
        books: Those to bear witness for.
    """

    def __init__(self, board: Board, instruments: Sequence[Instrument], books: Sequence[Book]) -> None:
        self._board = board
        self._books = tuple(books)
        self._rows: BoardRows | None = None
        rows = {instrument.id: row for row, instrument in enumerate(instruments)}
        self._own = [rows[book.instrument.id] for book in books]
        self._others = [
            [row for row, other in enumerate(instruments) if other.base == book.instrument.base and row != own]
            for book, own in zip(books, self._own, strict=True)
        ]

    def look(self) -> None:
        """See the board as it is now.

        One book asks only where something depends on it; of several, one may be flagged before the next one asks.
        """
        self._rows = None if len(self._own) == 1 else self._board.read()

    @property
    def are_none(self) -> bool:
        """Whether none of its books has a peer, but for a ticker of its own."""
        return not any(self._others)

    @property
    def _shown(self) -> BoardRows:
        if self._rows is None:
            self._rows = self._board.read()
        return self._rows

    def mids(self, number: int, since: Nanos) -> dict[int, float]:
        """Mids of the peers of one book, by row, of those that have made progress after ``since``.

        The book's own row is among them where a ticker beside the depth has moved it on.
        """
        if not self._others[number] and not self._books[number].is_led:
            return {}
        rows, own = self._shown, self._own[number]
        found: dict[int, float] = {}
        for place in self._others[number]:
            row = rows[place]
            mid = float(row["mid"])
            is_live = row["state"] == STATE_LIVE and not row["flags"] & FLAG_STALE
            if is_live and row["ts_ingest"] > since and mid > 0:
                found[place] = mid
        row = rows[own]
        if row["ts_touch"] > max(since, int(row["ts_ingest"])) and row["mid"] > 0:
            found[own] = float(row["mid"])
        return found

    def own(self, number: int) -> int:
        """The row of the book itself: its ticker stands where it stands."""
        return self._own[number]

    def half_spread_bps(self, number: int) -> float:
        """Half the spread that a book's row shows, in basis points; 0 if it shows none."""
        spread = float(self._shown["spread_bps"][self._own[number]])
        return spread / 2 if spread > 0 else 0.0


@dataclass(slots=True)
class _Progress:
    """What was last seen of one book."""

    sequence: int = 0
    ts_event: Nanos = 0
    moved: Nanos = 0
    heard: Nanos = 0
    was_old: bool = False  # by the time it came, as blocks may be
    ratios: dict[int, float] = field(default_factory=dict[int, float])


class StalenessJudge:
    """Judges the books of one connection.

    Args:
        books: In order.
        after_ms: A book is doubted when it is silent for so long, and late when it is so much older than it used to be.
        move_bps: A peer that moves less, or less than half this book's spread, has not moved.
        peers: Who bears witness; None: nobody.
    """

    def __init__(self, books: Sequence[Book], *, after_ms: int, move_bps: float, peers: Peers | None = None) -> None:
        self._books = books
        self.after_ns = after_ms * NS_PER_MS
        self._move_bps = move_bps
        self._peers = peers
        self._seen = [_Progress() for _ in books]
        self._least_lag: Nanos | None = None
        self._late_since: Nanos | None = None  # everything that came

    def forget(self) -> None:
        """The connection is new."""
        self._seen = [_Progress() for _ in self._books]
        self._least_lag = self._late_since = None

    def lend(self, words: WordArray) -> bool:
        """Write what :func:`signald.core.kernels.ticks.tick_until` must know; False if only we or peers can tell."""
        if self._late_since is not None or (self._peers is not None and not self._peers.are_none):
            return False
        words[ticks.AFTER] = self.after_ns
        words[ticks.LEAST_LAG] = ticks.NO_LAG if self._least_lag is None else self._least_lag
        words[ticks.NOTES] = self._peers is not None
        for place, seen in zip(ticks.places(words), self._seen, strict=True):
            words[place + ticks.SEQUENCE : place + ticks.NOTED + 1] = (
                *(seen.sequence, seen.ts_event, seen.moved, seen.heard, ticks.NOTED_NOT),
            )
        return True

    def take_back(self, words: WordArray) -> None:
        """See what was seen meanwhile by whoever these words were lent to."""
        least = int(words[ticks.LEAST_LAG])
        self._least_lag = None if least == ticks.NO_LAG else least
        for number, place in enumerate(ticks.places(words)):
            seen = self._seen[number]
            *state, noted = words[place + ticks.SEQUENCE : place + ticks.NOTED + 1].tolist()
            seen.sequence, seen.ts_event, seen.moved, seen.heard = state
            if noted != ticks.NOTED_NOT and self._peers is not None:
                ratio = float(words.view(np.float64)[place + ticks.RATIO])
                seen.ratios = {self._peers.own(number): ratio} if noted == ticks.NOTED_OWN else {}

    def look(self) -> None:
        """See the peers as they are now, once for all books that are judged at one time."""
        if self._peers is not None:
            self._peers.look()

    def judge(self, number: int, now: Nanos, *, as_it_comes: bool = False) -> Staleness | None:
        """Why a live book is stale; None if it is not. To be asked at least twice in ``after_ms``.

        ``as_it_comes``: asked because a frame has just come of it, so that its age now is what it had then.
        """
        book, seen, after = self._books[number], self._seen[number], self.after_ns
        sequence, ts_event, ts_ingest = book.progress
        if sequence != seen.sequence:
            seen.sequence, seen.moved = sequence, ts_ingest
            seen.was_old = as_it_comes and now - ts_ingest >= after
        if ts_event > seen.ts_event:
            seen.ts_event, seen.heard = ts_event, ts_ingest
        seen.moved, seen.heard = seen.moved or ts_ingest, seen.heard or ts_ingest
        if ts_event != 0 and now - ts_ingest < after and self._is_late(ts_ingest - ts_event, now):
            return "late"
        if now - seen.moved < after // 2:
            self._note_ratios(number, book, now)
        if now - seen.moved < after:
            return None
        moves = self._moves_bps(number, book, now)
        if moves:
            return "left_behind" if max(moves) >= self._bearable_bps(number) else None
        return None if now - seen.heard < after else "silent"

    def was_old(self, number: int) -> bool:
        """Whether what came last of a book was old already: then the next that comes may be as well."""
        return self._seen[number].was_old

    def _is_late(self, lag: Nanos, now: Nanos) -> bool:
        """Whether frames come, but from longer ago than the connection has shown that they need to.

        Clocks differ, so that only the growth of the difference means anything; unless it had shrunk for a moment.
        """
        least = lag if self._least_lag is None else min(lag, self._least_lag)
        since = now if self._late_since is None else self._late_since
        if lag - least >= self.after_ns and lag < self.after_ns and now - since >= _AHEAD_NS:
            least = lag
        self._least_lag = least
        is_late = lag - least >= self.after_ns
        self._late_since = since if is_late else None
        return is_late

    def _note_ratios(self, number: int, book: Book, now: Nanos) -> None:
        """Remember how peers stand to a book that makes progress."""
        mid = book.mid
        if self._peers is not None and mid > 0:
            mids = self._peers.mids(number, now - self.after_ns)
            self._seen[number].ratios = {row: peer / mid for row, peer in mids.items()}

    def _moves_bps(self, number: int, book: Book, now: Nanos) -> list[float]:
        """How far each peer that can say so has moved away since."""
        mid, ratios = book.mid, self._seen[number].ratios
        if self._peers is None or not mid > 0:
            return []
        mids = self._peers.mids(number, now - self.after_ns)
        return [
            abs(peer / mid / ratios.get(row, 1.0) - 1.0) * _BPS for row, peer in mids.items() if self._says(number, row)
        ]

    def _says(self, number: int, row: int) -> bool:
        assert self._peers is not None
        return row in self._seen[number].ratios or self._peers.own(number) == row

    def _bearable_bps(self, number: int) -> float:
        assert self._peers is not None
        return max(self._move_bps, self._peers.half_spread_bps(number))
