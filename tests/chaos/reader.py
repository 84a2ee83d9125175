"""A desk that reads the signal stream as it comes, and everything that can be read of Redis afterwards."""

import asyncio
from typing import Any, NamedTuple, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.chaos.daemons import CONSUMER

SIGNALS = "{signald}:signals"


class Delivered(NamedTuple):
    """One entry of the stream, as delivered."""

    id: str
    sequence: int
    ts_scored: int
    late_ms: int
    data: bytes


class Desk:
    """Reads from the beginning, goes on where it was after every interruption.

    Attributes:
        heard: Every entry it was given, in that order.
    """

    def __init__(self, port: int) -> None:
        self._redis = Redis(port=port, socket_timeout=5.0, socket_connect_timeout=1.0)
        self._cursor = "0"
        self.heard: list[Delivered] = []

    async def run(self) -> None:
        """Read for ever."""
        while True:
            try:
                answer = cast("Any", await self._redis.xread({SIGNALS: self._cursor}, block=200, count=1_000))
            except (RedisError, OSError):
                await asyncio.sleep(0.02)
                continue
            for _, entries in answer or []:
                for entry_id, fields in entries:
                    self._cursor = entry_id
                    self.heard.append(_delivered(fields))

    async def stream(self, key: str = SIGNALS) -> list[Delivered]:
        """What stands on a stream now."""
        return [_delivered(fields) for _, fields in cast("Any", await self._redis.xrange(key))]

    async def consumer_stream(self) -> list[Delivered]:
        """What stands on the entitled consumer's own stream now."""
        return await self.stream(f"{{signald}}:consumer:{CONSUMER}")

    async def latest(self) -> dict[str, bytes]:
        """The newest document by kind and instrument."""
        found = cast("dict[bytes, bytes]", await cast("Any", self._redis.hgetall("{signald}:latest")))
        return {key.decode(): value for key, value in found.items()}

    async def configure(self, **settings: str) -> None:
        """``CONFIG SET``."""
        for name, value in settings.items():
            await self._redis.config_set(name.replace("_", "-"), value)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._redis.aclose()


def _delivered(fields: dict[bytes, bytes]) -> Delivered:
    return Delivered(
        id=fields[b"id"].decode(),
        sequence=int(fields[b"sequence"]),
        ts_scored=int(fields[b"ts_scored"]),
        late_ms=int(fields[b"late_ms"]),
        data=fields[b"data"],
    )
