import json
from pathlib import Path

import pytest

from signald.errors import ImportFormatError
from signald.journal.reader import read
from signald.journal.session import Session, read_session
from signald.model.records import Record, RecordKind
from signald.replay.importers.cryptofeed import import_cryptofeed
from signald.replay.importers.sightings import listed
from tests.support.shared_data import shared_data

ADDRESS = "wss://stream.binance.com:9443/stream?streams=nknusdt@depth@100ms/blzeth@depth@100ms/nknusdt@bookTicker"
INFO_URL = "https://api.binance.com/api/v3/exchangeInfo"
DEPTH_URL = "https://api.binance.com/api/v3/depth?symbol=NKNUSDT&limit=1000"
LINES = [
    {"t": "header", "format": 2, "exchange": "BINANCE", "config": {"l2_book": ["NKN-USDT"]}},
    {"t": "http", "conn": "B.http", "ts": 1633998511.132921, "url": INFO_URL, "data": "{}"},
    {"t": "http", "conn": "B.http", "ts": 1633998512.32, "url": DEPTH_URL, "data": '{"lastUpdateId":7}'},
    {"t": "connect", "conn": "B.ws.1", "ts": 1633998511.159679, "addr": ADDRESS},
    {"t": "send", "conn": "B.ws.1", "ts": 1633998511.2, "addr": ADDRESS, "data": "{}"},
    {"t": "recv", "conn": "B.ws.1", "ts": 1633998512.0633569, "data": '{"first":"µ"}'},
    {"t": "recv", "conn": "B.ws.1", "ts": 1633998513, "data": '{"second":1}'},
]
S = 1_000_000_000


def recording(path: Path, lines: list[dict[str, object]]) -> Path:
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    return path


def imported(tmp_path: Path, *sources: Path, channels: dict[str, str] | None = None) -> list[Record]:
    import_cryptofeed(sources, tmp_path / "journal", channels=channels)
    return list(read(tmp_path / "journal"))


def test_what_happened_stands_in_order_of_time(tmp_path: Path) -> None:
    session, *records = imported(tmp_path, recording(tmp_path / "file", LINES))

    names = ("NKNUSDT.BINANCE", "BLZETH.BINANCE")
    assert read_session(session) == Session(
        mode="import",
        instruments=names,
        channels={"binance": names},
        steps=(listed("binance", "NKNUSDT"), listed("binance", "BLZETH")),
    )
    assert records == [
        Record(RecordKind.CONNECTED, 1633998511_159679000, "binance", "", b""),
        Record(RecordKind.FRAME, 1633998512_063356900, "binance", "", '{"first":"µ"}'.encode()),
        Record(RecordKind.RESPONSE, 1633998512_320000000, "binance", "snapshot:NKNUSDT", b'{"lastUpdateId":7}'),
        Record(RecordKind.FRAME, 1633998513 * S, "binance", "", b'{"second":1}'),
    ]


def test_what_was_sent_and_other_answers_are_counted(tmp_path: Path) -> None:
    result = import_cryptofeed([recording(tmp_path / "file", LINES)], tmp_path / "journal")

    assert result.skipped == {"sent": 1, "answers": 1}
    assert result.records == 4


def test_a_second_connect_ends_the_first(tmp_path: Path) -> None:
    again = {"t": "connect", "conn": "B.ws.1", "ts": 1633998514.5, "addr": ADDRESS}

    records = imported(tmp_path, recording(tmp_path / "file", [*LINES, again]))

    assert [(record.kind, record.ts_ingest) for record in records[-2:]] == [
        (RecordKind.DISCONNECTED, 1633998514_500000000),
        (RecordKind.CONNECTED, 1633998514_500000000),
    ]


