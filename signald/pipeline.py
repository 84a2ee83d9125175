"""Record → source → engine → outputs: all that live and replay share.

The engine sees only rows that came as a ROWS record, so whoever feeds the same records gets the same outputs.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import quote, unquote

import msgspec
import numpy as np

from signald.core.board import Board, BoardRows, empty_rows, rows_from_bytes
from signald.core.engine import Engine
from signald.model.clock import ClockOffset
from signald.model.control import Control
from signald.model.expectations import Expectations
from signald.model.limits import LIMITED, beyond, limit_of
from signald.model.macro import Heartbeat, Release, ScheduledRelease, SettledFigure
from signald.model.movers import Reference, Remembered
from signald.model.notices import Notice, Rejected, Unsigned
from signald.model.policy import PolicyEvent
from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.model.time import NS_PER_S, Nanos
from signald.sources.frames import Frames
from signald.sources.protocol import EMPTY, Among, CalendarSource, Step, Taken, VenueSource

Output: TypeAlias = Signal | Notice
Rebuild: TypeAlias = Callable[[str, VenueSource], Mapping[str, VenueSource]]
"""Makes the sources of a venue's connection anew, by channel, in the place of one that is given."""

CALENDAR = "mqtt"
"""Channel of the calendar's messages, and of its connection, in the journal."""
CLOCK = "clock"
"""Channel of what is measured of our clock."""

_EVENTS: Final = (  # figures first: they must not wait
    *(Release, ScheduledRelease, Heartbeat, Control, PolicyEvent, SettledFigure, Reference, Remembered, Expectations),
)

_MEASURED = msgspec.json.Decoder(ClockOffset)

RETAINED = "retained:"
"""Stands before the topic in the key of a message that the broker had kept."""

RECALLED = "recalled:"
"""Stands before the topic in the key of what we wrote ourselves, so that no restart has to read far back."""

SEALED = "sealed:"
"""Stands before verdict, key and topic in the key of a message of which something is to be said as to who signed it."""

REMEMBERED_NS = 2 * 3_600 * NS_PER_S
"""How far back a restart reads: the life of a release's window, and the time between two recalls, with room."""


_MARKS: Final = (RETAINED, RECALLED, SEALED, LIMITED)
_TAKEN = frozenset({"signed", "unsigned"})
_PROBLEMS = {
    "missing": "is missing, and this source must sign",
    "unknown_key": "is by a key that we do not know",
    "wrong_key": "is by a key that is another's, or not for this",
    "expired_key": "is by a key that is not in force",
    "forged": "is not of this topic and payload",
    "outdated": "is of another time",
}


class Fed(NamedTuple):
    """What follows from one record: outputs in order, and what its source wants done on its connection."""

    outputs: tuple[Output, ...]
    step: Step


NOTHING = Fed((), EMPTY)
"""Shared by every record that only changes a book."""


class Feeds:
    """The books' sources and the board they write: what a feed worker runs, and a part of every pipeline.

    Attributes:
        board: Where the rows are.
        venues: The sources, by the channel of their connection.
    """

    def __init__(self, board: Board, venues: Mapping[str, VenueSource], *, rebuild: Rebuild | None = None) -> None:
        """Join sources to their board; ``rebuild`` makes one venue's anew, where that may be wanted."""
        self.board = board
        self.venues = dict(venues)
        self._rebuild = rebuild

    def renew(self, channels: Iterable[str]) -> None:
        """Forget all that came on these venues' connections: the process that kept their books has begun anew."""
        for channel in channels:
            if self._rebuild is not None and channel in self.venues:
                self.venues |= self._rebuild(channel, self.venues[channel])

    def feed(self, record: Record) -> Fed:
        """Take one record of a venue's connection; any other changes nothing."""
        kind = record.kind
        if kind is RecordKind.FRAME:
            step = self.venues[record.channel].on_frame(record.payload, record.ts_ingest)
            return NOTHING if step is EMPTY else self._follow(step)
        if kind is RecordKind.TICK:
            step = self.venues[record.key].advance(record.ts_ingest)
            return NOTHING if step is EMPTY else self._follow(step)
        return self._connection(record)

    def feed_frames(
        self, frames: Frames, number: int, first: int, last: int, among: Among | None = None
    ) -> tuple[Taken, Fed]:
        """Take frames as :meth:`signald.sources.protocol.VenueSource.on_frames` says; what was taken, what follows."""
        taken = self.venues[frames.channels[number]].on_frames(frames, number, first, last, among)
        return taken, NOTHING if taken.step is EMPTY else self._follow(taken.step)

    def next_deadline(self, channel: str = "") -> Nanos | None:
        """When a tick is next due on a venue's channel."""
        return self.venues[channel].next_deadline()

    def _connection(self, record: Record) -> Fed:
        venue = self.venues.get(record.channel)
        if venue is None:
            return NOTHING
        match record.kind:
            case RecordKind.RESPONSE:
                return self._follow(venue.on_response(record.key, record.payload, record.ts_ingest))
            case RecordKind.CONNECTED:
                return self._follow(venue.on_connected(record.ts_ingest))
            case RecordKind.DISCONNECTED:
                return self._follow(venue.on_disconnected(record.ts_ingest))
            case _:
                return NOTHING

    def _follow(self, step: Step) -> Fed:
        return Fed(tuple(event for event in step.events if isinstance(event, Notice)), step)


