"""Which rows are blended into which, and what came of it in words: a pure function of the board's rows.

The rows that the engine saw are in the journal, so what was said of them can be said again: nothing else goes in.
"""

import math
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from signald.core.composite.blend import blend
from signald.core.composite.shares import (
    BANDS,
    BASIS,
    DEPTH,
    LADDER_FIELDS,
    MEMBER_FIELDS,
    SEEN_FIELDS,
    SHARE,
)
from signald.core.kernels.machine import WordArray
from signald.core.kernels.rows import MICROPRICE, ROW_WORDS, SEQUENCE, SPREAD_BPS
from signald.model.instruments import STABLECOINS, Instrument, InstrumentId

COMPOSITE: Final = "composite"
"""The venue of composite rows: none that can be connected to."""

DOLLARS: Final = STABLECOINS | {"USD"}
"""Quote currencies that are a dollar unless pegs say otherwise."""

Pegs: TypeAlias = Callable[[WordArray], NDArray[np.float64]]
"""Told all rows of the board, one behind the other, returns US dollars for a unit of each row's quote currency.

The array is read at once and not kept; NaN leaves a row out. It must be a function of the rows alone.
"""

_SUFFIX: Final = "-USD.COMPOSITE"
_FEWEST: Final = 2
_BANDS_BPS: Final = ("5", "10", "25")


class MemberView(msgspec.Struct, frozen=True):
    """One venue's part in a composite.

    Attributes:
        instrument: Whose row.
        share: Of the weights; 0: it is not believed.
        basis_bps: Its microprice in dollars less the composite's, in basis points; ``None``: unknown.
        depth_usd: Within 5 basis points of its mid, on the smaller side; ``None``: unknown.
    """

    instrument: InstrumentId
    share: float
    basis_bps: float | None
    depth_usd: float | None


class LadderRung(msgspec.Struct, frozen=True):
    """Dollars that are known to rest within a distance of a composite's price, over all venues that are believed."""

    bid_usd: float
    ask_usd: float
    dex_usd: float


class CompositeView(msgspec.Struct, frozen=True):
    """A composite and its parts.

    Attributes:
        instrument: Its name.
        price: US dollars; ``None``: no venue is believed.
        spread_bps: By how far one venue could move it, both ways together; see :mod:`.blend`.
        venues: How many are believed.
        dex_share: Of the ladder's widest rung, what rests on decentralised venues.
        ladder: By width in basis points.
        members: In the board's order.
    """

    instrument: InstrumentId
    price: float | None
    spread_bps: float | None
    venues: int
    dex_share: float | None
    ladder: dict[str, LadderRung]
    members: tuple[MemberView, ...]


def composite_instrument(asset: str) -> Instrument:
    """The instrument of an asset's composite row, ``BTC-USD.COMPOSITE``; nothing is written in its steps."""
    return Instrument(
        id=asset + _SUFFIX,
        venue=COMPOSITE,
        venue_symbol=f"{asset}-USD",
        base=asset,
        quote="USD",
        kind="spot",
        tick_size=Decimal("0.00000001"),
        lot_size=Decimal("0.00000001"),
    )


def asset_of_composite(name: InstrumentId) -> str:
    """The asset of such a row by its name."""
    return name.removesuffix(_SUFFIX)


def is_composite(name: InstrumentId) -> bool:
    """Whether a row of this name is a composite one."""
    return name.endswith(_SUFFIX)


class Composites:
    """The composite rows of a board, which stand behind its other rows.

    Args:
        instruments: Of the other rows, in order.
        assets: Whose composites are kept; an asset of fewer than two venues on the board has none.
        dex: Names of the venues, as the registry has them, that are decentralised.
        pegs: Dollars for each row's quote currency; None: 1 for those of :data:`DOLLARS`, else unknown.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        assets: Sequence[str],
        *,
        dex: Collection[str] = (),
        pegs: Pegs | None = None,
    ) -> None:
        self._pegs = pegs
        self._dollars = np.array([1.0 if one.quote in DOLLARS else math.nan for one in instruments])
        self._members = [
            members
            for asset in dict.fromkeys(assets)
            if (members := [(row, one) for row, one in enumerate(instruments) if one.base == asset])
            and len({_venue_of(one) for _, one in members}) >= _FEWEST
        ]
        self.instruments = tuple(composite_instrument(members[0][1].base) for members in self._members)
        """Of the rows that are filled, in order."""
        self._ends = np.cumsum([len(members) for members in self._members], dtype=np.int64)
        table = [part for members in self._members for part in _parts(members, dex)]
        self._table = np.array(table, dtype=np.int64).reshape(-1, MEMBER_FIELDS)
        self._seen = np.zeros((len(table), SEEN_FIELDS))
        self._ladder = np.zeros((len(self._members) * BANDS, LADDER_FIELDS))

    def fill(self, words: WordArray) -> None:
        """Fill the rows behind the others, of all rows one behind the other."""
        if self._members:
            dollars = self._dollars if self._pegs is None else self._pegs(words)
            blend(words, self._ends, self._table, dollars, self._seen, self._ladder)

    def look(self, words: WordArray) -> tuple[CompositeView, ...]:
        """The composites of these rows and their parts; fills them, so that they are of the same rows."""
        self.fill(words)
        return tuple(self._view(number, words) for number in range(len(self._members)))

    def _view(self, number: int, words: WordArray) -> CompositeView:
        members = self._members[number]
        row = words[(len(self._dollars) + number) * ROW_WORDS :][:ROW_WORDS]
        reals = row.view(np.float64)
        ladder = self._ladder[number * BANDS :][:BANDS]
        rungs = {name: LadderRung(*map(float, rung)) for name, rung in zip(_BANDS_BPS, ladder, strict=True)}
        widest = rungs[_BANDS_BPS[-1]]
        whole = widest.bid_usd + widest.ask_usd
        end = int(self._ends[number])
        return CompositeView(
            instrument=self.instruments[number].id,
            price=_known(reals[MICROPRICE]),
            spread_bps=_known(reals[SPREAD_BPS]),
            venues=int(row[SEQUENCE]),
            dex_share=widest.dex_usd / whole if whole > 0 else None,
            ladder=rungs if whole > 0 else {},
            members=tuple(
                MemberView(one.id, float(seen[SHARE]), _known(seen[BASIS]), _known(seen[DEPTH]))
                for (_, one), seen in zip(members, self._seen[end - len(members) : end], strict=True)
            ),
        )


def _parts(members: Sequence[tuple[int, Instrument]], dex: Collection[str]) -> list[tuple[int, int, int]]:
    """The kernel's table of one composite's members."""
    venues = list(dict.fromkeys(_venue_of(one) for _, one in members))
    return [(row, venues.index(_venue_of(one)), int(one.venue in dex)) for row, one in members]


def _venue_of(instrument: Instrument) -> str:
    """Who would lie if one of its books did: spot and perpetual of an exchange are in one hand."""
    return instrument.id.rpartition(".")[2]


def _known(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
