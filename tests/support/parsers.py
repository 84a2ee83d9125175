"""Every parser that bytes from outside reach, but for venues' frames: what it should be given, and how it refuses."""

import base64
import http.client
import json
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import msgspec

from signald.app.status import report_of
from signald.client.entries import SchemaError, UnreadableError, entries_reply, read_entry
from signald.console.web import Order
from signald.errors import ImportFormatError, MalformedFrameError, SinkError
from signald.live.seals import Seals
from signald.model.figures import parse_figure
from signald.model.macro import Unit
from signald.model.notices import Rejected
from signald.model.time import parse_rfc3339
from signald.sinks.encoding import encode_data
from signald.sources.calendars.files.investing import read_feed
from signald.sources.calendars.files.reader import read_calendar
from signald.sources.calendars.forexfactory import read_week
from signald.sources.calendars.ics import read_schedule
from signald.sources.calendars.ics.config import REPORTS
from signald.sources.calendars.mqtt.source import MqttCalendar
from signald.sources.calendars.tradingeconomics import read_change, read_table
from signald.sources.venues.pools.config import PoolsConfig
from signald.sources.venues.pools.source import PoolsDialect
from signald.transports.http_client import parse_response, read_retry_after
from signald.transports.mqtt.arrivals import read_publish
from signald.transports.ntp import build_request, read_answer
from signald.transports.settings import SignaturesConfig, TrustedKey
from tests.support.calendar import (
    CPI_JANUARY,
    T0,
    control_payload,
    heartbeat_payload,
    release_payload,
    schedule_payload,
)
from tests.support.documents import scored_release
from tests.support.feed_truth import INDICATORS
from tests.support.policy import policy_payload
from tests.support.pools import POOL, reserves_state, ticks_state
from tests.support.pools import TOPIC as POOL_TOPIC

_POOLS: Final = PoolsDialect({POOL_TOPIC: POOL}, PoolsConfig(name="pools", instruments=(POOL.id,)))
_TE: Final = {
    "CalendarID": "87220",
    "Date": "2016-12-02T13:30:00",
    "Country": "United States",
    "Category": "Non Farm Payrolls",
    "Event": "Non Farm Payrolls",
    "Reference": "Nov",
    "ReferenceDate": "2016-11-30T00:00:00",
    "Actual": "178K",
    "Previous": "142K",
    "Forecast": "175K",
    "DateSpan": "0",
    "Revised": "161K",
}
_FF: Final = {
    "title": "CPI y/y",
    "country": "USD",
    "date": "2024-05-15T08:30:00-04:00",
    "impact": "High",
    "forecast": "3.4%",
    "previous": "3.5%",
}
_ICS: Final = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART;TZID=America/New_York:20250307T083000\r\n"
    b"SUMMARY:Employment Situation for February 2025\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20250212\r\n"
    b"SUMMARY:Consumer Price\r\n  Index\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
_CSV: Final = (
    b"ts_scheduled,indicator,period,actual,consensus,prior\n2025-02-12T13:30:00Z,us.cpi.yoy,2025-01,3.0,2.9,2.9\n"
    b'2025-03-07T13:30:00Z,us.nfp,2025-02,"151K","160K","1,143K"\n'
)
_PAGE: Final = (
    b"commit_utc,commit,page_date,time_shown,tz_label,currency,importance,event,actual,forecast,previous\n"
    b"2023-07-05T16:39:49Z,613d,2023-07-06,21:00,GMT+8,USD,High,CPI (YoY) (Jun),3.0%,3.1%,4.0%\n"
    b"2023-07-05T17:04:20Z,52c4,2023-07-06,56 min,GMT+8,USD,High,Nonfarm Payrolls (Jun),,225K,339K\n"
)
_HTTP: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 429 Too Many\r\nRetry-After: Fri, 31 Dec 2027 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n[1,2\r\n1\r\n]\r\n0\r\n\r\n",
    b"HTTP/1.0 418 x\r\nRetry-After: 120\r\n\r\nbody",
)


