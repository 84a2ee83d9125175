"""Binance's books as slowly and plainly as can be: msgspec, decimals and dictionaries. Shares no code with ours."""

import re
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias

import msgspec

_Levels: TypeAlias = list[tuple[Decimal, Decimal]]
Outcome: TypeAlias = Literal["applied", "old", "gap", "malformed", "not ours"]

_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_LARGEST_COUNTER: Final = 10**15
_LATEST_MS: Final = ((1 << 63) - 1) // 10**6  # a time in nanoseconds fits a word
_WHOLE_DIGITS: Final = 15
_STEPS: Final = (1 << 57) - 1
_FINEST: Final = 10**6


class _Members(msgspec.Struct):
    e: str | None = None
    E: int | None = None
    s: str | None = None
    U: int | None = None
    u: int | None = None
    pu: int | None = None
    b: list[tuple[str, str]] | str | None = None
    a: list[tuple[str, str]] | str | None = None
    B: str | None = None
    A: str | None = None


class _Frame(_Members):
    data: _Members | None = None


_DECODER: Final = msgspec.json.Decoder(_Frame)


class ReferenceBook:
    """One book that is seeded and takes whatever comes.

    Attributes:
        bids: Price → size.
        asks: Likewise.
        last: The last frame's `u`.
        ticker: `u`, bid, bid size, ask, ask size of the newest ticker; None before any.
    """

    def __init__(self, symbol: str, *, tick: str, lot: str, futures: bool = False) -> None:
        self._symbol = symbol
        self._futures = futures
        self._tick, self._lot = Decimal(tick), Decimal(lot)
        self.steps_now = (self._tick, self._lot)
        """Tick and lot as our book keeps them by now: what is too large for it depends on them."""
        self.bids: dict[Decimal, Decimal] = {}
        self.asks: dict[Decimal, Decimal] = {}
        self.last = 0
        self.ticker: tuple[int, Decimal, Decimal, Decimal, Decimal] | None = None

    def seed(self, last: int, bids: dict[str, str], asks: dict[str, str]) -> None:
        """Begin with a snapshot."""
        self.last = last
        self.bids = {Decimal(price): Decimal(size) for price, size in bids.items()}
        self.asks = {Decimal(price): Decimal(size) for price, size in asks.items()}

    def take(self, frame: bytes) -> Outcome:
        """Apply one frame, wholly or not at all."""
        try:
            decoded = _DECODER.decode(frame)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return "malformed"
        members = decoded.data or decoded
        if members.e == "depthUpdate":
            return self._take_depth(members)
        if members.e in {None, "bookTicker"}:
            return self._take_ticker(members)
        return "not ours"

    def touch(self) -> tuple[Any, Any]:
        """Best bid and best ask with their sizes, None where a side is empty."""
        bid, ask = max(self.bids, default=None), min(self.asks, default=None)
        return (
            None if bid is None else (bid, self.bids[bid]),
            None if ask is None else (ask, self.asks[ask]),
        )

    def _take_depth(self, members: _Members) -> Outcome:
        if members.s is None or isinstance(members.b, str) or isinstance(members.a, str):
            return "malformed"
        if members.s != self._symbol:
            return "not ours"
        changes = self._changes(members)
        if changes is None or members.U is None or members.u is None or members.u < members.U:
            return "malformed"
        if members.u <= self.last:
            return "old"
        if members.pu != self.last if self._futures else self.last + 1 < members.U:
            return "gap"
        for side, levels in zip((self.bids, self.asks), changes, strict=True):
            for price, size in levels:
                side[price] = size
                if not size:
                    del side[price]
        self.last = members.u
        return "applied"

    def _changes(self, members: _Members) -> tuple[_Levels, _Levels] | None:
        """Of bids and asks; None if a member is missing or out of its range."""
        if members.E is None or members.E > _LATEST_MS or not _counters_fit(members):
            return None
        if members.b is None or members.a is None or (self._futures and members.pu is None):
            return None
        bids, asks = self._levels(members.b), self._levels(members.a)
        return None if bids is None or asks is None else (bids, asks)

    def _take_ticker(self, members: _Members) -> Outcome:
        texts = (members.b, members.B, members.a, members.A)
        if members.s is None or members.u is None or not all(isinstance(text, str) for text in texts):
            return "malformed" if members.e == "bookTicker" else "not ours"
        if members.s != self._symbol:
            return "not ours"
        if not _counters_fit(members):
            return "malformed"
        numbers = [self._number(str(text), kind) for text, kind in zip(texts, (0, 1, 0, 1), strict=True)]
        if any(number is None for number in numbers):
            return "malformed"
        if self.ticker is not None and members.u <= self.ticker[0]:
            return "old"
        bid, bid_size, ask, ask_size = (number for number in numbers if number is not None)
        self.ticker = (members.u, bid, bid_size, ask, ask_size)
        return "applied"

    def _levels(self, levels: list[tuple[str, str]] | str) -> _Levels | None:
        """Prices and sizes; None if one of them is none, or is more than a book can hold."""
        read: _Levels = []
        for price_text, size_text in levels:
            price, size = self._number(price_text, 0), self._number(size_text, 1)
            if price is None or size is None or not price:
                return None
            read.append((price, size))
        return read

    def _number(self, text: str, kind: int) -> Decimal | None:
        """A price (0) or a size (1); None if the text is none, or more than a book can hold."""
        whole = text.partition(".")[0]
        if not _NUMBER.fullmatch(text) or len(whole) > _WHOLE_DIGITS:
            return None
        decimals = max(0, -int(self.steps_now[kind].normalize().as_tuple().exponent))
        number = Decimal(text)
        if int(whole) > _STEPS // 10**decimals - 1:
            return None
        return number if number / (self._tick, self._lot)[kind] * _FINEST % 1 == 0 else None


def _counters_fit(members: _Members) -> bool:
    counters = (members.E, members.U, members.u, members.pu)
    return all(number is None or 0 <= number < _LARGEST_COUNTER for number in counters)
