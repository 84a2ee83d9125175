"""Books as others store them, level by level, told in the wire language of the venue they are of.

A recorder that stores prices and sizes has thrown away the frames, with their sequence numbers and checksums. The
venue's own source reads nothing else, so frames are made again: the same levels at the same times, numbered anew. What
a frame held together stays together.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from signald.journal.session import Session, session_record
from signald.model.instruments import Instrument
from signald.model.records import Record, RecordKind
from signald.model.time import Nanos
from signald.replay.importers.sightings import Sightings, listed
from signald.sources.venues.binance.config import snapshot_key

Levels = Sequence[tuple[str, str]]

_NS_PER_MS: Final = 1_000_000
_ENCODE: Final = msgspec.json.Encoder().encode


class Change(NamedTuple):
    """What one message did to one book.

    Attributes:
        venue: Its name in the registry.
        symbol: The venue's own.
        ts_event: When the venue says it happened, ns.
        ts_ingest: When the recorder got it, ns.
        whole: Whether the levels are the whole book, and not what changed.
        bids: Price and size as text, size 0 for a level that went.
        asks: Likewise.
        derivative: Whether the symbol is one, on a venue whose symbols do not say so.
    """

    venue: str
    symbol: str
    ts_event: Nanos
    ts_ingest: Nanos
    whole: bool
    bids: Levels
    asks: Levels
    derivative: bool = False

    @property
    def instrument(self) -> Instrument:
        """Ours, its steps as coarse as can be."""
        return listed(self.venue, self.symbol, derivative=self.derivative)


def survey_changes(changes: Iterable[Change]) -> Session:
    """The session of a recording: its books and their steps, each venue's on one connection."""
    sightings = Sightings()
    for change in changes:
        instrument = change.instrument
        sightings.name(_channel(change), instrument)
        sightings.levels(instrument.id, (*change.bids, *change.asks))
    return Session(
        mode="import",
        instruments=tuple(one.id for one in sightings.instruments),
        channels=sightings.channels,
        steps=sightings.instruments,
    )


def records_of_changes(changes: Iterable[Change], session: Session, skipped: Counter[str]) -> Iterator[Record]:
    """The records of changes in order of ``ts_ingest``: the session, connections, then a frame for each change.

    What comes before a book's first whole one is left out and counted. A whole book in the midst of others is told as
    a new connection where the venue asks for books apart from their frames, and in band where it does not.
    """
    numbers: dict[tuple[str, str], int] = {}
    begun = False
    for change in changes:
        if not begun:
            yield session_record(session, change.ts_ingest)
            for channel in session.channels:
                yield Record(RecordKind.CONNECTED, change.ts_ingest, channel, "", b"")
            begun = True
        book = (_channel(change), change.symbol)
        if not change.whole and book not in numbers:
            skipped["changes before a whole book"] += 1
            continue
        number = numbers[book] = numbers.get(book, 0) + 1
        yield from _TELL[change.venue](change, number)


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> Levels:
    """Levels that are new or of another size, and those that went."""
    new = [(price, size) for price, size in now.items() if before.get(price) != size]
    return [*new, *((price, "0") for price in before if price not in now)]


def _channel(change: Change) -> str:
    """Name of the connection; Bybit has spot and derivatives on two."""
    return f"{change.venue}.spot" if change.venue == "bybit" and not change.derivative else change.venue


def _tell_binance(change: Change, number: int) -> Iterator[Record]:
    """`{"lastUpdateId":…}` as the answer to a request, and `depthUpdate` frames that join it.

    The first frame after the answer holds its number (`U` ≤ lastUpdateId ≤ `u`), as both rules want it.
    """
    venue, ts = change.venue, change.ts_ingest
    if change.whole:
        if number > 1:
            yield Record(RecordKind.DISCONNECTED, ts, venue, "", b"the recorder has a whole book again")
            yield Record(RecordKind.CONNECTED, ts, venue, "", b"")
        body = {"lastUpdateId": number, "bids": change.bids, "asks": change.asks}
        yield Record(RecordKind.RESPONSE, ts, venue, snapshot_key(change.symbol), _ENCODE(body))
        return
    data: dict[str, object] = {"e": "depthUpdate", "E": change.ts_event // _NS_PER_MS}
    if venue == "binance_usdm":
        data |= {"T": change.ts_event // _NS_PER_MS}
    data |= {"s": change.symbol, "U": number, "u": number}
    if venue == "binance_usdm":
        data |= {"pu": number - 1}
    data |= {"b": change.bids, "a": change.asks}
    envelope = {"stream": f"{change.symbol.lower()}@depth@100ms", "data": data}
    yield Record(RecordKind.FRAME, ts, venue, "", _ENCODE(envelope))


def _tell_bybit(change: Change, number: int) -> Iterator[Record]:
    """`orderbook` in band: `u` rises by one, 1 is a new book."""
    ms = change.ts_event // _NS_PER_MS
    frame = {
        "topic": f"orderbook.200.{change.symbol}",
        "type": "snapshot" if change.whole else "delta",
        "ts": ms,
        "data": {"s": change.symbol, "b": change.bids, "a": change.asks, "u": number, "seq": number},
        "cts": ms,
    }
    yield Record(RecordKind.FRAME, change.ts_ingest, _channel(change), "", _ENCODE(frame))


def _tell_okx(change: Change, number: int) -> Iterator[Record]:
    """`books` in band: `prevSeqId` is the last `seqId`, -1 with a whole book; no checksum is sent, none is checked."""
    data = {
        "asks": [(price, size, "0", "1") for price, size in change.asks],
        "bids": [(price, size, "0", "1") for price, size in change.bids],
        "ts": str(change.ts_event // _NS_PER_MS),
        "prevSeqId": -1 if change.whole else number - 1,
        "seqId": number,
    }
    frame = {
        "arg": {"channel": "books", "instId": change.symbol},
        "action": "snapshot" if change.whole else "update",
        "data": [data],
    }
    yield Record(RecordKind.FRAME, change.ts_ingest, change.venue, "", _ENCODE(frame))


_TELL: Final[Mapping[str, Callable[[Change, int], Iterator[Record]]]] = {
    "binance": _tell_binance,
    "binance_usdm": _tell_binance,
    "bybit": _tell_bybit,
    "okx": _tell_okx,
}
