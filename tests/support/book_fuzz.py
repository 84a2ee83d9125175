"""One run of the differential fuzz of books: ours against the plainest one."""

import math
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels import outcomes
from signald.core.kernels.layout import LAST, ROW_ADDRESS
from signald.errors import MalformedFrameError
from signald.sources.desk import Desk
from signald.sources.finer import take_finer
from signald.sources.venues.binance.decode import apply_frame, seed_book
from signald.sources.venues.binance.messages import plainest
from tests.support.frame_mutations import Frames
from tests.support.instruments import spot
from tests.support.reference_books import ReferenceBook

_CHANGED = {outcomes.APPLIED, outcomes.WENT_LIVE, outcomes.CROSSED}
_VARIANTS = 5
_TAKEN = _CHANGED | {outcomes.TOUCHED, outcomes.QUIET}
_SNAPSHOT = (
    b'{"lastUpdateId":1000,"bids":[["61799.99","1.5"],["61799.90","2"],["61000.00","3"],["50000.00","4"]],'
    b'"asks":[["61800.00","0.5"],["61800.10","7"],["62500.00","8"],["200000.00","9"]]}'
)
_TICK, _LOT = "0.01", "0.001"


class BookFuzz:
    """Frames made from ``seed``, and real ones, given to both books one by one.

    Attributes:
        frame: The last one.
        cases: How many there were.
        outcomes: What became of them, by ours and the reference's word for it.
    """

    def __init__(self, seed: int, recorded: Sequence[bytes] = ()) -> None:
        instrument = spot("BTC", "USDT", tick=_TICK, lot=_LOT)
        self._board = Board([instrument.id])
        self._book = Book(instrument, self._board.writer_row(0))
        self._words = Desk([self._book]).words
        self._frames = Frames(seed, recorded=recorded)
        self._reference = ReferenceBook("BTCUSDT", tick=_TICK, lot=_LOT)
        self._now = 1_723_161_255_000_000_000
        self._variants: list[bytes] = []
        self.frame = b""
        self.cases = 0
        self.outcomes: Counter[str] = Counter()
        self._seed()

    def step(self) -> str:
        """Give both books the next frame; what is wrong then, ``""`` if nothing."""
        if not self._variants:
            make = self._frames.depth if self.cases % 7 else self._frames.ticker
            frame = make(self._reference.last)
            self._variants = [frame, *(self._frames.mutated(frame) for _ in range(_VARIANTS))]
        self.frame = self._variants.pop()
        self.cases += 1
        self._now += 7_000_000
        ours = self._take(self.frame)
        self._reference.steps_now = self._book.steps
        if ours in {outcomes.OFF_TICK, outcomes.OFF_LOT}:  # it could not be made finer any more
            self.outcomes["too fine"] += 1
            return ""
        if ours not in _TAKEN and _is_ambiguous(self.frame):  # the first told us to refuse it, the last is the law
            self.outcomes["ambiguous"] += 1
            return ""
        theirs = self._reference.take(self.frame)
        self.outcomes[f"{_WORDS.get(ours, 'malformed')}/{theirs}"] += 1
        problem = self._compare(ours, theirs)
        if not problem and self.cases % 100 == 0:
            problem = self._compare_levels()
        return problem

    def state(self) -> bytes:
        """All of our book, but where it lies."""
        words = self._book.words.copy()
        words[ROW_ADDRESS] = 0
        return words.tobytes() + self._board.read().tobytes()

    def check_everything(self) -> None:
        """Compare all levels of both books."""
        problem = self._compare_levels()
        assert not problem, problem

    def _seed(self) -> None:
        assert seed_book(_SNAPSHOT, self._book.address, 4, self._words) == outcomes.APPLIED
        self._reference.seed(
            1000,
            {"61799.99": "1.5", "61799.90": "2", "61000.00": "3", "50000.00": "4"},
            {"61800.00": "0.5", "61800.10": "7", "62500.00": "8", "200000.00": "9"},
        )

    def _take(self, frame: bytes) -> int:
        outcome = self._apply(frame)
        if outcome != outcomes.NOT_PLAIN:
            return outcome
        try:
            return self._apply(plainest(frame))
        except MalformedFrameError:
            return outcome

    def _apply(self, frame: bytes) -> int:
        outcome = apply_frame(frame, self._now, self._words)
        if outcome not in outcomes.FINER:
            return outcome
        again = partial(apply_frame, frame, self._now, self._words)
        return take_finer(self._book, outcome, again, Counter())

    def _compare(self, ours: int, theirs: str) -> str:
        word = _WORDS.get(ours, "malformed")
        if word != theirs and {word, theirs} not in _ALIKE:
            return f"ours {word} ({ours}), theirs {theirs}"
        if self._book.sequence != self._reference.last:
            return f"ours at {self._book.sequence}, theirs at {self._reference.last}"
        if self._book.counts != (len(self._reference.bids), len(self._reference.asks)):
            return f"ours has {self._book.counts} levels, theirs {len(self._reference.bids), len(self._reference.asks)}"
        return self._compare_row() if ours in _CHANGED | {outcomes.TOUCHED} else ""

    def _compare_row(self) -> str:
        (row,) = self._board.read()
        bid, ask = self._reference.touch()
        ticker = self._reference.ticker
        if ticker is not None and ticker[0] > int(self._book.words[LAST]):
            bid = (ticker[1], ticker[2]) if ticker[1] else None
            ask = (ticker[3], ticker[4]) if ticker[3] else None
        for name, level in (("bid", bid), ("ask", ask)):
            price, size = (math.nan, math.nan) if level is None else map(float, level)
            ours = float(row[name]), float(row[f"{name}_size"])
            if not all(_same(a, b) for a, b in zip(ours, (price, size), strict=True)):
                return f"{name}: ours {ours}, theirs {(price, size)}"
        if not _between(row):
            return f"microprice {row['microprice']} is not within {row['bid']} … {row['ask']}"
        return ""

    def _compare_levels(self) -> str:
        for side, levels in (("bid", self._reference.bids), ("ask", self._reference.asks)):
            ours = self._book.levels(side, 1 << 20)
            theirs = sorted(levels.items(), reverse=side == "bid")
            if ours != theirs:
                return f"{side}s: ours {ours[:5]}…, theirs {theirs[:5]}…"
        return self._compare_features()

    def _compare_features(self) -> str:
        (row,) = self._board.read()
        bids, asks = (
            sum(size for _, size in sorted(levels.items(), reverse=reverse)[:10])
            for levels, reverse in ((self._reference.bids, True), (self._reference.asks, False))
        )
        if (
            self._book.applied
            and bids + asks
            and not math.isclose(row["imbalance"], (bids - asks) / Decimal(bids + asks), abs_tol=1e-12)
        ):
            return f"imbalance: ours {row['imbalance']}, theirs {(bids - asks) / Decimal(bids + asks)}"
        return ""


