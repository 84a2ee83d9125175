"""A desk that reads the signal stream as it comes, and everything that can be read of Redis afterwards."""

import asyncio
from typing import Any, NamedTuple, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from signald.sinks import keys
from tests.chaos.daemons import CONSUMER

SIGNALS = keys.SIGNALS
_CONSUMER = keys.consumer_stream(CONSUMER)
_STATE = (keys.IDS, keys.SEQUENCE, keys.LATEST, keys.VERSIONS, SIGNALS, _CONSUMER)
_ASIDE = "{signald}:aside"


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

    async def stream(self) -> list[Delivered]:
        """What stands on the signal stream now."""
        return [_delivered(fields) for _, fields in cast("Any", await self._redis.xrange(SIGNALS))]

    async def look(self) -> tuple[list[Delivered], list[Delivered], dict[str, bytes]]:
        """At one moment: the signal stream, the entitled consumer's own, the newest document by kind and instrument."""
        async with self._redis.pipeline(transaction=True) as step:
            step.xrange(SIGNALS)
            step.xrange(_CONSUMER)
            step.hgetall(keys.LATEST)
            signals, own, latest = cast("Any", await step.execute())
        streams = [[_delivered(fields) for _, fields in entries] for entries in (signals, own)]
        return streams[0], streams[1], {key.decode(): value for key, value in latest.items()}

    async def configure(self, **settings: str) -> None:
        """``CONFIG SET``."""
        for name, value in settings.items():
            await self._redis.config_set(name.replace("_", "-"), value)

    async def spoil_consumer_stream(self) -> None:
        """Put a string where the entitled consumer's stream belongs, which is kept aside."""
        async with self._redis.pipeline(transaction=True) as step:
            step.rename(_CONSUMER, _ASIDE)  # fails if there is none yet
            step.set(_CONSUMER, "not a stream")
            await step.execute(raise_on_error=False)

    async def mend_consumer_stream(self) -> None:
        """Put the stream back."""
        async with self._redis.pipeline(transaction=True) as step:
            step.delete(_CONSUMER)
            step.rename(_ASIDE, _CONSUMER)
            await step.execute(raise_on_error=False)

    async def dump(self) -> dict[str, bytes | None]:
        """What stands in Redis at one moment, as a replica would have it that got nothing more."""
        async with self._redis.pipeline(transaction=True) as step:
            for name in _STATE:
                step.dump(name)
            return dict(zip(_STATE, await step.execute(), strict=True))

    async def restore(self, state: dict[str, bytes | None]) -> None:
        """Set Redis back to ``state`` and break every connection, in one step, as a failover does."""
        async with self._redis.pipeline(transaction=True) as step:
            step.delete(*_STATE)
            for name, value in state.items():
                if value is not None:
                    step.restore(name, 0, value)
            step.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            await step.execute()

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
