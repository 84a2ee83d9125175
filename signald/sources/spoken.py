"""Venues' JSON through msgspec: whatever makes no sense in it is one kind of error, which names the venue."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, TypeVar

import msgspec

from signald.errors import MalformedFrameError

T = TypeVar("T")

_SENSELESS: Final = (msgspec.MsgspecError, UnicodeError, RecursionError, ArithmeticError)


@contextmanager
def heard_from(venue: str, field: str = "") -> Generator[None]:
    """Inside, what cannot be read, or written again, is a :class:`MalformedFrameError` of the venue and ``field``."""
    try:
        yield
    except _SENSELESS as error:
        raise MalformedFrameError(venue, field, str(error)) from error


def reader_of(venue: str, kind: type[T], field: str = "") -> Callable[[bytes], T]:
    """Reads a venue's messages of one ``kind``; raises :class:`MalformedFrameError`."""
    decode = msgspec.json.Decoder(kind).decode

    def read(message: bytes) -> T:
        with heard_from(venue, field):
            return decode(message)

    return read