def _is_ambiguous(frame: bytes) -> bool:
    """Whether a member may stand twice."""
    return any(
        frame.count(b'"%b":' % name) > 1 for name in (b"e", b"E", b"s", b"U", b"u", b"pu", b"b", b"a", b"B", b"A")
    )


def _same(ours: float, theirs: float) -> bool:
    return ours == theirs or (math.isnan(ours) and math.isnan(theirs)) or math.isclose(ours, theirs, rel_tol=1e-15)


def _between(row: object) -> bool:
    bid, ask, micro = (float(row[name]) for name in ("bid", "ask", "microprice"))  # type: ignore[index]
    return math.isnan(micro) or min(bid, ask) <= micro <= max(bid, ask)


_ALIKE = ({"malformed", "not ours"}, {"old", "applied"})
"""Of another stream's frame we read no more than its kind; a ticker no newer than the depth is kept, but is QUIET."""

_WORDS = {
    outcomes.APPLIED: "applied",
    outcomes.WENT_LIVE: "applied",
    outcomes.CROSSED: "applied",
    outcomes.TOUCHED: "applied",
    outcomes.QUIET: "old",
    outcomes.GAP: "gap",
    outcomes.OTHER_KIND: "not ours",
    outcomes.UNKNOWN_SYMBOL: "not ours",
}
