"""No frame is too short, too long or too deep: it is applied or refused, and nothing is read but its bytes."""

import signal
import subprocess
import sys

import pytest

from signald.core.board import Board
from signald.core.kernels.jit import PLAIN
from signald.core.kernels.layout import PHASE_LIVE
from signald.model.instruments import Instrument
from signald.sources.inband import InBandSource
from signald.sources.registry import build_source, read_venue_config
from signald.sources.venues.binance.source import BinanceSource
from tests.support.binance_wire import Wire, depth
from tests.support.decoder_fuzz import DIALECTS
from tests.support.instruments import BTCUSDT, BYBIT_PERP, OKX_SPOT

HUGE = 2_000 if PLAIN else 100_000_000
NOW = 1_786_310_818_000_000_000
READ_ON = """
import ctypes
from tests.support.guarded import GuardedBytes
placed = GuardedBytes().place(b"{}")
ctypes.string_at(id(placed) + bytes.__basicsize__ + 1, 1)
"""
FIRST = {
    "okx": b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["2","1","0","1"]],'
    b'"bids":[["1","1","0","1"]],"ts":"1","checksum":0,"seqId":1,"prevSeqId":-1}]}',
    "bybit": b'{"topic":"orderbook.50.BTCUSDT","type":"snapshot","ts":1,"data":{"s":"BTCUSDT","b":[["1","1"]],'
    b'"a":[["2","1"]],"u":2,"seq":1},"cts":1}',
}
NEXT = {
    "okx": b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[],"bids":[],"ts":"1",'
    b'"checksum":0,"seqId":2,"prevSeqId":1}]%s}',
    "bybit": b'{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1,"data":{"s":"BTCUSDT","b":[],"a":[],"u":3,"seq":1}'
    b',"cts":1%s}',
}
VENUES = {"binance": BTCUSDT, "okx": OKX_SPOT, "bybit": BYBIT_PERP}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "faulthandler=0", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program


@pytest.mark.compiled
@pytest.mark.skipif(PLAIN, reason="plain Python looks after the ends of bytes itself")
@pytest.mark.timeout(180)
def test_no_decoder_reads_past_the_end_of_a_frame() -> None:
    checked = run("-m", "tests.support.guarded")
    strayed = run("-c", READ_ON)

    assert checked.returncode == 0, checked.stderr
    assert int(checked.stdout.split()[0]) > 1_000 * len(DIALECTS)
    assert strayed.returncode == -signal.SIGSEGV  # the guard is one


def live(instrument: Instrument) -> tuple[BinanceSource | InBandSource, bytes]:
    """A source whose book is live, and its next frame, with room for more members."""
    if instrument is BTCUSDT:
        wire = Wire(BTCUSDT)
        wire.go_live(100)
        return wire.source, depth(102, 102)[:-2] + b"%s}}"
    config = read_venue_config({"name": instrument.venue, "instruments": [instrument.id]}, where="test")
    source = build_source(config, [instrument], Board([instrument.id]))
    assert isinstance(source, InBandSource)
    source.on_connected(NOW)
    source.on_frame(FIRST[instrument.venue], NOW)
    return source, NEXT[instrument.venue]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("venue", VENUES)
def test_a_frame_may_be_as_long_as_memory_lasts(venue: str) -> None:
    source, frame = live(VENUES[venue])
    (book,) = source.books
    before = book.applied

    source.on_frame(frame % b"", NOW)
    source.on_frame(frame % (b',"x":"' + b"y" * HUGE + b'"'), NOW)

    assert book.phase == PHASE_LIVE
    assert book.applied == before + 1  # the second brings what the first brought
    assert source.counts["slow"] == source.counts["malformed"] == 0


@pytest.mark.timeout(120)
@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("scrap", [b"[", b'{"a":', b" ", b"9", b'["1","1"],', b'"', b"\x00", b"\xff", b"\\"])
def test_what_never_ends_is_refused(venue: str, scrap: bytes) -> None:
    source, frame = live(VENUES[venue])
    endless = scrap * (HUGE // 10 // len(scrap))
    frames = [endless, b"{" + endless, b'{"b":[' + endless, frame[: frame.index(b"%s")] + b',"x":' + endless]

    for each in frames:
        source.on_frame(each, NOW)

    assert source.counts["malformed"] > 0
    assert source.books[0].applied <= 2
