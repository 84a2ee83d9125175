"""What a simulated venue that sends its snapshots in band must know how to say."""

from typing import NamedTuple, Protocol

from signald.model.instruments import Instrument
from signald.model.time import Nanos
from signald.simulate.venues.ledger import Ledger


class Command(NamedTuple):
    """What follows from a client's message: answers, and what it reads from now on or no more."""

    answers: tuple[str, ...]
    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()


class StreamSymbol(Protocol):
    """One instrument and the words in which its venue tells of it."""

    instrument: Instrument
    ledger: Ledger

    @property
    def sequence(self) -> int:
        """The last number of its book as the venue writes it."""
        ...

    def numbered(self, number: int) -> None:
        """Told the number that the connection's count gave its book's last frame."""

    @property
    def streams(self) -> tuple[str, ...]:
        """Names of its streams, that of the book first."""
        ...

    def snapshot(self, stream: str, now: Nanos) -> str:
        """What a new subscriber is sent first."""
        ...

    def update(self, stream: str, now: Nanos) -> str | None:
        """What changed since the last one; ``None`` if nothing did."""
        ...

    def restart(self, now: Nanos) -> str:
        """What the book's stream says after the service was restarted."""
        ...


class Words(Protocol):
    """What a venue answers."""

    @property
    def upgrade(self) -> str:
        """The announcement of an upgrade; ``""`` where there is none."""
        ...

    @property
    def greeting(self) -> str:
        """What a new connection is told first; ``""``: nothing."""
        ...

    @property
    def beat(self) -> str:
        """What every connection is told each second; ``""``: nothing."""
        ...

    @property
    def is_patient(self) -> bool:
        """Whether a client may be silent for ever."""
        ...

    def serves(self, path: str) -> bool:
        """Whether a websocket may be opened there."""
        ...

    def handle(self, message: str, known: frozenset[str]) -> Command:
        """Answer a message; ``known`` are the streams there are."""
        ...
