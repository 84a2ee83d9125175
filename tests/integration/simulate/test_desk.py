import asyncio

import msgspec

from signald.model.signals import Signal
from signald.simulate.child import Server
from signald.simulate.desk import Desk
from signald.simulate.handles import EngineStatus
from signald.sinks import keys
from signald.sinks.encoding import encode_data
from signald.transports.redis import RedisLink
from signald.transports.settings import RedisConfig
from tests.support.signals import sample_signal


def entry(signal: Signal) -> list[str | bytes | int]:
    """A stream entry's fields as the sink writes them."""
    fields: dict[str, str | bytes | int] = {
        "id": signal.id,
        "kind": signal.kind,
        "instrument": signal.instrument or "",
        "sequence": 1,
        "ts_scored": 2,
        "ts_publish": 3,
        "late_ms": 0,
        "data": encode_data(signal),
    }
    return [part for pair in fields.items() for part in pair]


async def test_a_desk_reads_what_was_there_before_it_and_what_comes_after(redis_server: Server) -> None:
    config = RedisConfig(url=f"redis://127.0.0.1:{redis_server.port}/0")
    writer, stream, questions = RedisLink(config), RedisLink(config), RedisLink(config)
    read: list[str] = []
    arrived = asyncio.Event()

    def take(signal: Signal) -> None:
        read.append(signal.id)
        arrived.set()

    desk = Desk(stream, questions, on_signal=take)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        tasks = [group.create_task(link.run()) for link in (writer, stream, questions)]
        for link in (writer, stream, questions):
            await link.wait_connected(5)
        await writer.call("XADD", keys.SIGNALS, "*", *entry(sample_signal(id="first")))
        tasks.append(group.create_task(desk.run()))
        await arrived.wait()
        arrived.clear()
        await writer.call("XADD", keys.SIGNALS, "*", *entry(sample_signal(id="second")))
        await arrived.wait()
        for task in tasks:
            task.cancel()

    assert read == ["first", "second"]


async def test_a_desk_knows_what_the_daemon_said_of_itself(redis_server: Server) -> None:
    config = RedisConfig(url=f"redis://127.0.0.1:{redis_server.port}/0")
    stream, questions = RedisLink(config), RedisLink(config)
    desk = Desk(stream, questions, on_signal=lambda _signal: None)
    said = EngineStatus(now=3, next_deadline=None, rows_ts=2)

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        running = group.create_task(questions.run())
        await questions.wait_connected(5)
        before = await desk.ask("engine", EngineStatus)
        await questions.call("HSET", keys.STATUS, "engine", msgspec.json.encode(said))
        after = await desk.ask("engine", EngineStatus)
        running.cancel()

    assert before is None
    assert after == said
