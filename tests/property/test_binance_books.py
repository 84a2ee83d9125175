"""Ours against the plainest book there is, compiled and not; and what must hold of any book."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signald.core.kernels.jit import PLAIN
from tests.support.binance_wire import Wire, depth, snapshot
from tests.support.decoder_fuzz import DIALECTS, DecoderFuzz
from tests.support.instruments import BTCUSDT

ROOT = Path(__file__).resolve().parents[2]
CASES = 20 if PLAIN else 300
PROGRAM = """
import hashlib, warnings
warnings.simplefilter("error")
from tests.support.decoder_fuzz import DIALECTS, DecoderFuzz
for venue in DIALECTS:
    fuzz = DecoderFuzz(venue, 5)
    for _ in range(150):
        problem = fuzz.step()
        assert not problem, problem
    print(venue, hashlib.sha256(fuzz.state()).hexdigest())
"""
Changes = dict[int, int]
CHANGES = st.dictionaries(st.integers(1, 3_000), st.integers(0, 1_000), max_size=12)


@pytest.mark.parametrize("venue", DIALECTS)
@settings(max_examples=4 if PLAIN else 12, deadline=None)
@given(seed=st.integers(1_000_000, 2_000_000))
def test_any_frames_give_the_plain_book_or_are_refused(venue: str, seed: int) -> None:
    fuzz = DecoderFuzz(venue, seed)

    problems = [problem for problem in (fuzz.step() for _ in range(CASES)) if problem]

    assert problems == []
    assert fuzz.compare() == ""


@pytest.mark.compiled
@pytest.mark.skipif(PLAIN, reason="compilation is off")
@pytest.mark.timeout(120)
def test_compiled_and_plain_kernels_leave_the_same_words() -> None:
    digests = {
        subprocess.run(  # noqa: S603
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_DISABLE_JIT": disabled},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for disabled in ("0", "1")
    }

    assert len(digests) == 1


def levels(side: Changes, sign: int) -> list[tuple[str, str]]:
    middle = 6_180_000
    return [(f"{(middle + sign * offset) / 100:.2f}", str(lots)) for offset, lots in side.items()]


@settings(max_examples=10 if PLAIN else 100, deadline=None)
@given(st.lists(st.tuples(CHANGES, CHANGES), min_size=1, max_size=8))
def test_a_snapshot_and_its_deltas_equal_a_later_snapshot(frames: list[tuple[Changes, Changes]]) -> None:
    by_deltas, at_once = Wire(BTCUSDT), Wire(BTCUSDT)
    bids: Changes = {1: 5, 7: 2}
    asks: Changes = {1: 3, 9: 4}
    by_deltas.connect()
    by_deltas.answer(snapshot(100, levels(bids, -1), levels(asks, 1)))
    for number, (bid_changes, ask_changes) in enumerate(frames):
        by_deltas.frame(depth(101 + number, 101 + number, levels(bid_changes, -1), levels(ask_changes, 1)))
        bids = {offset: lots for offset, lots in (bids | bid_changes).items() if lots}
        asks = {offset: lots for offset, lots in (asks | ask_changes).items() if lots}

    at_once.connect()
    last = 100 + len(frames)
    at_once.answer(snapshot(last, levels(dict(sorted(bids.items())), -1), levels(dict(sorted(asks.items())), 1)))
    for wire in (by_deltas, at_once):
        wire.now = max(by_deltas.now, at_once.now) + 10**9
    for wire in (by_deltas, at_once):
        wire.frame(depth(last + 1, last + 1))

    ours, theirs = (wire.source.books[0] for wire in (by_deltas, at_once))
    for side in ("bid", "ask"):
        assert ours.levels(side, 99) == theirs.levels(side, 99)
    assert_same_row(by_deltas, at_once)


def assert_same_row(one: Wire, other: Wire) -> None:
    """What depends on the levels alone is equal to the last bit."""
    names = ("state", "flags", "bid", "bid_size", "ask", "ask_size", "mid", "microprice", "spread_bps", "imbalance")
    depths = tuple(f"{side}_depth_{bps}" for side in ("bid", "ask") for bps in (5, 10, 25))
    rows = [wire.row() for wire in (one, other)]
    for name in (*names, *depths):
        assert rows[0][name].tobytes() == rows[1][name].tobytes(), name


@settings(max_examples=10 if PLAIN else 100, deadline=None)
@given(CHANGES, CHANGES)
def test_the_microprice_lies_within_the_touch(bids: Changes, asks: Changes) -> None:
    wire = Wire(BTCUSDT)
    wire.go_live(100)

    wire.frame(depth(102, 102, levels(bids, -1), levels(asks, 1)))

    row = wire.row()
    if row["flags"] == 0:
        assert row["bid"] <= row["microprice"] <= row["ask"]
        assert row["bid"] <= row["mid"] <= row["ask"]
        assert -1 <= row["imbalance"] <= 1
