"""Books made of prices alone, for recordings that have none: their mid is the price, and that is all they promise.

A bar or a trade tells a price and no book. So that a calendar can be laid over it, the touch is put one price step to
either side of that price, each of one lot: the mid is right, while spread, sizes and depth say nothing. Where a source
tells how much rests in bands around the price, each band is one level at its mean price, as long as the touch has not
passed it.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final, Literal, NamedTuple

import msgspec

from signald.journal.session import Session
from signald.model.instruments import Instrument, InstrumentId
from signald.model.time import Nanos
from signald.replay.importers.book_changes import Change, changed
from signald.replay.importers.sightings import Sightings, listed

_BAND_DIGITS: Final = 6  # of prices that are means, where nothing tells the step


class Market(NamedTuple):
    """Where a price is from: a venue by its name in the registry, and its symbol."""

    venue: Literal["binance", "binance_usdm"]
    symbol: str

    @property
    def instrument(self) -> Instrument:
        """Ours, its steps as coarse as can be."""
        return listed(self.venue, self.symbol)


class Band(NamedTuple):
    """What rests on one side between two distances from the price, at the mean of its prices."""

    is_bid: bool
    price: Decimal
    size: str


class Point(NamedTuple):
    """What is told of a market at one moment.

    Attributes:
        ts: When.
        market: Of what.
        price: As text; empty if none is told.
        size: A size in the market's steps, for the lot; empty if none is told.
        bands: From the touch outwards; empty if none are told.
    """

    ts: Nanos
    market: Market
    price: str = ""
    size: str = ""
    bands: tuple[Band, ...] = ()


def survey_points(points: Iterable[Point]) -> Session:
    """The session of such an import: its markets and their steps, each venue's on one connection."""
    sightings = Sightings()
    coarsest: dict[InstrumentId, Decimal] = {}
    for point in points:
        instrument = point.market.instrument
        sightings.name(point.market.venue, instrument)
        if point.price:
            sightings.levels(instrument.id, ((point.price, point.size or "0"),))
            coarsest[instrument.id] = Decimal(0)
        for band in point.bands:
            sightings.levels(instrument.id, (("0", band.size),))
            coarsest.setdefault(instrument.id, _step_of_mean(band.price))
    steps = tuple(
        msgspec.structs.replace(one, tick_size=coarsest[one.id]) if coarsest.get(one.id) else one
        for one in sightings.instruments
    )
    return Session(mode="import", instruments=tuple(one.id for one in steps), channels=sightings.channels, steps=steps)


def changes_of_points(points: Iterable[Point], steps: Iterable[Instrument]) -> Iterator[Change]:
    """What points do to their books, one change each; the first of a book is whole.

    Args:
        points: In order of time.
        steps: The instruments with their steps, as the survey found them.
    """
    books = {instrument.id: _Book(instrument) for instrument in steps}
    for point in points:
        yield books[point.market.instrument.id].change(point)


class _Book:
    """The levels of one market as they were told last."""

    def __init__(self, instrument: Instrument) -> None:
        self._tick, self._lot = instrument.tick_size, f"{instrument.lot_size:f}"
        self._touch: tuple[Decimal, Decimal] | None = None
        self._bands: tuple[Band, ...] = ()
        self._shown: tuple[dict[str, str], dict[str, str]] | None = None

    def change(self, point: Point) -> Change:
        """Take a point."""
        if point.price:
            price = Decimal(point.price)
            self._touch = max(price - self._tick, self._tick), price + self._tick
        self._bands = point.bands or self._bands
        before, now = self._shown, (self._side(is_bid=True), self._side(is_bid=False))
        self._shown = now
        bids, asks = (changed(old, new) for old, new in zip(before or ({}, {}), now, strict=True))
        return Change(
            point.market.venue, point.market.symbol, point.ts, point.ts, whole=before is None, bids=bids, asks=asks
        )

    def _side(self, *, is_bid: bool) -> dict[str, str]:
        side: dict[str, str] = {}
        touch = self._touch
        if touch is not None:
            side[_text(touch[0] if is_bid else touch[1])] = self._lot
        for band in self._bands:
            if band.is_bid == is_bid:
                price = (band.price / self._tick).to_integral_value() * self._tick
                if touch is None or (price < touch[0] if is_bid else price > touch[1]):
                    side[_text(price)] = band.size
        return side


def _step_of_mean(price: Decimal) -> Decimal:
    """A step for a price that is only known as a mean: its sixth digit, 0.1 of 63124.17."""
    return Decimal(1).scaleb(price.adjusted() + 1 - _BAND_DIGITS)


def _text(price: Decimal) -> str:
    return f"{price.normalize():f}"
