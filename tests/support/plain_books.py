"""Each venue's book as slowly and plainly as can be: msgspec, decimals and dictionaries. Shares no code with ours."""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

Word: TypeAlias = Literal["applied", "old", "gap", "refused"]
Levels: TypeAlias = list[tuple[Decimal, Decimal]]
Sides: TypeAlias = tuple[Levels, Levels]
Ticker: TypeAlias = tuple[int, Decimal, Decimal, Decimal, Decimal]

_LARGEST_COUNTER: Final = 10**15
_LATEST_MS: Final = ((1 << 63) - 1) // 10**6  # a time in nanoseconds fits a word
_WHOLE_DIGITS: Final = 15
_NUMBER: Final = re.compile(r"[0-9]{1,15}(\.[0-9]+)?")
_TIME: Final = re.compile(r"0|[1-9][0-9]{0,14}")
_REFUSALS: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)


class Verdict(NamedTuple):
    """What a frame, or one element of it, means for the book as it is.

    Attributes:
        word: What becomes of it.
        sides: Its bids and asks.
        last: The sequence after it.
        replaces: Whether all levels from before go.
        ticker: It is a ticker: sequence, bid, bid size, ask, ask size.
        chained: Of a snapshot: whether updates must join it by their ids.
        restarts: Whether the sequence begins anew, so that no ticker from before is newer.
    """

    word: Word
    sides: Sides = ([], [])
    last: int = 0
    replaces: bool = False
    ticker: Ticker | None = None
    chained: bool = True
    restarts: bool = False


REFUSED: Final = Verdict("refused")


