"""One run of the differential fuzz of decoders: each venue's kernel and slow path against the plainest book there is.

Both are given the same bytes, one frame after the other. Ours must do what the plain book does, or refuse the frame
with an error for which there is a reason; and the books must be equal ever after.
"""

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Context, Decimal
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels import outcomes
from signald.core.kernels.digits import LARGEST
from signald.core.kernels.layout import BITS, COUNT, LAST, PHASE_LIVE, ROW, ROW_ADDRESS, TOUCH
from signald.core.kernels.rows import ASK, BID, IMBALANCE, MICROPRICE
from signald.errors import MalformedFrameError
from signald.model.instruments import Instrument
from signald.sources.desk import Desk
from signald.sources.finer import take_finer
from signald.sources.venues.binance import decode as binance
from signald.sources.venues.binance.messages import plainest as plainest_binance
from signald.sources.venues.binance.messages import plainest_snapshot
from signald.sources.venues.bybit.decode import apply_frame as apply_bybit
from signald.sources.venues.bybit.messages import plainest as plainest_bybit
from signald.sources.venues.okx.decode import apply_frame as apply_okx
from signald.sources.venues.okx.messages import plainest as plainest_okx
from tests.support.frame_mutations import Mutations
from tests.support.frame_templates import Numbers, Template, made, write_first
from tests.support.plain_books import (
    REFUSED,
    PlainBinance,
    PlainBinanceUsdm,
    PlainBook,
    PlainBybit,
    PlainOkx,
    Verdict,
    Word,
)

Apply: TypeAlias = Callable[[bytes, int, Any], int]

CASES: Final = 2_000
"""Of one seed."""
_TEMPLATES: Final = 60
_COMPARED_EVERY: Final = 64
_SNAPSHOT_EVERY: Final = 50
_FINEST: Final = 5
"""Times that steps can surely be made a tenth as large."""
_EXACT: Final = Context(prec=100)
_LONG_FRACTION: Final = re.compile(rb"\.[0-9]{33}")
_APPLIED: Final = frozenset({outcomes.APPLIED, outcomes.WENT_LIVE, outcomes.CROSSED, outcomes.TOUCHED, outcomes.VERIFY})
_WORDS: Final[Mapping[int, Word]] = {
    **dict.fromkeys(_APPLIED, "applied"),
    outcomes.QUIET: "old",
    outcomes.GAP: "gap",
}
_CRAMPED: Final = frozenset({outcomes.OFF_TICK, outcomes.OFF_LOT, outcomes.TOO_LARGE})
_STEPS: Final = (("0.01", "0.00001"), ("0.01", "0.001"), ("0.1", "0.001"), ("0.5", "1"), ("0.00000001", "1"))
_MIDDLES: Final = (6_180_000, 6_180_000, 950_000, 300, 40_000_000)


class Dialect(NamedTuple):
    """What a venue's frames go through: ours, and the plain one.

    Attributes:
        apply: The kernel.
        plainest: The slow path: one plain frame or several.
        plain: The plain book.
        symbol: The venue's.
        padded: How many digits after the point it writes; 0: no more than needed.
        steps: Tick and lot size of the instrument that was recorded.
    """

    apply: Apply
    plainest: Callable[[bytes], Sequence[bytes]]
    plain: Callable[[str], PlainBook]
    symbol: str
    padded: int
    steps: tuple[str, str]


def _one(frame: bytes) -> Sequence[bytes]:
    return (plainest_binance(frame),)


DIALECTS: Final[Mapping[str, Dialect]] = {
    "binance": Dialect(binance.apply_frame, _one, PlainBinance, "BTCUSDT", 8, ("0.01", "0.00001")),
    "binance_usdm": Dialect(binance.apply_frame, _one, PlainBinanceUsdm, "BTCUSDT", 0, ("0.1", "0.001")),
    "okx": Dialect(apply_okx, plainest_okx, PlainOkx, "BTC-USDT", 0, ("0.1", "0.00000001")),
    "bybit": Dialect(apply_bybit, plainest_bybit, PlainBybit, "BTCUSDT", 0, ("0.1", "0.001")),
}


