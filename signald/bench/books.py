"""``signald bench books``: bytes to book to board row, beside merely decoding the same bytes, and beside its peers."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from signald.bench.allocations import FRAMES, book_bytes, count_allocations
from signald.bench.cadence import measure_cadence
from signald.bench.frames import (
    Recording,
    made_frames,
    recorded_count,
    recorded_feed,
    recorded_pushes,
    recorded_stream,
    simulated,
    without_checksums,
)
from signald.bench.machine import describe_machine
from signald.bench.peers import PACKAGES, decoding_side, peer_sides
from signald.bench.receiving import measure_receiving
from signald.bench.rounds import Side, Timed, ratio, time_in_turn
from signald.bench.snapshots import measure_snapshot
from signald.config import BooksConfig
from signald.core.board import Board
from signald.core.book import Book
from signald.core.kernels.rows import STATE_LIVE
from signald.errors import CheckFailedError
from signald.model.instruments import Instrument
from signald.model.records import Record, RecordKind
from signald.model.time import Nanos
from signald.simulate.venues.dialect import StreamSymbol
from signald.simulate.venues.dydx import DydxSymbol
from signald.simulate.venues.kraken import KrakenSymbol
from signald.sources.inband import InBandSource
from signald.sources.protocol import VenueSource
from signald.sources.registry import build_source, read_venue_config
from signald.sources.sliced import SlicedSource
from signald.sources.venues.binance.source import BinanceSource

ROUNDS = 15
_SLOW_ROUNDS = 5
RECEIVED = 10_000
_NOW = 1_800_000_000_000_000_000  # after all recordings: a frame from ahead of our time would be refused
_STEP = 1_000_000  # a burst: a frame a millisecond, so that what is measured at a cadence is measured at one
_ORJSON = "orjson.loads"
_BESIDE = "signald beside the peers"

RECORDED: Mapping[str, tuple[Callable[[Path], Recording], str]] = {
    "recorded": (recorded_stream, "books/binance_spot/hft_btcusdt_20240808.gz"),
    "recorded_usdm": (recorded_stream, "books/binance_usdm/hft_btcusdt_20240808.gz"),
    "okx": (lambda path: without_checksums(recorded_feed(path)), "books/okx/cf_OKX.jsonl.zst"),
    "okx_checksummed": (recorded_feed, "books/okx/cf_OKX.jsonl.zst"),
    "bybit": (recorded_feed, "books/bybit/cf_BYBIT.jsonl.zst"),
    "coinbase": (recorded_count, "books/coinbase/cf_COINBASE.jsonl.zst"),
    "hyperliquid": (recorded_pushes, "books/hyperliquid/hft_btcusd_20250126.gz"),
}
"""Name → how to read it, file below the shared data."""
NOTES: Mapping[str, str] = {
    "20+20": "made: BTCUSDT spot, 20 bids and 20 asks a frame within 2,000 ticks of the touch, 30 % of them removals",
    "2+2": "made: likewise, 2 bids and 2 asks",
    "okx": "recorded in 2022, written as OKX writes since June 2026: each checksum 0, seqId and prevSeqId chained",
    "okx_checksummed": "the same as recorded: every frame's CRC-32 is compared, in the digits that were sent",
    "coinbase": "recorded, the frames of other channels left out of its count",
    "kraken": "simulated: 100 levels, every frame's CRC-32 is compared",
    "dydx": "simulated: every book uncrossed after each message",
}
"""What the frames are, where they are not simply a recording's depth frames."""
SIMULATED: Mapping[str, tuple[str, Callable[[Instrument], StreamSymbol], str, bytes]] = {
    "kraken": (
        "BTC/USD.KRAKEN",
        KrakenSymbol,
        "book-100:BTC/USD",
        b'{"method":"subscribe","result":{"channel":"book","depth":100,"symbol":"BTC/USD"},"success":true}',
    ),
    "dydx": ("BTC-USD.DYDX", DydxSymbol, "v4_orderbook:BTC-USD", b""),
}
"""Name → instrument, its venue's words, which of its streams, what is told before the snapshot."""
_ALLOCATING: tuple[str, ...] = ("2+2", "okx", "bybit")


