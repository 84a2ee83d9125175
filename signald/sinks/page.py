"""Numbers by name and labels, in memory that another process reads while they are written.

A row is a number and what it is; rows are only ever added. What it is is written before the count of rows that says it
is there, and a number is one aligned word: a reader sees the number before or the number after, never half of one.
"""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

Kind: TypeAlias = Literal["counter", "gauge"]
Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values."""

_WORD: Final = 8
_ROW: Final = 512
_ROWS: Final = 512
_ROW_WORDS: Final = _ROW // _WORD
_TEXT: Final = _ROW - 2 * _WORD


class Key(NamedTuple):
    """What a number is.

    Attributes:
        name: Of the metric, as Prometheus has it.
        kind: ``counter`` if it only rises.
        documentation: A sentence.
        labels: Its own.
    """

    name: str
    kind: Kind
    documentation: str
    labels: Labels = ()


class Sample(NamedTuple):
    """A number and what it is."""

    key: Key
    value: float


class NumberPage:
    """The numbers that one process tells; it alone writes them.

    Attributes:
        dropped: Numbers for which there was no room, or whose name and labels are too long.
    """

    SIZE: Final = _WORD + _ROWS * _ROW
    """Bytes of a page."""

    def __init__(self, buffer: bytearray | memoryview | None = None) -> None:
        """Write to, or read from, ``buffer``, which holds zeros when new; by default memory of our own."""
        self._bytes = memoryview(bytearray(self.SIZE) if buffer is None else buffer)[: self.SIZE]
        self._count = self._bytes[:_WORD].cast("q")
        self._reals = self._bytes[_WORD:].cast("d")
        self._lengths = self._bytes[_WORD:].cast("q")
        self._places = {sample.key: place for place, sample in enumerate(self.read())}
        self.dropped = 0

    def put(self, key: Key, value: float) -> None:
        """Write a number; the first time a row is added for it."""
        self.write(self.place_of(key), value)

    def place_of(self, key: Key) -> int:
        """Where a number is written, for whoever writes it often."""
        place = self._places.get(key)
        return self._add(key) if place is None else place

    def write(self, place: int, value: float) -> None:
        """Write the number at a place of :meth:`place_of`."""
        if place >= 0:
            self._reals[place * _ROW_WORDS] = value

    def read(self) -> Iterator[Sample]:
        """Every number, as it stands."""
        for place in range(self._count[0]):
            word = place * _ROW_WORDS
            start = _WORD + place * _ROW + 2 * _WORD
            try:
                key = _DECODER.decode(self._bytes[start : start + self._lengths[word + 1]])
            except msgspec.DecodeError:  # the page is being written anew
                return
            yield Sample(key, self._reals[word])

    def clear(self) -> None:
        """Forget everything: who told it is gone."""
        self._count[0] = 0
        self._places.clear()

    def _add(self, key: Key) -> int:
        text = _ENCODER.encode(key)
        place = self._count[0]
        if place >= _ROWS or len(text) > _TEXT:
            self.dropped += 1
            self._places[key] = -1
            return -1
        start = _WORD + place * _ROW + 2 * _WORD
        self._bytes[start : start + len(text)] = text
        self._lengths[place * _ROW_WORDS + 1] = len(text)
        self._places[key] = place
        self._count[0] = place + 1
        return place


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Key)
