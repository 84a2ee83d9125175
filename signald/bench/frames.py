"""Frames to measure on: made ones of a known number of changes, and recorded ones."""

import json
import random
import re
import tempfile
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from signald.journal.reader import read
from signald.journal.session import read_session
from signald.model.instruments import Instrument
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_S
from signald.replay.importers.binance_stream import import_binance_stream
from signald.replay.importers.cryptofeed import import_cryptofeed
from signald.replay.importers.frames import import_frames
from signald.replay.importers.recording import Imported
from signald.simulate.market import Market, MarketShape
from signald.simulate.venues.counters import NUMBER
from signald.simulate.venues.dialect import StreamSymbol

Import = Callable[[Sequence[Path], Path], Imported]

_TOUCH_TICKS: Final = 6_000_000
_NEAR_TICKS: Final = 2_000
_LEVELS: Final = 1_000
_REMOVED: Final = 0.3  # share of changes that take a level away
_PRIMING: Final = 50  # frames of a recording that bring its books up
_DEPTH: Final = (
    b'"e":"depthUpdate"',
    b'"action":"update"',
    b'"action":"snapshot"',
    b'"topic":"orderbook.',
    b'"channel":"l2_data"',
    b'"channel":"l2Book"',
)
_LEVEL: Final = re.compile(rb'"\]|"qty":|"px":|"side":')
_COUNT: Final = re.compile(rb'"sequence_num":(\d+)')
_FIRST_ID: Final = 1_000
_SIMULATED_STEP_NS: Final = 50_000_000


class Recording(NamedTuple):
    """One connection's frames in order.

    Attributes:
        venue: Whose, as in the configuration.
        instruments: Whose books come on it.
        priming: What brings the books up: the connection, snapshots, first frames.
        frames: The depth frames after that, whatever else came between them.
        snapshot: The snapshot that the frames join, for who wants it by itself; empty where it came in band.
    """

    venue: str
    instruments: tuple[Instrument, ...]
    priming: tuple[Record, ...]
    frames: tuple[bytes, ...]
    snapshot: bytes = b""

    @property
    def changes(self) -> float:
        """Changed levels per frame, by their closing brackets or their members."""
        return sum(len(_LEVEL.findall(frame)) for frame in self.frames) / len(self.frames)


def made_frames(instrument: Instrument, *, changes: int, count: int = 2_000, seed: int = 7) -> Recording:
    """Combined-stream depth frames of ``changes`` bids and as many asks near the touch, each joining the one before."""
    draw = random.Random(seed)  # noqa: S311 - the same frames in every run
    bids = {_TOUCH_TICKS - 1 - n: 100_000 for n in range(_LEVELS)}
    asks = {_TOUCH_TICKS + n: 100_000 for n in range(_LEVELS)}
    last = 1_000
    snapshot = _compact({"lastUpdateId": last, "bids": _levels(bids), "asks": _levels(asks)})
    frames: list[bytes] = []
    for number in range(count + 1):
        first, last = last + 1, last + 2 * changes
        data = {
            "e": "depthUpdate",
            "E": 1_723_161_255_208 + 100 * number,
            "s": instrument.venue_symbol,
            "U": first,
            "u": last,
            "b": _levels({_TOUCH_TICKS - 1 - k: _size(draw) for k in draw.sample(range(_NEAR_TICKS), changes)}),
            "a": _levels({_TOUCH_TICKS + k: _size(draw) for k in draw.sample(range(_NEAR_TICKS), changes)}),
        }
        frames.append(_compact({"stream": f"{instrument.venue_symbol.lower()}@depth@100ms", "data": data}))
    venue = instrument.venue
    priming = (
        Record(RecordKind.CONNECTED, 1, venue, "", b""),
        Record(RecordKind.RESPONSE, 1, venue, f"snapshot:{instrument.venue_symbol}", snapshot),
        Record(RecordKind.FRAME, 1, venue, "", frames[0]),
    )
    return Recording(venue, (instrument,), priming, tuple(frames[1:]), snapshot)


def recorded_stream(path: Path) -> Recording:
    """A recorded Binance stream, spot or USD-M."""
    return _recorded(path, import_binance_stream)


def recorded_feed(path: Path) -> Recording:
    """The first connection of a cryptofeed recording."""
    return _recorded(path, import_cryptofeed)