def bench_books(
    instruments: Mapping[str, Instrument],
    data: Path | None,
    *,
    rounds: int = ROUNDS,
    frames: int = FRAMES,
    received: int = RECEIVED,
) -> dict[str, Any]:
    """Measure.

    Args:
        instruments: Those that are known.
        data: The folder of recordings, without which those figures are null.
        rounds: How often each side is timed.
        frames: Over how many allocations are counted.
        received: How many come through a socket.
    """
    spot = instruments["BTCUSDT.BINANCE"]
    recordings: dict[str, Recording | None] = {
        "20+20": made_frames(spot, changes=20),
        "2+2": made_frames(spot, changes=2),
    }
    for name, (instrument, kind, stream, acknowledgement) in SIMULATED.items():
        listed = instruments.get(instrument)
        recordings[name] = listed and simulated(kind(listed), stream, acknowledgement)
    for name, (read, file) in RECORDED.items():
        path = data / file if data is not None else None
        recordings[name] = read(path) if path is not None and path.is_file() else None
    timed = {
        name: _time(recording, rounds=rounds, peers=name == "20+20")
        for name, recording in recordings.items()
        if recording
    }
    return {
        "ratio_to_orjson": {name: _ratio(timed.get(name)) for name in recordings},
        "us_per_frame": {
            name: {side: each and round(each.median_us, 3) for side, each in sides.items() if side != _BESIDE}
            for name, sides in timed.items()
        },
        "peers": _peers(timed["20+20"]),
        "memory": _memory(spot, recordings, frames),
        "cadence": measure_cadence(recordings, _played, rounds=min(rounds, _SLOW_ROUNDS)),
        "snapshot": {"coinbase": _snapshot(recordings["coinbase"], rounds=rounds)},
        "receiving": {
            f"{changes}+{changes}": _receive(
                made_frames(spot, changes=changes, count=received), rounds=min(rounds, _SLOW_ROUNDS)
            )
            for changes in (20, 2)
        },
        "changes_per_frame": {name: round(each.changes, 1) for name, each in recordings.items() if each},
        "frames": {name: len(each.frames) for name, each in recordings.items() if each},
        "notes": dict(NOTES),
        "rounds": rounds,
        "machine": describe_machine("numba", "numpy", *PACKAGES)._asdict(),
    }


def _time(recording: Recording, *, rounds: int, peers: bool) -> dict[str, Timed | None]:
    fast = {"signald": Side(lambda: _signald(recording), len(recording.frames))}
    decoding = decoding_side(recording)
    if decoding is not None:
        fast[_ORJSON] = decoding
    timed: dict[str, Timed | None] = {_ORJSON: None, **time_in_turn(fast, rounds=rounds)}
    if peers:
        sides = peer_sides(recording)
        there = {name: side for name, side in sides.items() if side is not None}
        beside = {_BESIDE: fast["signald"], **there}
        timed |= dict.fromkeys(sides) | time_in_turn(beside, rounds=min(rounds, _SLOW_ROUNDS))
    return timed


def _signald(recording: Recording) -> Callable[[], object]:
    """A live book in front of the recording's frames: what is timed is exactly what the daemon does per frame."""
    source = _live_source(recording)
    stamped = [(frame, _NOW + number * _STEP) for number, frame in enumerate(recording.frames)]

    def run() -> None:
        on_frame = source.on_frame
        for frame, now in stamped:
            on_frame(frame, now)

    return run


def _played(recording: Recording) -> tuple[Sequence[Book], Callable[[], object]]:
    """Live books, and the recording's frames to be played into them."""
    source = _live_source(recording)

    def run() -> None:
        for number, frame in enumerate(recording.frames):
            source.on_frame(frame, _NOW + number * _STEP)

    return source.books, run


