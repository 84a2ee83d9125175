"""``signald bench books``: bytes to book to board row, beside merely decoding the same bytes, and beside its peers."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from signald.bench.frames import Recording, made_frames, recorded_frames
from signald.bench.machine import describe_machine
from signald.bench.peers import PACKAGES, peer_sides
from signald.bench.rounds import Side, Timed, ratio, time_in_turn
from signald.core.board import Board
from signald.core.kernels.rows import STATE_LIVE
from signald.errors import CheckFailedError
from signald.model.instruments import Instrument
from signald.sources.protocol import VenueSource
from signald.sources.registry import build_source, read_venue_config

ROUNDS = 15
_SLOW_ROUNDS = 3
_NOW = 1_723_161_260_000_000_000
_STEP = 1_000_000  # a burst: a frame a millisecond, so that what is measured at a cadence is measured at one
_ORJSON = "orjson.loads"

RECORDED = {
    "recorded": ("BTCUSDT.BINANCE", "books/binance_spot/hft_btcusdt_20240808.gz"),
    "recorded_usdm": ("BTCUSDT-PERP.BINANCE", "books/binance_usdm/hft_btcusdt_20240808.gz"),
}
"""Name → instrument, file below the shared data."""


def bench_books(instruments: Mapping[str, Instrument], data: Path | None) -> dict[str, Any]:
    """Measure; ``data`` is the folder of recordings, without which those figures are null."""
    spot = instruments["BTCUSDT.BINANCE"]
    recordings: dict[str, Recording | None] = {
        "20+20": made_frames(spot, changes=20),
        "2+2": made_frames(spot, changes=2),
    }
    for name, (instrument, file) in RECORDED.items():
        path = data / file if data is not None else None
        there = path is not None and path.is_file() and instrument in instruments
        recordings[name] = recorded_frames(path, instruments[instrument]) if there and path else None
    timed = {name: _time(recording, peers=name == "20+20") for name, recording in recordings.items() if recording}
    return {
        "ratio_to_orjson": {name: _ratio(timed.get(name)) for name in recordings},
        "us_per_frame": {
            name: {side: each and round(each.median_us, 3) for side, each in sides.items()}
            for name, sides in timed.items()
        },
        "peers": _peers(timed["20+20"]),
        "changes_per_frame": {name: round(each.changes, 1) for name, each in recordings.items() if each},
        "frames": {name: len(each.frames) for name, each in recordings.items() if each},
        "rounds": ROUNDS,
        "machine": describe_machine("numba", "numpy", *PACKAGES)._asdict(),
    }


def _time(recording: Recording, *, peers: bool) -> dict[str, Timed | None]:
    sides = peer_sides(recording)
    fast = {"signald": Side(lambda: _signald(recording), len(recording.frames))}
    if (orjson := sides.pop(_ORJSON)) is not None:
        fast[_ORJSON] = orjson
    timed: dict[str, Timed | None] = dict(time_in_turn(fast, rounds=ROUNDS))
    timed.setdefault(_ORJSON, None)
    if peers:
        there = {name: side for name, side in sides.items() if side is not None}
        timed |= dict.fromkeys(sides) | time_in_turn(there, rounds=_SLOW_ROUNDS)
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


def _live_source(recording: Recording) -> VenueSource:
    instrument = recording.instrument
    board = Board([instrument.id])
    venue = read_venue_config({"name": instrument.venue, "instruments": [instrument.id]}, where="bench")
    source = build_source(venue, [instrument], board)
    source.on_connected(_NOW - _STEP)
    for frame in recording.before:
        source.on_frame(frame, _NOW - _STEP)
    source.on_response(f"snapshot:{instrument.venue_symbol}", recording.snapshot, _NOW - _STEP)
    source.on_frame(recording.frames[0], _NOW - _STEP)
    if board.read()["state"][0] != STATE_LIVE:
        problem = f"the book of {instrument.id} does not come up on its recording: nothing would be measured"
        raise CheckFailedError(problem)
    return source


def _ratio(sides: Mapping[str, Timed | None] | None) -> float | None:
    ours, theirs = (sides.get("signald"), sides.get(_ORJSON)) if sides else (None, None)
    return round(ratio(ours, theirs), 3) if ours and theirs else None


def _peers(sides: Mapping[str, Timed | None]) -> dict[str, dict[str, float] | None]:
    """How long each peer takes at 20+20, and how many times as long as signald."""
    ours = sides["signald"]
    assert ours is not None
    return {
        name: {"us": round(each.median_us, 3), "times_signald": round(each.median_us / ours.median_us, 1)}
        if each
        else None
        for name, each in sides.items()
        if name != "signald"
    }


def sections(result: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """The result as lines for people."""
    lines = [(f"{name}: of orjson.loads", str(value)) for name, value in result["ratio_to_orjson"].items()]
    return [*lines, *((f"{name} at 20+20", str(value)) for name, value in result["peers"].items())]
