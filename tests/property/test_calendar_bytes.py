"""Whatever bytes come on whatever topic: one event or one rejection, and a rejection changes nothing."""

import json

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from signald.core.engine import Engine
from signald.model.macro import ReleaseKind, ScheduleState
from signald.model.notices import Rejected
from signald.model.signals import Signal
from signald.model.time import format_rfc3339
from signald.sinks.encoding import encode_data
from signald.sources.calendars.mqtt.source import MqttCalendar
from tests.support.calendar import (
    CPI_JANUARY,
    INDICATORS,
    T0,
    figure,
    heartbeat,
    heartbeat_payload,
    release_payload,
    schedule_payload,
    scheduled,
)
from tests.support.engine import ROWS, build_engine, tell

NOW = T0 + 1_000_000_000
CALENDAR = MqttCalendar(INDICATORS)

names = st.sampled_from(["bls", "wire", "a%2Fb", "a/b", "", "%FF", "\ud800", "+"]) | st.text(max_size=5)
release_ids = st.sampled_from([CPI_JANUARY, "us.gdp.qoq:2025-Q1:advance", "us.magic:2025-01", "us.cpi.yoy"]) | names
topics = (
    st.builds("calendar/{}/{}/{}".format, st.sampled_from(["schedule", "release", "x"]), release_ids, names)
    | st.builds("heartbeat/{}".format, names)
    | st.text(max_size=30)
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**400), max_value=10**400)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["256K", "0.029", "\u22120.4%", "1e999", "n/a", "first", "test", "bls", CPI_JANUARY])
    | st.sampled_from([*ReleaseKind, *ScheduleState])
    | st.integers(0, 2**62).map(format_rfc3339)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


@st.composite
def bent(draw: st.DrawFn) -> tuple[str, bytes]:
    """A message that was well-formed until some of its fields were replaced, dropped, or its bytes cut and changed."""
    topic, payload = draw(
        st.sampled_from(
            [
                (f"calendar/schedule/{CPI_JANUARY}/bls", schedule_payload(sequence=20)),
                (f"calendar/release/{CPI_JANUARY}/bls", release_payload(sequence=20)),
                ("heartbeat/bls", heartbeat_payload(sequence=T0 + 1)),
            ]
        )
    )
    fields: dict[str, object] = json.loads(payload)
    for name in draw(st.lists(st.sampled_from(sorted(fields)), max_size=2)):
        if draw(st.booleans()):
            fields[name] = draw(values)
        else:
            fields.pop(name, None)
    encoded = json.dumps(fields).encode()
    if draw(st.integers(0, 3)) == 0:
        place = draw(st.integers(0, len(encoded)))
        encoded = encoded[:place] + draw(st.binary(max_size=3)) + encoded[place + draw(st.integers(0, 2)) :]
    return topic, encoded


def fingerprint(engine: Engine) -> bytes:
    """All that an engine remembers, as text."""
    return repr((dict(engine.windows), engine.sources, engine.next_deadline())).encode("utf-8", "backslashreplace")


@settings(max_examples=200)
@given(st.tuples(topics, st.binary(max_size=60) | values.map(lambda one: json.dumps(one).encode())) | bent())
def test_any_message_is_one_event_or_one_rejection_and_never_more(message: tuple[str, bytes]) -> None:
    engine = build_engine()
    tell(engine, scheduled(), heartbeat(), figure())
    before = fingerprint(engine)

    [event] = CALENDAR.on_message(*message, NOW).events

    if isinstance(event, Rejected):
        assert event.ts_ingest == NOW
        assert len(event.channel) + len(event.field) + len(event.problem) < 2_000
        assert msgspec.json.decode(msgspec.json.encode(event), type=Rejected) == event
        assert fingerprint(engine) == before
        return
    for output in engine.handle(event, ROWS):
        assert encode_data(output) if isinstance(output, Signal) else msgspec.json.encode(output)
        if isinstance(output, Rejected):
            assert fingerprint(engine) == before or output.reason in {"conflict", "implausible"}
