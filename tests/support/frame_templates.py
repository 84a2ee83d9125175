"""Frames of each venue whose counters are filled in later, so that they join whatever book there is by then."""

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

Sides: TypeAlias = tuple[list[list[str]], list[list[str]]]

LAST: Final = 500_000_000_000_000
"""Stands for the sequence of the frame before."""

_COUNTERS: Final = re.compile(rb"(?<![0-9])(?:4999999|5000000)[0-9]{8}(?![0-9])")
_EXTRAS: Final[tuple[tuple[str, Any], ...]] = (
    ("ps", "BTCUSDT"), ("st", 1), ("x", {"y": [1, {"z": "ü"}], "w": None}), ("k", [[], {}, -1.5, True]),
    ("long key", "a\\b"), ("T", 1_723_161_255_208), ("f", 1e-7), ("data", {}),
)  # fmt: skip
_ODD_SIZES: Final = (
    "0", "1", "0.0", "12345678.5", "123456789012", "1.00001", "1.000001", "0.00000001", "9" * 15, "9" * 16,
    "1.2.3", "1,5", "0x1", "٣", "3.14000000", "12345678", "",
)  # fmt: skip
_REACHES: Final = (3, 30, 30, 300, 3_000, 40_000, 3_000_000)
_COUNTS: Final = (0, 1, 1, 2, 2, 3, 5, 20)


class Template(NamedTuple):
    """A frame's text between its counters, and how far each of these is from the last sequence."""

    pieces: tuple[bytes, ...]
    offsets: tuple[int, ...]

    def fill(self, last: int) -> bytes:
        """The frame that follows ``last``, as far as the template means it to."""
        parts = [self.pieces[0]]
        for offset, piece in zip(self.offsets, self.pieces[1:], strict=True):
            parts.append(b"%d" % (last + offset))
            parts.append(piece)
        return b"".join(parts)


def template_of(text: bytes) -> Template:
    """Take a frame that follows ``LAST``."""
    counters = [int(each) - LAST for each in _COUNTERS.findall(text)]
    return Template(tuple(_COUNTERS.split(text)), tuple(counters))


class Numbers:
    """Levels of a market, mostly written as its venue does.

    Args:
        seed: Decides everything.
        middle: Ticks around which it happens.
        decimals: Digits after the point of prices.
        size_decimals: Likewise of sizes.
        padded: To how many digits both are filled up with zeros; 0: no digit more than needed.
    """

    def __init__(self, seed: int, *, middle: int, decimals: int, size_decimals: int, padded: int) -> None:
        self.pick = random.Random(seed)
        self.middle = middle
        self._decimals = decimals
        self._size_decimals = size_decimals
        self._padded = padded

    def sides(self) -> Sides:
        """Bids and asks."""
        return self._levels(-1), self._levels(1)

    def touch(self) -> Sides:
        """At most one of each."""
        bids, asks = self.sides()
        return bids[:1], asks[:1]

    def _levels(self, sign: int) -> list[list[str]]:
        count = self.pick.choice(_COUNTS)
        return [[self.price(self.middle + sign * self._distance()), self.size()] for _ in range(count)]

    def _distance(self) -> int:
        return self.pick.randint(-2, max(1, min(self.pick.choice(_REACHES), self.middle - 1)))

    def price(self, ticks: int) -> str:
        """A price, seldom written oddly."""
        style = self.pick.random()
        text = self._written(ticks, self._decimals, self._padded if style < 0.96 else 0)
        if style < 0.995:
            return text
        return self.pick.choice((f"00{text}", f"{text}5", f"-{text}", "", ".5", "5.", "1e3", f"{text}0"))

    def size(self) -> str:
        """A size, often none, seldom written oddly."""
        style = self.pick.random()
        if style < 0.4:
            return self._written(0, self._size_decimals, self._padded)
        if style < 0.993:
            return self._written(self.pick.randint(1, 10**6), self._size_decimals, self._padded)
        return self.pick.choice(_ODD_SIZES)

    @staticmethod
    def _written(steps: int, decimals: int, padded: int) -> str:
        whole, part = divmod(steps, 10**decimals)
        digits = f"{part:0{decimals}d}" if decimals else ""
        digits = digits.ljust(padded, "0") if padded else digits.rstrip("0")
        return f"{whole}.{digits}" if digits else str(whole)


def write_binance(numbers: Numbers, symbol: str) -> Any:  # noqa: ANN401 - JSON, here and below
    """A depth frame, or a ticker, of spot or futures that follows ``LAST``, mostly."""
    pick = numbers.pick
    if pick.random() < 0.12:
        (bid, ask), sizes = [numbers.price(numbers.middle + n) for n in (0, 1)], (numbers.size(), numbers.size())
        data = {"u": LAST + pick.randint(-5, 20), "s": symbol, "b": bid, "B": sizes[0], "a": ask, "A": sizes[1]}
        return {"e": "bookTicker", "E": 1, "T": 2, **data} if pick.random() < 0.3 else data
    first = LAST + 1 + (pick.randint(-5, 5) if pick.random() < 0.03 else 0)
    bids, asks = numbers.sides()
    return {
        "e": "depthUpdate" if pick.random() < 0.99 else pick.choice(("trade", "serverShutdown", "depthUpdat")),
        "E": pick.choice((1_723_161_255_208, 1_723_161_255_208, 0, 9_223_372_036_854, 9_223_372_036_855, 10**14)),
        "s": symbol if pick.random() < 0.99 else "ETHUSDT",
        "U": first,
        "u": first + pick.randint(0, 20),
        "pu": LAST if pick.random() < 0.97 else LAST + pick.randint(-3, 3),
        "b": bids,
        "a": asks,
    }


