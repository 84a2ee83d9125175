"""A file as Tardis.dev writes them, made of a recording."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_HEADER: Final = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"


def write_tardis(recording: Path, folder: Path) -> Path:
    """Write an ``incremental_book_L2`` of a recorded stream of Binance spot, BTCUSDT; the path of it."""
    path = folder / "binance_incremental_book_L2_2024-08-08_BTCUSDT.csv.gz"
    path.write_bytes(gzip.compress("\n".join(_lines(recording)).encode(), 1))
    return path


def _lines(recording: Path) -> Iterator[str]:
    """What Tardis.dev would have written: the whole book first, then the changes that it did not hold yet."""
    early: list[dict[str, Any]] = []
    held: int | None = None
    yield _HEADER
    with gzip.open(recording) as lines:
        for line in lines:
            local, _, frame = line.partition(b" ")
            us, message = int(local) // 1_000, json.loads(frame)
            if "lastUpdateId" in message:
                held = message["lastUpdateId"]
                yield from _levels(us - len(early), us - len(early), message["bids"], message["asks"], whole=True)
                for number, data in enumerate(one for one in early if one["u"] > held):
                    yield from _levels(data["E"] * 1_000, us - len(early) + 1 + number, data["b"], data["a"])
            elif message["data"].get("e") == "depthUpdate":
                data = message["data"]
                if held is None:
                    early.append(data)
                else:
                    yield from _levels(data["E"] * 1_000, us, data["b"], data["a"])


def _levels(
    event: int, local: int, bids: list[list[str]], asks: list[list[str]], *, whole: bool = False
) -> Iterator[str]:
    for side, levels in (("bid", bids), ("ask", asks)):
        for price, size in levels:
            yield f"binance,BTCUSDT,{event},{local},{str(whole).lower()},{side},{price},{size}"
