"""Publishes schedules, figures and states of pools by hand: each is checked as the daemon will check it, then sent."""

import asyncio
import re
from collections.abc import Iterable
from typing import Any, BinaryIO, Final, NamedTuple
from urllib.parse import quote

import msgspec

from signald.app.world import load_known_indicators
from signald.config import Config
from signald.errors import UNREADABLE, MalformedFrameError
from signald.model.notices import Rejected
from signald.model.time import format_rfc3339
from signald.runtime.clock import LiveClock
from signald.sources.calendars.mqtt.source import MqttCalendar
from signald.sources.venues.pools.messages import decode_state
from signald.transports.mqtt import visit

_POOL: Final = re.compile(r"[^\s/+#]{1,64}/[^\s/+#]{1,128}")

_LINE_BYTES: Final = 1 << 20

SOURCE = "manual"
"""Who says it, unless the message does."""


class Prepared(NamedTuple):
    """A message ready to be sent; schedules and states of pools are retained."""

    topic: str
    payload: bytes
    retain: bool


def publish_by_hand(config: Config, file: BinaryIO, *, name: str) -> int:
    """Send JSON objects, one a line; returns how many. All are checked before the first.

    Each is a schedule or a release, or a pool's state with the name of its ``pool``, ``CHAIN/POOL``, beside it.
    ``source``, ``sequence`` and ``ts_event`` are filled in where they are missing.

    Raises:
        MalformedFrameError: One of them would be refused; ``name``, its line and its field are named.
        UnreachableError: The broker was not reached.
    """
    calendar = MqttCalendar(load_known_indicators(config))
    prepared = [
        prepare(line, calendar, where=f"{name}, line {number}")
        for number, line in enumerate(iter(lambda: file.readline(_LINE_BYTES + 1), b""), start=1)
        if line.strip()
    ]
    asyncio.run(_send(config, prepared))
    return len(prepared)


def prepare(line: bytes, calendar: MqttCalendar, *, where: str) -> Prepared:
    """Complete and check one message; raises ``MalformedFrameError``."""
    if len(line) > _LINE_BYTES:
        raise MalformedFrameError(where, "", f"is longer than {_LINE_BYTES} bytes")
    try:
        given = msgspec.json.decode(line, type=dict[str, Any])
    except UNREADABLE as error:
        raise MalformedFrameError(where, "", str(error)) from error
    if isinstance(pool := given.get("pool"), str):
        return _prepare_pool(pool, line.strip(), where=where)
    if not isinstance(given.get("release_id"), str):
        raise MalformedFrameError(where, "release_id", "is missing")
    now = LiveClock.now()
    message: dict[str, Any] = {"source": SOURCE, "sequence": now, "ts_event": format_rfc3339(now), **given}
    family = "schedule" if "ts_scheduled" in message else "release"
    if family == "release":
        message.setdefault("kind", "first")
    topic = f"calendar/{family}/{_level(message['release_id'])}/{_level(str(message['source']))}"
    payload = msgspec.json.encode(message)
    for event in calendar.on_message(topic, payload, now).events:
        if isinstance(event, Rejected):
            raise MalformedFrameError(where, event.field, event.problem)
    return Prepared(topic, payload, retain=family == "schedule")


def _prepare_pool(pool: str, line: bytes, *, where: str) -> Prepared:
    if _POOL.fullmatch(pool) is None:
        raise MalformedFrameError(where, "pool", f"{pool!r} is not CHAIN/POOL")
    try:
        decode_state(pool, line)
    except MalformedFrameError as error:
        raise MalformedFrameError(where, error.field, error.problem) from error
    return Prepared(f"pools/{pool}", line, retain=True)


def _level(text: str) -> str:
    """One level of a topic: the contract has ``%``, ``/``, ``+`` and ``#`` inside it percent-encoded."""
    return quote(text, safe=":.-_ ")


async def _send(config: Config, prepared: Iterable[Prepared]) -> None:
    async with visit(config.mqtt, name="publish", within_s=config.live.startup_timeout_s) as broker:
        for message in prepared:
            await broker.publish(f"{config.mqtt.prefix}/{message.topic}", message.payload, retain=message.retain)
