"""A replica reads back what another one wrote under its ids, and says where they disagree."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import msgspec
import structlog

from signald.model.signals import ModelView, Signal
from signald.runtime.backoff import Backoff
from signald.runtime.clock import LiveClock
from signald.simulate.child import Server
from signald.sinks.encoding import Document, document_of, encode_data
from signald.sinks.redis import Publisher
from signald.sinks.replicas import ReplicaCheck
from signald.transports.settings import RedisConfig
from tests.support.calendar import figure, heartbeat, scheduled
from tests.support.engine import build_engine, of_bitcoin, tell
from tests.support.recording import until
from tests.support.redis_reading import reading


def build_document(number: int) -> Signal:
    [signal] = of_bitcoin(tell(build_engine(), scheduled(), heartbeat(), figure()))
    return msgspec.structs.replace(signal, id=f"{number:032x}")


def document(signal: Signal) -> Document:
    return document_of(signal, ts_scored=signal.ts_ingest, data=encode_data(signal), ingested=LiveClock.monotonic())


@contextlib.asynccontextmanager
async def two_replicas(server: Server) -> AsyncGenerator[tuple[Publisher, Publisher, ReplicaCheck]]:
    config = RedisConfig(url=f"redis://127.0.0.1:{server.port}/0")
    check = ReplicaCheck(config, wait_s=0.01, backoff=Backoff(first_s=0.01, cap_s=0.05))
    first = Publisher(config, LiveClock())
    second = Publisher(config, LiveClock(), on_confirmed=check.note)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one.run()) for one in (first, second, check)]
        await first.wait_connected(5.0)
        await second.wait_connected(5.0)
        yield first, second, check
        for task in tasks:
            task.cancel()


async def test_replicas_that_say_the_same_agree(redis_server: Server) -> None:
    async with two_replicas(redis_server) as (first, second, check):
        for number in range(120):
            signal = build_document(number)
            first.publish(document(signal))
            await first.flush(5.0)
            second.publish(document(msgspec.structs.replace(signal, ts_ingest=signal.ts_ingest + 1)))

        await until(lambda: check.agreed == 120)

        assert (check.disagreed, check.unchecked) == (0, 0)


async def test_a_disagreement_is_an_alarm_that_names_the_field(redis_server: Server) -> None:
    async with two_replicas(redis_server) as (first, second, check):
        signal = build_document(7)
        first.publish(document(signal))
        await first.flush(5.0)

        with structlog.testing.capture_logs() as logs:
            second.publish(document(msgspec.structs.replace(signal, model=ModelView(id="another", drivers=()))))
            await until(lambda: check.disagreed == 1)

        [alarm] = [one for one in logs if one["event"] == "replicas_disagreed"]
        assert (alarm["field"], alarm["ours"], alarm["log_level"]) == ("model.id", "another", "error")


async def test_what_only_we_say_is_not_compared(redis_server: Server) -> None:
    async with two_replicas(redis_server) as (first, second, check):
        second.publish(document(build_document(1)))
        await second.flush(5.0)
        first.publish(document(build_document(2)))
        await first.flush(5.0)
        second.publish(document(build_document(2)))

        await until(lambda: check.agreed == 1)

        assert (check.disagreed, check.unchecked) == (0, 0)


async def test_what_others_wrote_on_the_stream_is_passed_over(redis_server: Server) -> None:
    async with two_replicas(redis_server) as (first, second, check), reading(redis_server.port) as reader:
        signal = build_document(7)
        await reader.redis.xadd("{signald}:signals", {"by": "hand"})
        first.publish(document(signal))
        await first.flush(5.0)
        await reader.redis.xadd("{signald}:signals", {b"id": b"\xff\x00", b"data": b""})

        second.publish(document(signal))
        await until(lambda: check.agreed == 1)

        assert (check.disagreed, check.unchecked) == (0, 0)
