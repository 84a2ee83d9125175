"""Numbers that run through all frames of a connection, as some venues write them, lost frames included."""

import re
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from websockets.asyncio.server import ServerConnection

NUMBER: Final = 98_765_432_100_000_000
"""Stands in a frame's text where the connection's next number belongs."""

_PLACE: Final = re.compile(r"987654321[0-9]{8}")
_MARKS: Final = 10**8
_KEPT: Final = 256
_APART: Final = 1_000_000
"""A connection's numbers begin so far behind those of the one before: a number tells whose it is."""


class Counters:
    """The count of each connection.

    A frame is marked when it is told, and so has its number on every connection whether it arrives or not.
    """

    def __init__(self) -> None:
        self._next: dict[ServerConnection, int] = {}
        self._numbers: dict[ServerConnection, OrderedDict[int, int]] = {}
        self._marks = 0
        self._connections = 0

    def begin(self, connection: ServerConnection) -> None:
        """A connection is there."""
        self._next[connection] = _APART * self._connections
        self._numbers[connection] = OrderedDict()
        self._connections += 1

    def end(self, connection: ServerConnection) -> None:
        """It is gone."""
        del self._next[connection], self._numbers[connection]

    def mark(self, frame: str, readers: Iterable[ServerConnection]) -> tuple[str, int]:
        """Give a frame its number on each connection that is to get it; the last of these, -1 if there is none."""
        if str(NUMBER) not in frame:
            return frame, -1
        self._marks = (self._marks + 1) % _MARKS
        number = -1
        for connection in readers:
            number = self._next[connection]
            self._next[connection] += 1
            numbers = self._numbers[connection]
            numbers[self._marks] = number
            while len(numbers) > _KEPT:
                numbers.popitem(last=False)
        return frame.replace(str(NUMBER), str(NUMBER + self._marks)), number

    def written(self, frame: str, connection: ServerConnection) -> str:
        """A marked frame as one connection gets it."""

        def number_of(found: re.Match[str]) -> str:
            number = self._numbers[connection].get(int(found[0]) - NUMBER)
            if number is None:  # marked before this one listened
                number = self._next[connection]
                self._next[connection] += 1
            return str(number)

        return _PLACE.sub(number_of, frame)
