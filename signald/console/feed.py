"""Reads what the daemon has written to Redis, and hands it to the state and the open pages."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, cast

import msgspec
import structlog

from signald.client.entries import Raw, SchemaError, UnreadableError, entries_reply, read_entry
from signald.console.facts import group_lags
from signald.console.hub import Hub
from signald.console.state import SIGNALS_KEPT, ConsoleState, News
from signald.console.views import books_view, calendar_view, notice_view
from signald.errors import SinkError
from signald.live.agenda import CalendarState
from signald.model.instruments import InstrumentId
from signald.sinks import keys
from signald.transports.redis import RedisLink, Reply
from signald.transports.settings import RedisConfig

_BLOCK_MS: Final = 1_000
_AT_ONCE: Final = 200
_POLL_S: Final = 0.05
_TOGETHER_S: Final = 0.04  # what comes in a burst is read at once; the first of it does not wait
_RETRY_S: Final = 0.1
_GROUPS_EVERY_S: Final = 2.0
_PARTS: Final = ("calendar", "daemon", "books")

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Feed:
    """Follows the streams and the status hash.

    Attributes:
        is_up: Whether Redis answers.
    """

    def __init__(
        self,
        config: RedisConfig,
        state: ConsoleState,
        hub: Hub,
        *,
        names: Mapping[str, str],
        venues: Mapping[InstrumentId, str],
        consumers: Iterable[str],
    ) -> None:
        """Build a feed that is not connected; ``names`` are the indicators', ``venues`` the instruments'."""
        self._followed = [keys.SIGNALS, *map(keys.consumer_stream, consumers)]
        self._streams = RedisLink(config)
        self._status = RedisLink(config)
        self._state = state
        self._hub = hub
        self._names = names
        self._venues = venues
        self._last: dict[str, str] = {keys.SIGNALS: "", keys.NOTICES: ""}
        self._seen: dict[str, bytes] = {}
        self._unread: set[str] = set()

    @property
    def is_up(self) -> bool:
        """Whether Redis answers."""
        return self._streams.is_up and self._status.is_up

    async def run(self) -> None:
        """Read for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._streams.run(), name="console-streams-link")
            group.create_task(self._status.run(), name="console-status-link")
            group.create_task(_again(self._streams, self._read_streams), name="console-streams")
            group.create_task(_again(self._status, self._read_status), name="console-status")
            group.create_task(_again(self._status, self._read_groups), name="console-groups")

    async def _read_streams(self) -> None:
        for key, kept in ((keys.SIGNALS, SIGNALS_KEPT), (keys.NOTICES, _AT_ONCE)):
            if not self._last[key]:
                reply = await self._streams.call("XREVRANGE", key, "+", "-", "COUNT", kept)
                self._take(key, reversed(entries_reply(reply)))
        last = [self._last[key] or "0" for key in self._last]
        reply = await self._streams.call("XREAD", "COUNT", _AT_ONCE, "BLOCK", _BLOCK_MS, "STREAMS", *self._last, *last)
        for key, entries in cast("Sequence[tuple[bytes, Reply]]", reply or ()):
            self._take(key.decode(), entries_reply(entries))
        await asyncio.sleep(_TOGETHER_S)

    def _take(self, key: str, entries: Iterable[Raw]) -> None:
        for entry, fields in entries:
            self._last[key] = entry
            try:
                if key == keys.SIGNALS:
                    self._tell(self._state.take_signal(read_entry(entry, fields or {})))
                else:
                    self._tell(self._state.take_notice(notice_view(entry, fields or {})))
            except (SchemaError, UnreadableError, KeyError, ValueError, RecursionError) as problem:
                log.warning("entry_not_shown", key=key, entry=entry, problem=str(problem))

    async def _read_status(self) -> None:
        reply = cast("Sequence[bytes | None]", await self._status.call("HMGET", keys.STATUS, *_PARTS))
        for part, value in zip(_PARTS, reply, strict=True):
            if value is not None and value != self._seen.get(part):
                self._seen[part] = value
                self._take_part(part, value)
        await asyncio.sleep(_POLL_S)

    def _take_part(self, part: str, value: bytes) -> None:
        """Show a part of the status; one that makes no sense, as of another version, is said once and not shown."""
        try:
            view = self._view(part, value)
        except (msgspec.DecodeError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as problem:
            if part not in self._unread:
                self._unread.add(part)
                log.warning("status_not_shown", part=part, problem=repr(problem))
            return
        self._unread.discard(part)
        self._tell(self._state.take_part(part, view))

    async def _read_groups(self) -> None:
        lags: dict[tuple[str, str], tuple[int, int]] = {}
        for stream in self._followed:
            with contextlib.suppress(SinkError):  # nobody reads it yet
                groups = group_lags(await self._status.call("XINFO", "GROUPS", stream))
                lags |= {(stream, group): lag for group, lag in groups.items()}
        self._state.facts.lags = lags
        await asyncio.sleep(_GROUPS_EVERY_S)

    def _view(self, part: str, value: bytes) -> Any:  # noqa: ANN401 - JSON of some part
        match part:
            case "calendar":
                return calendar_view(msgspec.json.decode(value, type=CalendarState), self._names)
            case "books":
                return books_view(msgspec.json.decode(value, type=dict[str, Any]), self._venues)
            case _:
                told = msgspec.json.decode(value, type=dict[str, Any])
                wanted = (
                    "ready",
                    "degraded",
                    "latency_us",
                    "compilations_after_ready",
                    "journal_failing",
                    "controls",
                    "processes",
                )
                return {name: told.get(name) for name in wanted}

    def _tell(self, news: Iterable[News]) -> None:
        for one in news:
            self._hub.send(one.event, one.payload)


async def _again(link: RedisLink, read: Callable[[], Any]) -> None:
    """Read for ever, whatever becomes of the connection."""
    while True:
        await link.connected.wait()
        try:
            await read()
        except SinkError:
            await asyncio.sleep(_RETRY_S)
