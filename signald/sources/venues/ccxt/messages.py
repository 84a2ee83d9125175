"""What is written of ccxt's books, and orders to whoever watches them: one spelling for both ends.

What the compiled scan does not read is written again in the plainest form and handed to the same kernel, so that there
is one way into a book only.
"""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from signald.sources.spoken import heard_from, reader_of
from signald.sources.whole_books import Level


class WrittenBook(msgspec.Struct, frozen=True):
    """`{"asks":[["101","1"]],"bids":[["100","2"]],"nonce":17,"symbol":"btcusd","timestamp":1739367000123}`."""

    asks: Sequence[Level]
    bids: Sequence[Level]
    symbol: str
    nonce: int | None = None
    timestamp: int | None = None


class Told(msgspec.Struct, frozen=True):
    """`{"refused":"btcxyz: bitstamp does not have market symbol btcxyz"}`."""

    refused: str = ""


class Watch(msgspec.Struct, frozen=True, tag="watch", tag_field="op"):
    """`{"op":"watch","books":["btcusd"],"kind":"spot","depth":50,"limit":0,"silent_after_s":60}`."""

    books: Sequence[str]
    kind: str
    depth: int
    limit: int
    silent_after_s: int


class Anew(msgspec.Struct, frozen=True, tag="anew", tag_field="op"):
    """`{"op":"anew","books":["btcusd"]}`: what there is of these books is wrong, or nothing comes of them."""

    books: Sequence[str]


Order: TypeAlias = Watch | Anew

_ENCODER = msgspec.json.Encoder(order="sorted")
_ORDER: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)
_CHANNEL = "ccxt"

_decode_book = reader_of(_CHANNEL, WrittenBook)
decode_told = reader_of(_CHANNEL, Told)
"""Reads a frame that is no book's; raises :class:`MalformedFrameError`."""


def encode(message: WrittenBook | Told | Order) -> bytes:
    """As canonical JSON: keys in order, no white space."""
    return _ENCODER.encode(message)


def decode_order(order: bytes) -> Order:
    """Read what :func:`encode` has written of an order; raises ``msgspec.DecodeError`` for anything else."""
    return _ORDER.decode(order)


def plainest(frame: bytes) -> list[bytes]:
    """Write a book again in the form that the compiled scan reads.

    Raises:
        MalformedFrameError: It is no JSON, or no book.
    """
    with heard_from(_CHANNEL):
        frame.decode()  # msgspec looks into no text that it does not need
        return [_ENCODER.encode(_decode_book(frame))]
