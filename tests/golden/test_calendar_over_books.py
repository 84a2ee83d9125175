"""A calendar laid over recorded books: the figure is scored against the book of that very instant."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from signald.core.board import Board
from signald.core.book import Book
from signald.journal.reader import merge_placed, read
from signald.model.signals import Signal
from signald.model.time import NS_PER_MS, Nanos, parse_rfc3339
from signald.pipeline import Output, Pipeline
from signald.replay.driver import Driver, first_session, replay, signals
from signald.replay.importers.binance_stream import import_binance_stream
from signald.replay.importers.calendar_csv import import_calendar_csv
from signald.replay.importers.recording import read_lines
from signald.sinks.encoding import encode_data
from signald.sources.calendars.mqtt.source import MqttCalendar
from signald.sources.venues.binance.config import BinanceConfig
from signald.sources.venues.binance.source import BinanceSource
from tests.support.calendar import INDICATORS
from tests.support.engine import INSTRUMENTS, build_engine
from tests.support.instruments import BTCUSDT
from tests.support.shared_data import shared_data

pytestmark = pytest.mark.timeout(60)  # minutes of a market, on a machine that may be busy

RECORDING = ("books", "binance_spot", "hft_btcusdt_20240808.gz")
DELAY_NS = 40 * NS_PER_MS
MINUTES = ("2024-08-08T23:55:00Z", "2024-08-08T23:57:00Z", "2024-08-08T23:59:59Z")


def build_pipeline() -> Pipeline:
    names = tuple(instrument.id for instrument in INSTRUMENTS)
    board = Board(names)
    books = [Book(instrument, board.writer_row(number)) for number, instrument in enumerate(INSTRUMENTS)]
    venues = {"binance": BinanceSource(BinanceConfig(instruments=names), books)}
    return Pipeline(engine=build_engine(), board=board, venues=venues, calendar=MqttCalendar(INDICATORS))


@pytest.fixture(scope="module")
def recorded_books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "books"
    import_binance_stream([shared_data(*RECORDING)], path)
    return path


def replayed(books: Path, tmp_path: Path, minute: str) -> list[Signal]:
    calendar = tmp_path / "calendar.csv"
    calendar.write_text(
        f"ts_scheduled,indicator,period,actual,consensus,prior\n{minute},us.cpi.yoy,2024-07,3.0,2.9,2.9\n"
    )
    import_calendar_csv([calendar], tmp_path / "calendar", INDICATORS)
    return list(signals(replay([books, tmp_path / "calendar"], build_pipeline)))


def reference_touch(until: Nanos) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Best bid and its size, best ask and its size, by Binance's own instructions and nothing of ours.

    https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams: drop what is older than the snapshot,
    apply the rest in order. The touch is the ticker's where its update is newer than the depth's.
    """
    sides: dict[str, dict[Decimal, Decimal]] = {"b": {}, "a": {}}
    kept: list[dict[str, object]] = []
    last = 0
    ticker: dict[str, object] = {"u": 0}
    for _, line in read_lines(shared_data(*RECORDING)):
        stamp, _, body = line.partition(b" ")
        if int(stamp) > until:
            break
        message = json.loads(body)
        if "lastUpdateId" in message:
            last = message["lastUpdateId"]
            sides = {side: levels(message[name]) for side, name in (("b", "bids"), ("a", "asks"))}
            changes = kept
        elif message["stream"].endswith("bookTicker"):
            ticker = message["data"]
            continue
        elif message["data"]["e"] == "depthUpdate":
            kept.append(message["data"])
            changes = kept[-1:] if last else []
        else:
            continue
        for change in changes:
            if int(str(change["u"])) > last:
                last = int(str(change["u"]))
                for side, book in sides.items():
                    book.update(levels(change[side]))
    touches = [
        best(sides["b"], max) if last >= int(str(ticker["u"])) else (number(ticker["b"]), number(ticker["B"])),
        best(sides["a"], min) if last >= int(str(ticker["u"])) else (number(ticker["a"]), number(ticker["A"])),
    ]
    return (*touches[0], *touches[1])


def levels(pairs: object) -> dict[Decimal, Decimal]:
    assert isinstance(pairs, list)
    return {Decimal(price): Decimal(size) for price, size in pairs}


def best(side: dict[Decimal, Decimal], better: object) -> tuple[Decimal, Decimal]:
    assert callable(better)
    price = better(price for price, size in side.items() if size)
    return price, side[price]


def number(text: object) -> Decimal:
    return Decimal(str(text))


@pytest.mark.parametrize("minute", MINUTES)
def test_a_figure_is_scored_against_the_book_of_its_instant(recorded_books: Path, tmp_path: Path, minute: str) -> None:
    ts = parse_rfc3339(minute) + DELAY_NS
    bid, bid_size, ask, ask_size = reference_touch(ts)

    said = replayed(recorded_books, tmp_path, minute)

    release = next(signal for signal in said if signal.kind == "release" and signal.instrument == BTCUSDT.id)
    book = release.book
    assert book is not None
    assert (release.ts_ingest, release.ts_scheduled) == (ts, parse_rfc3339(minute))
    assert (book.bid, book.ask) == (float(bid), float(ask))
    assert book.mid == pytest.approx(float(bid + ask) / 2, rel=1e-12)
    microprice = (bid * ask_size + ask * bid_size) / (bid_size + ask_size)
    assert book.microprice == pytest.approx(float(microprice), rel=1e-12)
    assert release.causes[0].surprise == pytest.approx(0.1)
    assert "silent_source" not in release.flags
    assert "stale_book" not in release.flags


def test_two_replays_give_the_same_bytes(recorded_books: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()

    one, two = (
        [encode_data(signal) for signal in replayed(recorded_books, tmp_path / name, MINUTES[1])]
        for name in ("one", "two")
    )

    assert one == two
    assert len(one) >= 2


def test_frames_fed_in_strides_say_what_they_say_one_by_one(recorded_books: Path, tmp_path: Path) -> None:
    (tmp_path / "calendar.csv").write_text(
        "ts_scheduled,indicator,period,actual,consensus,prior\n"
        + "".join(f"{minute},us.cpi.yoy,2024-0{month},3.0,2.9,2.9\n" for month, minute in enumerate(MINUTES, start=5))
    )
    import_calendar_csv([tmp_path / "calendar.csv"], tmp_path / "calendar", INDICATORS)
    paths = [recorded_books, tmp_path / "calendar"]
    built: list[Pipeline] = []

    def build() -> Pipeline:
        built.append(build_pipeline())
        return built[-1]

    opened = [first_session(read(path), path) for path in paths]
    driver = Driver([session for session, _ in opened], build)
    apart: list[Output] = []
    records = 0
    for _, place, record in merge_placed(records for _, records in opened):
        for each in driver.feed(record, place):
            apart += each.fed.outputs
            records += each.records
    together = list(replay(paths, build))

    assert [output for each in together for output in each.fed.outputs] == apart
    assert sum(each.records for each in together) == records
    assert len(together) < records / 10
    assert built[0].board.read().tobytes() == built[1].board.read().tobytes()
