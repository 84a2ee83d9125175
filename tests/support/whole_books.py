"""Differential fuzz of the venues whose frames are numbered for a connection, checked by a sum, or whole books.

A source is given a snapshot, then updates in every dress that JSON allows, and its book is compared with one of
decimals in dictionaries after each. Then comes a frame whose bytes are spoilt: it is refused or costs the book, or the
plainest reader there is (json, no code of ours) says that the book is right all the same. Then all begins anew.
"""

import json
import random
import re
import zlib
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeAlias

from signald.core.board import Board
from signald.core.kernels.layout import PHASE_LIVE
from signald.model.instruments import Instrument
from signald.sources.inband import InBandSource
from signald.sources.registry import build_source, read_venue_config
from tests.support.frame_mutations import Mutations
from tests.support.instruments import COINBASE_BTC, DYDX_BTC, HYPERLIQUID_BTC, KRAKEN_BTC

Side: TypeAlias = dict[Decimal, Decimal]
Sides: TypeAlias = tuple[Side, Side]
Changes: TypeAlias = list[list[tuple[str, str]]]

_MIDDLE: Final = 950_000
_NUMBER: Final = re.compile(r"[0-9]{1,15}(\.[0-9]+)?")
_DEPTH: Final = 10
_EXTRA: Final[dict[str, Any]] = {"extra": [1, {"b": "ü", "price": None}]}
_MORE: Final[dict[str, Any]] = {"more": {"asks": [[0]]}}
_RUN: Final = 12
"""Frames between two snapshots."""
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


_MARK: Final = "\0"
"""Before what is written without quotes."""
_MARK_WRITTEN: Final = json.dumps(_MARK)[1:-1]
_BARE: Final = re.compile(f'"{re.escape(_MARK_WRITTEN)}([^"]*)"')


class _Unquoted(str):
    """A number as JSON's text has it."""

    __slots__ = ()


class RefusalError(Exception):
    """The plain reader cannot take a frame."""


_UNREADABLE: Final = (
    RefusalError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
    ArithmeticError,
)


class Venue(NamedTuple):
    """One venue's words.

    Attributes:
        instrument: Whose book.
        write: Makes a frame of a kind (``snapshot``, ``update``) with a number.
        read: What a frame's JSON makes of a book; raises :class:`RefusalError`.
        places: Digits after the point of prices and sizes; -1: as few as there are.
    """

    instrument: Instrument
    write: Callable[[str, int, Changes, Sides], Any]
    read: Callable[[Any, Sides], Sides]
    places: tuple[int, int]


def _set(sides: Sides, changes: Changes) -> Sides:
    """Some levels changed, of copies."""
    new: Sides = (dict(sides[0]), dict(sides[1]))
    for side, levels in zip(new, changes, strict=True):
        for price, size in levels:
            if not Decimal(price):
                raise RefusalError(price)
            side[Decimal(price)] = Decimal(size)
            if not Decimal(size):
                del side[Decimal(price)]
    return new


def _text(value: Any, *, quoted: bool = True) -> str:  # noqa: ANN401 - JSON, here and below
    if not quoted and type(value) is int:
        value = _Unquoted(value)
    if not isinstance(value, str) or isinstance(value, _Unquoted) == quoted:
        raise RefusalError(value)
    if quoted and not _NUMBER.fullmatch(value):
        raise RefusalError(value)
    if not quoted and (
        value.startswith("-") or not re.fullmatch(r"[0-9]{1,40}(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,2})?", value)
    ):
        raise RefusalError(value)
    return f"{Decimal(value):f}"


def write_coinbase(kind: str, number: int, changes: Changes, sides: Sides) -> Any:  # noqa: ANN401, ARG001
    """`l2_data`."""
    updates = [
        {"side": name, "event_time": "2026-08-24T22:34:13.592233Z", "price_level": price, "new_quantity": size}
        for name, levels in zip(("bid", "offer"), changes, strict=True)
        for price, size in levels
    ]
    event = {"type": kind, "product_id": "BTC-USD", "updates": updates}
    time = "2026-08-24T22:34:13.813164957Z"
    return {"channel": "l2_data", "timestamp": time, "sequence_num": number, "events": [event]}


def read_coinbase(frame: Any, sides: Sides) -> Sides:  # noqa: ANN401
    """Each event of ours in turn."""
    if frame["channel"] != "l2_data" or not _TIME.fullmatch(frame["timestamp"]):
        raise RefusalError
    for event in frame["events"]:
        changes: Changes = [[], []]
        for one in event["updates"]:
            level = _text(one["price_level"]), _text(one["new_quantity"])
            changes[("bid", "offer").index(one["side"])].append(level)
        if event["product_id"] == "BTC-USD":
            sides = _set(({}, {}) if event["type"] == "snapshot" else sides, changes)
    return sides


