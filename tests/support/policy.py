"""Policy events to test with, as events and as MQTT messages."""

import json
from typing import Final

from signald.model.policy import PolicyEvent
from signald.model.time import format_rfc3339
from tests.support.calendar import T0

HEADLINE: Final = "President signs memorandum on reciprocal tariffs"


def policy_event(**changes: object) -> PolicyEvent:
    """The tariff memorandum by the wire, heard a second after T0; with ``changes`` to its fields."""
    fields: dict[str, object] = {
        "event_id": "wire-1",
        "category": "tariff",
        "stance": -0.7,
        "severity": 0.5,
        "headline": HEADLINE,
        "source": "wire",
        "sequence": 1,
        "ts_event": T0,
        "ts_ingest": T0 + 1_000_000_000,
        "expires_after_s": 86_400.0,
    }
    return PolicyEvent(**(fields | changes))  # pyright: ignore[reportArgumentType] - the test's own word


def policy_payload(**changes: object) -> bytes:
    """The contract's message of the same; a change to ``...`` leaves the field out."""
    fields: dict[str, object] = {
        "event_id": "wire-1",
        "sequence": 1,
        "category": "tariff",
        "stance": -0.7,
        "severity": 0.5,
        "headline": HEADLINE,
        "source": "wire",
        "ts_event": format_rfc3339(T0),
        "expires_after_s": 86_400,
    }
    return json.dumps({name: one for name, one in (fields | changes).items() if one is not ...}).encode()