class DecoderFuzz:
    """Frames made from ``seed``, and real ones, given to both books one by one.

    Args:
        venue: One of ``DIALECTS``.
        seed: Decides everything.
        recorded: Real frames, which are then a fifth of all, in the real instrument's tick and lot size; without them
            the seed chooses these.

    Attributes:
        frame: The last one.
        cases: How many there were.
        outcomes: What became of them, by our word for it.
    """

    def __init__(self, venue: str, seed: int, recorded: Sequence[Template] = ()) -> None:
        self._dialect = DIALECTS[venue]
        pick = random.Random(seed)
        tick, lot = self._dialect.steps if recorded else pick.choice(_STEPS)
        self._instrument = _instrument(venue, self._dialect.symbol, tick, lot)
        self._board = Board([self._instrument.id])
        self._book = Book(self._instrument, self._board.writer_row(0))
        self._words = Desk([self._book]).words
        self._plain = self._dialect.plain(self._dialect.symbol)
        self._numbers = Numbers(
            seed,
            middle=pick.choice(_MIDDLES),
            decimals=_decimals(tick),
            size_decimals=_decimals(lot),
            padded=self._dialect.padded,
        )
        self._templates = made(venue, self._numbers, _TEMPLATES)
        self._templates += [pick.choice(recorded) for _ in range(_TEMPLATES // 4)] if recorded else []
        self._draw = pick.random
        self._mutations = Mutations(seed)
        self._now = 1_787_612_486_000_000_000
        self.frame = b""
        self.cases = 0
        self.outcomes: Counter[str] = Counter()
        self._begin(venue)

    @property
    def book(self) -> Book:
        """Ours."""
        return self._book

    def step(self) -> str:
        """Give both books the next frame; what is wrong then, ``""`` if nothing."""
        self.cases += 1
        self._now += 7_000_000
        if isinstance(self._plain, PlainBinance) and self.cases % _SNAPSHOT_EVERY == 0:
            return self._seed_anew(self._plain)
        frame = self.next_frame()
        problem = self.give(self._mutations.mutated(frame) if self._draw() < 0.6 else frame)
        if problem or self.cases % _COMPARED_EVERY:
            return problem or self._compare_heads()
        return self.compare()

    def next_frame(self) -> bytes:
        """One that joins both books, mostly."""
        return self._templates[int(self._draw() * len(self._templates))].fill(self._plain.last)

    def give(self, frame: bytes) -> str:
        """Give both books one frame; what is wrong with what they say of it, ``""`` if nothing."""
        self.frame = frame
        ours = self._take(self.frame)
        elements = self._plain.read(self.frame)
        if elements is None:
            problem = "" if all(_word(each) == "refused" for each in ours) else f"ours {ours}, the plain one: no frame"
        elif len(ours) == len(elements) or (len(ours) == 1 and _word(ours[0]) == "refused"):
            problems = [self._follow(outcome, element) for outcome, element in zip(ours, elements, strict=False)]
            problem = next((each for each in problems if each), "")
        else:
            problem = f"ours {ours}, the plain one has {len(elements)} elements"
        self.outcomes.update(map(_word, ours))
        return problem

    def apply(self, frame: bytes) -> int:
        """Give our kernel a frame beside all comparing; the books may differ from then on."""
        return self._dialect.apply(frame, self._now, self._words)

    def compare(self) -> str:
        """What is wrong with the book and its row, if anything is."""
        for side, levels in (("bid", self._plain.bids), ("ask", self._plain.asks)):
            ours = self._book.levels(side, 1 << 20)
            theirs = sorted(levels.items(), reverse=side == "bid")
            if ours != theirs:
                return f"{side}s: {sorted(set(ours) ^ set(theirs))[:5]}"
        return self._compare_heads() or self._compare_row()

    def state(self) -> bytes:
        """All of our book, but where it lies."""
        words = self._book.words.copy()
        words[ROW_ADDRESS] = 0
        return words.tobytes() + self._board.read().tobytes()

    def _begin(self, venue: str) -> None:
        if isinstance(self._plain, PlainBinance):
            self._words[binance.CHAINED] = self._plain.futures
            body = self._snapshot()
            while self._seed(body) != outcomes.APPLIED:
                body = self._snapshot()
            self._plain.seed(self._plain.judge_snapshot(body))
            return
        self._book.await_snapshot()
        while self._book.phase != PHASE_LIVE:
            frame = write_first(venue, self._numbers)
            self._take(frame)
            if self._book.phase == PHASE_LIVE:
                for element in self._plain.read(frame) or ():
                    self._plain.commit(self._plain.judge(element))

    def _snapshot(self) -> bytes:
        last = self._plain.last + int(self._draw() * 5)
        bids, asks = ([f'["{price}","{size}"]' for price, size in side] for side in self._numbers.sides())
        return f'{{"lastUpdateId":{last},"bids":[{",".join(bids)}],"asks":[{",".join(asks)}]}}'.encode()

    def _seed_anew(self, plain: PlainBinance) -> str:
        """Give both a snapshot as if it were the answer to a request."""
        problem = self.compare()
        self.frame = self._snapshot()
        if self._draw() < 0.5:
            self.frame = self._mutations.mutated(self.frame)
        ours, verdict = self._seed(self.frame), plain.judge_snapshot(self.frame)
        self.outcomes["snapshot" if ours == outcomes.APPLIED else "refused"] += 1
        if ours != outcomes.APPLIED:
            return problem or (self._excuse(ours, verdict) if verdict.word == "applied" else "")
        if verdict.word != "applied":
            return "a snapshot was taken that is none"
        plain.seed(verdict)
        return problem or self.compare()

    def _seed(self, body: bytes) -> int:
        def seed() -> int:
            return self._finer(partial(binance.seed_book, body, self._book.address, 5_000, self._words))

        outcome = seed()
        if outcome == outcomes.NOT_PLAIN:
            try:
                body = plainest_snapshot(body)
            except MalformedFrameError:
                return outcome
            outcome = seed()
        return outcome

    def _take(self, frame: bytes) -> list[int]:
        """What becomes of a frame, or of each of its elements where the slow path takes it to pieces."""
        outcome = self._finer(partial(self._dialect.apply, frame, self._now, self._words))
        if outcome != outcomes.NOT_PLAIN:
            return [outcome]
        try:
            parts = self._dialect.plainest(frame)
        except MalformedFrameError:
            return [outcome]
        self.outcomes["slow"] += 1
        return [self._finer(partial(self._dialect.apply, part, self._now, self._words)) for part in parts]

    def _finer(self, take: Callable[[], int]) -> int:
        outcome = take()
        return take_finer(self._book, outcome, take, self.outcomes) if outcome in outcomes.FINER else outcome

    def _follow(self, ours: int, element: Any) -> str:  # noqa: ANN401 - JSON
        """Let the plain book do as we did, if that was right."""
        verdict = self._plain.judge(element)
        if _word(ours) == verdict.word:
            self._plain.commit(verdict)
            return ""
        if _word(ours) == "refused":
            return self._excuse(ours, verdict)
        return f"ours {_word(ours)} ({ours}), theirs {verdict.word}"

    def _excuse(self, ours: int, verdict: Verdict) -> str:
        """Why a frame may be refused that the plain book would take: ``""`` if there is a reason."""
        if _is_ambiguous(self.frame) or _LONG_FRACTION.search(self.frame):
            return ""  # the first of two members told us to refuse it, the last is the law
        if ours in _CRAMPED and not self._fits(verdict):
            return ""
        return f"refused ({ours}), theirs {verdict.word}"

    def _fits(self, verdict: Verdict) -> bool:
        """Whether a frame's numbers surely fit the book, in finer steps if need be."""
        levels = [*verdict.sides[0], *verdict.sides[1]]
        numbers = [price for price, _ in levels], [size for _, size in levels]
        held = ([*self._plain.bids, *self._plain.asks], [*self._plain.bids.values(), *self._plain.asks.values()])
        ticker = self._plain.ticker[1::2], self._plain.ticker[2::2]
        own = self._instrument.tick_size, self._instrument.lot_size
        for place, step in enumerate(self._book.steps):
            finer = step
            while any(_EXACT.remainder(number, finer) for number in numbers[place]):
                finer /= 10
                if finer * 10**_FINEST < own[place]:
                    return False
            shown = [
                int(each) * step for each in self._book.words[TOUCH + 2 * place :][:2]
            ]  # by the row, maybe of before
            largest = max([*numbers[place], *held[place], *ticker[place], *shown], default=Decimal(0))
            if largest / finer > LARGEST // 100 or largest > LARGEST // (100 * 10 ** _decimals(str(finer))):
                return False
        return True

    def _compare_heads(self) -> str:
        words = self._book.words
        if words[LAST] != self._plain.last:
            return f"ours at {words[LAST]}, theirs at {self._plain.last}"
        if words[COUNT] != len(self._plain.bids) or words[COUNT + 1] != len(self._plain.asks):
            return f"ours has {self._book.counts} levels, theirs {len(self._plain.bids), len(self._plain.asks)}"
        return ""

    def _compare_row(self) -> str:
        if self._plain.seeded or not self._book.applied:
            return ""  # the row shows the book only once it is live
        row = self._book.words[ROW:BITS].view(float)
        for place, level in zip((BID, ASK), self._plain.touch(), strict=True):
            wanted = (math.nan, math.nan) if level is None else map(float, level)
            if not all(map(_same, row[place : place + 2], wanted)):
                return f"touch: ours {row[BID : ASK + 2]}, theirs {self._plain.touch()}"
        bid, ask, micro = row[BID], row[ASK], row[MICROPRICE]
        if not math.isnan(micro) and not min(bid, ask) <= micro <= max(bid, ask):
            return f"microprice {micro} is not within {bid} … {ask}"
        near = [
            sum(size for _, size in sorted(levels.items(), reverse=reverse)[:10])
            for levels, reverse in ((self._plain.bids, True), (self._plain.asks, False))
        ]
        if sum(near) and not math.isclose(row[IMBALANCE], (near[0] - near[1]) / Decimal(sum(near)), abs_tol=1e-12):
            return f"imbalance: ours {row[IMBALANCE]}, theirs of {near}"
        return ""


def _word(outcome: int) -> Word:
    return _WORDS.get(outcome, REFUSED.word)


def _is_ambiguous(frame: bytes) -> bool:
    """Whether a member may stand twice."""
    keys = re.findall(rb'"([A-Za-z]+)":', frame)
    return len(keys) != len(set(keys)) or b"\\" in frame


def _same(ours: float, theirs: float) -> bool:
    return ours == theirs or (math.isnan(ours) and math.isnan(theirs)) or math.isclose(ours, theirs, rel_tol=1e-15)


def _decimals(step: str) -> int:
    return max(0, -int(Decimal(step).normalize().as_tuple().exponent))


def _instrument(venue: str, symbol: str, tick: str, lot: str) -> Instrument:
    return Instrument(
        id=f"{symbol}.{venue.upper()}",
        venue=venue,
        venue_symbol=symbol,
        base="BTC",
        quote="USDT",
        kind="spot",
        tick_size=Decimal(tick),
        lot_size=Decimal(lot),
    )