def _receive(recording: Recording, *, rounds: int) -> dict[str, Any]:
    """The recording's frames through a socket."""
    return measure_receiving(recording, lambda: _live_source(recording).on_frame, rounds=rounds)


def _snapshot(recording: Recording | None, *, rounds: int) -> dict[str, Any] | None:
    """The longest snapshot of a recording, in slices."""

    def build() -> SlicedSource:
        source, _ = _source(whole)
        assert isinstance(source, SlicedSource)
        return source

    if recording is None:
        return None
    whole = recording
    return measure_snapshot(whole, build, rounds=rounds)


def _source(recording: Recording) -> tuple[VenueSource, Board]:
    """A source that has heard nothing, and its board."""
    names = [instrument.id for instrument in recording.instruments]
    board = Board(names, slippage_usd=BooksConfig().slippage_usd)
    venue = read_venue_config({"name": recording.venue, "instruments": names}, where="bench")
    return build_source(venue, recording.instruments, board), board


def _live_source(recording: Recording) -> BinanceSource | InBandSource:
    source, board = _source(recording)
    names = board.instruments
    for number, record in enumerate(recording.priming):
        feed_record(source, record, _NOW - (len(recording.priming) - number) * _STEP)
    down = [name for name, state in zip(names, board.read()["state"], strict=True) if state != STATE_LIVE]
    if len(down) == len(names):
        problem = f"no book of {', '.join(down)} comes up on its recording: nothing would be measured"
        raise CheckFailedError(problem)
    assert isinstance(source, BinanceSource | InBandSource)
    return source


def feed_record(source: VenueSource, record: Record, now: Nanos) -> None:
    """Give a source what its connection gave at ``now``."""
    match record.kind:
        case RecordKind.CONNECTED:
            source.on_connected(now)
        case RecordKind.RESPONSE:
            source.on_response(record.key, record.payload, now)
        case _:
            source.on_frame(record.payload, now)
            while isinstance(source, SlicedSource) and source.is_reading:
                now += 1
                source.advance(now)


def _ratio(sides: Mapping[str, Timed | None] | None) -> float | None:
    ours, theirs = (sides.get("signald"), sides.get(_ORJSON)) if sides else (None, None)
    return round(ratio(ours, theirs), 3) if ours and theirs else None


def _peers(sides: Mapping[str, Timed | None]) -> dict[str, dict[str, float] | None]:
    """How long each peer takes at 20+20, and how many times as long as signald in the same round."""
    peers: dict[str, dict[str, float] | None] = {}
    for name, each in sides.items():
        ours = sides["signald" if name == _ORJSON else _BESIDE]
        if name not in {"signald", _BESIDE}:
            times = ratio(each, ours) if each and ours else 0.0
            peers[name] = {"us": round(each.median_us, 3), "times_signald": round(times, 1)} if each else None
    return peers


def _memory(instrument: Instrument, recordings: Mapping[str, Recording | None], frames: int) -> dict[str, Any]:
    """What a book takes, and what many frames leave behind."""
    allocations: dict[str, Any] = {}
    for name in _ALLOCATING:
        recording = recordings[name]
        if recording is not None:
            source = _live_source(recording)
            allocations[name] = count_allocations(source, recording.frames, _NOW, count=frames)._asdict()
    return {"bytes_per_book": book_bytes(instrument), "allocations": allocations}


def sections(result: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """The result as lines for people."""
    lines = [(f"{name}: of orjson.loads", str(value)) for name, value in result["ratio_to_orjson"].items()]
    lines += [(f"{name} at 20+20", str(value)) for name, value in result["peers"].items()]
    lines += [(f"{name}: depth, slippage and flow", str(value)) for name, value in result["cadence"].items()]
    lines += [(f"{name}: received", str(value)) for name, value in result["receiving"].items()]
    lines += [("bytes per book", str(result["memory"]["bytes_per_book"]))]
    return [*lines, *((f"{name}: memory", str(value)) for name, value in result["memory"]["allocations"].items())]
