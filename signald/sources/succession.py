"""Two connections in turn for one venue's books: the new one's are live before the old one goes.

Venues cut every connection after a day. Before that another one is opened, on a channel of its own, with books of its
own that begin with nothing and show nowhere. Once they are as new as those they follow they take their rows on the
board, all at one frame, and the old connection is given up. If the old one is lost before, the new one takes over as
far as it has come. Its records are journalled like any other's, so a replay hands over at the same frame.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels.layout import PHASE_LIVE
from signald.model.instruments import Instrument, InstrumentId
from signald.model.notices import BookLive, Notice, Relieved
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos
from signald.sources.frames import Frames, take_each
from signald.sources.protocol import EMPTY, Among, BookSource, Step, Taken, VenueSource, join
from signald.sources.registry import VenueConfig, build_source

SPARE: Final = "~"
"""Ends the channel of a venue's second connection."""

_SETTLED_NS: Final = 2 * NS_PER_S
"""Order flow is measured over one second: nobody shall see it begin anew."""
_GIVE_UP_NS: Final = 120 * NS_PER_S
"""Where no book has become live for so long, the rest may on another connection."""


class Succession:
    """The two channels of one venue's connection.

    Args:
        channel: Name of the connection; the other one's ends in :data:`SPARE`.
        lead: The source of the first.
        build: Makes a source like it, with books that show nowhere.
        lifetime_s: How old a connection may become.

    Attributes:
        lanes: Both, by channel.
    """

    def __init__(self, channel: str, lead: BookSource, build: Callable[[], BookSource], *, lifetime_s: int) -> None:
        self.channel = channel
        self.lanes: Mapping[str, Lane] = {name: Lane(name, self) for name in (channel, channel + SPARE)}
        self._build = build
        self._lifetime_ns = lifetime_s * NS_PER_S
        self._lead, self._heir = self.lanes.values()
        self._lead.source = lead
        self._due: Nanos | None = None
        self._wanted = False
        self._connected: Nanos = 0
        self._progressed: Nanos = 0
        self._most_live = 0
        self._level_since: Nanos | None = None

    @property
    def shown(self) -> BookSource:
        """The source whose books are on the board."""
        assert self._lead.source is not None
        return self._lead.source

    def leads(self, lane: "Lane") -> bool:
        """Whether the books of ``lane`` are on the board."""
        return lane is self._lead

    def due(self, lane: "Lane") -> Nanos | None:
        """When a successor is to be wanted, or to be given up."""
        if lane is self._lead:
            return None if self._wanted else self._due
        return self._progressed + _GIVE_UP_NS

    def lead_connected(self, now: Nanos) -> Step:
        """The connection whose books are shown is new: it needs no successor for long."""
        self._due = now + self._lifetime_ns
        return self._dismiss()

    def lead_lost(self, now: Nanos, step: Step) -> Step:
        """It is gone, and its books with it: the other one takes over if it is there."""
        self._due = None
        if self._heir.source is not None:
            return join(step, self._hand_over(now))
        return step._replace(closes=self._dismiss().closes)

    def lead_advanced(self, now: Nanos, step: Step) -> Step:
        """Time has passed: ask for a successor if it is time."""
        if self._wanted or self._due is None or now < self._due:
            return step
        self._wanted = True
        return step._replace(opens=self._heir.channel)

    def heir_connected(self, lane: "Lane", now: Nanos) -> Step:
        """The successor's connection is up: it begins with nothing."""
        lane.source = self._build()
        self._wanted = True
        self._connected = self._progressed = now
        self._most_live = 0
        self._level_since = None
        return self.heir_moved(lane.source.on_connected(now), now)

    def heir_moved(self, step: Step, now: Nanos) -> Step:
        """Something came for the successor; what was said of its books is nobody's concern until they are shown."""
        if step.events:
            self._note_progress(now)
        kept = step._replace(events=()) if step.events else step
        if self._level_since is None and not self._is_level():
            return kept
        self._level_since = now if self._level_since is None else self._level_since
        if now - self._level_since < _SETTLED_NS or not self._is_level():
            return kept
        return join(kept, self._hand_over(now))

    def heir_advanced(self, step: Step, now: Nanos) -> Step:
        """Time has passed for the successor."""
        followed = self.heir_moved(step, now)
        if self._heir.source is not None and now - self._progressed >= _GIVE_UP_NS and not followed.reconnect:
            self._progressed = now
            return followed._replace(reconnect="its books do not become those of the connection before")
        return followed

    def _note_progress(self, now: Nanos) -> None:
        """Something was said of the successor's books: perhaps one more of them is live than ever was."""
        live = sum(new.phase == PHASE_LIVE for _, new in self._pairs())
        if live > self._most_live:
            self._most_live, self._progressed = live, now

    def _is_level(self) -> bool:
        """Whether every live book has one in the successor that is live and no older; one at least."""
        pairs = self._pairs()
        live = [(old, new) for old, new in pairs if old.phase == PHASE_LIVE]
        if not live:
            return any(new.phase == PHASE_LIVE for _, new in pairs)
        return all(new.phase == PHASE_LIVE and new.ts_event >= old.ts_event for old, new in live)

    def _pairs(self) -> Sequence[tuple[Book, Book]]:
        assert self._lead.source is not None
        assert self._heir.source is not None
        return list(zip(self._lead.source.books, self._heir.source.books, strict=True))

    def _hand_over(self, now: Nanos) -> Step:
        """Show the successor's books in place of those before."""
        found: list[Notice] = []
        for old, new in self._pairs():
            was_live = old.phase == PHASE_LIVE
            new.succeed(old)
            if new.phase == PHASE_LIVE and not was_live:
                name = new.instrument.id
                found.append(BookLive(channel=self.channel, instrument=name, sequence=new.sequence, ts_ingest=now))
        old_lane, new_lane = self._lead, self._heir
        assert old_lane.source is not None
        assert new_lane.source is not None
        new_lane.source.on_applied = old_lane.source.on_applied
        new_lane.source.counts.update(old_lane.source.counts)  # both together: what is counted must not fall
        old_lane.source = None
        self._lead, self._heir = new_lane, old_lane
        self._due = self._connected + self._lifetime_ns
        self._wanted = False
        took_ms = (now - self._connected) / NS_PER_MS
        relieved = Relieved(channel=self.channel, connection=new_lane.channel, took_ms=took_ms, ts_ingest=now)
        return Step((relieved, *found), closes=old_lane.channel)

    def _dismiss(self) -> Step:
        """There is no need for a successor any more."""
        if not self._wanted:
            return EMPTY
        self._wanted = False
        self._heir.source = None
        return Step(closes=self._heir.channel)


