"""Where a venue's books can be had."""

from typing import NamedTuple

from signald.model.instruments import InstrumentId


class Place(NamedTuple):
    """One venue.

    Attributes:
        venue: Its name in the configuration.
        instruments: Whose books.
        ws_url: Base address of its websockets; ``""``: its books come otherwise.
        rest_url: Of its HTTP side, where it has one.
    """

    venue: str
    instruments: tuple[InstrumentId, ...]
    ws_url: str
    rest_url: str