class Pipeline(Feeds):
    """The pure part of a run. Times never decrease; what is fed is exactly what the journal holds."""

    def __init__(
        self,
        *,
        engine: Engine,
        board: Board,
        venues: Mapping[str, VenueSource],
        calendar: CalendarSource,
        rebuild: Rebuild | None = None,
        order: Sequence[int] = (),
    ) -> None:
        """Join an engine to its sources; ``venues`` are by the channel of their connection.

        ``order`` is in which the engine sees the board's rows; none: as they are.
        """
        super().__init__(board, venues, rebuild=rebuild)
        self.engine = engine
        self._calendar = calendar
        self._order = np.array(order, dtype=np.intp)
        self._rows: BoardRows = empty_rows(len(board.instruments))

    def take_over_books(self, before: Feeds) -> None:
        """Go on with the books of another pipeline: they are kept by others, and did not begin anew when this did."""
        self.board, self.venues = before.board, before.venues

    def feed(self, record: Record) -> Fed:
        """Take one record; a record that is not an input (a signal, a notice, a session) changes nothing."""
        kind = record.kind
        if kind is RecordKind.FRAME:  # by far the most frequent
            return super().feed(record)
        if kind is RecordKind.MESSAGE:
            return self._measured(record) if record.channel == CLOCK else self._message(record)
        if kind is RecordKind.ROWS:
            rows = rows_from_bytes(record.payload)
            self._rows = rows[self._order] if self._order.size == rows.size else rows
            return NOTHING
        if kind is RecordKind.TICK and not record.key:
            self.engine.wake(record.ts_ingest)
            return Fed(tuple(self.engine.advance(record.ts_ingest, self._rows)), EMPTY)
        if record.channel == CALENDAR:
            return self._calendar_connection(record)
        return super().feed(record)

    def next_deadline(self, channel: str = "") -> Nanos | None:
        """When a tick is next due on a venue's channel, or for the engine (``""``)."""
        return super().next_deadline(channel) if channel else self.engine.next_deadline()

    def _message(self, record: Record) -> Fed:
        seal, topic = seal_of(record.key), topic_of(record.key)
        self.engine.wake(record.ts_ingest)
        limit = limit_of(record.key)
        if limit is not None:
            return self._follow(Step((beyond(topic, limit, record.ts_ingest),)))
        if seal is not None and seal.verdict not in _TAKEN:
            return self._follow(Step((_refusal(topic, seal, record.ts_ingest),)))
        hear = self._calendar.on_recalled if record.key.startswith(RECALLED) else self._calendar.on_message
        step = hear(topic, record.payload, record.ts_ingest)
        if seal is not None and seal.verdict == "unsigned":
            step = _marked(step, topic, record.ts_ingest)
        fed = self._follow(step)
        if not record.key.startswith((RETAINED, RECALLED)):
            return fed
        # What was kept or recalled is said again on purpose: that it is known already is no news.
        ours = record.key.startswith(RECALLED)
        return Fed(tuple(output for output in fed.outputs if not _is_said_again(output, ours=ours)), fed.step)

    def _measured(self, record: Record) -> Fed:
        """How far our clock is off, as ``{"offset_ns":…,"error_ns":…}``."""
        measured = msgspec.structs.replace(_MEASURED.decode(record.payload), ts_ingest=record.ts_ingest)
        self.engine.wake(record.ts_ingest)
        return Fed(tuple(self.engine.handle(measured, self._rows)), EMPTY)

    def _calendar_connection(self, record: Record) -> Fed:
        if record.kind is RecordKind.CONNECTED:
            self.engine.connect(record.ts_ingest)
        elif record.kind is RecordKind.DISCONNECTED:
            self.engine.disconnect(record.ts_ingest)
        return Fed((), EMPTY)

    def _follow(self, step: Step) -> Fed:
        outputs: list[Output] = []
        for event in step.events:
            if isinstance(event, _EVENTS):
                outputs.extend(self.engine.handle(event, self._rows))
            else:
                outputs.append(event)
        return Fed(tuple(outputs), step)