class Parser(NamedTuple):
    """One parser.

    Attributes:
        name: Of its corpus.
        give: Has it take a case; whatever it raises but ``refusals`` is a defect.
        refusals: How it says no.
        seeds: Cases that it takes.
        weight: Its share of all cases.
    """

    name: str
    give: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]
    weight: int = 4


def _on(topic: str, payload: bytes) -> bytes:
    return topic.encode() + b"\0" + payload


def _topic_and_payload(case: bytes) -> tuple[str, bytes]:
    topic, _, payload = case.partition(b"\0")
    return topic.decode("utf-8", "replace"), payload


_MESSAGES: Final = (
    _on(f"calendar/schedule/{CPI_JANUARY}/bls", schedule_payload(consensus_std=0.1, consensus_n=40, state="tentative")),
    _on(f"calendar/release/{CPI_JANUARY}/bls", release_payload(revised_prior="2.8%", components={"food": 1.0})),
    _on(
        "calendar/release/us.nfp:2025-01/a%2Fb",
        release_payload(release_id="us.nfp:2025-01", source="a/b", actual="256K"),
    ),
    _on("heartbeat/bls", heartbeat_payload()),
    _on("control/halt", control_payload()),
    _on("policy/tariff", policy_payload()),
)
_CALENDAR: Final = MqttCalendar(INDICATORS)
_SEALS: Final = Seals(
    SignaturesConfig(
        unsigned="refuse",
        keys=(TrustedKey(id="k", source="bls", public_key=base64.b64encode(bytes(range(32))).decode()),),
    ),
    prefix="signald/v1",
)


def _calendar_message(case: bytes) -> None:
    topic, payload = _topic_and_payload(case)
    (event,) = _CALENDAR.on_message(topic, payload, T0).events
    if isinstance(event, Rejected):
        raise MalformedFrameError(topic, event.field, event.problem)
    msgspec.json.encode(event)  # the journal and the log will


def _sealed_message(case: bytes) -> None:
    topic, payload = _topic_and_payload(case)
    signature = base64.b64encode(case[:64]).decode() if len(case) % 7 else case[:90].decode("latin-1")
    _SEALS.judge(topic, payload, (("key_id", "k"), ("signature", signature)), T0)


def _figure(case: bytes) -> None:
    text, refusals = case.decode("utf-8", "replace"), list[ValueError]()
    for unit in Unit:
        try:
            parse_figure(text, unit)
        except ValueError as error:
            refusals.append(error)
    if len(refusals) == len(Unit):
        raise refusals[0]


def _publish(case: bytes) -> None:
    for is_v5 in (True, False):
        arrival = read_publish(case, is_v5=is_v5)
        assert arrival is None or 0 < arrival.size <= len(case)


def _entry(case: bytes) -> None:
    fields = dict(part.split(b"=", 1) for part in case.split(b"\0") if b"=" in part)
    read_entry("1-1", fields)


def _entry_seed() -> bytes:
    signal = scored_release(CPI_JANUARY, instrument="BTCUSDT.BINANCE")
    fields: Mapping[bytes, bytes] = {
        b"id": signal.id.encode(),
        b"kind": b"release",
        b"instrument": b"BTCUSDT.BINANCE",
        b"sequence": b"7",
        b"ts_scored": str(T0).encode(),
        b"ts_publish": str(T0).encode(),
        b"late_ms": b"0",
        b"data": encode_data(signal),
    }
    return b"\0".join(name + b"=" + value for name, value in fields.items())


def _http(case: bytes) -> None:
    answer = parse_response(case)
    read_retry_after(answer.retry_after, T0)


def _status(case: bytes) -> None:
    calendar, _, daemon = case.partition(b"\0")
    report_of({"calendar": calendar, "daemon": daemon or b"{}"}, now=T0)


def _reply(case: bytes) -> None:
    """A Redis reply as it comes out of the client's decoder, spelled as JSON."""
    reply = msgspec.json.decode(case, type=list[tuple[str, list[str]]])
    entries_reply([[name.encode(), [one.encode() for one in fields]] for name, fields in reply])


def _time(case: bytes) -> None:
    parse_rfc3339(case.decode("utf-8", "replace"))