def write_kraken(kind: str, number: int, changes: Changes, sides: Sides) -> Any:  # noqa: ANN401
    """`book`, with the sum of the book after it."""
    after = _cut(_set(({}, {}) if kind == "snapshot" else sides, changes))
    best = [
        level
        for side, sign in ((after[1], 1), (after[0], -1))
        for level in sorted(side.items(), key=lambda one: sign * one[0])[:10]
    ]
    digits = "".join(
        f"{price:.1f}".replace(".", "").lstrip("0") + f"{size:.8f}".replace(".", "").lstrip("0") for price, size in best
    )
    bids, asks = ([{"price": _MARK + price, "qty": _MARK + size} for price, size in side] for side in changes)
    checksum = zlib.crc32(digits.encode())
    time = f"2026-08-24T22:21:57.{number % 1_000_000:06d}Z"
    element = {"symbol": "BTC/USD", "bids": bids, "asks": asks, "checksum": checksum, "timestamp": time}
    return {"channel": "book", "type": kind, "data": [element]}


def read_kraken(frame: Any, sides: Sides) -> Sides:  # noqa: ANN401
    """Each element in turn, cut to the depth."""
    if frame["channel"] != "book":
        raise RefusalError
    for element in frame["data"]:
        if element["symbol"] == "BTC/USD":
            changes = [
                [(_text(one["price"], quoted=False), _text(one["qty"], quoted=False)) for one in element[side]]
                for side in ("bids", "asks")
            ]
            sides = _cut(_set(({}, {}) if frame["type"] == "snapshot" else sides, changes))
    return sides


def _cut(sides: Sides) -> Sides:
    bids, asks = sorted(sides[0], reverse=True)[:_DEPTH], sorted(sides[1])[:_DEPTH]
    return {price: sides[0][price] for price in bids}, {price: sides[1][price] for price in asks}


def write_hyperliquid(kind: str, number: int, changes: Changes, sides: Sides) -> Any:  # noqa: ANN401, ARG001
    """`l2Book`: what there is besides the changes is no matter."""
    levels = [[{"px": price, "sz": size, "n": 1} for price, size in side] for side in changes]
    return {"channel": "l2Book", "data": {"coin": "BTC", "time": 1_737_918_843_542 + number, "levels": levels}}


def read_hyperliquid(frame: Any, sides: Sides) -> Sides:  # noqa: ANN401
    """A whole book."""
    data = frame["data"]
    if frame["channel"] != "l2Book" or data["coin"] != "BTC":
        return sides
    return _set(({}, {}), [[(_text(one["px"]), _text(one["sz"])) for one in side] for side in data["levels"]])


def write_dydx(kind: str, number: int, changes: Changes, sides: Sides) -> Any:  # noqa: ANN401, ARG001
    """`v4_orderbook`."""
    bids, asks = ([list(level) for level in side] for side in changes)
    contents: Any = {"bids": bids, "asks": asks}
    if kind == "snapshot":
        contents = {name: [{"price": p, "size": s} for p, s in side] for name, side in contents.items()}
    word = "subscribed" if kind == "snapshot" else "channel_data" if number % 2 else "channel_batch_data"
    if word == "channel_batch_data":
        contents = [{"bids": bids}, {"asks": asks}]
    head = {"type": word, "connection_id": "a4d3", "message_id": number, "channel": "v4_orderbook", "id": "BTC-USD"}
    return {**head, "version": "1.0.0", "contents": contents}


def read_dydx(frame: Any, sides: Sides) -> Sides:  # noqa: ANN401
    """Changes, then uncrossed."""
    kind, contents = frame["type"], frame["contents"]
    if frame["channel"] != "v4_orderbook" or frame["id"] != "BTC-USD":
        raise RefusalError
    changes: Changes = [[], []]
    for part in contents if kind == "channel_batch_data" else [contents]:
        for place, name in enumerate(("bids", "asks")):
            for level in part.get(name, []):
                price, size = (level["price"], level["size"]) if kind == "subscribed" else level[:2]
                changes[place].append((_text(price), _text(size)))
    bids, asks = _set(({}, {}) if kind == "subscribed" else sides, changes)
    told = [{Decimal(price) for price, _ in side} for side in changes]
    while bids and asks and (bid := max(bids)) >= (ask := min(asks)):
        newer = (bid in told[0]) - (ask in told[1])
        left = asks[ask] - bids[bid] if newer == 0 else asks[ask] if newer < 0 else Decimal(0)
        taken = bids[bid] - asks[ask] if newer == 0 else bids[bid] if newer > 0 else Decimal(0)
        _keep(bids, bid, taken)
        _keep(asks, ask, left)
    return bids, asks


def _keep(side: Side, price: Decimal, size: Decimal) -> None:
    if size > 0:
        side[price] = size
    else:
        del side[price]


VENUES: Final = {
    "coinbase": Venue(COINBASE_BTC, write_coinbase, read_coinbase, (-1, -1)),
    "kraken": Venue(KRAKEN_BTC, write_kraken, read_kraken, (1, 8)),
    "hyperliquid": Venue(HYPERLIQUID_BTC, write_hyperliquid, read_hyperliquid, (1, -1)),
    "dydx": Venue(DYDX_BTC, write_dydx, read_dydx, (-1, -1)),
}


