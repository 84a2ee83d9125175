"""Publishing through Sentinels, into a cluster, over a unix socket and over TLS."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path

import pytest

from signald.errors import UnreachableError
from signald.runtime.backoff import Backoff
from signald.runtime.clock import LiveClock
from signald.simulate.child import LOOPBACK, Server
from signald.simulate.servers import embedded_valkey, redis_server
from signald.sinks.redis import Publisher
from signald.transports.settings import RedisConfig
from tests.support.recording import until
from tests.support.redis_reading import document, reading
from tests.support.redis_topologies import ask, cluster_of_three, cluster_of_two, fail_over, watched_master
from tests.support.servers import installed


def build(url: str) -> Publisher:
    config = RedisConfig(url=url, stream_length=100, reply_timeout_s=0.5)
    return Publisher(config, LiveClock(), backoff=Backoff(first_s=0.01, cap_s=0.05))


@contextlib.asynccontextmanager
async def running(publisher: Publisher) -> AsyncGenerator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(publisher.run())
        await publisher.wait_connected(8.0)
        yield
        task.cancel()


async def failure_to_reach(publisher: Publisher) -> UnreachableError:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(publisher.run())
        with pytest.raises(UnreachableError) as caught:
            await publisher.wait_connected(0.5)
        task.cancel()
    return caught.value


@pytest.fixture
def watched() -> Iterator[tuple[Server, Server, Server]]:
    with watched_master("desk") as servers:
        yield servers


@pytest.fixture
def cluster() -> Iterator[tuple[Server, Server]]:
    with cluster_of_two() as nodes:
        yield nodes


async def off_loop(call: Callable[[], object]) -> None:
    await asyncio.to_thread(call)


async def test_the_master_is_found_through_its_sentinels_and_followed(watched: tuple[Server, Server, Server]) -> None:
    master, replica, watcher = watched
    publisher = build(f"redis+sentinel://127.0.0.1:1,127.0.0.1:{watcher.port}/desk")
    async with running(publisher):
        for number in range(10):
            publisher.publish(document(number))
        assert await publisher.flush(5.0)
        await off_loop(master.kill)
        for number in range(10, 20):
            publisher.publish(document(number))
        assert await publisher.flush(30.0)

        async with reading(replica.port) as reader:
            assert await reader.numbers() == list(range(20))
    assert publisher.address == f"sentinel 127.0.0.1:1,127.0.0.1:{watcher.port}"


async def test_a_master_that_became_a_replica_is_left(watched: tuple[Server, Server, Server]) -> None:
    master, replica, watcher = watched
    publisher = build(f"redis+sentinel://127.0.0.1:{watcher.port}/desk")
    async with running(publisher):
        publisher.publish(document(0))
        assert await publisher.flush(5.0)
        await off_loop(lambda: fail_over(watcher.port, name="desk"))
        number = 0
        while not await asyncio.to_thread(lambda: b"role:slave" in ask(master.port, "INFO", "replication")):
            number += 1
            publisher.publish(document(number))
        publisher.publish(document(number + 1))
        assert await publisher.flush(30.0)

        async with reading(replica.port) as reader:
            written = await reader.numbers()
    assert written == list(range(number + 2))[-100:]


async def test_a_service_that_no_sentinel_knows_is_named(watched: tuple[Server, Server, Server]) -> None:
    failure = await failure_to_reach(build(f"redis+sentinel://127.0.0.1:{watched[2].port}/bridge"))

    assert "no master is called 'bridge'" in failure.reason


async def test_in_a_cluster_the_owner_of_our_keys_is_found(cluster: tuple[Server, Server]) -> None:
    other, owner = cluster
    publisher = build(f"redis+cluster://127.0.0.1:1,127.0.0.1:{other.port}")
    async with running(publisher), reading(owner.port) as reader:
        for number in range(5):
            publisher.publish(document(number))
        assert await publisher.flush(5.0)

        assert await reader.numbers() == list(range(5))


async def test_a_plain_url_to_the_wrong_node_says_where_it_was_sent(cluster: tuple[Server, Server]) -> None:
    other, owner = cluster
    publisher = build(f"redis://127.0.0.1:{other.port}")
    async with running(publisher):
        publisher.publish(document(0))
        await until(lambda: publisher.refusals)

    assert publisher.last_refusal.startswith("MOVED ")
    assert str(owner.port) in publisher.last_refusal
    assert publisher.depth == 1


async def test_a_unix_socket_will_do(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"

    def start() -> Server:
        return embedded_valkey(settings={"unixsocket": str(path)}).start()

    server = await asyncio.to_thread(start)
    try:
        publisher = build(f"unix://{path}")
        async with running(publisher), reading(server.port) as reader:
            publisher.publish(document(1))
            assert await publisher.flush(5.0)

            assert await reader.numbers() == [1]
    finally:
        await off_loop(server.stop)


@pytest.fixture
def guarded() -> Iterator[Server]:
    """A server with a user called ``me``, whose password is ``right``, beside the default one."""
    with embedded_valkey(settings={"user": "me on >right ~* &* +@all"}) as server:
        yield server


@pytest.fixture
def known_publisher(guarded: Server, tmp_path: Path) -> Publisher:
    """A publisher that logs in as ``me``; files are read before the loop runs."""
    secret = tmp_path / "secret"
    secret.write_text("right\n")
    return Publisher(
        RedisConfig(url=f"redis://127.0.0.1:{guarded.port}", username="me", password_file=str(secret)), LiveClock()
    )


async def test_a_user_logs_in_with_the_password_from_a_file(guarded: Server, known_publisher: Publisher) -> None:
    async with running(known_publisher), reading(guarded.port) as reader:
        known_publisher.publish(document(1))
        assert await known_publisher.flush(5.0)

        assert b"user=me" in await reader.redis.execute_command("CLIENT", "LIST")


async def test_a_wrong_password_is_said_and_not_repeated(guarded: Server) -> None:
    failure = await failure_to_reach(build(f"redis://me:wrong@127.0.0.1:{guarded.port}"))

    assert "invalid username-password pair" in failure.reason
    assert "wrong@" not in str(failure)


@pytest.fixture
def three_masters() -> Iterator[tuple[Server, Server, Server]]:
    installed(redis_server)
    with cluster_of_three() as nodes:
        yield nodes


async def test_a_cluster_of_three_masters_has_all_keys_on_the_one_that_owns_their_slot(
    three_masters: tuple[Server, Server, Server],
) -> None:
    publisher = build(f"redis+cluster://{LOOPBACK}:{three_masters[0].port}")
    async with running(publisher):
        for number in range(5):
            publisher.publish(document(number))
        assert await publisher.flush(8.0)

    held = [await asyncio.to_thread(ask, node.port, "DBSIZE") for node in three_masters]
    assert sorted(held)[:2] == [b":0\r\n", b":0\r\n"]
    assert sorted(held)[2] != b":0\r\n"
