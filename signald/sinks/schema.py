"""What signald says and hears, as JSON Schema 2020-12 and as an AsyncAPI 3 document: from the types that it uses."""

from typing import Any

import msgspec

from signald.model.signals import SCHEMA, Signal
from signald.sources.calendars.mqtt.messages import (
    ControlMessage,
    ExpectationsMessage,
    HeartbeatMessage,
    PolicyMessage,
    ReferenceMessage,
    ReleaseMessage,
    ScheduleMessage,
)
from signald.sources.venues.pools.messages import PoolMessage

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_HEARD = {
    "schedule": ("calendar/schedule/{release_id}/{source}", ScheduleMessage),
    "release": ("calendar/release/{release_id}/{source}", ReleaseMessage),
    "heartbeat": ("heartbeat/{source}", HeartbeatMessage),
    "control": ("control/{command}", ControlMessage),
    "policy": ("policy/{category}", PolicyMessage),
    "expectations": ("expectations/fed_funds", ExpectationsMessage),
    "reference": ("reference/{symbol}", ReferenceMessage),
    "pools": ("pools/{chain}/{pool}", PoolMessage),
}
"""Name → topic below the prefix, payload."""

_SAID = {
    "signals": "{signald}:signals",
    "consumer": "{signald}:consumer:NAME",
    "test": "{signald}:test",
}
"""Name → Redis stream whose entries carry a signal in their field ``data``."""


def json_schema() -> dict[str, Any]:
    """A schema that a signal document validates against; every other payload is among its ``$defs``."""
    types = [Signal, *(payload for _, payload in _HEARD.values())]
    _, components = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    return {
        "$schema": _DIALECT,
        "$id": f"urn:{SCHEMA.replace('/', ':')}",
        "title": "signald: every payload; the document itself is a signal",
        "$ref": "#/$defs/Signal",
        "$defs": components,
    }


def asyncapi(*, version: str, prefix: str) -> dict[str, Any]:
    """The AsyncAPI 3.0.0 document: MQTT topics that are heard, Redis streams that are said."""
    heard = {name: _channel(f"{prefix}/{topic}", payload.__name__) for name, (topic, payload) in _HEARD.items()}
    said = {name: _channel(key, "Signal") for name, key in _SAID.items()}
    operations = {name: _operation(name, "receive") for name in heard} | {
        name: _operation(name, "send") for name in said
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "signald", "version": version},
        "channels": heard | said,
        "operations": operations,
        "components": {"schemas": json_schema()["$defs"]},
    }


def _channel(address: str, payload: str) -> dict[str, Any]:
    message = {"contentType": "application/json", "payload": {"$ref": f"#/components/schemas/{payload}"}}
    return {"address": address, "messages": {payload: message}}


def _operation(channel: str, action: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}
