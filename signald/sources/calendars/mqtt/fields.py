"""Reads single fields of a calendar message; what cannot be read is refused by topic, field and value."""

import re
from collections.abc import Callable
from typing import Final, TypeVar, cast

import msgspec

from signald.errors import UNREADABLE, MalformedFrameError
from signald.model.figures import parse_figure
from signald.model.macro import Unit
from signald.model.time import Nanos, parse_rfc3339
from signald.sources.calendars.mqtt.messages import (
    ControlMessage,
    ExpectationsMessage,
    Figure,
    HeartbeatMessage,
    PolicyMessage,
    ReferenceMessage,
    ReleaseMessage,
    RememberedMessage,
    ScheduleMessage,
    SettledMessage,
)

MAX_SKEW_NS: Final = 86_400 * 10**9
"""A figure that says it happened more than a day from now is refused: its time would outrank all that come after it."""

_Message = TypeVar(
    "_Message",
    ScheduleMessage,
    ReleaseMessage,
    HeartbeatMessage,
    ControlMessage,
    PolicyMessage,
    SettledMessage,
    ReferenceMessage,
    RememberedMessage,
    ExpectationsMessage,
)

_SHOWN: Final = 80  # characters of a value that are repeated to whoever sent it
_LONGEST_NAME: Final = 64
_PERIOD: Final = re.compile(
    r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?|-Q[1-4]|-W(?:0[1-9]|[1-4]\d|5[0-3]))?", re.ASCII
)
_MISSING: Final = re.compile(r"Object missing required field `(\w+)`")


def shown(value: object) -> str:
    """``value`` as an error repeats it: escaped, and cut if it is long."""
    text = repr(value[: _SHOWN + 1] if isinstance(value, str | bytes) else value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def decode_message(decode: Callable[[bytes], _Message], payload: bytes, topic: str) -> _Message:
    """One message as its type has it.

    Raises:
        MalformedFrameError: ``payload`` is not such a message.
    """
    try:
        return decode(payload)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        missing = _MISSING.fullmatch(text)
        if missing is not None:
            raise MalformedFrameError(topic, missing[1], "is missing") from error
        field = path.rstrip("`").lstrip(".")
        raise MalformedFrameError(topic, field, f"{text}: {_value_of(payload, field)}") from error
    except UNREADABLE as error:
        raise MalformedFrameError(topic, "", f"{error}: {shown(payload)}") from error


def read_release_id(topic: str, release_id: str) -> tuple[str, str]:
    """Indicator and period of ``INDICATOR:PERIOD[:STAGE]``.

    Raises:
        MalformedFrameError: It is spelled in another way.
    """
    parts = release_id.split(":")
    if len(parts) not in {2, 3} or not all(parts) or not is_name(release_id):
        raise MalformedFrameError(topic, "release_id", f"{shown(release_id)} is not INDICATOR:PERIOD[:STAGE]")
    if _PERIOD.fullmatch(parts[1]) is None:
        problem = f"{shown(parts[1])} is not a period such as 2025, 2025-01, 2025-Q1, 2025-W06 or 2025-03-19"
        raise MalformedFrameError(topic, "period", problem)
    return parts[0], parts[1]


def is_name(text: str) -> bool:
    """Whether ``text`` can be shown, stored and compared: some printable characters, without spaces."""
    return 0 < len(text) <= _LONGEST_NAME and text.isprintable() and " " not in text


def require_same(topic: str, field: str, given: str, expected: str) -> None:
    """Refuse a payload that contradicts its topic."""
    if given != expected:
        raise MalformedFrameError(topic, field, f"{shown(given)} contradicts the topic's {shown(expected)}")


def require_source(topic: str, source: str, stated: str) -> None:
    """Refuse a source without a proper name, or a payload that says another."""
    if not is_name(source):
        raise MalformedFrameError(topic, "source", f"{shown(source)} is not a name")
    require_same(topic, "source", stated, source)


def read_time(topic: str, field: str, text: str) -> Nanos:
    """A time; raises :class:`MalformedFrameError` if it is none."""
    try:
        return parse_rfc3339(text)
    except ValueError as error:
        raise MalformedFrameError(topic, field, str(error)) from error


def read_past_time(topic: str, field: str, text: str, *, now: Nanos) -> Nanos:
    """A time that is not more than :data:`MAX_SKEW_NS` ahead; raises :class:`MalformedFrameError` if it is none."""
    ts = read_time(topic, field, text)
    if ts > now + MAX_SKEW_NS:
        raise MalformedFrameError(topic, field, f"{shown(text)} is more than a day ahead")
    return ts


def read_figure(topic: str, field: str, value: Figure | None, unit: Unit) -> float | None:
    """A figure in ``unit``, ``None`` if there is none; raises :class:`MalformedFrameError` if it makes no sense."""
    if value is None:
        return None
    try:
        return parse_figure(value, unit)
    except ValueError as error:
        raise MalformedFrameError(topic, field, str(error)) from error


def read_spread(topic: str, field: str, value: Figure | None, unit: Unit) -> float | None:
    """The same for what is never below zero."""
    spread = read_figure(topic, field, value, unit)
    if spread is not None and spread < 0.0:
        raise MalformedFrameError(topic, field, f"{shown(value)} is below zero")
    return spread


def read_components(topic: str, components: dict[str, Figure], unit: Unit) -> dict[str, float]:
    """Named parts of a figure, each read as the figure is."""
    read: dict[str, float] = {}
    for name, value in components.items():
        figure = read_figure(topic, f"components.{name[:_SHOWN]}", value, unit)
        if figure is not None:
            read[name] = figure
    return read


def _value_of(payload: bytes, field: str) -> str:
    """What stands in the field at fault, by the outermost name of its path; the payload itself if it has no fields."""
    try:
        content: object = msgspec.json.decode(payload)
    except UNREADABLE:
        return shown(payload)  # something behind the field at fault is broken too
    name = re.split(r"[.\[]", field)[0]
    fields = cast("dict[str, object]", content) if isinstance(content, dict) else {}
    return shown(fields.get(name, payload))