def recorded_count(path: Path) -> Recording:
    """The first connection of a cryptofeed recording of Coinbase, as if there were no frames but those of books."""
    recording = recorded_feed(path)
    last = max(int(found[1]) for record in recording.priming if (found := _COUNT.search(record.payload)))
    return recording._replace(
        frames=tuple(
            _COUNT.sub(b'"sequence_num":%d' % number, frame, count=1)
            for number, frame in enumerate(recording.frames, start=last + 1)
        )
    )


def recorded_pushes(path: Path) -> Recording:
    """A recording of Hyperliquid, each frame a whole book."""
    return _recorded(path, lambda sources, out: import_frames(sources, out, venue="hyperliquid"), priming=2)


def simulated(symbol: StreamSymbol, stream: str, acknowledgement: bytes, *, count: int = 2_000) -> Recording:
    """Frames of a simulated exchange: what its venue would write of a market that moves.

    Args:
        symbol: The instrument and its venue's words.
        stream: Which of its streams.
        acknowledgement: What is told before the snapshot; ``b""``: nothing.
        count: How many frames.
    """
    shape = MarketShape(
        mid=95_000.0,
        tick_size=float(symbol.instrument.tick_size),
        lot_size=float(symbol.instrument.lot_size),
    )
    now = 1_739_367_000 * NS_PER_S
    market = Market(shape, seed=7, now=now)
    symbol.ledger.apply(market.advance(now))
    symbol.update(stream, now)
    frames = [symbol.snapshot(stream, now)]
    while len(frames) <= count:
        now += _SIMULATED_STEP_NS
        symbol.ledger.apply(market.advance(now))
        frame = symbol.update(stream, now)
        frames += [frame] if frame is not None else []
    numbered = [frame.replace(str(NUMBER), str(number)).encode() for number, frame in enumerate(frames)]
    venue = symbol.instrument.venue
    told = [Record(RecordKind.FRAME, 1, venue, "", frame) for frame in (acknowledgement, numbered[0]) if frame]
    priming = (Record(RecordKind.CONNECTED, 1, venue, "", b""), *told)
    return Recording(venue, (symbol.instrument,), priming, tuple(numbered[1:]))


def _recorded(path: Path, import_recording: Import, *, priming: int = _PRIMING) -> Recording:
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal"
        import_recording([path], journal)
        records = list(read(journal))
    session = read_session(records[0])
    channel = next(record.channel for record in records if record.kind is RecordKind.CONNECTED)
    mine = [record for record in records if record.channel == channel]
    whose = session.channels.get(channel, session.instruments)
    instruments = {each.id: each for each in session.steps}
    start = max(
        (place for place, record in enumerate(mine) if record.kind is RecordKind.RESPONSE),
        default=0,
    )
    start = max(start, priming) + 1
    frames = [record.payload for record in mine[start:] if record.kind is RecordKind.FRAME]
    return Recording(
        instruments[whose[0]].venue,
        tuple(instruments[name] for name in whose),
        tuple(mine[:start]),
        tuple(frame for frame in frames if _is_depth(frame)),
    )


def without_checksums(recording: Recording) -> Recording:
    """OKX's frames of before June 2026 as it writes them since: the checksum is 0, and ids chain them."""
    last: dict[str, int] = {}

    def rewritten(frame: bytes) -> bytes:
        if not _is_depth(frame):
            return frame
        message = json.loads(frame)
        symbol = message["arg"]["instId"]
        for element in message["data"]:
            before = -1 if message["action"] == "snapshot" else last[symbol]
            last[symbol] = last.get(symbol, _FIRST_ID) + 1
            element |= {"checksum": 0, "seqId": last[symbol], "prevSeqId": before}
        return _compact(message)

    return recording._replace(
        priming=tuple(record._replace(payload=rewritten(record.payload)) for record in recording.priming),
        frames=tuple(rewritten(frame) for frame in recording.frames),
    )


def _is_depth(frame: bytes) -> bool:
    return any(word in frame for word in _DEPTH)


def _levels(sizes: dict[int, int]) -> list[list[str]]:
    return [[f"{Decimal(ticks).scaleb(-2):.8f}", f"{Decimal(lots).scaleb(-5):.8f}"] for ticks, lots in sizes.items()]


def _size(draw: random.Random) -> int:
    return 0 if draw.random() < _REMOVED else draw.randrange(1, 1_000_000)


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
