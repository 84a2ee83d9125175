"""Writes open schedules, halts, mutes and the last figures into the journal again: a restart need not read far back."""

from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import unquote

import msgspec

from signald.core.engine import Engine
from signald.model.control import Control
from signald.model.expectations import Expectations
from signald.model.macro import ScheduledRelease, SettledFigure
from signald.model.movers import Remembered
from signald.model.policy import PolicyEvent
from signald.model.time import NS_PER_S, Nanos, format_rfc3339
from signald.pipeline import RECALLED, topic_of

EVERY_NS = 1_800 * NS_PER_S
"""A quarter of what a restart reads: the newest recall before any figure of an open window is always in it."""

MOST_BYTES: Final = 16 << 20
"""Topics and payloads of all that is kept; beyond that the schedule that was first heard of goes first."""

_REMEMBERED_EVERY_NS = 3_600 * NS_PER_S
"""Half of it: these are larger, and an hour less of them is no loss."""


class Recall:
    """Keeps the newest schedule of each topic for as long as its release is open."""

    def __init__(self, engine: Engine) -> None:
        """Take the engine, which knows what is open, what is stopped, what is news, and each series' last figures.

        The first recall is due at once: restarts may be many.
        """
        self._engine = engine
        self._newest: dict[str, tuple[int, bytes]] = {}
        self._bytes = 0
        self._next: Nanos = 0
        self._remember: Nanos = 0

    def heard(self, key: str, payload: bytes, events: Iterable[object]) -> None:
        """A message came, now or in the run before, and said ``events``; only the newest schedule of each is kept.

        What was refused, for whatever reason, said none; an older one that comes late is none either.
        """
        for event in events:
            if isinstance(event, ScheduledRelease):
                topic = topic_of(key)
                known, before = self._newest.get(topic, (-1, b""))
                if event.sequence > known:
                    self._bytes += len(payload) - len(before) + (0 if before else len(topic))
                    self._newest[topic] = event.sequence, payload
                    self._make_room()

    @property
    def nbytes(self) -> int:
        """How much is kept, bytes."""
        return self._bytes

    def next_deadline(self) -> Nanos:
        """When :meth:`say` is next due."""
        return self._next

    def say(self, now: Nanos, take: Callable[[str, bytes], object]) -> None:
        """Hand to ``take``, each with its key, what holds and what the last figures and open schedules are."""
        self._next = now + EVERY_NS
        for topic in [topic for topic in self._newest if not self._is_open(topic)]:
            self._forget(topic)
        for control in self._engine.controls.in_force():
            take(f"{RECALLED}control/{control.command}", control_payload(control))
        for story in self._engine.news.in_force(now):
            take(f"{RECALLED}policy/{story.event.category}", policy_payload(story.event))
        for word in self._engine.surroundings.expectations:
            take(f"{RECALLED}expectations/fed_funds", expectations_payload(word))
        for figure in self._engine.settled:
            take(*settled_message(figure))
        if now >= self._remember:
            self._remember = now + _REMEMBERED_EVERY_NS
            for memory in self._engine.surroundings.memory():
                take(f"{RECALLED}movers/remembered", remembered_payload(memory))
        for topic, (_, payload) in self._newest.items():
            take(RECALLED + topic, payload)

    def _make_room(self) -> None:
        while self._bytes > MOST_BYTES:
            self._forget(next(iter(self._newest)))

    def _forget(self, topic: str) -> None:
        _, payload = self._newest.pop(topic)
        self._bytes -= len(topic) + len(payload)

    def _is_open(self, topic: str) -> bool:
        window = self._engine.windows.get(unquote(topic.split("/")[2]))
        return window is not None and window.state != "closed"


def control_payload(control: Control) -> bytes:
    """The command as the contract's message."""
    return msgspec.json.encode(
        {
            "command": control.command,
            "target": control.target,
            "by": control.by,
            "sequence": control.sequence,
            "reason": control.reason,
            "ts_event": format_rfc3339(control.ts_event),
        }
    )


def policy_payload(event: PolicyEvent) -> bytes:
    """The event as the contract's message."""
    return msgspec.json.encode(
        {
            "event_id": event.event_id,
            "sequence": event.sequence,
            "category": event.category,
            "stance": event.stance,
            "severity": event.severity,
            "headline": event.headline,
            "source": event.source,
            "ts_event": format_rfc3339(event.ts_event),
            "expires_after_s": event.expires_after_s,
        }
    )


def expectations_payload(word: Expectations) -> bytes:
    """The word as the contract's message."""
    return msgspec.json.encode(
        {
            "source": word.source,
            "sequence": word.sequence,
            "meeting": word.meeting,
            "p_cut": word.p_cut,
            "p_hold": word.p_hold,
            "p_hike": word.p_hike,
            "implied_cuts_year_end": word.implied_cuts_year_end,
            "ts_event": format_rfc3339(word.ts_event),
        }
    )


def settled_message(figure: SettledFigure) -> tuple[str, bytes]:
    """Key and payload, as :class:`signald.sources.calendars.mqtt.messages.SettledMessage` has it."""
    payload = {
        "release_id": figure.release_id,
        "actual": figure.actual,
        "ts_scheduled": figure.ts_scheduled,
        "ts_known": figure.ts_known,
        **({"components": figure.components} if figure.components else {}),
    }
    return f"{RECALLED}calendar/settled/{figure.release_id}", msgspec.json.encode(payload)


def remembered_payload(memory: Remembered) -> bytes:
    """As :class:`signald.sources.calendars.mqtt.messages.RememberedMessage` has it."""
    told = {"days": memory.days, "recoveries": memory.recoveries, "begun": memory.begun, "cuts": memory.cuts}
    return msgspec.json.encode(told)
