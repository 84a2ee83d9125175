"""What is expected of the Federal Reserve, read or refused by name."""

import pytest

from signald.model.expectations import Expectations
from signald.model.notices import Rejected
from signald.sources.calendars.mqtt.source import MqttCalendar
from tests.support.calendar import INDICATORS, T0
from tests.support.expectations import expectations_payload

TOPIC = "expectations/fed_funds"
PRICED = {"p_cut": ..., "p_hold": ..., "p_hike": ..., "implied_cuts_year_end": ..., "rate": 4.0}
DECEMBER = {
    **PRICED,
    "meeting": "2025-12-10",
    "meetings": ["2025-12-10"],
    "prices": {"2025-11": 96.0, "2025-12": 96.25, "2026-01": 96.5},
}


def read(**changes: object) -> object:
    (event,) = MqttCalendar(INDICATORS).on_message(TOPIC, expectations_payload(**changes), T0).events
    return event


def test_what_is_said_outright_is_read() -> None:
    assert read() == Expectations(
        meeting="2025-03-19",
        p_cut=0.03,
        p_hold=0.97,
        p_hike=0.0,
        implied_cuts_year_end=1.4,
        source="cme",
        sequence=9,
        ts_event=T0,
        ts_ingest=T0,
    )


def test_prices_tell_it_by_the_method_of_cme() -> None:
    found = read(**DECEMBER)

    assert isinstance(found, Expectations)
    assert (found.p_cut, found.p_hold, found.p_hike) == pytest.approx((1.0, 0.0, 0.0))
    assert found.implied_cuts_year_end == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": "two words"}, "source"),
        ({"meeting": "2025-02-30"}, "meeting"),
        ({"meeting": "20250319"}, "meeting"),
        ({"p_cut": ...}, "p_cut"),
        ({"implied_cuts_year_end": ...}, "implied_cuts_year_end"),
        ({"p_cut": 1.2}, "p_cut"),
        ({"p_hold": -0.1}, "p_hold"),
        ({"p_cut": 0.5}, "p_cut"),
        ({"p_cut": True}, "p_cut"),
        ({"implied_cuts_year_end": 41}, "implied_cuts_year_end"),
        ({"implied_cuts_year_end": "1.4"}, "implied_cuts_year_end"),
        ({"sequence": -1}, "sequence"),
        ({"ts_event": "2025-02-14T13:30:00Z"}, "ts_event"),
        ({"ts_event": "now"}, "ts_event"),
        ({"prices": {"2025-03": 95.67}, "rate": 4.33}, "p_cut"),
        (DECEMBER | {"rate": ...}, "rate"),
        (DECEMBER | {"prices": {"2025-13": 96.0}}, "prices"),
        (DECEMBER | {"prices": {"2025-12": 4.0}}, "prices"),
        (DECEMBER | {"prices": {}}, "prices"),
        (DECEMBER | {"prices": {"2025-10": 96.0}}, "prices"),
        (DECEMBER | {"meetings": []}, "meetings"),
        (DECEMBER | {"meetings": ["2025-12-10", "2025-12-11"]}, "meetings"),
        (DECEMBER | {"meeting": "2025-10-29", "meetings": ["2025-10-29"], "prices": {"2025-11": 96.0}}, "prices"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(changes: dict[str, object], field: str) -> None:
    found = read(**changes)

    assert isinstance(found, Rejected)
    assert (found.reason, found.field.partition("[")[0].partition(".")[0], found.channel) == (
        "malformed_message",
        field,
        TOPIC,
    )
    assert found.problem


def test_another_topic_of_expectations_is_unknown() -> None:
    (event,) = MqttCalendar(INDICATORS).on_message("expectations/ecb", expectations_payload(), T0).events

    assert isinstance(event, Rejected)
    assert event.reason == "unknown_topic"
