"""Recorded dialects that no venue speaks any more, read as plainly and slowly as can be.

Each frame is judged here by its dialect's own rule (a sequence, a checksum, an offset per level), and what it changes
is written in the words of a venue that is alive: so thirty more books are evidence for the ladder and the states of a
book. A rule that does not hold is an ``AssertionError``.
"""

import io
import json
import re
import zlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import zstandard

from signald.model.instruments import Instrument
from tests.support.shared_data import shared_data

Levels: TypeAlias = list[tuple[str, str]]

_CHECKED: Final = 10
_KRAKEN_DEPTH: Final = 1_000
_LINE: Final = re.compile(r"\d+\.\d+: (\{.*\})")


class Change(NamedTuple):
    """What one frame does to one book.

    Attributes:
        symbol: Whose.
        replaces: Whether all levels from before go.
        bids: Prices and sizes as they were written; a size of 0 takes a level away.
        asks: Likewise.
    """

    symbol: str
    replaces: bool
    bids: Levels
    asks: Levels


class _Side:
    """One side's levels, price → price and size as written."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self.levels: dict[Decimal, tuple[str, str]] = {}

    def set(self, levels: Levels) -> None:
        for price, size in levels:
            if Decimal(size):
                self.levels[Decimal(price)] = price, size
            else:
                self.levels.pop(Decimal(price), None)

    def best(self, limit: int) -> list[tuple[str, str]]:
        return [self.levels[price] for price in sorted(self.levels, key=lambda one: self._sign * one)[:limit]]

    def cut(self, limit: int) -> Levels:
        """Take away what lies beyond ``limit`` levels; the removals."""
        worst = sorted(self.levels, key=lambda one: self._sign * one)[limit:]
        return [(self.levels.pop(price)[0], "0") for price in worst]


def kraken_v1(frames: Iterator[str]) -> Iterator[Change]:
    """`[1,{"as":[…],"bs":[…]},"book-1000","XBT/CHF"]`, then `[1,{"a":[…]},{"b":[…],"c":"…"},"book-1000","XBT/CHF"]`."""
    books: dict[str, tuple[_Side, _Side]] = {}
    for frame in frames:
        message: Any = json.loads(frame)
        if frame[0] != "[":
            continue
        channel, symbol = message[-2:]
        if not channel.startswith("book"):
            continue
        members: dict[str, Any] = {key: value for part in message[1:-2] for key, value in part.items()}
        replaces = "as" in members
        levels = [
            [(price, size) for price, size, *_ in members.get(key, members.get(key + "s", []))] for key in ("b", "a")
        ]
        if replaces:
            books[symbol] = _Side(-1), _Side(1)
        for side, changed in zip(books[symbol], levels, strict=True):
            side.set(changed)
            changed.extend(side.cut(_KRAKEN_DEPTH))
        if "c" in members:
            best = [text for side in reversed(books[symbol]) for level in side.best(_CHECKED) for text in level]
            digits = "".join(text.replace(".", "").lstrip("0") for text in best)
            assert zlib.crc32(digits.encode()) == int(members["c"]), symbol
        yield Change(symbol, replaces, *levels)


def kraken_futures(frames: Iterator[str]) -> Iterator[Change]:
    """`{"feed":"book_snapshot","seq":1,"bids":[…]}`, then `{"feed":"book","side":"buy","seq":2,"price":1,"qty":1}`."""
    last: dict[str, int] = {}
    for frame in frames:
        message = json.loads(frame, parse_float=str, parse_int=str)
        feed, symbol = message.get("feed"), message.get("product_id", "")
        if feed == "book_snapshot":
            bids, asks = ([(one["price"], one["qty"]) for one in message[side]] for side in ("bids", "asks"))
            last[symbol] = int(message["seq"])
            yield Change(symbol, replaces=True, bids=bids, asks=asks)
        elif feed == "book" and "seq" in message:
            last[symbol] += 1
            assert int(message["seq"]) == last[symbol], symbol
            level = [(message["price"], message["qty"])]
            bids, asks = (level, []) if message["side"] == "buy" else ([], level)
            yield Change(symbol, replaces=False, bids=bids, asks=asks)


def dydx_v3(frames: Iterator[str]) -> Iterator[Change]:
    """`{"type":"subscribed",…}` with an offset per level, then `{"contents":{"offset":"7","bids":[["1","2"]]}}`."""
    offsets: dict[tuple[str, str, Decimal], int] = {}
    for frame in frames:
        message = json.loads(frame)
        if message.get("channel") != "v3_orderbook":
            continue
        symbol, contents = message["id"], message["contents"]
        if message["type"] == "subscribed":
            sides = [[(one["price"], one["size"]) for one in contents[side]] for side in ("bids", "asks")]
            for side in ("bids", "asks"):
                offsets |= {(symbol, side, Decimal(one["price"])): int(one["offset"]) for one in contents[side]}
            yield Change(symbol, replaces=True, bids=sides[0], asks=sides[1])
            continue
        offset = int(contents["offset"])
        sides = _no_levels()
        for side, changed in zip(("bids", "asks"), sides, strict=True):
            for price, size in contents[side]:
                key = symbol, side, Decimal(price)
                if offset > offsets.get(key, -1):
                    offsets[key] = offset
                    changed.append((price, size))
        yield Change(symbol, replaces=False, bids=sides[0], asks=sides[1])


def _no_levels() -> list[Levels]:
    return [[], []]


class Dead(NamedTuple):
    """A recording.

    Attributes:
        file: Where it is, below the recordings.
        read: Its dialect.
        golden: What its golden books are called, without the symbol.
    """

    file: str
    read: Callable[[Iterator[str]], Iterator[Change]]
    golden: str


DEAD: Final = (
    Dead("kraken/cf_KRAKEN.jsonl.zst", kraken_v1, "cf_kraken_v1_"),
    Dead("kraken/cf_KRAKEN_FUTURES.jsonl.zst", kraken_futures, "cf_kraken_futures_"),
    Dead("dydx/cf_DYDX_v3.ws.1.0", dydx_v3, "cf_dydx_v3_"),
)


def changes_of(dead: Dead) -> list[Change]:
    """All that a recording's frames do."""
    return list(dead.read(_frames(shared_data("books", dead.file))))