def _order(case: bytes) -> None:
    msgspec.json.decode(case, type=Order)


def _ntp(case: bytes) -> None:
    read_answer(case, sent=T0, received=T0 + 9)


def _te_table(case: bytes) -> None:
    read_table(case, INDICATORS)


def _te_stream(case: bytes) -> None:
    read_change(case, INDICATORS)


def _ff_week(case: bytes) -> None:
    read_week(case, INDICATORS)


def _ics(case: bytes) -> None:
    read_schedule(case, INDICATORS, REPORTS)


def _csv(case: bytes) -> None:
    read_calendar(case, INDICATORS, name="x")


def _pool(case: bytes) -> None:
    _POOLS.plainest(POOL_TOPIC.encode() + b" " + case)


def _investing(case: bytes) -> None:
    read_feed([("x", case)], INDICATORS)


_ALL: Final = (
    Parser("calendar", _calendar_message, (MalformedFrameError,), _MESSAGES, weight=12),
    Parser("signatures", _sealed_message, (), _MESSAGES, weight=2),
    Parser("figure", _figure, (ValueError,), (b"3.0", b"0.256M", b"1,234.5", b"-0.4%", b"1e3"), weight=12),
    Parser(
        "time",
        _time,
        (ValueError,),
        (
            b"2025-02-12T13:30:00Z",
            b"2025-02-12t13:30:00.123456789+05:30",
            b"2024-02-29T23:59:60Z",
        ),
        weight=12,
    ),
    Parser(
        "publish",
        _publish,
        (),
        (
            b"\x32\x16\x00\x0dheartbeat/bls\x00\x07\x00{}abc",
            b"\x31\x12\x00\x0dheartbeat/bls\x00{}",
            b"\x32\x22\x00\x0dheartbeat/bls\x00\x07\x0b\x26\x00\x03key\x00\x03abc{}",
        ),
        weight=12,
    ),
    Parser("desk", _entry, (UnreadableError, SchemaError), (_entry_seed(),)),
    Parser("reply", _reply, (ValueError, SinkError), (b'[["1-1",["data","x","id","y"]],["2-0",["a","b"]]]',)),
    Parser(
        "status",
        _status,
        (SinkError,),
        (b'{"now":1,"releases":[],"sources":[{"source":"bls","alive":true,"ts_heard":5}]}\0{"ready":true}',),
    ),
    Parser(
        "order",
        _order,
        (msgspec.DecodeError, UnicodeDecodeError),
        (
            b'{"target":"us.*","reason":"because"}',
            b"{}",
        ),
    ),
    Parser("http", _http, (http.client.HTTPException,), _HTTP),
    Parser(
        "ntp",
        _ntp,
        (MalformedFrameError,),
        (b"\x24\x02" + build_request(T0)[2:24] + build_request(T0)[40:] + build_request(T0)[40:] * 2,),
    ),
    Parser("te_table", _te_table, (MalformedFrameError,), (json.dumps([_TE] * 2).encode(),)),
    Parser(
        "te_stream",
        _te_stream,
        (MalformedFrameError,),
        (
            json.dumps({"topic": "calendar", **{name.lower(): value for name, value in _TE.items()}}).encode(),
            b'{"topic":"keepalive"}',
        ),
    ),
    Parser("ff_week", _ff_week, (MalformedFrameError,), (json.dumps([_FF] * 2).encode(),)),
    Parser("ics", _ics, (MalformedFrameError,), (_ICS,), weight=2),
    Parser("csv", _csv, (ImportFormatError,), (_CSV,), weight=2),
    Parser("investing", _investing, (ImportFormatError,), (_PAGE,), weight=1),
    Parser(
        "pools",
        _pool,
        (MalformedFrameError,),
        (
            json.dumps(reserves_state()).encode(),
            json.dumps(ticks_state()).encode(),
            json.dumps(ticks_state(ticks=[[196_300, str(-2 * 10**18)]], range=[196_210, 196_400])).encode(),
        ),
    ),
)
PARSERS: Final = {parser.name: parser for parser in _ALL}
