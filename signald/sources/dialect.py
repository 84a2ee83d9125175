"""What a venue that sends its snapshots in band is to :mod:`signald.sources.inband`: its words, and nothing else."""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, Protocol

from signald.core.book import Book
from signald.core.kernels.machine import WordArray
from signald.model.time import Nanos


class Kind(Enum):
    """What a frame that is no book's asks of us."""

    NOTHING = "nothing"
    PONG = "pong"
    REFUSAL = "refusal"
    RECONNECT = "reconnect"


class Told(NamedTuple):
    """What a frame that is no book's says; ``text`` in the venue's words."""

    kind: Kind
    text: str = ""


class Dialect(Protocol):
    """What one venue's words are. Nothing here keeps a book."""

    @property
    def ping(self) -> bytes:
        """The frame to send every 20 seconds; ``b""``: none, the venue pings us."""
        ...

    @property
    def greetings(self) -> Sequence[bytes]:
        """Frames to send first on a new connection, besides those that ask for books."""
        ...

    @property
    def sequence(self) -> int:
        """The wire word that holds a frame's sequence."""
        ...

    @property
    def may_step_back(self) -> bool:
        """Whether a frame that steps back is the next book, all of it: the last one is void, and none is asked for."""
        ...

    def apply(self, frame: bytes, now: Nanos, words: WordArray, /) -> int:
        """The kernel: what became of a frame, see outcomes.py."""
        ...

    def plainest(self, frame: bytes) -> Sequence[bytes]:
        """Write a book's frame again as the kernel reads it; raises ``MalformedFrameError``."""
        ...

    def hear(self, frame: bytes) -> Told:
        """Read a frame that is no book's; raises ``MalformedFrameError``."""
        ...

    def verify(self, book: Book, frame: bytes, words: WordArray) -> bool:
        """Whether a frame's checksum is right; told every frame that went into a book which has checksums."""
        ...

    def forget(self, book: Book) -> None:
        """What is kept of a book's frames is void."""
        ...
