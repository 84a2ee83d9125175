"""Binance frames, well-formed and not: generated, and real ones with something done to them."""

import json
import random
import re
from collections.abc import Sequence
from typing import Any, Final

PREFIX: Final = '{"stream":"btcusdt@depth@100ms","data":'

_COUNTERS: Final = re.compile(rb'"U":\d+,"u":\d+')
_SCRAPS: Final = (
    b'"', b"\\", b",", b":", b"[", b"]", b"{", b"}", b"0", b"9", b".", b"-", b"e", b" ", b"\x00", b"\xff", b"null",
    b'"b":[]', b'"u":1,', b"\\u0030", b"[[", b"]]", b"00", b"1e5", b'"pu":3,', b"99999999999999999999", b"\xc3\xa9",
)  # fmt: skip
_EXTRAS: Final[tuple[tuple[str, Any], ...]] = (
    ("ps", "BTCUSDT"), ("st", 1), ("x", {"y": [1, {"z": "ü"}], "w": None}), ("k", [[], {}, -1.5, True]),
    ("long key", "a\\b"), ("T", 1_723_161_255_208), ("f", 1e-7), ("data", {}),
)  # fmt: skip


class Frames:
    """A stream of frames for one symbol, each of which would join the book.

    Args:
        seed: Decides everything.
        symbol: Whose.
        middle: Price, in ticks, around which it happens.
        decimals: Digits after the point of prices.
        recorded: Real depth frames, which are then half of all.
    """

    def __init__(
        self,
        seed: int,
        *,
        symbol: str = "BTCUSDT",
        middle: int = 6_180_000,
        decimals: int = 2,
        recorded: Sequence[bytes] = (),
    ) -> None:
        self._recorded = recorded
        self._random = random.Random(seed)
        self._symbol = symbol
        self._middle = middle
        self._decimals = decimals

    def depth(self, last: int) -> bytes:
        """A depth frame that follows ``last``."""
        pick = self._random
        if self._recorded and pick.random() < 0.5:
            return _COUNTERS.sub(b'"U":%d,"u":%d' % (last + 1, last + pick.randint(1, 30)), pick.choice(self._recorded))
        first = last + 1
        if pick.random() < 0.03:
            first += pick.randint(-5, 5)
        data: dict[str, Any] = {
            "e": "depthUpdate",
            "E": 1_723_161_255_208 + last,
            "s": self._symbol if pick.random() < 0.99 else "ETHUSDT",
            "U": max(first, 0),
            "u": max(first + pick.randint(0, 20), 0),
            "pu": last if pick.random() < 0.97 else last + pick.randint(-3, 3),
            "b": self._levels(-1),
            "a": self._levels(1),
        }
        return self._write(data)

    def ticker(self, last: int) -> bytes:
        """A ticker frame of about the same time."""
        pick = self._random
        bid = self._middle - pick.randint(0, 50)
        data = {
            "u": last + pick.randint(-5, 20),
            "s": self._symbol,
            "b": self._price(bid),
            "B": self._size(),
            "a": self._price(bid + pick.randint(0, 5)),
            "A": self._size(),
        }
        if pick.random() < 0.3:
            data = {"e": "bookTicker", "E": 1, "T": 2, **data}
        return self._write(data)

    def mutated(self, frame: bytes) -> bytes:
        """``frame`` with a few small things done to it."""
        pick = self._random
        for _ in range(pick.choice((1, 1, 1, 2, 3, 8))):
            at, end = sorted((pick.randint(0, len(frame)), pick.randint(0, len(frame))))
            end = min(end, at + pick.choice((1, 1, 2, 4, 30, 500)))
            match pick.randrange(6):
                case 0:
                    frame = frame[:at] + frame[end:]
                case 1:
                    frame = frame[:at] + pick.choice(_SCRAPS) + frame[at:]
                case 2:
                    frame = frame[:at] + bytes([pick.randrange(256)]) + frame[at + 1 :]
                case 3:
                    frame = frame[:at] + frame[at:end] + frame[at:]
                case 4:
                    frame = frame[:at] + str(pick.randrange(10)).encode() + frame[at + 1 :]
                case _:
                    frame = frame[:at] if pick.random() < 0.3 else frame[:at] + pick.choice(_SCRAPS) + frame[at + 1 :]
        return frame

    def _write(self, data: dict[str, Any]) -> bytes:
        """As the venue writes it mostly; else in another order, with other keys, spaces, escapes."""
        pick = self._random
        style = pick.random()
        if style > 0.6:
            return self._wrap(json.dumps(data, separators=(",", ":")))
        members = list(data.items())
        if style < 0.2:
            pick.shuffle(members)
        if style < 0.4:
            members.insert(pick.randint(0, len(members)), pick.choice(_EXTRAS))
        spaces = (", ", ": ") if 0.4 < style < 0.5 else (",", ":")
        return self._wrap(json.dumps(dict(members), separators=spaces, ensure_ascii=pick.random() < 0.5))

    def _wrap(self, text: str) -> bytes:
        style = self._random.random()
        if style < 0.2:
            return text.encode()
        if style < 0.25:
            return f'{{"data":{text},"stream":"x"}}'.encode()
        return f"{PREFIX}{text}}}".encode()

    def _levels(self, sign: int) -> list[list[str]]:
        pick = self._random
        count = pick.choice((0, 1, 1, 2, 2, 3, 5, 20))
        return [[self._price(self._middle + sign * self._distance()), self._size()] for _ in range(count)]

    def _distance(self) -> int:
        pick = self._random
        reach = pick.choice((3, 30, 30, 300, 3_000, 40_000, 3_000_000))
        return pick.randint(-2, min(reach, self._middle - 1))

    def _price(self, ticks: int) -> str:
        pick = self._random
        text = f"{ticks // 10**self._decimals}.{ticks % 10**self._decimals:0{self._decimals}d}"
        style = pick.random()
        if style < 0.9:
            return text.ljust(text.index(".") + 9, "0")
        if style < 0.95:
            return text
        return pick.choice((text.rstrip("0").rstrip("."), f"00{text}", f"{text}5", f"-{text}", "", ".5", "5.", "1e3"))

    def _size(self) -> str:
        pick = self._random
        style = pick.random()
        if style < 0.4:
            return "0.00000000"
        if style < 0.9:
            return f"{pick.randint(1, 10**6) / 1000:.3f}00000"
        return pick.choice(
            ("0", "1", "0.0", "12345678.5", "123456789012", "1.00001", "1.000001", "0.00000001", "9" * 15, "9" * 16,
             "1.2.3", "1,5", "0x1", "٣")
        )  # fmt: skip