def instrument_of(symbol: str, changes: list[Change]) -> Instrument:
    """The instrument of a recorded symbol, in the finest steps that occur, as one of Bybit's."""
    levels = [level for one in changes if one.symbol == symbol for level in (*one.bids, *one.asks)]
    tick, lot = (max(max(0, -_exponent(level[place])) for level in levels) for place in (0, 1))
    return Instrument(
        id=f"{symbol}.BYBIT",
        venue="bybit",
        venue_symbol=symbol,
        base=symbol,
        quote="USD",
        kind="spot",
        tick_size=Decimal(1).scaleb(-tick),
        lot_size=Decimal(1).scaleb(-lot),
    )


def living_frame(change: Change, number: int) -> bytes:
    """A change in Bybit's words, as update ``number`` of its book."""
    bids, asks = ([[f"{Decimal(part):f}" for part in level] for level in side] for side in (change.bids, change.asks))
    data = {"s": change.symbol, "b": bids, "a": asks, "u": number, "seq": number}
    kind = "snapshot" if change.replaces else "delta"
    frame = {"topic": f"orderbook.1000.{change.symbol}", "type": kind, "ts": number, "data": data, "cts": number}
    return json.dumps(frame, separators=(",", ":")).encode()


def _exponent(text: str) -> int:
    exponent = Decimal(text).normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent


def _frames(path: Path) -> Iterator[str]:
    if path.suffix == ".zst":
        with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as plain:
            lines = [json.loads(line) for line in io.TextIOWrapper(plain, encoding="utf-8")]
        received = sorted((line for line in lines if line["t"] == "recv"), key=lambda line: line["ts"])
        yield from (line["data"] for line in received)
        return
    with path.open() as lines:
        yield from (found[1] for line in lines if (found := _LINE.fullmatch(line.rstrip("\n"))))
