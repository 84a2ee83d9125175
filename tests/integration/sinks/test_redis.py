"""Publishing to real servers: each signal once, in order, whole or not at all, whatever happens to the server."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from signald.errors import UnreachableError
from signald.runtime.backoff import Backoff
from signald.runtime.clock import LiveClock
from signald.simulate.child import Server, free_port
from signald.simulate.servers import embedded_valkey
from signald.sinks.redis import Confirmation, Publisher
from signald.sinks.redis_function import PublishFunction, Sending
from signald.transports.redis import RedisLink, Refused, Reply, pack
from signald.transports.settings import RedisConfig
from tests.support.fault_proxy import FaultProxy, Spoil
from tests.support.recording import until
from tests.support.redis_reading import document, reading
from tests.support.servers import installed

SIGNALS = "{signald}:signals"
DESK = "{signald}:consumer:desk"


class Confirmed:
    """Writes confirmations down."""

    def __init__(self) -> None:
        self.all: list[Confirmation] = []

    def __call__(self, confirmation: Confirmation) -> None:
        self.all.append(confirmation)

    @property
    def sequences(self) -> list[int | None]:
        return [confirmation.sequence for confirmation in self.all]


def build(server: Server, confirmed: Confirmed | None = None, *, stream_length: int = 100, port: int = 0) -> Publisher:
    config = RedisConfig(
        url=f"redis://127.0.0.1:{port or server.port}/0",
        stream_length=stream_length,
        test_length=5,
        reply_timeout_s=0.5,
    )
    return Publisher(
        config,
        LiveClock(),
        consumers=["desk"],
        on_confirmed=confirmed,
        backoff=Backoff(first_s=0.01, cap_s=0.05),
    )


@contextlib.asynccontextmanager
async def running(*publishers: Publisher) -> AsyncGenerator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(publisher.run()) for publisher in publishers]
        for publisher in publishers:
            await publisher.wait_connected(8.0)
        yield
        for task in tasks:
            task.cancel()


@pytest.fixture
def keeping_server(tmp_path: Path) -> Iterator[Server]:
    """A server that loses nothing it has confirmed."""
    settings = {"appendonly": "yes", "appendfsync": "always"}
    with installed(lambda: embedded_valkey(directory=tmp_path, settings=settings)) as server:
        yield server


async def off_loop(call: Callable[[], object]) -> None:
    await asyncio.to_thread(call)


async def test_an_entry_has_the_contracts_fields_in_order(redis_server: Server) -> None:
    publisher = build(redis_server)
    async with running(publisher), reading(redis_server.port) as reader:
        publisher.publish(document(1))
        assert await publisher.flush(5.0)

        (entry,) = await reader.entries()
        (copy,) = await reader.entries(DESK)

    assert list(entry) == ["id", "kind", "instrument", "sequence", "ts_scored", "ts_publish", "late_ms", "data"]
    assert entry["id"] == document(1).id
    assert entry["kind"] == "release"
    assert entry["instrument"] == "BTCUSDT.BINANCE"
    assert entry["sequence"] == "1"
    assert entry["ts_scored"] == str(document(1).ts_scored)
    assert int(entry["ts_publish"]) > document(1).ts_scored
    assert entry["late_ms"] == "0"
    assert entry["data"] == '{"number":1}'
    assert copy == entry


async def test_each_stream_counts_its_own_entries(redis_server: Server) -> None:
    confirmed = Confirmed()
    publisher = build(redis_server, confirmed)
    async with running(publisher), reading(redis_server.port) as reader:
        for number in range(1, 4):
            publisher.publish(document(number))
        publisher.publish(document(9, test=True))
        assert await publisher.flush(5.0)

        sequence = await reader.table("{signald}:sequence")

    assert confirmed.sequences == [1, 2, 3, 1]
    assert sequence == {"ids": "4", SIGNALS: "3", DESK: "3", "{signald}:test": "1"}


async def test_an_id_is_written_once_whoever_writes_it(redis_server: Server) -> None:
    ours, theirs = Confirmed(), Confirmed()
    first, second = build(redis_server, ours), build(redis_server, theirs)
    async with running(first, second), reading(redis_server.port) as reader:
        for number in range(50):
            for publisher in (first, second) if number % 2 else (second, first):
                publisher.publish(document(number))
        assert await first.flush(5.0)
        assert await second.flush(5.0)

        assert await reader.numbers() == list(range(50))
        assert await reader.numbers(DESK) == list(range(50))
    assert first.published + second.published == 50
    assert first.duplicates + second.duplicates == 50
    assert len(ours.all) == len(theirs.all) == 50


async def test_what_comes_in_one_instant_is_written_in_one_step(redis_server: Server) -> None:
    ours, theirs = Confirmed(), Confirmed()
    first, second = build(redis_server, ours), build(redis_server, theirs)
    documents = [document(number, instrument=f"{number % 3}.BINANCE") for number in range(40)]
    async with running(first, second), reading(redis_server.port) as reader:
        second.publish(documents[1], documents[3])
        assert await second.flush(5.0)
        before = await reader.calls("fcall")

        first.publish(*documents)
        assert await first.flush(5.0)

        assert await reader.numbers() == await reader.numbers(DESK) == [1, 3, 0, 2, *range(4, 40)]
        assert await reader.calls("fcall") == before + 3  # sixteen at most in each
        latest = await reader.table("{signald}:latest")
        sequence = await reader.table("{signald}:sequence")
    assert ours.sequences == [3, None, 4, None, *range(5, 41)]
    assert (first.published, first.duplicates) == (38, 2)
    assert sequence == {"ids": "40", SIGNALS: "40", DESK: "40"}
    assert latest == {
        "release 0.BINANCE": '{"number":39}',
        "release 1.BINANCE": '{"number":37}',
        "release 2.BINANCE": '{"number":38}',
    }


async def test_an_id_twice_in_one_step_is_written_once(redis_server: Server) -> None:
    confirmed = Confirmed()
    publisher = build(redis_server, confirmed)
    async with running(publisher), reading(redis_server.port) as reader:
        publisher.publish(document(1), document(2), document(1))
        assert await publisher.flush(5.0)

        assert await reader.numbers() == [1, 2]
    assert confirmed.sequences == [1, 2, None]


async def test_a_test_goes_to_its_own_short_stream_only(redis_server: Server) -> None:
    publisher = build(redis_server)
    async with running(publisher), reading(redis_server.port) as reader:
        for number in range(8):
            publisher.publish(document(number, test=True))
        assert await publisher.flush(5.0)

        assert await reader.numbers("{signald}:test") == [3, 4, 5, 6, 7]
        assert await reader.entries() == []
        assert await reader.entries(DESK) == []
        assert await reader.table("{signald}:latest") == {}


async def test_latest_is_the_newest_by_its_own_times_not_by_arrival(redis_server: Server) -> None:
    publisher = build(redis_server)
    newest = document(1, ts_event=2_000, revision=2)
    arrivals = [
        document(2, ts_event=2_000, revision=1),
        newest,
        document(3, ts_event=1_999, revision=9),
        document(4, ts_event=10, revision=1, instrument=None, kind="missed"),
    ]
    async with running(publisher), reading(redis_server.port) as reader:
        for arrival in arrivals:
            publisher.publish(arrival)
        assert await publisher.flush(5.0)

        latest = await reader.table("{signald}:latest")
        versions = await reader.table("{signald}:versions")

    assert latest == {"release BTCUSDT.BINANCE": newest.data.decode(), "missed *": '{"number":4}'}
    assert versions == {
        "release BTCUSDT.BINANCE": "00000000000000002000 0000000002",
        "missed *": "00000000000000000010 0000000001",
    }


async def test_of_equal_versions_the_later_counts(redis_server: Server) -> None:
    publisher = build(redis_server)
    async with running(publisher), reading(redis_server.port) as reader:
        for number in (1, 2):
            publisher.publish(document(number, ts_event=5, revision=1))
        assert await publisher.flush(5.0)

        assert await reader.table("{signald}:latest") == {"release BTCUSDT.BINANCE": '{"number":2}'}


async def test_streams_and_ids_are_trimmed_exactly(redis_server: Server) -> None:
    publisher = build(redis_server, stream_length=10)
    async with running(publisher), reading(redis_server.port) as reader:
        for number in range(150):
            publisher.publish(document(number))
            if number % 50 == 0:
                assert await publisher.flush(5.0)
        assert await publisher.flush(5.0)

        assert await reader.numbers() == list(range(140, 150))
        assert await reader.numbers(DESK) == list(range(140, 150))
        assert await reader.redis.zcard("{signald}:ids") == 100
        assert await reader.redis.zscore("{signald}:ids", document(49).id) is None
        assert await reader.redis.zscore("{signald}:ids", document(50).id) is not None


async def test_a_test_shortens_no_memory_of_what_was_written(redis_server: Server) -> None:
    said = [document(number) for number in range(1, 81)]
    publisher, after_restart = build(redis_server), build(redis_server)  # of tests they keep five
    async with running(publisher):
        publisher.publish(*said)
        assert await publisher.flush(5.0)
        publisher.publish(document(81, test=True))
        assert await publisher.flush(5.0)

    after_restart.resend(said)
    async with running(after_restart), reading(redis_server.port) as reader:
        assert await after_restart.flush(5.0)
        numbers = await reader.numbers()

    assert numbers == list(range(1, 81))


async def test_what_goes_together_is_refused_together_and_comes_back_in_order(redis_server: Server) -> None:
    publisher = build(redis_server)
    async with running(publisher), reading(redis_server.port) as reader:
        await reader.redis.set(DESK, "in the way")
        publisher.publish(*[document(number) for number in range(20)])
        await until(lambda: publisher.refusals >= 20)

        assert await reader.redis.keys() == [DESK.encode()]

        await reader.redis.delete(DESK)
        assert await publisher.flush(5.0)

        assert await reader.numbers() == await reader.numbers(DESK) == list(range(20))


@pytest.mark.parametrize(
    "key", ["ids", "sequence", "latest", "versions", "signals", "consumer:desk"], ids=lambda key: key.split(":")[0]
)
async def test_a_key_of_the_wrong_type_leaves_nothing_half_done(redis_server: Server, key: str) -> None:
    publisher = build(redis_server)
    async with running(publisher), reading(redis_server.port) as reader:
        await reader.redis.set("{signald}:" + key, "in the way")
        publisher.publish(document(1))
        publisher.publish(document(2))
        await until(lambda: publisher.refusals >= 4)

        assert await reader.redis.keys() == [b"{signald}:" + key.encode()]
        assert publisher.depth == 2
        assert "WRONGTYPE {signald}:" + key in publisher.last_refusal

        await reader.redis.delete("{signald}:" + key)
        assert await publisher.flush(5.0)
        entries = await reader.entries(DESK)

    assert [int(entry["id"], 16) for entry in entries] == [1, 2]
    assert all(int(entry["late_ms"]) > 0 for entry in entries)
    assert publisher.last_refusal == ""


async def test_a_counter_that_is_none_leaves_nothing_half_done(redis_server: Server) -> None:
    publisher = build(redis_server)
    async with running(publisher), reading(redis_server.port) as reader:
        await reader.redis.execute_command("HSET", "{signald}:sequence", DESK, "many")
        publisher.publish(document(1))
        await until(lambda: publisher.refusals)

        assert await reader.redis.keys() == [b"{signald}:sequence"]
        assert "WRONGCOUNT" in publisher.last_refusal


async def test_a_test_that_is_refused_holds_nothing_up(redis_server: Server) -> None:
    publisher = build(redis_server)
    async with running(publisher), reading(redis_server.port) as reader:
        await reader.redis.set("{signald}:test", "in the way")
        publisher.publish(document(1, test=True))
        publisher.publish(document(2))
        assert await publisher.flush(5.0)

        (entry,) = await reader.entries()

    assert (entry["id"], entry["late_ms"]) == (document(2).id, "0")


async def test_out_of_memory_replies_delay_and_reorder_nothing(redis_server: Server) -> None:
    publisher = build(redis_server)
    async with running(publisher), reading(redis_server.port) as reader:
        publisher.publish(document(0))
        assert await publisher.flush(5.0)
        await reader.redis.config_set("maxmemory", "1")
        for number in range(1, 20):
            publisher.publish(document(number))
        await until(lambda: publisher.refusals)
        assert "OOM" in publisher.last_refusal
        await reader.redis.config_set("maxmemory", "0")
        assert await publisher.flush(5.0)

        assert await reader.numbers() == list(range(20))


async def test_a_signal_is_refused_until_the_one_before_it_is_written(redis_server: Server) -> None:
    function = PublishFunction(consumers=["desk"], stream_length=10, test_length=5)
    link = RedisLink(RedisConfig(url=f"redis://127.0.0.1:{redis_server.port}/0"))
    replies: list[Reply] = []
    async with asyncio.TaskGroup() as group, reading(redis_server.port) as reader:
        task = group.create_task(link.run())
        await link.wait_connected(8.0)
        await link.call("FUNCTION", "LOAD", function.code)
        calls = [
            function.pack_call([Sending(document(number), ts_publish=1, late_ms=0)], after=after)
            for number, after in [(1, ""), (2, document(1).id)]
        ]
        # In one go the server sees: a key in the way, document 1, the way free again, document 2.
        for command in (pack("SET", DESK, "in the way"), calls[0], pack("DEL", DESK), calls[1], calls[0], calls[1]):
            link.submit(command, replies.append)
        await until(lambda: len(replies) == 6)
        task.cancel()
        numbers = await reader.numbers()

    first, second = replies[1], replies[3]
    assert isinstance(first, Refused)
    assert isinstance(second, Refused)
    assert first.text.startswith("WRONGTYPE {signald}:consumer:desk")
    assert second.text == f"ORDER {document(1).id} is not written, and comes before {document(2).id}"
    assert replies[4:] == [1, 2]
    assert numbers == [1, 2]


async def publish_through(server: Server, publisher: Publisher, disturb: Callable[[], object], *, count: int) -> None:
    """Publish ``count`` documents while ``disturb`` happens to the server, and start it again if it is gone."""
    async with asyncio.TaskGroup() as group:
        disturbed = group.create_task(off_loop(disturb))
        for number in range(1, count):
            publisher.publish(document(number))
            await asyncio.sleep(0.001)
        await disturbed
    if not server.pid:
        await until(lambda: not publisher.is_up)
        await off_loop(server.start)
    assert await publisher.flush(15.0)


async def test_a_killed_server_costs_nothing_but_time(keeping_server: Server) -> None:
    publisher = build(keeping_server, stream_length=1_000)
    async with running(publisher), reading(keeping_server.port) as reader:
        publisher.publish(document(0))
        assert await publisher.flush(5.0)
        await publish_through(keeping_server, publisher, keeping_server.kill, count=300)

        assert await reader.numbers() == list(range(300))
        assert await reader.numbers(DESK) == list(range(300))
        entries = await reader.entries()

    assert [int(entry["sequence"]) for entry in entries] == list(range(1, 301))
    assert entries[0]["late_ms"] == "0"
    assert int(entries[-1]["late_ms"]) > 0
    assert publisher.delivered_late == sum(int(entry["late_ms"]) > 0 for entry in entries)


@pytest.mark.parametrize("how", ["corrupt", "duplicate", "reorder"])
async def test_spoilt_answers_cost_a_connection_and_no_signal(redis_server: Server, how: Spoil) -> None:
    async with FaultProxy(redis_server.port) as proxy:
        publisher = build(redis_server, stream_length=1_000, port=proxy.port)
        async with running(publisher), reading(redis_server.port) as reader:
            proxy.spoil(how, seed=7)
            for number in range(300):
                publisher.publish(document(number))
                await asyncio.sleep(0)
                if number % 50 == 0:
                    await publisher.flush(0.2)
            spoilt = proxy.spoilt
            proxy.resume()
            proxy.drop()
            await until(lambda: not publisher.is_up)
            await publisher.wait_connected(10.0)
            assert await publisher.flush(10.0)

            assert await reader.numbers() == list(range(300))
            assert await reader.numbers(DESK) == list(range(300))
    assert spoilt > 0


async def test_a_server_that_forgot_everything_is_told_again(redis_server: Server) -> None:
    publisher = build(redis_server, stream_length=1_000)
    async with running(publisher), reading(redis_server.port) as reader:
        publisher.publish(document(0))
        assert await publisher.flush(5.0)
        await publish_through(redis_server, publisher, redis_server.kill, count=200)

        assert await reader.numbers() == list(range(200))
        assert await reader.numbers(DESK) == list(range(200))
        entries = await reader.entries()

    assert all(int(entry["late_ms"]) > 0 for entry in entries[:-1])


async def test_a_server_that_hangs_is_left_and_come_back_to(redis_server: Server) -> None:
    def hang() -> None:
        os.kill(redis_server.pid, signal.SIGSTOP)

    publisher = build(redis_server, stream_length=1_000)
    async with running(publisher), reading(redis_server.port) as reader:
        publisher.publish(document(0))
        assert await publisher.flush(5.0)
        hang()
        for number in range(1, 100):
            publisher.publish(document(number))
        await until(lambda: not publisher.is_up)
        publisher.publish(document(100))
        os.kill(redis_server.pid, signal.SIGCONT)
        assert await publisher.flush(10.0)

        assert await reader.numbers() == list(range(101))
        entries = await reader.entries()

    assert int(entries[-1]["late_ms"]) > 0


async def test_what_an_earlier_process_published_goes_out_if_the_server_lacks_it(redis_server: Server) -> None:
    earlier = build(redis_server)
    async with running(earlier):
        for number in range(5):
            earlier.publish(document(number))
        assert await earlier.flush(5.0)

    publisher = build(redis_server)
    publisher.resend([document(number) for number in range(10)])
    async with running(publisher), reading(redis_server.port) as reader:
        publisher.publish(document(10))
        assert await publisher.flush(5.0)

        assert await reader.numbers() == list(range(11))
        entries = await reader.entries()

    lateness = [int(entry["late_ms"]) for entry in entries]
    assert lateness[:5] == [0] * 5
    assert min(lateness[5:10]) > 1_000_000_000
    assert (publisher.published, publisher.duplicates) == (6, 0)


async def test_a_function_that_was_flushed_is_loaded_again(redis_server: Server) -> None:
    publisher = build(redis_server)
    async with running(publisher), reading(redis_server.port) as reader:
        await reader.redis.function_flush()
        for number in range(3):
            publisher.publish(document(number))
        assert await publisher.flush(5.0)

        assert await reader.numbers() == [0, 1, 2]


async def test_more_than_a_stream_holds_does_not_wait(redis_server: Server) -> None:
    publisher = build(redis_server, stream_length=10)

    for number in range(25):
        publisher.publish(document(number))
    publisher.publish(document(99, test=True))

    assert (publisher.depth, publisher.dropped) == (10, 16)
    assert publisher.lag_ns() > 0

    async with running(publisher), reading(redis_server.port) as reader:
        assert await publisher.flush(5.0)
        assert await reader.numbers() == list(range(15, 25))
    assert publisher.lag_ns() == 0


async def test_a_flush_that_cannot_be_says_so(redis_server: Server) -> None:
    publisher = build(redis_server)
    publisher.publish(document(1))

    assert not await publisher.flush(0.01)


async def test_only_a_connection_that_others_end_is_a_warning(redis_server: Server) -> None:
    publisher = build(redis_server)
    with capture_logs() as logs:
        async with running(publisher):
            await off_loop(redis_server.kill)
            await until(lambda: not publisher.is_up)
            await off_loop(redis_server.start)
            await publisher.wait_connected(8.0)

    levels = [line["log_level"] for line in logs if line["event"] == "redis_disconnected"]
    assert levels[0] == "warning"
    assert levels[-1] == "info"


async def test_a_server_that_is_not_there_is_named_in_time() -> None:
    port = free_port()
    publisher = Publisher(RedisConfig(url=f"redis://:secret@127.0.0.1:{port}/0"), LiveClock())

    async with asyncio.TaskGroup() as group:
        task = group.create_task(publisher.run())
        with pytest.raises(UnreachableError) as caught:
            await publisher.wait_connected(0.3)
        task.cancel()

    assert str(caught.value).startswith(f"redis at 127.0.0.1:{port} was not reached: ")
    assert "secret" not in str(caught.value)