def test_each_connection_has_a_channel_and_they_are_interleaved(tmp_path: Path) -> None:
    other = [{**line, "conn": "B.ws.2", "ts": float(str(line["ts"])) + 0.5} for line in LINES[3:]]

    records = imported(tmp_path, recording(tmp_path / "file", [*LINES, *other]))

    assert [record.channel for record in records if record.kind is RecordKind.FRAME] == [
        "binance",
        "binance.2",
        "binance",
        "binance.2",
    ]
    times = [record.ts_ingest for record in records]
    assert times == sorted(times)


def test_a_channel_may_be_given_a_name(tmp_path: Path) -> None:
    records = imported(tmp_path, recording(tmp_path / "file", LINES), channels={"B.ws.1": "spot"})

    assert {record.channel for record in records if record.kind is RecordKind.FRAME} == {"spot"}


def test_the_older_form_is_text(tmp_path: Path) -> None:
    (tmp_path / "ws.0").write_text(
        "wss://api.dydx.exchange/v3/ws <-> 1635444230.6206012\n"
        'wss://api.dydx.exchange/v3/ws <- 1635444230.754465: {"type":"subscribe"}\n'
        '1635444230.755609: {"type":"connected"}\n'
    )
    (tmp_path / "markets.0").write_text('https://api.dydx.exchange/v3/markets -> 1635444230.618571: {"markets":{}}\n')

    result = import_cryptofeed([tmp_path / "ws.0", tmp_path / "markets.0"], tmp_path / "journal")

    assert list(read(tmp_path / "journal"))[1:] == [
        Record(RecordKind.CONNECTED, 1635444230_620601200, "dydx_v3", "", b""),
        Record(RecordKind.FRAME, 1635444230_755609000, "dydx_v3", "", b'{"type":"connected"}'),
    ]
    assert result.skipped == {"answers": 1, "sent": 1}


@pytest.mark.parametrize(
    "line",
    [
        "no line at all",
        '{"t":"recv","conn":"B.ws.1","ts":"soon","data":"{}"}',
        '{"t":"whisper","conn":"B.ws.1","ts":1,"data":"{}"}',
        '{"t":"recv","conn":"B.ws.1","ts":1',
    ],
)
def test_a_line_of_another_form_is_named(tmp_path: Path, line: str) -> None:
    source = recording(tmp_path / "file", LINES)
    source.write_text(source.read_text() + line + "\n")

    with pytest.raises(ImportFormatError, match="file:8: not a line of a cryptofeed recording"):
        imported(tmp_path, source)


def test_a_venue_that_is_not_known_is_an_error(tmp_path: Path) -> None:
    connect = {"t": "connect", "conn": "X.ws.1", "ts": 1633998514.5, "addr": "wss://example.org/ws"}

    with pytest.raises(ImportFormatError, match=r"'wss://example\.org/ws' is of no venue we know"):
        imported(tmp_path, recording(tmp_path / "file", [connect]))


@pytest.mark.parametrize(
    ("files", "frames", "channels"),
    [
        (["bybit/cf_BYBIT.jsonl.zst"], 3_227, {"bybit", "bybit.2"}),
        (["coinbase/cf_COINBASE.jsonl.zst"], 1_030, {"coinbase"}),
        (["kraken/cf_KRAKEN.jsonl.zst"], 4_430, {"kraken_v1", "kraken_v1.2", "kraken_v1.3"}),
        (["kraken/cf_KRAKEN_FUTURES.jsonl.zst"], 7_175, {"kraken_futures"}),
        (["okx/cf_OKX.jsonl.zst"], 410, {"okx"}),
        (["dydx/cf_DYDX_v3.ws.1.0", "dydx/cf_DYDX_v3_markets.0"], 4_733, {"dydx_v3"}),
    ],
)
def test_every_frame_of_a_real_recording_is_there(
    tmp_path: Path, files: list[str], frames: int, channels: set[str]
) -> None:
    records = imported(tmp_path, *(shared_data("books", file) for file in files))

    received = [record for record in records if record.kind is RecordKind.FRAME]
    assert len(received) == frames
    assert {record.channel for record in received} == channels
    times = [record.ts_ingest for record in records]
    assert times == sorted(times)
