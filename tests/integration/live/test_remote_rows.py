"""Rows that come over a real Redis: fresh, in order, from one writer, or flagged."""

import asyncio
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from signald.core.kernels.rows import FLAG_STALE
from signald.model.time import NS_PER_MS, NS_PER_S
from signald.simulate.child import LOOPBACK, Server
from signald.simulate.servers import redis_server
from signald.sinks.keys import board_of
from signald.transports.settings import RedisConfig
from tests.support.recording import until
from tests.support.redis_topologies import ask, cluster_of_three, watched_master
from tests.support.remote_rows import HOST, Far, Near, SkewedClock, at_work
from tests.support.servers import installed

pytestmark = pytest.mark.timeout(90)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with installed(redis_server) as running:
        yield running


def config_of(server: Server) -> RedisConfig:
    return RedisConfig(url=f"redis://{LOOPBACK}:{server.port}/0", reply_timeout_s=0.5)


async def test_what_is_written_there_stands_here(server: Server) -> None:
    near, far = Near(config_of(server)), Far(config_of(server))
    async with at_work(near, far):
        near.write(0, bid=1.0)
        await until(lambda: far.bids()[0] == 1.0)
        near.write(0, bid=2.0)
        near.write(1, bid=3.0)

        await until(lambda: far.bids() == [2.0, 3.0])

    assert far.flags() == [0, 0]
    assert far.arrivals.gaps == 0
    assert sum(far.arrivals.refused.values()) == 0


async def test_neither_hosts_clock_need_be_right_for_a_row_to_tell_its_age(server: Server) -> None:
    clock = SkewedClock(wall=-3_600 * NS_PER_S, monotonic=77 * NS_PER_S)
    near, far = Near(config_of(server), clock=clock), Far(config_of(server))
    async with at_work(near, far):
        before = far.clock.now()
        near.write(0, bid=1.0)
        await until(lambda: far.bids()[0] == 1.0)
        age, most = far.age_ns(0), far.clock.now() - before

    error = far.arrivals.error
    assert error < NS_PER_S
    assert -error <= age <= most + error


async def test_a_burst_leaves_no_backlog(server: Server) -> None:
    near, far = Near(config_of(server)), Far(config_of(server))
    async with at_work(near, far):
        near.write(0, bid=1.0)
        await until(lambda: far.bids()[0] == 1.0)
        sent = near.carrier.sent
        for number in range(1_000):
            near.write(0, bid=2.0 + number)
            if number % 10 == 0:
                await asyncio.sleep(0)  # a turn of the loop, in which no answer of the server may have come yet
        await until(lambda: far.bids()[0] == 1_001.0)

    assert near.carrier.sent - sent < 1_000
    assert far.arrivals.gaps == 0


async def test_a_second_host_of_that_name_waits_until_the_first_is_gone(server: Server) -> None:
    first, second, far = Near(config_of(server)), Near(config_of(server), holder="two"), Far(config_of(server))
    async with at_work(far):
        async with at_work(first):
            first.write(0, bid=1.0)
            await until(lambda: far.bids()[0] == 1.0)
            async with at_work(second):
                second.write(0, bid=2.0)
                await until(lambda: second.carrier.refused_by == "one")
                sent_beside = second.carrier.sent
        async with at_work(second):
            await until(lambda: far.bids()[0] == 2.0, within_s=20.0)  # once the lease of the first has run out

    assert sent_beside == 0
    assert far.arrivals.refused["fenced"] == 0


async def test_a_writer_whose_lease_another_has_stops(server: Server) -> None:
    near, heir, far = Near(config_of(server)), Near(config_of(server), holder="two"), Far(config_of(server))
    async with at_work(near, far):
        near.write(0, bid=1.0)
        await until(lambda: far.bids()[0] == 1.0)
        ask(server.port, "SET", board_of(HOST), f'"{2**62} two"')  # as after a fail-over that forgot the first
        async with at_work(heir):
            heir.write(0, bid=2.0)

            await until(lambda: near.carrier.refused_by == "two" and far.bids()[0] == 2.0)


def user(server: Server, name: str, *rights: str) -> RedisConfig:
    """A user who may do everything but what ``rights`` take away, and how it logs in."""
    assert ask(server.port, "ACL", "SETUSER", name, "on", ">secret", "~*", "&*", "+@all", *rights) == b"+OK\r\n"
    return RedisConfig(url=f"redis://{name}:secret@{LOOPBACK}:{server.port}/0", reply_timeout_s=0.5)


async def test_who_may_not_listen_is_told_so_and_listens_once_he_may(server: Server) -> None:
    near, far = Near(config_of(server)), Far(user(server, "deaf", "resetchannels"))
    with capture_logs() as logs:
        async with at_work(near, far):
            near.write(0, bid=1.0)
            await until(lambda: any("refused SUBSCRIBE" in entry.get("reason", "") for entry in logs))
            user(server, "deaf")

            await until(lambda: far.bids()[0] == 1.0)


async def test_who_may_not_publish_is_told_so_once(server: Server) -> None:
    near, far = Near(user(server, "mute", "-publish")), Far(config_of(server))
    with capture_logs() as logs:
        async with at_work(near, far):
            await until(lambda: near.carrier.sent > 3)
            user(server, "mute")
            near.write(0, bid=1.0)
            await until(lambda: far.bids()[0] == 1.0)

    assert [entry["event"] for entry in logs].count("board_refused") == 1


@pytest.fixture
def own_server() -> Iterator[Server]:
    with installed(redis_server) as running:
        yield running


@pytest.fixture
def watched() -> Iterator[tuple[Server, Server, Server]]:
    with watched_master("desk") as servers:
        yield servers


@pytest.fixture
def cluster() -> Iterator[tuple[Server, Server, Server]]:
    installed(redis_server)
    with cluster_of_three() as nodes:
        yield nodes


async def test_what_a_restarted_server_did_not_carry_is_known_soon_after(own_server: Server) -> None:
    config = config_of(own_server)
    near, far = Near(config), Far(config, silent_after_ns=200 * NS_PER_MS)
    async with at_work(near, far):
        near.write(0, bid=1.0)
        await until(lambda: far.bids()[0] == 1.0)
        await asyncio.to_thread(own_server.kill)
        near.write(0, bid=2.0)
        await until(lambda: far.flags()[0] == FLAG_STALE)
        await asyncio.to_thread(own_server.start)

        await until(lambda: far.bids()[0] == 2.0 and far.flags()[0] == 0, within_s=20.0)


async def test_rows_follow_a_master_that_fails_over(watched: tuple[Server, Server, Server]) -> None:
    master, _, watcher = watched
    config = RedisConfig(url=f"redis+sentinel://{LOOPBACK}:{watcher.port}/desk", reply_timeout_s=0.5)
    near, far = Near(config), Far(config, silent_after_ns=200 * NS_PER_MS)
    async with at_work(near, far):
        near.write(0, bid=1.0)
        await until(lambda: far.bids()[0] == 1.0)
        await asyncio.to_thread(master.kill)
        await until(lambda: far.flags()[0] == FLAG_STALE)
        near.write(0, bid=2.0)

        await until(lambda: far.bids()[0] == 2.0 and far.flags()[0] == 0, within_s=30.0)


async def test_rows_go_through_a_cluster(cluster: tuple[Server, Server, Server]) -> None:
    config = RedisConfig(url=f"redis+cluster://{LOOPBACK}:{cluster[0].port}", reply_timeout_s=0.5)
    near, far = Near(config), Far(config)
    async with at_work(near, far):
        near.write(0, bid=1.0)

        await until(lambda: far.bids()[0] == 1.0)