class Lane:
    """One of the two channels: whose source it is changes with every succession.

    Attributes:
        channel: Its name.
        source: What reads it; None while nothing that comes on it is wanted.
    """

    def __init__(self, channel: str, both: Succession) -> None:
        self.channel = channel
        self.source: BookSource | None = None
        self._both = both

    @property
    def url_path(self) -> str:
        """As the source that was built first says."""
        return self._any.url_path

    @property
    def instruments(self) -> tuple[InstrumentId, ...]:
        """Whose books it shows."""
        return self.source.instruments if self.source is not None and self._leads else ()

    @property
    def books(self) -> tuple[Book, ...]:
        """Those it shows."""
        return self.source.books if self.source is not None and self._leads else ()

    @property
    def counts(self) -> Counter[str]:
        """What those it shows have counted, and those before them."""
        return self.source.counts if self.source is not None and self._leads else Counter()

    @property
    def on_applied(self) -> Callable[[Book], object] | None:
        """Told a book after each of its frames; goes over to whoever takes over."""
        return self._any.on_applied

    @on_applied.setter
    def on_applied(self, told: Callable[[Book], object] | None) -> None:
        self._any.on_applied = told

    def on_connected(self, now: Nanos) -> Step:
        """The connection is up."""
        if not self._leads:
            return self._both.heir_connected(self, now)
        assert self.source is not None
        return join(self._both.lead_connected(now), self.source.on_connected(now))

    def on_frame(self, frame: bytes, now: Nanos) -> Step:
        """One frame came."""
        if self.source is None:
            return EMPTY
        step = self.source.on_frame(frame, now)
        return step if self._leads else self._both.heir_moved(step, now)

    def on_frames(self, frames: Frames, number: int, first: int, last: int, among: Among | None = None) -> Taken:
        """Many frames came; of an heir each one counts."""
        if self.source is not None and self._leads:
            among = among and among._replace(until=self._both.due(self))
            return self.source.on_frames(frames, number, first, last, among)
        return take_each(self, frames, number, first, last)

    def on_response(self, tag: str, body: bytes, now: Nanos) -> Step:
        """The answer to a request came."""
        if self.source is None:
            return EMPTY
        step = self.source.on_response(tag, body, now)
        return step if self._leads else self._both.heir_moved(step, now)

    def on_disconnected(self, now: Nanos) -> Step:
        """The connection is down."""
        if self.source is None:
            return EMPTY
        if self._leads:
            return self._both.lead_lost(now, self.source.on_disconnected(now))
        self.source = None
        return EMPTY

    def advance(self, now: Nanos) -> Step:
        """Do what is due."""
        if self.source is None:
            return EMPTY
        step = self.source.advance(now)
        return self._both.lead_advanced(now, step) if self._leads else self._both.heir_advanced(step, now)

    def next_deadline(self) -> Nanos | None:
        """When that is."""
        if self.source is None:
            return None
        due, other = self.source.next_deadline(), self._both.due(self)
        if due is None or other is None:
            return other if due is None else due
        return min(due, other)

    @property
    def _leads(self) -> bool:
        return self._both.leads(self)

    @property
    def _any(self) -> BookSource:
        return self._both.shown


def build_succession(
    venue: VenueConfig,
    instruments: Sequence[Instrument],
    board: Board,
    *,
    channel: str,
    before: VenueSource | None = None,
) -> Succession:
    """Build the source of one venue's connection, and of its successors; raises as :func:`build_source`.

    Whoever was told of the books of ``before``, whose place it takes, is told of its.
    """

    def build(shown: Board) -> BookSource:
        return cast("BookSource", build_source(venue, instruments, shown, channel=channel))

    lead = build(board)
    if isinstance(before, Lane):
        lead.on_applied = before.on_applied
    return Succession(channel, lead, lambda: build(board.aside()), lifetime_s=venue.reconnect_after_s)