@lru_cache(1 << 16)
def number_of(text: str) -> Decimal | None:
    """The number that a price or size spells; None if it is none of at most 15 digits before the point."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def read_sides(bids: Sequence[Sequence[str]], asks: Sequence[Sequence[str]]) -> Sides | None:
    """Prices and sizes; None if one of them is none."""
    sides: Sides = ([], [])
    for side, levels in zip(sides, (bids, asks), strict=True):
        for level in levels:
            price, size = number_of(level[0]), number_of(level[1])
            if size is None or not price:
                return None
            side.append((price, size))
    return sides


def _fit(*counters: int | None) -> bool:
    return all(each is None or -_LARGEST_COUNTER < each < _LARGEST_COUNTER for each in counters)


class PlainBook:
    """One live book.

    Attributes:
        bids: Price → size.
        asks: Likewise.
        last: The last frame's sequence.
        ticker: The newest ticker; its sequence is 0 before any.
        symbol: The venue's.
    """

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.bids: dict[Decimal, Decimal] = {}
        self.asks: dict[Decimal, Decimal] = {}
        self.last = 0
        self.chained = True
        self.seeded = False
        """A snapshot from beside the stream is in, and no frame has joined it yet."""
        self.ticker: Ticker = (0, Decimal(0), Decimal(0), Decimal(0), Decimal(0))

    def read(self, frame: bytes) -> list[Any] | None:
        """A frame's elements as the venue's JSON has them; None if it is none."""
        raise NotImplementedError

    def judge(self, element: Any) -> Verdict:  # noqa: ANN401 - JSON
        """What an element means now."""
        raise NotImplementedError

    def commit(self, verdict: Verdict) -> None:
        """Let it be so."""
        if verdict.ticker is not None:
            self.ticker = verdict.ticker
            return
        if verdict.word != "applied":
            return
        if verdict.replaces:
            self.bids.clear()
            self.asks.clear()
            self.chained = verdict.chained
        for side, levels in zip((self.bids, self.asks), verdict.sides, strict=True):
            for price, size in levels:
                if size:
                    side[price] = size
                else:
                    side.pop(price, None)
        self.last = verdict.last
        self.seeded = False
        if verdict.restarts:
            self.ticker = (0, *self.ticker[1:])

    def touch(self) -> list[tuple[Decimal, Decimal] | None]:
        """Best bid and best ask with their sizes, of the ticker where it is newer; None where a side is empty."""
        if self.ticker[0] > self.last:
            _, bid, bid_size, ask, ask_size = self.ticker
            return [(bid, bid_size) if bid else None, (ask, ask_size) if ask else None]
        bests = max(self.bids, default=None), min(self.asks, default=None)
        sides = zip(bests, (self.bids, self.asks), strict=True)
        return [None if best is None else (best, side[best]) for best, side in sides]

    def _judge_ticker(self, sequence: int, sides: Sides) -> Verdict:
        """Told one level of each side, or none; a level of price or size 0 is none either."""
        if sequence <= self.ticker[0]:
            return Verdict("old", sides)
        (bid, bid_size), (ask, ask_size) = (side[0] if side else (Decimal(0), Decimal(0)) for side in sides)
        word: Word = "applied" if sequence > self.last and not self.seeded else "old"
        return Verdict(word, sides, ticker=(sequence, bid, bid_size, ask, ask_size))


class _BinanceMembers(msgspec.Struct):
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


class _BinanceFrame(_BinanceMembers):
    data: _BinanceMembers | None = None


class _BinanceSnapshot(msgspec.Struct):
    lastUpdateId: int  # noqa: N815  # as Binance spells it
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]


_BINANCE: Final = msgspec.json.Decoder(_BinanceFrame)
_BINANCE_SNAPSHOT: Final = msgspec.json.Decoder(_BinanceSnapshot)


class PlainBinance(PlainBook):
    """Spot; frames chain by U = the last u + 1."""

    futures = False

    def read(self, frame: bytes) -> list[Any] | None:
        """One element: the data, in its envelope or bare."""
        try:
            decoded = _BINANCE.decode(frame)
        except _REFUSALS:
            return None
        return [decoded.data or decoded]

    def judge(self, element: _BinanceMembers) -> Verdict:
        """Depth by its kind, a ticker by its members."""
        counters = (element.E, element.U, element.u, element.pu)
        if element.s != self.symbol or any(each is not None and not 0 <= each < _LARGEST_COUNTER for each in counters):
            return REFUSED
        if element.e == "depthUpdate":
            return self._judge_depth(element)
        if element.e not in {None, "bookTicker"} or element.u is None:
            return REFUSED
        texts = (element.b, element.B, element.a, element.A)
        numbers = [number_of(text) for text in texts if isinstance(text, str)]
        known = [number for number in numbers if number is not None]
        if len(known) != len(texts):
            return REFUSED
        return self._judge_ticker(element.u, ([(known[0], known[1])], [(known[2], known[3])]))

    def judge_snapshot(self, body: bytes) -> Verdict:
        """The answer to a request."""
        try:
            snapshot = _BINANCE_SNAPSHOT.decode(body)
        except _REFUSALS:
            return REFUSED
        sides = read_sides(snapshot.bids, snapshot.asks)
        if sides is None or not 0 <= snapshot.lastUpdateId < _LARGEST_COUNTER:
            return REFUSED
        return Verdict("applied", sides, snapshot.lastUpdateId, replaces=True)

    def seed(self, verdict: Verdict) -> None:
        """Begin anew with a snapshot: the next frame must join it."""
        self.commit(verdict)
        self.seeded = True

    def _judge_depth(self, element: _BinanceMembers) -> Verdict:
        first, final = element.U, element.u
        if not isinstance(element.b, list) or not isinstance(element.a, list) or first is None or final is None:
            return REFUSED
        sides = read_sides(element.b, element.a)
        if sides is None or final < first or element.E is None or element.E > _LATEST_MS:
            return REFUSED
        if self.futures:
            if element.pu is None:
                return REFUSED
            if final < self.last or (final == self.last and not self.seeded):
                return Verdict("old", sides)
            joined = element.pu <= self.last if self.seeded else element.pu == self.last
        else:
            if final <= self.last:
                return Verdict("old", sides)
            joined = first <= self.last + 1
        return Verdict("applied" if joined else "gap", sides, final)


class PlainBinanceUsdm(PlainBinance):
    """USD-M futures; frames chain by pu = the last u."""

    futures = True


class _OkxArg(msgspec.Struct):
    channel: str | None = None
    instId: str | None = None  # noqa: N815  # as OKX spells it, here and below


class _OkxElement(msgspec.Struct):
    asks: list[tuple[str, str, str, str]] | None = None
    bids: list[tuple[str, str, str, str]] | None = None
    ts: str | None = None
    checksum: int | None = None
    prevSeqId: int | None = None  # noqa: N815
    seqId: int | None = None  # noqa: N815


class _OkxFrame(msgspec.Struct):
    arg: _OkxArg | None = None
    action: Literal["snapshot", "update"] | None = None
    data: list[_OkxElement] | None = None


_OKX: Final = msgspec.json.Decoder(_OkxFrame)


class PlainOkx(PlainBook):
    """OKX's `books`, and `bbo-tbt` beside it."""

    def read(self, frame: bytes) -> list[Any] | None:
        """The data's elements, each with the channel and action of its frame."""
        try:
            frame.decode()
            decoded = _OKX.decode(frame)
        except _REFUSALS:
            return None
        arg = decoded.arg or _OkxArg()
        if arg.channel not in {"books", "bbo-tbt"} or arg.instId != self.symbol or decoded.data is None:
            return None
        return [(arg.channel, decoded.action, each) for each in decoded.data]

    def judge(self, element: tuple[str, str | None, _OkxElement]) -> Verdict:
        """A snapshot, an update or a ticker."""
        channel, action, data = element
        if data.asks is None or data.bids is None or not _fit(data.checksum, data.prevSeqId, data.seqId):
            return REFUSED
        sides = read_sides(data.bids, data.asks)
        if sides is None or (data.ts is not None and not _TIME.fullmatch(data.ts)) or (data.seqId or 0) < 0:
            return REFUSED
        if channel == "books":
            return self._judge_books(action, data, sides)
        if data.seqId is None or len(data.bids) > 1 or len(data.asks) > 1:
            return REFUSED
        verdict = self._judge_ticker(data.seqId, sides)
        if verdict.ticker is None:
            return verdict
        last, bid, bid_size, ask, ask_size = verdict.ticker
        ticker = (last, bid if bid_size else Decimal(0), bid_size, ask if ask_size else Decimal(0), ask_size)
        return verdict._replace(ticker=ticker)

    def _judge_books(self, action: str | None, data: _OkxElement, sides: Sides) -> Verdict:
        if action is None or data.ts is None or int(data.ts) > _LATEST_MS:
            return REFUSED
        last = int(data.ts) if data.seqId is None else data.seqId
        restarts = last < self.last
        if action == "snapshot":
            return Verdict("applied", sides, last, replaces=True, chained=data.seqId is not None, restarts=restarts)
        if not self.chained:
            return Verdict("gap" if data.seqId is not None or last < self.last else "applied", sides, last)
        if data.seqId is None or data.prevSeqId is None:
            return REFUSED
        if data.prevSeqId != self.last:
            return Verdict("old" if last == self.last else "gap", sides)
        return Verdict("applied", sides, last, restarts=restarts)


