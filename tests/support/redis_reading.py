"""What a consumer sees in Redis: read with a connection of its own."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from redis.asyncio import Redis

from signald.sinks.encoding import Document

T0 = 1_739_367_000_000_000_000


def document(number: int, **changes: object) -> Document:
    """The ``number``-th document of a test; its bytes are its number."""
    plain = Document(
        id=f"{number:032x}",
        kind="release",
        instrument="BTCUSDT.BINANCE",
        ts_event=T0 + number,
        revision=1,
        test=False,
        ts_scored=T0 + number,
        data=b'{"number":%d}' % number,
    )
    return plain._replace(**changes)  # pyright: ignore[reportArgumentType] - the changes are the test's own word


class Reader:
    """Reads our keys."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis

    async def entries(self, stream: str = "{signald}:signals") -> list[dict[str, str]]:
        """All entries of ``stream``, field by field."""
        found = cast("Sequence[tuple[bytes, dict[bytes, bytes]]]", await self.redis.xrange(stream))
        return [{name.decode(): value.decode() for name, value in fields.items()} for _, fields in found]

    async def numbers(self, stream: str = "{signald}:signals") -> list[int]:
        """The numbers of the documents on ``stream``, in its order."""
        return [int(entry["id"], 16) for entry in await self.entries(stream)]

    async def table(self, key: str) -> dict[str, str]:
        """A hash."""
        found = cast("dict[bytes, bytes]", await cast("Any", self.redis.hgetall(key)))
        return {name.decode(): value.decode() for name, value in found.items()}

    async def calls(self, command: str) -> int:
        """How often the server was told ``command`` since it began."""
        found = cast("dict[str, dict[str, int]]", await cast("Any", self.redis).info("commandstats"))
        return found.get(f"cmdstat_{command}", {}).get("calls", 0)


@asynccontextmanager
async def reading(port: int) -> AsyncGenerator[Reader]:
    """A reader of the server on ``port``."""
    async with Redis(port=port) as redis:
        yield Reader(redis)
