"""What is published by hand is completed and checked before anything is sent."""

import json

import pytest

from signald.app.publishing import prepare
from signald.app.world import load_known_indicators
from signald.config import Config
from signald.errors import MalformedFrameError
from signald.sources.calendars.mqtt.source import MqttCalendar
from tests.support.pools import TOPIC, reserves_state


@pytest.fixture(scope="module")
def calendar() -> MqttCalendar:
    return MqttCalendar(load_known_indicators(Config()))


def test_figure_is_completed_and_goes_to_its_topic(calendar: MqttCalendar) -> None:
    line = b'{"release_id":"us.cpi.yoy:2025-01","actual":"3.0%"}'

    prepared = prepare(line, calendar, where="line 1")

    message = json.loads(prepared.payload)
    assert prepared.topic == "calendar/release/us.cpi.yoy:2025-01/manual"
    assert not prepared.retain
    assert message["kind"] == "first"
    assert message["sequence"] > 0


def test_schedule_is_retained(calendar: MqttCalendar) -> None:
    line = (
        b'{"release_id":"us.cpi.yoy:2025-01","indicator":"us.cpi.yoy","period":"2025-01","source":"a/b",'
        b'"ts_scheduled":"2025-02-12T13:30:00Z","consensus":2.9,"prior":2.9}'
    )

    prepared = prepare(line, calendar, where="line 1")

    assert prepared.topic == "calendar/schedule/us.cpi.yoy:2025-01/a%2Fb"
    assert prepared.retain


def test_a_pools_state_is_retained_as_it_stands(calendar: MqttCalendar) -> None:
    line = json.dumps({"pool": TOPIC} | reserves_state()).encode()

    prepared = prepare(line, calendar, where="line 1")

    assert prepared == (f"pools/{TOPIC}", line, True)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"{", "line 7"),
        (b"[]", "line 7"),
        (b"{}", "line 7: release_id: is missing"),
        (b'{"release_id":"us.cpi.yoy:2025-01","actual":"n/a"}', "line 7: actual: 'n/a'"),
        (b'{"pool":"ethereum/0x88","block":0}', "line 7: block: 0 is not a whole number"),
        (b'{"pool":"ethereum/#"}', "line 7: pool: 'ethereum/#' is not CHAIN/POOL"),
        (b'{"release_id":"xx.unknown:2025-01","actual":1}', "'xx.unknown' is not configured"),
    ],
)
def test_message_that_would_be_refused_is_named_by_line_and_field(
    calendar: MqttCalendar, line: bytes, complaint: str
) -> None:
    with pytest.raises(MalformedFrameError, match=complaint):
        prepare(line, calendar, where="line 7")