def write_okx(kind: str, sides: Sides, last: int, pick: random.Random) -> Any:  # noqa: ANN401
    """A frame of `books` that follows ``last``, mostly."""
    bids, asks = ([[*level, "0", "1"] for level in side] for side in sides)
    before = -1 if kind == "snapshot" else last if pick.random() < 0.97 else last - pick.randint(-3, 3)
    final = last + pick.randint(0, 20) if pick.random() < 0.98 else max(last - 500, 1)
    element = {"asks": asks, "bids": bids, "ts": "1787612486207", "checksum": 0, "seqId": final, "prevSeqId": before}
    symbol = "BTC-USDT" if pick.random() < 0.99 else "BTC-USDC"
    return {"arg": {"channel": "books", "instId": symbol}, "action": kind, "data": [shuffled(element, pick)]}


def write_touch(numbers: Numbers) -> Any:  # noqa: ANN401
    """A frame of OKX's `bbo-tbt`."""
    bids, asks = ([[*level, "0", "1"] for level in side] for side in numbers.touch())
    element = {"asks": asks, "bids": bids, "ts": "1787612486207", "seqId": LAST + numbers.pick.randint(-5, 20)}
    return {"arg": {"channel": "bbo-tbt", "instId": "BTC-USDT"}, "data": [shuffled(element, numbers.pick)]}


def write_bybit(kind: str, sides: Sides, last: int, pick: random.Random) -> Any:  # noqa: ANN401
    """A frame that follows ``last``, mostly."""
    bids, asks = sides
    final = last + 1 if pick.random() < 0.97 else last + pick.randint(-2, 3)
    data = {"s": "BTCUSDT", "b": bids, "a": asks, "u": final if pick.random() < 0.995 else 1, "seq": 753843911359}
    topic = "orderbook.50.BTCUSDT" if pick.random() < 0.99 else "orderbook.50.BTCUSDC"
    word = "delta" if kind == "update" else kind
    return {"topic": topic, "type": word, "ts": 1786310816618, "data": shuffled(data, pick), "cts": 1786310816585}


def shuffled(members: dict[str, Any], pick: random.Random) -> dict[str, Any]:
    """The same, sometimes in another order, sometimes with another member."""
    items = list(members.items())
    style = pick.random()
    if style < 0.1:
        pick.shuffle(items)
    elif style < 0.2:
        items.insert(pick.randint(0, len(items)), pick.choice([each for each in _EXTRAS if each[0] not in members]))
    return dict(items)


def text_of(frame: dict[str, Any], pick: random.Random) -> bytes:
    """As a venue writes it mostly; else with spaces or escapes."""
    spaces = (", ", ": ") if pick.random() < 0.05 else (",", ":")
    text = json.dumps(shuffled(frame, pick), separators=spaces, ensure_ascii=pick.random() < 0.5)
    if pick.random() < 0.05:
        letter = pick.choice('"edsbau9.')
        text = text.replace(f'"{letter}', f'"\\u{ord(letter):04x}', pick.choice((1, 3))) if letter != '"' else text
    return text.encode()


def wrapped(text: bytes, pick: random.Random) -> bytes:
    """Binance's data in the envelope of a combined stream, mostly."""
    style = pick.random()
    if style < 0.2:
        return text
    if style < 0.25:
        return b'{"data":%s,"stream":"x"}' % text
    return b'{"stream":"btcusdt@depth@100ms","data":%s}' % text


def write_first(venue: str, numbers: Numbers) -> bytes:
    """The plainest snapshot that OKX or Bybit begins a book with."""
    write = write_okx if venue == "okx" else write_bybit
    frame = write("snapshot", numbers.sides(), 1_000, random.Random(4))
    return json.dumps(frame, separators=(",", ":")).encode()


def made(venue: str, numbers: Numbers, count: int) -> list[Template]:
    """So many frames of one venue, of which some are odd."""
    pick = numbers.pick

    def binance() -> bytes:
        return wrapped(text_of(write_binance(numbers, "BTCUSDT"), pick), pick)

    def okx() -> bytes:
        style = pick.random()
        kind = "snapshot" if style < 0.04 else "update"
        frame = write_touch(numbers) if style > 0.9 else write_okx(kind, numbers.sides(), LAST, pick)
        if style > 0.88 and kind == "update":
            frame["data"] *= pick.choice((1, 2))
        return text_of(frame, pick)

    def bybit() -> bytes:
        kind = "snapshot" if pick.random() < 0.04 else "update"
        return text_of(write_bybit(kind, numbers.sides(), LAST, pick), pick)

    write: Callable[[], bytes] = {"okx": okx, "bybit": bybit}.get(venue, binance)
    return [template_of(write()) for _ in range(count)]


def real(venue: str, frames: Sequence[bytes]) -> list[Template]:
    """Recorded frames of one book, their counters made to join; OKX's as it writes them since checksums are gone."""
    join: dict[str, tuple[bytes, bytes]] = {
        "binance": (rb'"U":\d+,"u":\d+', b'"U":%d,"u":%d' % (LAST + 1, LAST + 7)),
        "binance_usdm": (rb'"U":\d+,"u":\d+,"pu":\d+', b'"U":%d,"u":%d,"pu":%d' % (LAST + 3, LAST + 9, LAST)),
        "okx": (rb'"checksum":-?\d+', b'"checksum":0,"seqId":%d,"prevSeqId":%d' % (LAST + 5, LAST)),
        "bybit": (rb'"u":\d+', b'"u":%d' % (LAST + 1)),
    }
    pattern, counters = join[venue]
    return [template_of(re.sub(pattern, counters, frame)) for frame in frames]
