"""Reads the contract's calendar topics: one message in, one event or one rejection out."""

from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import unquote

import msgspec

from signald.errors import MalformedFrameError
from signald.model.events import Event
from signald.model.figures import parse_figure
from signald.model.macro import (
    Heartbeat,
    Indicator,
    IndicatorId,
    Release,
    ReleaseKind,
    ScheduledRelease,
    Unit,
)
from signald.model.notices import Rejected
from signald.model.time import Nanos, parse_rfc3339
from signald.sources.calendars.mqtt.messages import Figure, HeartbeatMessage, ReleaseMessage, ScheduleMessage
from signald.sources.protocol import Step

TOPICS = ("calendar/schedule/+/+", "calendar/release/+/+", "heartbeat/+")
"""What to subscribe to, below the prefix."""

MAX_PAYLOAD_BYTES = 65_536
"""A calendar message is a few hundred bytes; what is larger is refused unread."""

_Message = TypeVar("_Message", ScheduleMessage, ReleaseMessage, HeartbeatMessage)


class _UnknownIndicatorError(MalformedFrameError):
    """The message is well-formed but about a series that is not configured."""


class MqttCalendar:
    """The calendar as MQTT messages; holds no state but its indicators."""

    def __init__(self, indicators: Mapping[IndicatorId, Indicator]) -> None:
        """Take the indicators that may be spoken of, by id."""
        self._indicators = indicators
        self._schedules = msgspec.json.Decoder(ScheduleMessage)
        self._releases = msgspec.json.Decoder(ReleaseMessage)
        self._heartbeats = msgspec.json.Decoder(HeartbeatMessage)

    def on_message(self, topic: str, payload: bytes, now: Nanos) -> Step:
        """Read one message; whatever cannot be read becomes a :class:`Rejected`, never an exception."""
        try:
            return Step((self._event(topic, payload, now),))
        except _UnknownIndicatorError as error:
            reason = "unknown_indicator"
            field, problem = error.field, error.problem
        except MalformedFrameError as error:
            reason = "malformed_message" if error.field != "topic" else "unknown_topic"
            field, problem = error.field, error.problem
        return Step((Rejected(channel=topic, reason=reason, field=field, problem=problem, ts_ingest=now),))

    def _event(self, topic: str, payload: bytes, now: Nanos) -> Event:
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise MalformedFrameError(topic, "", f"{len(payload)} bytes are more than {MAX_PAYLOAD_BYTES}")
        parts = [unquote(part) for part in topic.split("/")]
        match parts:
            case ["calendar", "schedule", release_id, source]:
                return self._schedule(topic, release_id, source, payload=payload, now=now)
            case ["calendar", "release", release_id, source]:
                return self._release(topic, release_id, source, payload=payload, now=now)
            case ["heartbeat", source]:
                return self._heartbeat(topic, source, payload=payload, now=now)
            case _:
                raise MalformedFrameError(topic, "topic", f"{topic!r} is not a topic of the calendar")

    def _schedule(self, topic: str, release_id: str, source: str, *, payload: bytes, now: Nanos) -> ScheduledRelease:
        """``calendar/schedule/us.cpi.yoy:2025-01/bls``.

        ``{"release_id":"us.cpi.yoy:2025-01","indicator":"us.cpi.yoy","period":"2025-01","source":"bls","consensus":2.9,
        "prior":2.9,"ts_scheduled":"2025-02-12T13:30:00Z","sequence":1739000000000000000,"ts_event":"2025-02-08T07:33:20Z"}``
        """
        message = _decode(self._schedules.decode, payload, topic)
        _require_same(topic, "release_id", message.release_id, release_id)
        _require_same(topic, "source", message.source, source)
        indicator = self._indicator(topic, release_id)
        _require_same(topic, "indicator", message.indicator, indicator.id)
        _require_same(topic, "period", message.period, release_id.split(":")[1])
        unit = indicator.unit
        return ScheduledRelease(
            release_id=release_id,
            indicator=message.indicator,
            period=message.period,
            ts_scheduled=_time(topic, "ts_scheduled", message.ts_scheduled),
            consensus=_figure(topic, "consensus", message.consensus, unit),
            prior=_figure(topic, "prior", message.prior, unit),
            source=source,
            sequence=message.sequence,
            ts_event=_time(topic, "ts_event", message.ts_event),
            ts_ingest=now,
            state=message.state,
            consensus_low=_figure(topic, "consensus_low", message.consensus_low, unit),
            consensus_high=_figure(topic, "consensus_high", message.consensus_high, unit),
            consensus_std=_figure(topic, "consensus_std", message.consensus_std, unit),
            consensus_n=message.consensus_n,
        )

    def _release(self, topic: str, release_id: str, source: str, *, payload: bytes, now: Nanos) -> Release:
        """``calendar/release/us.cpi.yoy:2025-01/bls``.

        ``{"release_id":"us.cpi.yoy:2025-01","actual":3.0,"source":"bls","sequence":1739367000000000000,"kind":"first",
        "ts_event":"2025-02-12T13:30:00Z"}``
        """
        message = _decode(self._releases.decode, payload, topic)
        _require_same(topic, "release_id", message.release_id, release_id)
        _require_same(topic, "source", message.source, source)
        unit = self._indicator(topic, release_id).unit
        if message.actual is None and message.kind is not ReleaseKind.RETRACTION:
            raise MalformedFrameError(topic, "actual", f"is missing in a message of kind {message.kind.value!r}")
        return Release(
            release_id=release_id,
            actual=_figure(topic, "actual", message.actual, unit),
            kind=message.kind,
            source=source,
            sequence=message.sequence,
            ts_event=_time(topic, "ts_event", message.ts_event),
            ts_ingest=now,
            revised_prior=_figure(topic, "revised_prior", message.revised_prior, unit),
            components=_components(topic, message.components, unit),
        )

    def _heartbeat(self, topic: str, source: str, *, payload: bytes, now: Nanos) -> Heartbeat:
        """``heartbeat/bls``.

        ``{"source":"bls","ts_event":"2025-02-12T13:29:58Z","sequence":1739366998000000000,"covers":["us.*"]}``
        """
        message = _decode(self._heartbeats.decode, payload, topic)
        _require_same(topic, "source", message.source, source)
        ts_event = _time(topic, "ts_event", message.ts_event)
        return Heartbeat(
            source=source, sequence=message.sequence, ts_event=ts_event, ts_ingest=now, covers=message.covers
        )

    def _indicator(self, topic: str, release_id: str) -> Indicator:
        parts = release_id.split(":")
        if len(parts) not in {2, 3} or not all(parts):
            raise MalformedFrameError(topic, "release_id", f"{release_id!r} is not INDICATOR:PERIOD[:STAGE]")
        found = self._indicators.get(parts[0])
        if found is None:
            raise _UnknownIndicatorError(topic, "indicator", f"{parts[0]!r} is not configured")
        return found


def _decode(decode: Callable[[bytes], _Message], payload: bytes, topic: str) -> _Message:
    try:
        return decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        text, _, path = str(error).partition(" - at `$")
        raise MalformedFrameError(topic, path.rstrip("`").lstrip("."), text) from error


def _require_same(topic: str, field: str, given: str, expected: str) -> None:
    if given != expected:
        raise MalformedFrameError(topic, field, f"{given!r} contradicts the topic's {expected!r}")


def _time(topic: str, field: str, text: str) -> Nanos:
    try:
        return parse_rfc3339(text)
    except ValueError as error:
        raise MalformedFrameError(topic, field, str(error)) from error


def _figure(topic: str, field: str, value: Figure | None, unit: Unit) -> float | None:
    if value is None:
        return None
    try:
        return parse_figure(value, unit)
    except ValueError as error:
        raise MalformedFrameError(topic, field, str(error)) from error


def _components(topic: str, components: dict[str, Figure], unit: Unit) -> dict[str, float]:
    read: dict[str, float] = {}
    for name, value in components.items():
        figure = _figure(topic, f"components.{name}", value, unit)
        if figure is not None:
            read[name] = figure
    return read
