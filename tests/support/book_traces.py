"""Golden traces of books, and books that are compared with them while they are built."""

import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import zstandard

from signald.core.book import Book, Level
from tests.support.shared_data import shared_data

DEPTH: Final = 20


class Arrival(NamedTuple):
    """One line of a recording: a frame, or the answer to the request for ``symbol``'s snapshot."""

    ts_ingest: int
    body: bytes
    symbol: str = ""


class Trace:
    """The checkpoints of one golden book, and which of them a book has met."""

    def __init__(self, name: str) -> None:
        lines = shared_data("books", "golden", f"{name}.trace.jsonl").read_text().splitlines()
        self._wanted: dict[int, dict[str, Any]] = {line["n"]: line for line in map(json.loads, lines)}
        self.met: list[int] = []
        self.missed: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def __len__(self) -> int:
        return len(self._wanted)

    def compare(self, book: Book) -> None:
        """Compare ``book`` if there is a checkpoint for as many frames as it has taken."""
        wanted = self._wanted.get(book.applied)
        if wanted is None:
            return
        ours = checkpoint(book)
        theirs = {
            "n": wanted["n"],
            "seq": wanted["seq"],
            "bid": [Decimal(part) for part in wanted["bid"]],
            "ask": [Decimal(part) for part in wanted["ask"]],
            "nb": wanted["nb"],
            "na": wanted["na"],
            "top20": wanted["top20"],
        }
        if ours == theirs:
            self.met.append(book.applied)
        else:
            self.missed.append((ours, theirs))


def checkpoint(book: Book) -> dict[str, Any]:
    """A book as the traces tell it, but its prices and sizes as decimals."""
    bids, asks = book.levels("bid", DEPTH), book.levels("ask", DEPTH)
    nb, na = book.counts
    return {
        "n": book.applied,
        "seq": book.sequence,
        "bid": list(bids[0]),
        "ask": list(asks[0]),
        "nb": nb,
        "na": na,
        "top20": _digest(bids, asks),
    }


def read_stream(path: Path, symbol: str) -> Iterator[Arrival]:
    """Lines of ``<receive ns> <frame>``; a bare snapshot is the answer for ``symbol``."""
    with gzip.open(path, "rb") as lines:
        for line in lines:
            ts, _, body = line.rstrip(b"\n").partition(b" ")
            yield Arrival(int(ts), body, symbol if body.startswith(b'{"lastUpdateId"') else "")


def read_cryptofeed(path: Path) -> Iterator[Arrival]:
    """Frames and snapshots of a cryptofeed recording of Binance, in order of time."""
    with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as plain:
        lines = [json.loads(line) for line in io.TextIOWrapper(plain, encoding="utf-8")]
    for line in sorted((line for line in lines if "ts" in line), key=lambda line: line["ts"]):
        ts = int(line["ts"] * 1e9)
        if line["t"] == "recv":
            yield Arrival(ts, line["data"].encode())
        elif line["t"] == "http" and "/depth?symbol=" in line["url"]:
            yield Arrival(ts, line["data"].encode(), line["url"].split("symbol=")[1].split("&")[0])


def _digest(bids: list[Level], asks: list[Level]) -> str:
    sides = (";".join(f"{_plain(size)}@{_plain(price)}" for price, size in side) for side in (bids, asks))
    return hashlib.sha256("|".join(sides).encode()).hexdigest()[:16]


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")
