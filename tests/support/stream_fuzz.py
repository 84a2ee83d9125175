"""Differential fuzz of venues that send snapshots in band: a whole source against the plainest book there is."""

import json
import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

import msgspec

from signald.core.board import Board
from signald.core.kernels.layout import PHASE_LIVE
from signald.model.instruments import Instrument
from signald.model.notices import BookGap, Rejected
from signald.sources.inband import InBandSource
from signald.sources.registry import build_source, read_venue_config
from tests.support.frame_mutations import Mutations
from tests.support.frame_templates import text_of, write_bybit, write_okx
from tests.support.instruments import BYBIT_PERP, OKX_SPOT

Taken: TypeAlias = Literal["applied", "old", "gap", "malformed", "not ours"]
Sides: TypeAlias = tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]
Levels: TypeAlias = list[tuple[Decimal, Decimal]]

_MIDDLE: Final = 950_000
_DIGITS: Final = frozenset("0123456789")
_LARGEST_COUNTER: Final = 10**15
_LATEST_MS: Final = ((1 << 63) - 1) // 10**6  # a time in nanoseconds fits a word


class ReferenceBook:
    """A book of decimals in dictionaries, told frames by someone who reads the venue's JSON as plainly as can be.

    Attributes:
        sides: Bids and asks, price → size.
        last: The last frame's sequence.
    """

    def __init__(self) -> None:
        self.sides: Sides = ({}, {})
        self.last = 0

    def replace(self, sides: tuple[Levels, Levels], last: int) -> Taken:
        """Begin anew."""
        self.sides = ({}, {})
        return self.change(sides, last)

    def change(self, sides: tuple[Levels, Levels], last: int) -> Taken:
        """Set some sizes."""
        for side, levels in zip(self.sides, sides, strict=True):
            for price, size in levels:
                side[price] = size
                if not size:
                    del side[price]
        self.last = last
        return "applied"


def read_levels(levels: Any, columns: int) -> Levels:  # noqa: ANN401 - JSON
    """Prices and sizes; raises ``ValueError`` for what is none."""
    read: Levels = []
    for level in msgspec.convert(levels, list[list[str]]):
        if len(level) != columns:
            raise ValueError(level)
        price, size = _number(level[0]), _number(level[1])
        if not price:
            raise ValueError(level)
        read.append((price, size))
    return read


def _number(text: str) -> Decimal:
    whole, point, part = text.partition(".")
    if not whole or (point and not part) or not set(whole + part) <= _DIGITS:
        raise ValueError(text)
    return Decimal(text)


def _counter(value: object, *, least: int = -_LARGEST_COUNTER + 1) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < _LARGEST_COUNTER:
        raise ValueError(value)
    return value


def _time(*milliseconds: int) -> None:
    if not all(0 <= each <= _LATEST_MS for each in milliseconds):
        raise ValueError(milliseconds)


def take_okx(book: ReferenceBook, frame: dict[str, Any]) -> Taken:
    """Take a frame of `books` as OKX documents it."""
    arg, data = frame.get("arg"), frame.get("data")
    if not isinstance(arg, dict) or data is None or arg.get("channel") != "books":  # pyright: ignore[reportUnknownMemberType]
        return "not ours"
    if arg.get("instId") != OKX_SPOT.venue_symbol:  # pyright: ignore[reportUnknownMemberType]
        return "not ours"
    taken: Taken = "malformed"
    for element in data:
        sides = read_levels(element["bids"], 4), read_levels(element["asks"], 4)
        last = _counter(element["seqId"])
        _time(_counter(int(element["ts"]) if set(element["ts"]) <= _DIGITS else element["ts"]))
        _counter(element.get("checksum") or 0)
        if frame["action"] == "snapshot":
            taken = book.replace(sides, last)
            continue
        before = _counter(element["prevSeqId"])
        if frame["action"] != "update":
            return "malformed"
        if before != book.last:
            return "old" if last == book.last else "gap"
        taken = book.change(sides, last)
    return taken


def take_bybit(book: ReferenceBook, frame: dict[str, Any]) -> Taken:
    """Take a frame of an order book as Bybit documents it."""
    data = frame.get("data")
    if frame.get("topic") != "orderbook.50.BTCUSDT" or data is None:
        return "not ours"
    sides = read_levels(data["b"], 2), read_levels(data["a"], 2)
    last = _counter(data["u"])
    times = [_counter(frame[key]) for key in ("ts", "cts") if frame.get(key) is not None]
    _time(*times[-1:])  # cts, where there is one
    if not times or frame["type"] not in {"snapshot", "delta"}:
        return "malformed"
    if frame["type"] == "snapshot" or last == 1:
        return book.replace(sides, last)
    if last != book.last + 1:
        return "old" if last == book.last else "gap"
    return book.change(sides, last)


DIALECTS: Final[dict[str, tuple[Instrument, Callable[..., Any], Callable[[ReferenceBook, dict[str, Any]], Taken]]]] = {
    "okx": (msgspec.structs.replace(OKX_SPOT, lot_size=Decimal("0.001")), write_okx, take_okx),
    "bybit": (BYBIT_PERP, write_bybit, take_bybit),
}


