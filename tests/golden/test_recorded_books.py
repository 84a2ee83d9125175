"""Recorded frames build the books that an independent program built from them, at every checkpoint."""

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from signald.core.board import Board
from signald.core.book import Book
from signald.model.instruments import Instrument
from signald.model.notices import BookGap, Rejected
from signald.model.time import NS_PER_S
from signald.pipeline import Pipeline
from signald.replay.checkpoints import Checkpoints
from signald.replay.driver import BuildPipeline, replay
from signald.replay.importers.binance_stream import import_binance_stream
from signald.replay.importers.cryptofeed import import_cryptofeed
from signald.replay.importers.recording import read_lines
from signald.sources.calendars.mqtt.source import MqttCalendar
from signald.sources.venues.binance.config import BinanceConfig, BinanceUsdmConfig
from signald.sources.venues.binance.source import BinanceSource
from tests.support.calendar import INDICATORS
from tests.support.engine import build_engine
from tests.support.instruments import BTCUSDT
from tests.support.shared_data import shared_data

pytestmark = pytest.mark.timeout(60)  # minutes of a market, on a machine that may be busy

PERP = Instrument(
    id="BTCUSDT-PERP.BINANCE",
    venue="binance_usdm",
    venue_symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    kind="perpetual",
    tick_size=Decimal("0.1"),
    lot_size=Decimal("0.001"),
)


class Recording(NamedTuple):
    """A recorded file, and the golden trace of each of its symbols."""

    venue: str
    file: str
    traces: dict[str, str]


HFT = (
    Recording("binance", "binance_spot/hft_btcusdt_20240808.gz", {"BTCUSDT": "binance_spot_btcusdt_20240808"}),
    Recording("binance_usdm", "binance_usdm/hft_btcusdt_20240808.gz", {"BTCUSDT": "binance_usdm_btcusdt_20240808"}),
)
CRYPTOFEED = (
    Recording(
        "binance",
        "binance_spot/cf_BINANCE.jsonl.zst",
        {name: f"cf_binance_spot_{name}" for name in ("NKNUSDT", "BLZETH", "LRCBTC", "RUNEEUR")},
    ),
    Recording(
        "binance_usdm",
        "binance_usdm/cf_BINANCE_FUTURES.jsonl.zst",
        {name: f"cf_binance_usd-m_{name}" for name in ("SUSHIUSDT", "AKROUSDT", "KEEPUSDT", "CTKUSDT")},
    ),
)


def building(venue: str, instruments: Sequence[Instrument]) -> BuildPipeline:
    """Builds pipelines of one connection to Binance."""
    names = tuple(instrument.id for instrument in instruments)
    config = BinanceConfig(instruments=names) if venue == "binance" else BinanceUsdmConfig(instruments=names)

    def build() -> Pipeline:
        board = Board(names)
        books = [Book(instrument, board.writer_row(number)) for number, instrument in enumerate(instruments)]
        source = BinanceSource(config, books)
        return Pipeline(engine=build_engine(), board=board, venues={venue: source}, calendar=MqttCalendar(INDICATORS))

    return build


def checkpoints_of(journal: Path, build: BuildPipeline, every: int) -> tuple[list[bytes], list[object]]:
    """The lines of a replay, and what was said that ought not to be."""
    lines: list[bytes] = []
    checkpoints = Checkpoints(every, lines.append)
    complaints: list[object] = []
    for _, fed, _ in replay([journal], checkpoints.watching(build)):
        complaints.extend(output for output in fed.outputs if isinstance(output, BookGap | Rejected))
    checkpoints.finish()
    return lines, complaints


def golden(name: str) -> list[dict[str, Any]]:
    """The lines of a trace; its times are nanoseconds, or decimal seconds where the recording's are."""
    lines = shared_data("books", "golden", f"{name}.trace.jsonl").read_text().splitlines()
    trace = [json.loads(line, parse_float=Decimal) for line in lines]
    for line in trace:
        if isinstance(line["ts"], Decimal):
            line["ts"] = int(line["ts"] * NS_PER_S)
    return trace


def every_of(trace: list[dict[str, Any]]) -> int:
    """The step of a trace: its first line is frame 1, its second the step (unless there are only those two)."""
    return trace[1]["n"] if len(trace) > 2 else 10


def comparable(line: dict[str, Any]) -> dict[str, Any]:
    """What must be equal; prices and sizes as numbers."""
    fields = {name: line[name] for name in ("n", "ts", "seq", "top20")}
    return fields | {side: [Decimal(part) for part in line[side]] for side in ("bid", "ask")}


def recorded_instruments(path: Path, venue: str, symbols: Sequence[str]) -> list[Instrument]:
    """Instruments with the finest steps in the file: orders may rest between the ticks of today's listing."""
    steps = {symbol: [Decimal(1), Decimal(1)] for symbol in symbols}
    for _, line in read_lines(path):
        record = json.loads(line)
        if record["t"] == "http" and "symbol=" in record["url"]:
            symbol = record["url"].split("symbol=")[1].split("&")[0]
            content = json.loads(record["data"])
            levels = content["bids"] + content["asks"]
        elif record["t"] == "recv" and "@depth" in record["data"]:
            content = json.loads(record["data"])["data"]
            symbol, levels = content["s"], content["b"] + content["a"]
        else:
            continue
        for level in levels:
            for index, number in enumerate(level):
                step = Decimal(1).scaleb(min(int(Decimal(number).normalize().as_tuple().exponent), 0))
                steps[symbol][index] = min(steps[symbol][index], step)
    return [
        Instrument(
            id=f"{symbol}{'' if venue == 'binance' else '-PERP'}.BINANCE",
            venue=venue,
            venue_symbol=symbol,
            base=symbol[:3],
            quote=symbol[3:],
            kind="spot" if venue == "binance" else "perpetual",
            tick_size=tick_size,
            lot_size=lot_size,
        )
        for symbol, (tick_size, lot_size) in steps.items()
    ]


@pytest.mark.parametrize("recording", HFT, ids=lambda recording: recording.file)
def test_a_binance_stream_builds_the_golden_book(tmp_path: Path, recording: Recording) -> None:
    trace = golden(recording.traces["BTCUSDT"])
    instrument = BTCUSDT if recording.venue == "binance" else PERP
    imported = import_binance_stream([shared_data("books", recording.file)], tmp_path / "journal")

    lines, complaints = checkpoints_of(
        tmp_path / "journal", building(recording.venue, [instrument]), every=every_of(trace)
    )

    assert imported.instruments == (instrument.id,)
    assert complaints == []
    assert [comparable(json.loads(line)) for line in lines] == [comparable(line) for line in trace]


@pytest.mark.parametrize("recording", CRYPTOFEED, ids=lambda recording: recording.file)
def test_a_cryptofeed_recording_builds_the_golden_books(tmp_path: Path, recording: Recording) -> None:
    path = shared_data("books", recording.file)
    instruments = recorded_instruments(path, recording.venue, list(recording.traces))
    imported = import_cryptofeed([path], tmp_path / "journal")
    assert sorted(imported.instruments) == sorted(instrument.id for instrument in instruments)

    for instrument in instruments:
        trace = golden(recording.traces[instrument.venue_symbol])
        lines, complaints = checkpoints_of(
            tmp_path / "journal", building(recording.venue, instruments), every=every_of(trace)
        )
        ours = [json.loads(line) for line in lines]
        assert complaints == []
        assert [comparable(line) for line in ours if line["instrument"] == instrument.id] == [
            comparable(line) for line in trace
        ]
