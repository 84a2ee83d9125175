"""Words on what is expected of the Federal Reserve, as events and as MQTT messages."""

import json

from signald.model.expectations import Expectations
from signald.model.time import Nanos, format_rfc3339
from tests.support.calendar import T0


def priced(cuts: float, at: Nanos, **changes: object) -> Expectations:
    """A word of ``cme`` that came, and is of, ``at``; its sequence is that time; with ``changes`` to its fields."""
    fields: dict[str, object] = {
        "meeting": "2025-03-19",
        "p_cut": 0.1,
        "p_hold": 0.9,
        "p_hike": 0.0,
        "implied_cuts_year_end": cuts,
        "source": "cme",
        "sequence": at,
        "ts_event": at,
        "ts_ingest": at,
    }
    return Expectations(**(fields | changes))  # pyright: ignore[reportArgumentType] - the test's own word


def expectations_payload(**changes: object) -> bytes:
    """The contract's message of ``cme`` at T0; a change to ``...`` leaves the field out."""
    fields: dict[str, object] = {
        "source": "cme",
        "sequence": 9,
        "meeting": "2025-03-19",
        "p_cut": 0.03,
        "p_hold": 0.97,
        "p_hike": 0,
        "implied_cuts_year_end": 1.4,
        "ts_event": format_rfc3339(T0),
    }
    return json.dumps({name: one for name, one in (fields | changes).items() if one is not ...}).encode()
