"""What moves the market beside the figures: policy events, and prices of what bitcoin is compared with."""

from signald.errors import MalformedFrameError
from signald.model.movers import Reference
from signald.model.policy import PolicyEvent
from signald.model.time import Nanos
from signald.sources.calendars.mqtt.fields import is_name, read_past_time, require_same, require_source, shown
from signald.sources.calendars.mqtt.messages import PolicyMessage, ReferenceMessage


def read_policy(topic: str, category: str, message: PolicyMessage, *, now: Nanos) -> PolicyEvent:
    """``policy/tariff``.

    ``{"event_id":"wh-20250213-1","sequence":1739469600000000000,"category":"tariff","stance":-0.7,"severity":0.6,
    "headline":"President signs memorandum on reciprocal tariffs","source":"wire",
    "ts_event":"2025-02-13T18:00:00Z","expires_after_s":86400}``

    Raises:
        MalformedFrameError: It makes no sense.
    """
    require_same(topic, "category", message.category, category)
    require_source(topic, message.source, message.source)
    if not is_name(message.event_id):
        raise MalformedFrameError(topic, "event_id", f"{shown(message.event_id)} is not a name")
    return PolicyEvent(
        event_id=message.event_id,
        category=message.category,
        stance=message.stance,
        severity=message.severity,
        headline=message.headline,
        source=message.source,
        sequence=message.sequence,
        ts_event=read_past_time(topic, "ts_event", message.ts_event, now=now),
        ts_ingest=now,
        expires_after_s=message.expires_after_s,
    )


def read_reference(topic: str, symbol: str, message: ReferenceMessage, *, now: Nanos) -> Reference:
    """``reference/NQ``.

    ``{"symbol":"NQ","price":21834.25,"source":"feed","sequence":1739366998000000000,"ts_event":"2025-02-12T13:29:58Z"}``

    Raises:
        MalformedFrameError: It makes no sense.
    """
    require_same(topic, "symbol", message.symbol, symbol)
    require_source(topic, message.source, message.source)
    return Reference(
        symbol=symbol,
        price=message.price,
        source=message.source,
        sequence=message.sequence,
        ts_event=read_past_time(topic, "ts_event", message.ts_event, now=now),
        ts_ingest=now,
    )
