"""Journals of a figure and of a book whose prices change at planted moments after it."""

from collections.abc import Mapping
from pathlib import Path

from signald.core.board import Board
from signald.core.book import Book
from signald.journal.session import Session, session_record
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos
from signald.pipeline import Pipeline
from signald.sources.calendars.mqtt.source import MqttCalendar
from signald.sources.venues.binance.config import BinanceConfig, snapshot_key
from signald.sources.venues.binance.source import BinanceSource
from tests.support.binance_wire import Levels, depth, snapshot
from tests.support.calendar import (
    CPI_JANUARY,
    DAY,
    INDICATORS,
    T0,
    heartbeat_payload,
    release_payload,
    schedule_payload,
)
from tests.support.engine import build_engine
from tests.support.instruments import BTCUSDT, ETHUSDT
from tests.support.journals import write_journal

SOURCE_LATE_MS = 40.0
"""From the source's own time of the figure until it came."""

FRAME_LATE_MS = 7.0
"""Likewise of each frame of the book."""

BEFORE = ((("95000.00", "1"), ("94990.00", "9")), (("95010.00", "1"), ("95020.00", "9")))
"""Bids and asks until something changes: mid 95,005."""


def build_market_pipeline() -> Pipeline:
    """The engine of :mod:`tests.support.engine` over Binance's books; prices above consensus: bitcoin down."""
    instruments = (BTCUSDT, ETHUSDT)
    board = Board([one.id for one in instruments])
    books = [Book(instrument, board.writer_row(number)) for number, instrument in enumerate(instruments)]
    venues = {"binance": BinanceSource(BinanceConfig(instruments=tuple(one.id for one in instruments)), books)}
    return Pipeline(engine=build_engine(), board=board, venues=venues, calendar=MqttCalendar(INDICATORS))


def write_market(
    folder: Path,
    changes: Mapping[float, tuple[Levels, Levels]],
    *,
    actual: float = 3.1,
    corrected: Mapping[float, float] | None = None,
) -> list[Path]:
    """A journal of the book and one of the calendar, the figure :data:`SOURCE_LATE_MS` after T0.

    Args:
        folder: Where both are written.
        changes: Milliseconds after the figure's arrival → changes of bids and asks that arrive then.
        actual: The figure; consensus is 2.9.
        corrected: Milliseconds after the figure's arrival → what it is corrected to then.
    """
    arrival = T0 + round(SOURCE_LATE_MS * NS_PER_MS)
    begin = T0 - 2 * NS_PER_S
    books = [
        Record(RecordKind.CONNECTED, begin, "binance", "", b""),
        Record(RecordKind.RESPONSE, begin, "binance", snapshot_key("BTCUSDT"), snapshot(100, *BEFORE)),
    ]
    moments: dict[Nanos, tuple[Levels, Levels]] = {begin + NS_PER_MS: ((), ())}
    moments |= {arrival + round(after * NS_PER_MS): levels for after, levels in changes.items()}
    for number, (ts, (bids, asks)) in enumerate(sorted(moments.items()), start=101):
        own = round((ts - FRAME_LATE_MS * NS_PER_MS) / NS_PER_MS)
        books.append(Record(RecordKind.FRAME, ts, "binance", "", depth(number, number, bids, asks, E=own)))
    calendar = [
        _message(T0 - DAY, f"calendar/schedule/{CPI_JANUARY}/bls", schedule_payload()),
        _message(T0 - NS_PER_S, "heartbeat/bls", heartbeat_payload()),
        _message(arrival, f"calendar/release/{CPI_JANUARY}/bls", release_payload(actual=actual)),
    ]
    for sequence, (after, figure) in enumerate((corrected or {}).items(), start=10):
        payload = release_payload(actual=figure, kind="correction", sequence=sequence)
        calendar.append(_message(arrival + round(after * NS_PER_MS), f"calendar/release/{CPI_JANUARY}/bls", payload))
    return [
        _import(folder / "books", books, instruments=(BTCUSDT.id,)),
        _import(folder / "calendar", calendar, instruments=()),
    ]


def _message(ts: Nanos, topic: str, payload: bytes) -> Record:
    return Record(RecordKind.MESSAGE, ts, "mqtt", topic, payload)


def _import(path: Path, records: list[Record], *, instruments: tuple[str, ...]) -> Path:
    session = session_record(Session(mode="import", instruments=instruments), records[0].ts_ingest)
    return write_journal(path, [session, *records])
