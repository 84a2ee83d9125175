"""Every checkpoint of the golden Binance books, through the source alone."""

from collections.abc import Iterable

import pytest

from signald.core.board import Board
from signald.model.instruments import Instrument
from signald.model.notices import BookLive
from signald.sources.registry import build_source, read_venue_config
from signald.sources.venues.binance.config import snapshot_key
from signald.sources.venues.binance.source import BinanceSource
from tests.support.book_traces import Arrival, Trace, read_cryptofeed, read_stream
from tests.support.instruments import BTCUSDT, spot
from tests.support.shared_data import shared_data

SMALL = {
    "NKNUSDT": spot("NKN", "USDT", tick="0.0001", lot="1"),
    "BLZETH": spot("BLZ", "ETH", tick="0.00000001", lot="1"),
    "LRCBTC": spot("LRC", "BTC", tick="0.00000001", lot="1"),
    "RUNEEUR": spot("RUNE", "EUR", tick="0.001", lot="0.1"),
}


def build(*instruments: Instrument) -> tuple[BinanceSource, Board]:
    names = [instrument.id for instrument in instruments]
    board = Board(names)
    venue = read_venue_config({"name": instruments[0].venue, "instruments": names}, where="test")
    source = build_source(venue, instruments, board)
    assert isinstance(source, BinanceSource)
    return source, board


def feed(source: BinanceSource, arrivals: Iterable[Arrival]) -> list[object]:
    events: list[object] = []
    connected = False
    for arrival in arrivals:
        if not connected:
            source.on_connected(arrival.ts_ingest)
            connected = True
        if arrival.symbol:
            step = source.on_response(snapshot_key(arrival.symbol), arrival.body, arrival.ts_ingest)
        else:
            step = source.on_frame(arrival.body, arrival.ts_ingest)
        events += step.events
    return events


@pytest.mark.timeout(60)
def test_the_spot_book_of_bitcoin_is_the_golden_one() -> None:
    source, board = build(BTCUSDT)
    trace = Trace("binance_spot_btcusdt_20240808")
    source.on_applied = trace.compare
    recording = shared_data("books", "binance_spot", "hft_btcusdt_20240808.gz")

    events = feed(source, read_stream(recording, "BTCUSDT"))

    assert trace.missed == []
    assert len(trace.met) == len(trace) == 36
    assert [type(event) for event in events] == [BookLive]
    (row,) = board.read()
    assert (row["applied"], row["flags"]) == (3_449, 0)
    assert row["bid"] < row["microprice"] < row["ask"]


@pytest.mark.timeout(60)
def test_the_small_spot_books_are_the_golden_ones() -> None:
    source, _ = build(*SMALL.values())
    traces = {symbol: Trace(f"cf_binance_spot_{symbol}") for symbol in SMALL}
    source.on_applied = lambda book: traces[book.instrument.venue_symbol].compare(book)
    recording = shared_data("books", "binance_spot", "cf_BINANCE.jsonl.zst")

    events = feed(source, read_cryptofeed(recording))

    assert {symbol: trace.missed for symbol, trace in traces.items()} == {symbol: [] for symbol in SMALL}
    assert {symbol: len(trace.met) for symbol, trace in traces.items()} == {s: len(t) for s, t in traces.items()}
    assert [type(event) for event in events] == [BookLive] * len(SMALL)
