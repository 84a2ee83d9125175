"""One instrument's levels, kept in the words of kernels/layout.py: built here, changed by kernels, read here."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import numpy as np

from signald.core.board import checked_sizes, empty_cell
from signald.core.book.levels import held, pairs_of, rescale
from signald.core.kernels import layout
from signald.core.kernels.digits import LARGEST, form_of
from signald.core.kernels.flow import TENTHS
from signald.core.kernels.ladder import refill
from signald.core.kernels.layout import ASK_SIDE, BID_SIDE, NONE
from signald.core.kernels.machine import WordArray
from signald.core.kernels.publish import publish
from signald.core.kernels.rows import (
    APPLIED,
    FIRST_REAL,
    FLAG_STALE,
    FLAGS,
    ROW_USED,
    ROW_WORDS,
    STATE,
    STATE_DISCONNECTED,
    TS_EVENT,
    TS_INGEST,
    TS_TOUCH,
)
from signald.model.instruments import Instrument
from signald.model.time import NS_PER_MS, Nanos

Level = tuple[Decimal, Decimal]
"""A price and the size resting there, in the instrument's units, exact."""

_FINEST: Final = 10**6
_CROSSED_FRAMES: Final = 10
_DEPTH_EVERY_MS: Final = 100
_LAST_TIMES: Final = slice(layout.ROW + TS_EVENT, layout.ROW + TS_INGEST + 1)
_SIDES: Final = {"bid": BID_SIDE, "ask": ASK_SIDE}