class _BybitData(msgspec.Struct):
    b: list[tuple[str, str]] | None = None
    a: list[tuple[str, str]] | None = None
    u: int | None = None


class _BybitFrame(msgspec.Struct):
    topic: str | None = None
    type: Literal["snapshot", "delta"] | None = None
    ts: int | None = None
    cts: int | None = None
    data: _BybitData | None = None


_BYBIT: Final = msgspec.json.Decoder(_BybitFrame)


class PlainBybit(PlainBook):
    """Bybit's `orderbook.50`."""

    def read(self, frame: bytes) -> list[Any] | None:
        """One element: the frame."""
        try:
            frame.decode()
            decoded = _BYBIT.decode(frame)
        except _REFUSALS:
            return None
        return [decoded] if decoded.topic == f"orderbook.50.{self.symbol}" else None

    def judge(self, element: _BybitFrame) -> Verdict:
        """A snapshot or a delta."""
        data = element.data
        if data is None or data.b is None or data.a is None or data.u is None or element.type is None:
            return REFUSED
        time = element.ts if element.cts is None else element.cts
        sides = read_sides(data.b, data.a)
        if time is None or not 0 <= time <= _LATEST_MS or sides is None or not _fit(element.ts, element.cts, data.u):
            return REFUSED
        if data.u < 0:
            return REFUSED
        if element.type == "snapshot" or data.u == 1:
            return Verdict("applied", sides, data.u, replaces=True, restarts=data.u < self.last)
        if data.u != self.last + 1:
            return Verdict("old" if data.u == self.last else "gap", sides)
        return Verdict("applied", sides, data.u)
