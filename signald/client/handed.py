"""What a desk was handed: by which ids it is known again, and under which entries it is to be acknowledged."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from signald.client.entries import Received

_REMEMBERED: Final = 100_000


class Handed:
    """The last ids that were handed over; ``in`` tells whether an id was.

    One id may come under several entries: a signal that a fail-over lost is written again. While the desk is at it none
    of them may be said to be dealt with, since the desk may die; when it says so, all of them are.
    """

    def __init__(self) -> None:
        """Nothing was handed over."""
        self._known: OrderedDict[str, None] = OrderedDict()
        self._entries: dict[str, dict[str, None]] = {}  # of what the desk is at

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def give(self, received: Received) -> None:
        """The desk is at it from now on."""
        self._known[received.id] = None
        self._entries.setdefault(received.id, {})[received.entry] = None
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def take_back(self, received: Received) -> None:
        """It is to be handed over once more."""
        self._known.pop(received.id, None)

    def joins(self, received: Received) -> bool:
        """Whether the desk is at what came again; if so it is acknowledged with that."""
        entries = self._entries.get(received.id)
        if entries is None:
            return False
        entries[received.entry] = None
        return True

    def settle(self, received: Received) -> Iterable[str]:
        """The desk has dealt with it; returns the entries to acknowledge."""
        return self._entries.pop(received.id, {}) | {received.entry: None}
