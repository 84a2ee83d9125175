"""What every calendar and every venue implements: told bytes and the time, it returns a Step."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from signald.model.events import Event
from signald.model.instruments import InstrumentId
from signald.model.notices import Notice
from signald.model.time import Nanos

if TYPE_CHECKING:  # they compile; to name what a source is takes no kernel
    from signald.core.book import Book
    from signald.sources.frames import Frames


class Request(NamedTuple):
    """An HTTP GET the source wants made on its behalf.

    Attributes:
        tag: Handed back with the answer; also the key of its record.
        path: Path and query below the venue's REST address.
        not_before: Earliest time to make it.
    """

    tag: str
    path: str
    not_before: Nanos = 0


class Step(NamedTuple):
    """What follows from one input.

    Attributes:
        events: Events for the engine and notices for the shell, in order.
        frames: Frames to send on the connection, in order.
        requests: HTTP requests to make.
        reconnect: Why the connection must be dropped and made anew; ``""``: it stays.
        opens: Channel whose connection is wanted from now on; ``""``: none.
        closes: Channel whose connection is wanted no more.
    """

    events: tuple[Event | Notice, ...] = ()
    frames: tuple[bytes, ...] = ()
    requests: tuple[Request, ...] = ()
    reconnect: str = ""
    opens: str = ""
    closes: str = ""


EMPTY = Step()
"""Shared by every frame that only changes the book."""


def join(first: Step, second: Step) -> Step:
    """What follows from two things, one after the other."""
    if first is EMPTY or second is EMPTY:
        return second if first is EMPTY else first
    return Step(
        first.events + second.events,
        first.frames + second.frames,
        first.requests + second.requests,
        first.reconnect or second.reconnect,
        first.opens or second.opens,
        first.closes or second.closes,
    )


class Among(NamedTuple):
    """What a source must know that is to take its own ticks among frames, where nothing follows from them.

    Attributes:
        heard: When the frame before the first one came, of whatever connection.
        last: The place up to which it may go on.
        until: Something else is due then; ``None``: nothing is.
    """

    heard: Nanos
    last: int
    until: Nanos | None = None


class Taken(NamedTuple):
    """Frames that were taken.

    Attributes:
        place: The one behind the last of them, or where a tick is due.
        step: What follows from the last.
        ticks: How many were taken among them, from which nothing follows.
        ticked: When the last of those was.
    """

    place: int
    step: Step
    ticks: int = 0
    ticked: Nanos = 0


class VenueSource(Protocol):
    """One connection to one venue: keeps its books and writes their board rows.

    All times are wall time in nanoseconds; ``now`` never decreases. No method raises on any input.
    """

    @property
    def instruments(self) -> tuple[InstrumentId, ...]:
        """Whose books come on this connection, in configuration order."""
        ...

    @property
    def counts(self) -> Mapping[str, int]:
        """How often what happened that is not routine; 0 for what did not."""
        ...

    @property
    def url_path(self) -> str:
        """Path and query below the venue's websocket address."""
        ...

    def on_connected(self, now: Nanos) -> Step:
        """The connection is up: forget everything and ask for all that is needed."""
        ...

    def on_frame(self, frame: bytes, now: Nanos) -> Step:
        """One frame came; a frame that only changes a book returns :data:`EMPTY`."""
        ...

    def on_frames(self, frames: "Frames", number: int, first: int, last: int, among: Among | None = None) -> Taken:
        """Frames that are there already, as in a journal: those of connection ``number`` from ``first`` up to ``last``.

        Taken are those up to the first from which something follows; the same as :meth:`on_frame` with each. If there
        is ``among``, a tick is due at ``last``: a source may take it, and go on to the first that is not quiet.
        """
        ...

    def on_response(self, tag: str, body: bytes, now: Nanos) -> Step:
        """The answer to a request; an empty ``body`` says that it failed."""
        ...

    def on_disconnected(self, now: Nanos) -> Step:
        """The connection is down: no book of it may be believed."""
        ...

    def advance(self, now: Nanos) -> Step:
        """Do what is due: pings, staleness, repeated requests."""
        ...

    def next_deadline(self) -> Nanos | None:
        """When :meth:`advance` is next due."""
        ...


class BookSource(VenueSource, Protocol):
    """A source whose books may take the place of another's."""

    books: "tuple[Book, ...]"
    on_applied: "Callable[[Book], object] | None"

    @property
    def counts(self) -> Counter[str]:
        """How often what happened that is not routine."""
        ...


class CalendarSource(Protocol):
    """One feed of schedules, figures and heartbeats. No method raises on any input."""

    def on_message(self, topic: str, payload: bytes, now: Nanos) -> Step:
        """One message came on ``topic`` (without the prefix)."""
        ...

    def on_recalled(self, topic: str, payload: bytes, now: Nanos) -> Step:
        """The same of what we wrote down ourselves, which may be what nobody else can tell."""
        ...


Source: TypeAlias = VenueSource | CalendarSource