class Book:
    """The levels and the board row of one instrument.

    Args:
        instrument: Whose; its tick and lot size say what its numbers may be.
        cell: The board's cell for its row; None: one of its own, that nobody reads.
        depth_every_ms: How often depth, slippage and flow are measured, by the frames' own time.
        slippage_usd: Sizes whose slippage is measured, US dollars; two at most.
        unchecked: Flags of its row from the first frame on: what cannot be checked of it.

    Raises:
        ValueError: The tick or lot size cannot be used, or there are too many sizes.
    """

    def __init__(
        self,
        instrument: Instrument,
        cell: WordArray | None = None,
        *,
        depth_every_ms: int = _DEPTH_EVERY_MS,
        slippage_usd: Sequence[float] = (),
        unchecked: int = 0,
    ) -> None:
        self.instrument = instrument
        self.slippage_usd: tuple[float, ...] = checked_sizes(slippage_usd)
        self._unchecked = unchecked
        self._cell = empty_cell() if cell is None else cell
        self.words: WordArray = np.zeros(layout.BOOK_WORDS, dtype=np.int64)
        """Everything there is of the book; kernels find it by :attr:`address`."""
        self.address: Final = self.words.ctypes.data
        """Where the words are."""
        self._tick = instrument.tick_size
        self._lot = instrument.lot_size
        words = self.words
        self._set_forms()
        words[layout.ROW_ADDRESS] = self._cell.ctypes.data
        words[layout.DEPTH_EVERY] = depth_every_ms * NS_PER_MS
        words[layout.CROSSED_LIMIT] = _CROSSED_FRAMES
        words.view(np.float64)[layout.SLIPPAGE_SIZES :][: len(self.slippage_usd)] = self.slippage_usd
        self.forget(STATE_DISCONNECTED)

    @property
    def phase(self) -> int:
        """One of the PHASE_ values of layout.py."""
        return int(self.words[layout.PHASE])

    @property
    def applied(self) -> int:
        """Depth frames applied since the book was built."""
        return int(self.words[layout.ROW + APPLIED])

    @property
    def sequence(self) -> int:
        """The venue's sequence after the last of them, or of the snapshot."""
        return int(self.words[layout.LAST])

    @property
    def ts_event(self) -> Nanos:
        """The venue's time of the last of them."""
        return int(self.words[layout.ROW + TS_EVENT])

    @property
    def ts_ingest(self) -> Nanos:
        """Our time of the last of them."""
        return int(self.words[layout.ROW + TS_INGEST])

    @property
    def progress(self) -> tuple[int, Nanos, Nanos]:
        """Sequence, and the venue's and our time of the last frame: what is asked for most often, at once."""
        ts_event, ts_ingest = self.words[_LAST_TIMES].tolist()
        return int(self.words[layout.LAST]), ts_event, ts_ingest

    @property
    def is_led(self) -> bool:
        """Whether a ticker beside the depth has come since the last of its frames."""
        return bool(self.words[layout.ROW + TS_TOUCH] > self.words[layout.ROW + TS_INGEST])

    @property
    def steps(self) -> tuple[Decimal, Decimal]:
        """Price and size that one tick and one lot of the book stand for, the instrument's or finer."""
        return self._tick, self._lot

    @property
    def counts(self) -> tuple[int, int]:
        """How many bids and asks there are."""
        return int(self.words[layout.COUNT]), int(self.words[layout.COUNT + 1])

    def touch(self) -> tuple[Level | None, Level | None]:
        """Best bid and best ask of the depth alone, whatever a ticker says."""
        bids, asks = self.levels("bid", 1), self.levels("ask", 1)
        return bids[0] if bids else None, asks[0] if asks else None

    def levels(self, side: str, limit: int) -> list[Level]:
        """The ``limit`` best levels of ``side`` (``"bid"``, ``"ask"``), best first."""
        return [
            (tick * self._tick, lots * self._lot) for tick, lots in pairs_of(self.words, _SIDES[side])[:limit].tolist()
        ]

    def pairs(self, side: str) -> WordArray:
        """Every (tick, lots) of ``side`` in the book's own steps, best first."""
        return pairs_of(self.words, _SIDES[side])

    def forget(self, state: int) -> None:
        """Throw away the levels and all that is known, and show ``state`` on the board."""
        words = self.words
        applied = self.applied
        self._set_steps(self.instrument.tick_size, self.instrument.lot_size)
        words[layout.BASE] = 0
        words[layout.BITS :] = 0
        words[layout.BEST : layout.BEST + 2] = NONE
        words[layout.COUNT : layout.OUTSIDE + 2] = 0
        words[layout.KNOWN : layout.KNOWN + 2] = 0, LARGEST
        words[layout.TABLE_WIDTH] = layout.TABLE_WIDTH_FIRST
        words[layout.APART : layout.CROSSED_RUN + 1] = 0
        words[layout.TICKER_SEQUENCE : layout.DEPTH_DUE + 1] = 0
        words[layout.TOUCH : layout.TOUCH + 2] = NONE
        words[layout.FLOW : layout.BITS] = 0
        words[layout.PHASE] = layout.PHASE_OFF
        words[layout.HELD] = self._unchecked
        row = words[layout.ROW : layout.ROW + ROW_WORDS]
        row[:FIRST_REAL] = 0
        row.view(np.float64)[FIRST_REAL:ROW_USED] = np.nan
        row[APPLIED] = applied
        self.show(state)

    def await_snapshot(self) -> None:
        """Let frames be kept until a snapshot seeds the book."""
        self.words[layout.PHASE] = layout.PHASE_WAITING

    def show(self, state: int) -> None:
        """Put ``state`` on the board."""
        self.words[layout.ROW + STATE] = state
        self._publish()

    def refine(self, *, ticks: bool) -> bool:
        """Keep the book in ticks, or lots, a tenth as large, because something lies between two of them.

        Venues make their steps coarser, and orders from before stay: on 2024-08-08 Binance showed 25.426189 BTC at
        200,000 with a lot of 0.00001, and on 2021-10-12 NKN at 0.25974 with a tick of 0.0001.

        Returns:
            False if that has been done too often already, or would make numbers too large: nothing is changed then.
        """
        step, first = (self._tick, self.instrument.tick_size) if ticks else (self._lot, self.instrument.lot_size)
        sides = [pairs_of(self.words, side) for side in (BID_SIDE, ASK_SIDE)]
        largest = held(self.words, sides, 0 if ticks else 1).max(initial=0)
        if step * _FINEST <= first or largest > LARGEST // 10:
            return False
        self._rescale(self._tick / 10 if ticks else self._tick, self._lot if ticks else self._lot / 10, sides)
        return True

    def coarsen(self, steps: tuple[Decimal, Decimal]) -> bool:
        """Keep the book in such ticks and lots again, after it was made finer for a frame that it did not take.

        Returns:
            False if something lies between two of them: nothing is changed then.
        """
        sides = [pairs_of(self.words, side) for side in (BID_SIDE, ASK_SIDE)]
        for place, ratio in enumerate(self._ratios(*steps)):
            if ratio < 1 and (held(self.words, sides, place) % int(1 / ratio)).any():
                return False
        if steps != self.steps:
            self._rescale(*steps, sides)
        return True

    def adopt(self, other: "Book") -> bool:
        """Take the levels of ``other``, a book of the same instrument at the same sequence, and what it knows.

        Returns:
            False, with nothing changed, if the two cannot be kept in the same ticks and lots.
        """
        for place, ticks in enumerate((True, False)):
            while self.steps[place] > other.steps[place] and self.refine(ticks=ticks):
                pass
            while other.steps[place] > self.steps[place] and other.refine(ticks=ticks):
                pass
        if self.steps != other.steps:
            return False
        self.words[layout.BASE : layout.LAST] = other.words[layout.BASE : layout.LAST]
        self.words[layout.BITS :] = other.words[layout.BITS :]
        self.words[layout.CROSSED_RUN] = 0
        return True

    def succeed(self, other: "Book") -> None:
        """Show on the board in place of ``other``, a book of the same instrument, which then shows nowhere."""
        shown, hidden = other._cell, self._cell  # noqa: SLF001  # of the same class
        self._write_to(shown)
        other._write_to(hidden)  # noqa: SLF001
        self.words[layout.ROW + APPLIED] = max(self.applied, other.applied)
        self._publish()

    @property
    def mid(self) -> float:
        """Middle of the depth's own touch, whatever a ticker says; NaN if a side is empty."""
        bid, ask = int(self.words[layout.BEST]), int(self.words[layout.BEST + 1])
        return math.nan if NONE in {bid, ask} else (bid + ask) / 2 * float(self._tick)

    @property
    def is_stale(self) -> bool:
        """Whether the board says that it is."""
        return bool(self.words[layout.ROW + FLAGS] & FLAG_STALE)

    def mark_stale(self, *, held: bool) -> None:
        """Flag on the board that the book is stale.

        Args:
            held: Its next frame does not take the flag away, only :meth:`mark_fresh`.
        """
        self.words[layout.HELD] = self._unchecked | (FLAG_STALE if held else 0)
        self.words[layout.ROW + FLAGS] |= FLAG_STALE
        self._publish()

    def mark_fresh(self) -> None:
        """Take that flag away."""
        self.words[layout.HELD] = self._unchecked
        self.words[layout.ROW + FLAGS] &= ~FLAG_STALE
        self._publish()

    def _set_steps(self, tick: Decimal, lot: Decimal) -> None:
        if (tick, lot) != self.steps:
            self._tick, self._lot = tick, lot
            self._set_forms()

    def _ratios(self, tick: Decimal, lot: Decimal) -> tuple[Decimal, Decimal]:
        """How many of such ticks and lots one of the book's is."""
        return self._tick / tick, self._lot / lot

    def _write_to(self, cell: WordArray) -> None:
        self._cell = cell
        self.words[layout.ROW_ADDRESS] = cell.ctypes.data

    def _set_forms(self) -> None:
        words, reals = self.words, self.words.view(np.float64)
        words[layout.PRICE : layout.PRICE + 4] = price = form_of(self._tick)
        words[layout.SIZE : layout.SIZE + 4] = size = form_of(self._lot)
        words[layout.PRICE_PLACES] = 0
        reals[layout.PRICE_STEP_REAL] = price[layout.STEP]
        reals[layout.PRICE_SCALE_REAL] = price[layout.SCALE]
        reals[layout.SIZE_STEP_REAL] = size[layout.STEP] * self.instrument.contract_size
        reals[layout.SIZE_SCALE_REAL] = size[layout.SCALE]

    def _rescale(self, tick: Decimal, lot: Decimal, sides: list[WordArray]) -> None:
        """Keep the book, whose levels are ``sides``, in other ticks and lots, which all that it holds fits."""
        ratios = self._ratios(tick, lot)
        up = np.array([max(1, int(ratio)) for ratio in ratios])
        down = np.array([max(1, int(1 / ratio)) for ratio in ratios])
        rescale(self.words, up, down)
        words = self.words
        words.view(np.float64)[layout.FLOW : layout.FLOW + TENTHS] *= float(ratios[1])
        self._set_steps(tick, lot)
        pairs = np.concatenate(sides) * up // down
        refill(words, pairs.reshape(-1), len(sides[0]), len(sides[1]))

    def _publish(self) -> None:
        publish(self._cell, self.words[layout.ROW : layout.ROW + ROW_WORDS])
