"""Books and composites: touch, spread, depth, age, what speaks against them."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from signald.console.gauges.gauge import Gauge, Told, Values
from signald.model.time import NS_PER_MS

_BOOK: Final = ("instrument", "venue")


def _books(told: Told) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for book in told.parts.get("books", {}).get("books", ()):
        yield (book["instrument"], book["venue"]), book


def _of_books(name: str) -> Callable[[Told], Values]:
    def read(told: Told) -> Values:
        return ((labels, book[name]) for labels, book in _books(told) if book[name] is not None)

    return read


def _live(told: Told) -> Values:
    return ((labels, float(book["state"] == "live" and not book["flags"])) for labels, book in _books(told))


def _age(told: Told) -> Values:
    for labels, book in _books(told):
        if book["age_ms"] is not None:
            since = told.now / NS_PER_MS - told.parts["books"]["ts"]
            yield labels, max(0.0, book["age_ms"] + since) / 1_000


def _touch(told: Told) -> Values:
    for labels, book in _books(told):
        for side in ("bid", "ask"):
            if book[side] is not None:
                yield (*labels, side), book[side]


def _depth(told: Told) -> Values:
    for labels, book in _books(told):
        places = (("bid", "5"), ("ask", "5"), ("bid", "25"), ("ask", "25"))
        for place, usd in zip(places, book["depth"], strict=True):
            if usd is not None:
                yield (*labels, *place), usd


BOOKS: Final[tuple[Gauge, ...]] = (
    Gauge("signald_book_live", "Whether a book is live and nothing speaks against it.", _BOOK, _live),
    Gauge("signald_book_age_seconds", "Since the last frame of a book.", _BOOK, _age),
    Gauge("signald_book_touch", "Best bid and best ask.", (*_BOOK, "side"), _touch),
    Gauge("signald_book_mid", "Half of best bid and best ask.", _BOOK, _of_books("mid")),
    Gauge("signald_book_spread_bps", "Best ask less best bid.", _BOOK, _of_books("spread_bps")),
    Gauge("signald_book_imbalance", "Of the first ten levels, -1 to 1.", _BOOK, _of_books("imbalance")),
    Gauge("signald_book_basis_bps", "Microprice in dollars less its composite's.", _BOOK, _of_books("basis_bps")),
    Gauge("signald_book_composite_share", "Of its composite's weights; 0: not believed.", _BOOK, _of_books("share")),
    Gauge("signald_composite_venues", "Venues that a composite believes.", _BOOK, _of_books("venues")),
    Gauge(
        "signald_composite_dex_share",
        "Of what rests within 25 bps of a composite, on decentralised venues.",
        _BOOK,
        _of_books("dex_share"),
    ),
    Gauge("signald_book_depth_usd", "Resting within so many bps of mid.", (*_BOOK, "side", "within_bps"), _depth),
)