class WholeBookFuzz:
    """Frames made from ``seed``.

    Attributes:
        frame: The last one.
        cases: How many there were.
        outcomes: What became of them.
    """

    def __init__(self, venue: str, seed: int) -> None:
        self._venue = VENUES[venue]
        instrument = self._venue.instrument
        settings = {"depth": _DEPTH} if venue == "kraken" else {}
        table = {"name": venue, "instruments": [instrument.id], "malformed_per_minute": 10_000, **settings}
        source = build_source(read_venue_config(table, where="fuzz"), [instrument], Board([instrument.id]))
        assert isinstance(source, InBandSource)
        self._source = source
        self._book = source.books[0]
        self._pick = random.Random(seed)
        self._mutations = Mutations(seed)
        self._sides: Sides = ({}, {})
        self._number = 0
        self._now = 1_787_612_486_000_000_000
        self.frame = b""
        self.cases = 0
        self.outcomes: Counter[str] = Counter()

    def run(self) -> str:
        """One snapshot and what follows it; what is wrong, ``""`` if nothing."""
        self._source.on_connected(self._now)
        self._number = self._pick.randint(1, 10**9)
        self._sides = ({}, {})
        for turn in range(_RUN):
            problem = self._good("snapshot" if turn == 0 else "update")
            if problem:
                return problem
        return self._spoilt()

    def _good(self, kind: str) -> str:
        message = self._next(kind)
        self.frame = self._dressed(message)
        self._take()
        self._sides = self._read(self.frame)
        self.outcomes["taken"] += 1
        if self._book.phase != PHASE_LIVE:
            return "a good frame was refused"
        return self._compare()

    def _spoilt(self) -> str:
        self.frame = self._mutations.mutated(self._dressed(self._next("update")))
        before = self._book.applied
        self._take()
        if self._book.phase != PHASE_LIVE:
            self.outcomes["lost"] += 1
            return ""
        if self._book.applied == before:
            self.outcomes["refused"] += 1
            return ""
        self.outcomes["taken though spoilt"] += 1
        try:
            self._sides = self._read(self.frame)
        except (
            RefusalError,
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            RecursionError,
            ArithmeticError,
        ) as error:
            return f"taken, but the plain reader says {error!r}"
        return self._compare()

    def _take(self) -> None:
        self.cases += 1
        self._now += 7_000_000
        self._source.on_frame(self.frame, self._now)

    def _read(self, frame: bytes) -> Sides:
        decoded = json.loads(frame.decode(), parse_float=_Unquoted, parse_constant=_refuse)
        return self._venue.read(decoded, self._sides)

    def _compare(self) -> str:
        for name, side in zip(("bid", "ask"), self._sides, strict=True):
            ours = dict(self._book.levels(name, len(side) + 10))
            if ours != side:
                return f"{name}: {sorted(set(ours.items()) ^ set(side.items()))[:5]}"
        return ""

    def _next(self, kind: str) -> Any:  # noqa: ANN401
        self._number += 1
        crossing = self._venue.instrument.venue == "dydx"
        changes: Changes = []
        for sign in (-1, 1):
            levels: dict[str, str] = {}
            for _ in range(self._pick.choice((1, 1, 2, 3, 8))):
                reach = self._pick.choice((3, 30, 300, 40_000, 900_000))
                distance = self._pick.randint(-2 if crossing else 1, reach)
                levels[self._written((_MIDDLE + sign * distance), 1, self._venue.places[0])] = self._size(kind)
            changes.append(list(levels.items()))
        return self._venue.write(kind, self._number, changes, self._sides)

    def _size(self, kind: str) -> str:
        lots = 0 if kind == "update" and self._pick.random() < 0.4 else self._pick.randint(1, 10**6)
        if self._venue.instrument.venue == "hyperliquid":
            lots = max(lots, 1)
        return self._written(lots, 3, self._venue.places[1])

    @staticmethod
    def _written(steps: int, decimals: int, places: int) -> str:
        whole, part = divmod(steps, 10**decimals)
        text = f"{whole}.{part:0{decimals}d}"
        return text.rstrip("0").rstrip(".") if places < 0 else text + "0" * (places - decimals)

    def _dressed(self, message: Any) -> bytes:  # noqa: ANN401
        """As JSON of any form; members in another order, others besides, spaces, escapes."""
        style = self._pick.random()
        if style < 0.15:
            message = self._shuffled(message)
        elif style < 0.25:
            message = _EXTRA | message | _MORE
        text = _written_json(message, spaces=0.25 < style < 0.35)
        if 0.35 < style < 0.42:
            text = text.replace('"b', '"\\u0062', 2)
        return text.encode()

    def _shuffled(self, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            items = [(key, self._shuffled(each)) for key, each in _members(value)]
            self._pick.shuffle(items)
            return dict(items)
        return [self._shuffled(each) for each in _elements(value)] if isinstance(value, list) else value


def _written_json(value: Any, *, spaces: bool) -> str:  # noqa: ANN401
    text = json.dumps(value, separators=(", ", ": ") if spaces else (",", ":"))
    return _BARE.sub(r"\1", text) if _MARK_WRITTEN in text else text


def _members(value: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
    return list(value.items())


def _elements(value: Any) -> list[Any]:  # noqa: ANN401
    return value


def _refuse(constant: str) -> None:
    raise ValueError(constant)
