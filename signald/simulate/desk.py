"""A desk at the other end: reads the signal stream as any consumer does, and the daemon's own word on how it fares."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeVar, cast

import msgspec

from signald.errors import SinkError
from signald.model.signals import Signal
from signald.sinks import keys
from signald.sinks.encoding import decode_entry
from signald.transports.redis import RedisLink, Reply

_BLOCK_MS: Final = 500
_RETRY_S: Final = 0.05

Shape = TypeVar("Shape", bound=msgspec.Struct)


class Desk:
    """Two connections of its own: one waits at the stream, the other asks."""

    def __init__(self, stream: RedisLink, questions: RedisLink, *, on_signal: Callable[[Signal], None]) -> None:
        """Take two links that somebody runs; ``on_signal`` is told each document as it is read."""
        self._stream = stream
        self._questions = questions
        self._on_signal = on_signal
        self._last_id = "0"

    async def run(self) -> None:
        """Read the stream from its beginning, for ever."""
        while True:
            await self._stream.connected.wait()
            try:
                reply = await self._stream.call("XREAD", "BLOCK", _BLOCK_MS, "STREAMS", keys.SIGNALS, self._last_id)
            except SinkError:
                await asyncio.sleep(_RETRY_S)  # the link comes back by itself, and we go on where we were
                continue
            for entry_id, fields in _entries(reply):
                self._last_id = entry_id
                self._on_signal(decode_entry(fields).signal)

    async def ask(self, component: str, shape: type[Shape]) -> Shape | None:
        """What the daemon's ``component`` last said of itself; ``None`` if it has not said anything yet.

        Raises:
            SinkError: Redis is not there.
        """
        reply = await self._questions.call("HGET", keys.STATUS, component)
        return msgspec.json.decode(reply, type=shape) if isinstance(reply, bytes) else None


def _entries(reply: Reply) -> list[tuple[str, dict[bytes, bytes]]]:
    """Ids and fields out of an XREAD reply: ``[[key, [[id, [name, value, …]], …]]]``, or nil when none came."""
    if reply is None:
        return []
    [(_, entries)] = cast("Sequence[tuple[bytes, Sequence[tuple[bytes, Sequence[bytes]]]]]", reply)
    return [(entry_id.decode(), dict(zip(flat[::2], flat[1::2], strict=True))) for entry_id, flat in entries]
