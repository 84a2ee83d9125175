"""Reads the contract's calendar topics: one message in, one event or one rejection out."""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import unquote

import msgspec

from signald.errors import MalformedFrameError
from signald.model.control import EVERYTHING, Control
from signald.model.events import Event
from signald.model.macro import Heartbeat, Indicator, IndicatorId, Release, ReleaseKind, ScheduledRelease, SettledFigure
from signald.model.movers import Remembered
from signald.model.notices import Rejected
from signald.model.time import Nanos
from signald.sources.calendars.mqtt.expectations import read_expectations
from signald.sources.calendars.mqtt.fields import (
    decode_message,
    is_name,
    read_components,
    read_figure,
    read_past_time,
    read_release_id,
    read_spread,
    read_time,
    require_same,
    require_source,
    shown,
)
from signald.sources.calendars.mqtt.messages import (
    ControlMessage,
    ExpectationsMessage,
    HeartbeatMessage,
    PolicyMessage,
    ReferenceMessage,
    ReleaseMessage,
    RememberedMessage,
    ScheduleMessage,
    SettledMessage,
)
from signald.sources.calendars.mqtt.news import read_policy, read_reference
from signald.sources.protocol import Step

TOPICS = (
    *("calendar/schedule/+/+", "calendar/release/+/+", "heartbeat/+", "control/+", "policy/+", "reference/+"),
    "expectations/+",
)
"""What to subscribe to, below the prefix."""

MAX_PAYLOAD_BYTES: Final = 65_536
"""A calendar message is a few hundred bytes; what is larger is refused unread."""

MOST_TOPICS: Final = 1_024
_LONGEST_CHANNEL: Final = 256  # characters of a topic that a rejection repeats


class _UnknownIndicatorError(MalformedFrameError):
    """The message is well-formed but about a series that is not configured."""