class Seal(NamedTuple):
    """What was found of a message's signature when it came: it is on record, so that no replay needs the keys."""

    verdict: str
    key_id: str


def sealed(seal: Seal, topic: str) -> str:
    """``topic`` as it stands in a record's key, with what was found of its signature."""
    return f"{SEALED}{seal.verdict}:{quote(seal.key_id, safe='')}:{topic}"


def seal_of(key: str) -> Seal | None:
    """What was found of the signature of the message of this ``key``; ``None``: nobody asked."""
    key = key.removeprefix(RETAINED)
    if not key.startswith(SEALED):
        return None
    _, verdict, key_id, _ = key.split(":", 3)
    return Seal(verdict, unquote(key_id))


def heard_topic(topic: str, prefix: str) -> str:
    """A message's topic below the prefix; one that has no prefix, or begins as our marks do, is made to be of no kind.

    Else whoever chooses topics could have a record say that we wrote it, or that its signature is good.
    """
    below = topic.removeprefix(prefix)
    return quote(topic, safe="", errors="backslashreplace") if below == topic or below.startswith(_MARKS) else below


def topic_of(key: str) -> str:
    """The topic, below the prefix, on which the message of this ``key`` came."""
    key = key.removeprefix(RETAINED).removeprefix(RECALLED)
    return key.split(":", 3)[3] if key.startswith((SEALED, LIMITED)) else key


def is_refused(key: str) -> bool:
    """Whether the message of this ``key`` was refused for signature, size or rate: nothing may rest on it."""
    seal = seal_of(key)
    return key.startswith(LIMITED) or (seal is not None and seal.verdict not in _TAKEN)


def is_remembered(record: Record) -> bool:
    """Whether a restart needs ``record``: what the engine saw, but nothing of the books, which begin anew."""
    kind = record.kind
    if kind in {RecordKind.CONNECTED, RecordKind.DISCONNECTED}:
        return record.channel == CALENDAR
    return kind in {RecordKind.MESSAGE, RecordKind.ROWS} or (kind is RecordKind.TICK and not record.key)


def _refusal(topic: str, seal: Seal, now: Nanos) -> Rejected:
    """What is said of a message whose signature is none."""
    is_bare = seal.verdict in {"missing", "unknown_key"}
    problem = f"{_PROBLEMS.get(seal.verdict, seal.verdict)}{f' ({seal.key_id!r})' if seal.key_id else ''}"
    reason = "unsigned" if is_bare else "forged"
    return Rejected(channel=topic, reason=reason, field="signature", problem=problem, ts_ingest=now)


def _marked(step: Step, topic: str, now: Nanos) -> Step:
    """What an unsigned message says, marked as such where it is a figure."""
    events = tuple(
        msgspec.structs.replace(event, unsigned=True) if isinstance(event, Release) else event for event in step.events
    )
    return step._replace(events=(*events, Unsigned(channel=topic, ts_ingest=now)))


def _is_said_again(output: Output, *, ours: bool) -> bool:
    """Whether an output is no news; of a halt that a broker kept for us we had not heard, if it changes anything."""
    if isinstance(output, Signal):
        return ours and output.kind in {"halt", "resume"}
    return isinstance(output, Rejected) and output.reason == "repeated"
