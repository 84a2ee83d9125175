"""A desk on a real stream: each signal once, in order, nothing left out, whatever dies in between."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from signald.client import Desk, Gap, Received, SchemaError, Worker
from signald.simulate.child import Server, free_port
from tests.support.desk_stream import CONSUMER, INSTRUMENT, STREAM, Stream, guard_signal, stream_on
from tests.support.recording import until


@pytest.fixture
def stream(redis_server: Server) -> Iterator[Stream]:
    with stream_on(redis_server.port) as stream:
        yield stream


def url(server: Server) -> str:
    return f"redis://127.0.0.1:{server.port}/0"


async def take(desk: Desk, count: int, *, ack: bool = True) -> list[Received]:
    """The next ``count`` signals."""
    taken: list[Received] = []
    async for received in desk:
        taken.append(received)
        if ack:
            desk.ack(received)
        if len(taken) == count:
            break
    return taken


@asynccontextmanager
async def crashing(desk: Desk) -> AsyncGenerator[Desk]:
    """A desk that leaves without a word: what it had not acknowledged stays so."""
    async with desk:
        yield desk


def ids(taken: list[Received]) -> list[str]:
    return [received.id for received in taken]


async def test_signals_come_typed_and_in_order(redis_server: Server, stream: Stream) -> None:
    said = stream.publish(40)

    async with Desk(url(redis_server), consumer=CONSUMER) as desk:
        taken = await take(desk, 40)
        await until(lambda: stream.pending() == 0)

    assert ids(taken) == said
    assert [received.sequence for received in taken] == list(range(1, 41))
    assert taken[0].signal.causes[0].release_id == "us.cpi.yoy:2025-01"


def test_the_synchronous_form_gives_the_same(redis_server: Server, stream: Stream) -> None:
    said = stream.publish(3)
    taken: list[str] = []

    with Desk(url(redis_server), consumer=CONSUMER) as desk:
        for received in desk:
            taken.append(received.id)
            desk.ack(received)
            if len(taken) == len(said):
                break

    assert taken == said
    assert stream.pending() == 0


async def test_what_was_not_acknowledged_comes_again_after_a_crash(redis_server: Server, stream: Stream) -> None:
    said = stream.publish(3)
    async with crashing(Desk(url(redis_server), consumer=CONSUMER)) as desk:
        desk.ack((await take(desk, 2, ack=False))[0])

    async with Desk(url(redis_server), consumer=CONSUMER) as desk:
        again = await take(desk, 2)

    assert ids(again) == said[1:]
    assert [received.is_redelivered for received in again] == [True, True]


async def test_what_was_handled_is_acknowledged_and_not_handed_over(redis_server: Server, stream: Stream) -> None:
    said = stream.publish(3)
    book = {said[0], said[1]}

    async with Desk(url(redis_server), consumer=CONSUMER, handled=book.__contains__) as desk:
        taken = await take(desk, 1)
        await until(lambda: stream.pending() == 0)

    assert ids(taken) == said[2:]
    assert desk.repeated == 2


async def test_deliveries_that_were_left_out_are_read_from_the_stream(redis_server: Server, stream: Stream) -> None:
    said = stream.publish(1)
    async with Desk(url(redis_server), consumer=CONSUMER) as desk:
        taken = await take(desk, 1)
        said += stream.publish(3)
        stream.redis.xgroup_setid(STREAM, "desk", "$")  # as if another client had been delivered them
        said += stream.publish(1)

        taken += await take(desk, 4)
        await until(lambda: stream.pending() == 0)

    assert ids(taken) == said


async def test_signals_that_were_trimmed_away_are_a_gap(redis_server: Server) -> None:
    gaps: list[Gap] = []
    with stream_on(redis_server.port, length=5) as stream:
        stream.publish(2)
        async with Desk(url(redis_server), consumer=CONSUMER) as desk:
            await take(desk, 2)
        stream.publish(8)

        async with Desk(url(redis_server), consumer=CONSUMER, on_gap=gaps.append) as desk:
            taken = await take(desk, 5)

    assert [received.sequence for received in taken] == [6, 7, 8, 9, 10]
    assert [gap.last for gap in gaps] == [5]


async def test_another_worker_takes_over_what_a_dead_one_held(redis_server: Server, stream: Stream) -> None:
    said = stream.publish(4)
    async with crashing(Desk(url(redis_server), consumer=CONSUMER, worker=Worker(name="a", shared=True))) as desk:
        await take(desk, 1, ack=False)

    async with Desk(
        url(redis_server), consumer=CONSUMER, worker=Worker(name="b", shared=True, claim_after_s=0.2)
    ) as desk:
        taken = await take(desk, 4)

    assert sorted(ids(taken)) == said


async def test_what_a_dead_one_held_comes_though_newer_ones_wait_for_their_word(
    redis_server: Server, stream: Stream
) -> None:
    said = stream.publish(3)
    stream.redis.xgroup_create(STREAM, "desk", id="0")
    stream.redis.xreadgroup("desk", "dead", {STREAM: ">"}, count=3)
    said += stream.publish(1)

    async with Desk(
        url(redis_server), consumer=CONSUMER, worker=Worker(name="b", shared=True, claim_after_s=1.0)
    ) as desk:
        newest = await take(desk, 1, ack=False)
        older = await take(desk, 3, ack=False)

        assert ids(older + newest) == said
        assert stream.pending() == 4


async def test_what_another_claimed_and_left_comes_again_if_the_desk_wanted_it_again(
    redis_server: Server, stream: Stream
) -> None:
    said = stream.publish(1)
    worker = Worker(name="a", shared=True, claim_after_s=0.9)

    async with Desk(url(redis_server), consumer=CONSUMER, worker=worker) as desk:
        [first] = await take(desk, 1, ack=False)
        with capture_logs() as told:
            stream.redis.xclaim(STREAM, "desk", "other", 0, [first.entry])  # which took us for dead, and died
            await until(lambda: any(each["event"] == "entries_claimed_by_another" for each in told))
        desk.again(first)
        [second] = await take(desk, 1)
        await until(lambda: stream.pending() == 0)

    assert (first.id, second.id) == (said[0], said[0])


async def test_what_comes_again_is_not_said_to_be_dealt_with_while_the_desk_is_at_it(
    redis_server: Server, stream: Stream
) -> None:
    said = stream.publish(1)

    async with Desk(url(redis_server), consumer=CONSUMER) as desk:
        [first] = await take(desk, 1, ack=False)
        stream.redis.delete("{signald}:ids")  # as a fail-over that lost it, whereupon it was written again
        stream.publish(1, id=said[0])
        other = stream.publish(1)
        [second] = await take(desk, 1, ack=False)
        repeated, pending = desk.repeated, stream.pending()
        desk.ack(first)
        await until(lambda: stream.pending() == 1)

    assert second.id == other[0]
    assert (repeated, pending) == (1, 3)


async def test_a_signal_that_comes_as_the_wait_for_it_is_cancelled_is_the_next(
    redis_server: Server, stream: Stream
) -> None:
    def fetching() -> list[asyncio.Task[object]]:
        return [task for task in asyncio.all_tasks() if task.get_name() == "desk-next"]

    async with Desk(url(redis_server), consumer=CONSUMER) as desk:
        waiting = asyncio.get_running_loop().create_task(take(desk, 1))
        await until(lambda: len(fetching()) == 1)
        fetching()[0].add_done_callback(lambda _: waiting.cancel())
        said = stream.publish(1)
        await asyncio.wait({waiting})
        taken = await take(desk, 1)

    assert waiting.cancelled()
    assert ids(taken) == said


async def test_who_gives_up_entering_leaves_nothing_behind() -> None:
    desk = Desk(f"redis://127.0.0.1:{free_port()}/0", consumer=CONSUMER)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1), desk:
            pass

    assert [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("desk")] == []


async def test_workers_of_a_group_share_the_signals(redis_server: Server, stream: Stream) -> None:
    gaps: list[Gap] = []
    taken: list[str] = []
    said = stream.publish(200)

    async def work(name: str) -> None:
        desk = Desk(url(redis_server), consumer=CONSUMER, worker=Worker(name=name, shared=True), on_gap=gaps.append)
        async with desk:
            async for received in desk:
                taken.append(received.id)
                desk.ack(received)
                await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(work(name)) for name in ("a", "b")]
        await until(lambda: len(taken) == len(said))
        for worker in workers:
            worker.cancel()

    assert sorted(taken) == said
    assert gaps == []


async def test_a_desk_goes_on_by_itself_when_the_server_was_away(redis_server: Server, stream: Stream) -> None:
    said = stream.publish(1)
    async with Desk(url(redis_server), consumer=CONSUMER) as desk:
        taken = await take(desk, 1)
        await asyncio.to_thread(stream.redis.client_kill_filter, _type="normal", skipme=True)
        said += stream.publish(2)
        taken += await take(desk, 2)

    assert ids(taken) == said


async def test_another_schema_is_refused(redis_server: Server, stream: Stream) -> None:
    stream.publish(1, schema="signald.signal/2")

    async with Desk(url(redis_server), consumer=CONSUMER) as desk:
        with pytest.raises(SchemaError, match=r"signald\.signal/2"):
            await take(desk, 1)


async def test_guard_is_rebuilt_from_the_stream(redis_server: Server, stream: Stream) -> None:
    stream.say(guard_signal("hold", life_s=600))
    stream.publish(3, kind="outcome", instrument=INSTRUMENT, desk=None)

    async with Desk(url(redis_server), consumer=CONSUMER) as desk:
        guidance = desk.guard(INSTRUMENT)

    assert (guidance.state, guidance.reason) == ("hold", "guided")
    assert 0 < guidance.expires_in_s <= 600


async def test_guard_widens_when_it_has_run_out_and_says_so(redis_server: Server, stream: Stream) -> None:
    reasons: list[str] = []
    async with Desk(url(redis_server), consumer=CONSUMER, on_silence=reasons.append) as desk:
        stream.say(guard_signal("normal", life_s=0.3))
        await until(lambda: bool(reasons))
        guidance = desk.guard(INSTRUMENT)

    assert (guidance.state, guidance.reason) == ("widen", "expired")
    assert INSTRUMENT in reasons[0]


async def test_guard_of_an_unknown_instrument_is_to_widen(redis_server: Server, stream: Stream) -> None:
    stream.publish(1)

    async with Desk(url(redis_server), consumer=CONSUMER) as desk:
        guidance = desk.guard("ETHUSDT.BINANCE")

    assert (guidance.state, guidance.reason) == ("widen", "unknown")


async def test_silence_is_told_when_the_server_is_gone(redis_server: Server, stream: Stream) -> None:
    reasons: list[str] = []
    stream.publish(1)
    async with Desk(url(redis_server), consumer=CONSUMER, silent_after_s=0.7, on_silence=reasons.append) as desk:
        await take(desk, 1)

        await asyncio.to_thread(redis_server.stop)
        await until(lambda: bool(reasons))

    assert "no connection" in reasons[0]