class MqttCalendar:
    """The calendar as MQTT messages; holds its indicators, and what need not be done again for a topic heard before."""

    def __init__(self, indicators: Mapping[IndicatorId, Indicator]) -> None:
        """Take the indicators that may be spoken of, by id."""
        self._indicators = indicators
        self._schedules = msgspec.json.Decoder(ScheduleMessage)
        self._releases = msgspec.json.Decoder(ReleaseMessage)
        self._controls = msgspec.json.Decoder(ControlMessage)
        self._policies = msgspec.json.Decoder(PolicyMessage)
        self._references = msgspec.json.Decoder(ReferenceMessage)
        self._expectations = msgspec.json.Decoder(ExpectationsMessage)
        self._remembered = msgspec.json.Decoder(RememberedMessage)
        self._settled = msgspec.json.Decoder(SettledMessage)
        self._heartbeats = msgspec.json.Decoder(HeartbeatMessage)
        self._topics: dict[str, tuple[str, ...]] = {}
        self._by_release: dict[str, Indicator] = {}

    def on_message(self, topic: str, payload: bytes, now: Nanos) -> Step:
        """Read one message; whatever cannot be read becomes a :class:`Rejected`, never an exception."""
        return self._step(self._event, topic, payload, now)

    def on_recalled(self, topic: str, payload: bytes, now: Nanos) -> Step:
        """Read what we wrote down ourselves: any message, and what comes from no broker."""
        return self._step(self._own_event, topic, payload, now)

    def _step(self, read: Callable[[str, bytes, Nanos], Event], topic: str, payload: bytes, now: Nanos) -> Step:
        try:
            return Step((read(topic, payload, now),))
        except _UnknownIndicatorError as error:
            reason = "unknown_indicator"
            field, problem = error.field, error.problem
        except MalformedFrameError as error:
            reason = "malformed_message" if error.field != "topic" else "unknown_topic"
            field, problem = error.field, error.problem
        channel = topic[:_LONGEST_CHANNEL].encode("utf-8", "backslashreplace").decode()
        return Step((Rejected(channel=channel, reason=reason, field=field, problem=problem, ts_ingest=now),))

    def _event(self, topic: str, payload: bytes, now: Nanos) -> Event:
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise MalformedFrameError(topic, "", f"{len(payload)} bytes are more than {MAX_PAYLOAD_BYTES}")
        match self._levels(topic):
            case ("calendar", "schedule", release_id, source):
                return self._schedule(topic, release_id, source, payload=payload, now=now)
            case ("calendar", "release", release_id, source):
                return self._release(topic, release_id, source, payload=payload, now=now)
            case ("heartbeat", source):
                return self._heartbeat(topic, source, payload=payload, now=now)
            case ["control", command]:
                return self._control(topic, command, payload=payload, now=now)
            case ["policy", category]:
                return read_policy(topic, category, decode_message(self._policies.decode, payload, topic), now=now)
            case levels:
                return self._beside(topic, levels, payload=payload, now=now)

    def _beside(self, topic: str, levels: tuple[str, ...], *, payload: bytes, now: Nanos) -> Event:
        """What moves the market beside the figures."""
        match levels:
            case ("expectations", "fed_funds"):
                return read_expectations(topic, decode_message(self._expectations.decode, payload, topic), now=now)
            case ["reference", symbol]:
                return read_reference(topic, symbol, decode_message(self._references.decode, payload, topic), now=now)
            case _:
                raise MalformedFrameError(topic, "topic", f"{shown(topic)} is not a topic of the calendar")

    def _own_event(self, topic: str, payload: bytes, now: Nanos) -> Event:
        match self._levels(topic):
            case ("calendar", "settled", release_id):
                return self._settlement(topic, release_id, payload=payload, now=now)
            case ("movers", "remembered"):
                told = decode_message(self._remembered.decode, payload, topic)
                return Remembered(
                    days=told.days,
                    recoveries=told.recoveries,
                    begun=told.begun,
                    cuts=told.cuts,
                    ts_ingest=now,
                )
            case _:
                return self._event(topic, payload, now)

    def _levels(self, topic: str) -> tuple[str, ...]:
        """A topic's levels, decoded; remembered, since a figure comes on a topic that was heard of before."""
        levels = self._topics.get(topic)
        if levels is None:
            levels = tuple(unquote(level) for level in topic.split("/"))
            if len(self._topics) >= MOST_TOPICS:
                self._topics.clear()
            self._topics[topic] = levels
        return levels

    def _schedule(self, topic: str, release_id: str, source: str, *, payload: bytes, now: Nanos) -> ScheduledRelease:
        """``calendar/schedule/us.cpi.yoy:2025-01/bls``.

        ``{"release_id":"us.cpi.yoy:2025-01","indicator":"us.cpi.yoy","period":"2025-01","source":"bls","consensus":2.9,
        "prior":2.9,"ts_scheduled":"2025-02-12T13:30:00Z","sequence":1739000000000000000,"ts_event":"2025-02-08T07:33:20Z"}``
        """
        message = decode_message(self._schedules.decode, payload, topic)
        require_same(topic, "release_id", message.release_id, release_id)
        require_source(topic, source, message.source)
        indicator = self._indicator(topic, release_id)
        require_same(topic, "indicator", message.indicator, indicator.id)
        require_same(topic, "period", message.period, read_release_id(topic, release_id)[1])
        unit = indicator.unit
        return ScheduledRelease(
            release_id=release_id,
            indicator=message.indicator,
            period=message.period,
            ts_scheduled=read_time(topic, "ts_scheduled", message.ts_scheduled),
            consensus=read_figure(topic, "consensus", message.consensus, unit),
            prior=read_figure(topic, "prior", message.prior, unit),
            source=source,
            sequence=message.sequence,
            ts_event=read_time(topic, "ts_event", message.ts_event),
            ts_ingest=now,
            state=message.state,
            consensus_low=read_figure(topic, "consensus_low", message.consensus_low, unit),
            consensus_high=read_figure(topic, "consensus_high", message.consensus_high, unit),
            consensus_std=read_spread(topic, "consensus_std", message.consensus_std, unit),
            consensus_n=message.consensus_n,
        )

    def _release(self, topic: str, release_id: str, source: str, *, payload: bytes, now: Nanos) -> Release:
        """``calendar/release/us.cpi.yoy:2025-01/bls``.

        ``{"release_id":"us.cpi.yoy:2025-01","actual":3.0,"source":"bls","sequence":1739367000000000000,"kind":"first",
        "ts_event":"2025-02-12T13:30:00Z"}``
        """
        message = decode_message(self._releases.decode, payload, topic)
        require_same(topic, "release_id", message.release_id, release_id)
        require_source(topic, source, message.source)
        unit = self._indicator(topic, release_id).unit
        if message.actual is None and message.kind is not ReleaseKind.RETRACTION:
            raise MalformedFrameError(topic, "actual", f"is missing in a message of kind {message.kind.value!r}")
        return Release(
            release_id=release_id,
            actual=read_figure(topic, "actual", message.actual, unit),
            kind=message.kind,
            source=source,
            sequence=message.sequence,
            ts_event=read_past_time(topic, "ts_event", message.ts_event, now=now),
            ts_ingest=now,
            revised_prior=read_figure(topic, "revised_prior", message.revised_prior, unit),
            components=read_components(topic, message.components, unit),
        )

    def _settlement(self, topic: str, release_id: str, *, payload: bytes, now: Nanos) -> SettledFigure:
        """``calendar/settled/us.cpi.yoy:2025-01``, which comes from no broker: a run recalls what an earlier one knew.

        ``{"release_id":"us.cpi.yoy:2025-01","actual":3.0,"ts_scheduled":1739367000000000000,"ts_known":1739367000150000000}``
        """
        message = decode_message(self._settled.decode, payload, topic)
        require_same(topic, "release_id", message.release_id, release_id)
        self._indicator(topic, release_id)
        return SettledFigure(
            release_id=release_id,
            actual=message.actual,
            ts_scheduled=message.ts_scheduled,
            ts_known=message.ts_known,
            ts_ingest=now,
            components=message.components,
        )

    def _heartbeat(self, topic: str, source: str, *, payload: bytes, now: Nanos) -> Heartbeat:
        """``heartbeat/bls``.

        ``{"source":"bls","ts_event":"2025-02-12T13:29:58Z","sequence":1739366998000000000,"covers":["us.*"]}``
        """
        message = decode_message(self._heartbeats.decode, payload, topic)
        require_source(topic, source, message.source)
        ts_event = read_time(topic, "ts_event", message.ts_event)
        return Heartbeat(
            source=source, sequence=message.sequence, ts_event=ts_event, ts_ingest=now, covers=message.covers
        )

    def _control(self, topic: str, command: str, *, payload: bytes, now: Nanos) -> Control:
        """``control/halt``.

        ``{"command":"halt","target":"*","by":"ops","sequence":1739366998000000000,"reason":"venue in trouble",
        "ts_event":"2025-02-12T13:29:58Z"}``
        """
        message = decode_message(self._controls.decode, payload, topic)
        require_same(topic, "command", message.command, command)
        if not is_name(message.by):
            raise MalformedFrameError(topic, "by", f"{shown(message.by)} is not a name")
        if message.command in {"halt", "resume"} and message.target != EVERYTHING:
            raise MalformedFrameError(topic, "target", f"{shown(message.target)}: {command} is for everything, '*'")
        if message.command == "resume" and not message.reason.strip():
            raise MalformedFrameError(topic, "reason", "is missing: nobody resumes without one")
        return Control(
            command=message.command,
            target=message.target,
            by=message.by,
            sequence=message.sequence,
            reason=message.reason,
            ts_event=read_past_time(topic, "ts_event", message.ts_event, now=now),
            ts_ingest=now,
        )

    def _indicator(self, topic: str, release_id: str) -> Indicator:
        known = self._by_release.get(release_id)
        if known is not None:
            return known
        name, _ = read_release_id(topic, release_id)
        found = self._indicators.get(name)
        if found is None:
            raise _UnknownIndicatorError(topic, "indicator", f"{shown(name)} is not configured")
        if len(self._by_release) >= MOST_TOPICS:
            self._by_release.clear()
        self._by_release[release_id] = found
        return found