def _is_excused(notice: object) -> bool:
    """Whether a good frame may be refused for that: books crossed, numbers that mutations have made it keep finely."""
    if isinstance(notice, Rejected):
        return "too large" in notice.problem or "far finer" in notice.problem
    return isinstance(notice, BookGap) and notice.reason == "crossed"


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN and infinities are Python's, not JSON's


class StreamFuzz:
    """Frames made from ``seed``, given to a source and to the reference one by one.

    Attributes:
        frame: The last one.
        cases: How many there were.
        outcomes: What became of them, by the reference's word for it and whether ours was live after it.
    """

    def __init__(self, venue: str, seed: int) -> None:
        instrument, self._write, self._read = DIALECTS[venue]
        table = {"name": venue, "instruments": [instrument.id], "malformed_per_minute": 10_000}
        config = read_venue_config(table, where="fuzz")
        source = build_source(config, [instrument], Board([instrument.id]))
        assert isinstance(source, InBandSource)
        self._source = source
        self._book = source.books[0]
        self._reference = ReferenceBook()
        self._random = random.Random(seed)
        self._mutations = Mutations(seed)
        self._now = 1_787_612_486_000_000_000
        self.frame = b""
        self.cases = 0
        self.outcomes: Counter[str] = Counter()
        source.on_connected(self._now)

    def step(self) -> str:
        """Give both the next frame; what is wrong then, ``""`` if nothing."""
        if self._book.phase != PHASE_LIVE:
            self._begin()
        self.frame = self._text(self._write("update", self._sides(), self._reference.last, self._random))
        mutated = self.cases % 2 == 1
        if mutated:
            self.frame = self._mutations.mutated(self.frame)
        self.cases += 1
        self._now += 7_000_000
        refused = self._refused()
        said = self._source.on_frame(self.frame, self._now).events
        live = self._book.phase == PHASE_LIVE
        theirs = self._take(self.frame)
        self.outcomes[f"{theirs}/{'live' if live else 'lost'}"] += 1
        if not live:
            is_wrong = theirs == "applied" and not mutated and not any(_is_excused(each) for each in said)
            return "a good frame was refused" if is_wrong else ""
        if mutated and theirs == "applied" and self._refused() > refused:
            # Whose it was could not be told, or a member came twice and the first told us to refuse it: the next frame
            # would show that this one is missing.
            self._source.on_connected(self._now)
            return ""
        if theirs == "gap":
            return "a gap was not seen"
        return self.compare() if self.cases % 10 == 0 else self._compare_touch()

    def compare(self) -> str:
        """What is wrong with the levels, if ours believes in them."""
        if self._book.phase != PHASE_LIVE:
            return ""
        for side, levels in zip(("bid", "ask"), self._reference.sides, strict=True):
            ours = dict(self._book.levels(side, len(levels) + 10))
            if ours != levels:
                return f"{side}: ours {sorted(set(ours.items()) ^ set(levels.items()))[:5]}"
        return ""

    def _begin(self) -> None:
        """Give both a snapshot."""
        frame = self._text(self._write("snapshot", self._sides(), self._random.randint(2, 10**9), random.Random(4)))
        self._source.on_frame(frame, self._now)
        assert self._take(frame) == "applied"
        assert self._book.phase == PHASE_LIVE, frame

    def _refused(self) -> int:
        """Frames that ours did not take for a book's, so far."""
        return sum(self._source.counts[each] for each in ("malformed", "unknown_symbol", "other_kind"))

    def _take(self, frame: bytes) -> Taken:
        try:
            decoded = json.loads(frame.decode(), parse_constant=_refuse)
            return self._read(self._reference, decoded)
        except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
            return "malformed"

    def _compare_touch(self) -> str:
        bids, asks = self._reference.sides
        theirs = max(bids, default=None), min(asks, default=None)
        ours = [level and level[0] for level in self._book.touch()]
        return "" if tuple(ours) == theirs else f"touch: ours {ours}, theirs {theirs}"

    def _text(self, frame: dict[str, Any]) -> bytes:
        return text_of(frame, self._random)

    def _sides(self) -> tuple[list[list[str]], list[list[str]]]:
        return self._levels(-1), self._levels(1)

    def _levels(self, sign: int) -> list[list[str]]:
        pick = self._random
        count = pick.choice((0, 1, 1, 2, 2, 3, 5, 20))
        return [[self._price(_MIDDLE + sign * self._distance()), self._size()] for _ in range(count)]

    def _distance(self) -> int:
        pick = self._random
        return pick.randint(1, min(pick.choice((3, 30, 30, 300, 3_000, 40_000, 3_000_000)), _MIDDLE - 1))

    def _price(self, ticks: int) -> str:
        text = f"{ticks // 10}.{ticks % 10}"
        style = self._random.random()
        return text.removesuffix(".0") if style < 0.6 else f"{text}0" if style < 0.8 else text

    def _size(self) -> str:
        pick = self._random
        style = pick.random()
        if style < 0.4:
            return pick.choice(("0", "0", "0", "0.0", "0.000"))
        if style < 0.9:
            return f"{pick.randint(1, 10**6) / 1000:.3f}".rstrip("0").rstrip(".")
        return pick.choice(("1", "12345678", "12345678.5", "0.001", "100000", "3.14000000"))
