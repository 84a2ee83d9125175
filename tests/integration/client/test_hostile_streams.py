"""A desk on a stream with which something is wrong: it says so, loses nothing that can be had, and its guard widens."""

from collections.abc import AsyncIterator, Iterator

import pytest
from redis import Redis

from signald.client import Desk, Gap, Received, Worker
from signald.model.time import NS_PER_S
from signald.runtime.clock import LiveClock
from signald.simulate.child import Server
from signald.sinks.acl import rules_of, user_of
from signald.sinks.encoding import encode_data
from tests.support.desk_stream import CONSUMER, INSTRUMENT, STREAM, Stream, guard_signal, stream_on
from tests.support.recording import until
from tests.support.signals import sample_signal


@pytest.fixture
def stream(redis_server: Server) -> Iterator[Stream]:
    with stream_on(redis_server.port) as stream:
        yield stream


def desk_on(server: Server, *, user: str = "", **options: object) -> Desk:
    url = f"redis://{user}127.0.0.1:{server.port}/0"
    return Desk(url, consumer=CONSUMER, **options)  # pyright: ignore[reportArgumentType] - the test's own options


async def take(desk: Desk, count: int, *, ack: bool = True) -> list[str]:
    """Ids of the next ``count`` signals."""
    taken: list[str] = []
    async for received in desk:
        taken.append(received.id)
        if ack:
            desk.ack(received)
        if len(taken) == count:
            break
    return taken


async def one_of(signals: AsyncIterator[Received]) -> Received:
    return await anext(signals)


@pytest.mark.parametrize("claim_after_s", [10.0, 0.01])
async def test_delivery_that_was_trimmed_away_while_we_were_dead_is_a_gap(
    redis_server: Server, stream: Stream, claim_after_s: float
) -> None:
    gaps: list[Gap] = []
    stream.publish(3)
    async with desk_on(redis_server) as desk:
        await take(desk, 3, ack=False)
    stream.redis.xtrim(STREAM, maxlen=0)
    said = stream.publish(1)

    worker = Worker(claim_after_s=claim_after_s)
    async with desk_on(redis_server, worker=worker, on_gap=gaps.append) as desk:
        taken = await take(desk, 1)
        await until(lambda: stream.pending() == 0)

    assert taken == said
    assert [gap.first for gap in gaps] == [None] * len(gaps)
    assert len(gaps) >= 3


@pytest.mark.parametrize("begin", ["oldest", "newest"])
async def test_desk_goes_on_where_a_server_comes_back_empty(redis_server: Server, stream: Stream, begin: str) -> None:
    said = stream.publish(1) if begin == "oldest" else []
    async with desk_on(redis_server, worker=Worker(begin=begin)) as desk:  # pyright: ignore[reportArgumentType] - parametrized
        said = said or stream.publish(1)
        taken = await take(desk, 1)
        stream.redis.flushall()
        said += stream.publish(2)
        taken += await take(desk, 2)

    assert taken == said


async def test_desk_goes_on_where_its_group_was_removed(redis_server: Server, stream: Stream) -> None:
    said = stream.publish(2)
    async with desk_on(redis_server) as desk:
        taken = await take(desk, 2)
        await until(lambda: stream.pending() == 0)
        stream.redis.xgroup_destroy(STREAM, "desk")
        said += stream.publish(2)
        taken += await take(desk, 2)

    assert taken == said


async def test_entry_that_is_there_twice_is_handed_over_once(redis_server: Server, stream: Stream) -> None:
    signal = sample_signal(id="a" * 32)
    for _ in range(2):
        stream.put(encode_data(signal), id=signal.id)
    said = stream.publish(1)

    async with desk_on(redis_server) as desk:
        taken = await take(desk, 2)
        await until(lambda: stream.pending() == 0)

    assert taken == [signal.id, *said]
    assert desk.repeated == 1


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (b'{"schema":"signald.signal/1","kind":"rumour"}', {}),
        (b"\xff\x00", {}),
        (encode_data(sample_signal()), {"sequence": "seven"}),
        (encode_data(sample_signal()), {"ts_publish": "soon"}),
    ],
)
async def test_entry_that_cannot_be_read_is_skipped_and_counted(
    redis_server: Server, stream: Stream, data: bytes, fields: dict[str, str]
) -> None:
    gaps: list[Gap] = []
    said = stream.publish(1)
    stream.put(data, **fields)
    said += stream.publish(1)

    async with desk_on(redis_server, on_gap=gaps.append) as desk:
        taken = await take(desk, 2)
        await until(lambda: stream.pending() == 0)

    assert taken == said
    assert desk.unreadable == 1
    assert gaps == []


async def test_number_that_leaps_is_one_gap_however_far(redis_server: Server, stream: Stream) -> None:
    gaps: list[Gap] = []
    stream.publish(1)
    stream.put(encode_data(sample_signal(id="b" * 32)), id="b" * 32, sequence=10**15)

    async with desk_on(redis_server, on_gap=gaps.append) as desk:
        await take(desk, 2)

    assert gaps == [Gap(2, 10**15 - 1)]


async def test_desk_says_that_its_key_holds_something_else_and_goes_on_after(
    redis_server: Server, stream: Stream
) -> None:
    reasons: list[str] = []
    said = stream.publish(1)
    async with desk_on(redis_server, silent_after_s=0.7, on_silence=reasons.append) as desk:
        taken = await take(desk, 1)
        stream.redis.delete(STREAM)
        stream.redis.set(STREAM, "a string")
        await until(lambda: bool(reasons))
        state = desk.guard(INSTRUMENT).state
        stream.redis.delete(STREAM)
        said += stream.publish(1)
        taken += await take(desk, 1)

    assert taken == said
    assert state == "widen"


async def test_callback_that_raises_loses_no_signal(redis_server: Server, stream: Stream) -> None:
    def raising(_: object) -> None:
        raise ArithmeticError

    said = stream.publish(1)
    async with desk_on(redis_server, on_gap=raising, on_silence=raising) as desk:
        taken = await take(desk, 1)
        stream.put(b"", sequence=7)
        stream.say(guard_signal("normal", life_s=0.1))
        await until(lambda: desk.guard(INSTRUMENT).reason == "expired")
        taken += await take(desk, 1)

    assert taken[0] == said[0]
    assert len(taken) == 2


async def test_handler_that_raises_is_given_the_signal_again(redis_server: Server, stream: Stream) -> None:
    said = stream.publish(2)
    async with desk_on(redis_server) as desk:
        signals = aiter(desk)
        first = await one_of(signals)
        desk.again(first)  # what a handler that failed, and may not fail again, does
        second, again = await one_of(signals), await one_of(signals)
        desk.ack(second)
    async with desk_on(redis_server) as desk:
        after_a_crash = await take(desk, 1)

    assert [first.id, second.id, again.id] == [said[0], said[1], said[0]]
    assert again.is_redelivered
    assert after_a_crash == said[:1]


async def test_record_of_what_was_handled_that_fails_loses_no_signal(redis_server: Server, stream: Stream) -> None:
    said = stream.publish(1)
    broken = [True]

    def handled(_: str) -> bool:
        if broken.pop() if broken else False:
            raise OSError
        return False

    async with desk_on(redis_server, handled=handled) as desk:
        with pytest.raises(OSError):  # noqa: PT011 - the test's own
            await take(desk, 1)
        taken = await take(desk, 1)

    assert taken == said


async def test_servers_clock_that_is_set_does_not_prolong_the_guard(redis_server: Server, stream: Stream) -> None:
    signal = guard_signal("normal", life_s=0.3)
    async with desk_on(redis_server) as desk:
        hour_ahead_ms = LiveClock.now() // 1_000_000 + 3_600_000
        stream.put(
            encode_data(signal), entry=f"{hour_ahead_ms}-0", id=signal.id, kind="guard", ts_publish=signal.ts_event
        )
        await until(lambda: desk.guard(INSTRUMENT).source == signal.id)
        held_s = desk.guard(INSTRUMENT).expires_in_s

    assert held_s <= 0.3


async def test_slow_workers_signals_are_not_taken_over(redis_server: Server, stream: Stream) -> None:
    said = stream.publish(1)
    taken_over: list[str] = []
    slow, quick = (Worker(name=name, shared=True, claim_after_s=0.6) for name in ("slow", "quick"))
    async with desk_on(redis_server, worker=slow) as busy, desk_on(redis_server, worker=quick) as idle:
        taken = await take(busy, 1, ack=False)
        began = LiveClock.monotonic()
        stream.publish(1)
        signals = aiter(idle)
        received = await one_of(signals)
        idle.ack(received)
        await until(lambda: LiveClock.monotonic() - began > 2 * NS_PER_S)
        stream.publish(1)
        taken_over.append((await one_of(signals)).id)

    assert taken == said
    assert said[0] not in taken_over


async def test_consumer_that_may_only_read_its_own_stream_has_all_of_the_client(
    redis_server: Server, stream: Stream
) -> None:
    stream.redis.execute_command("ACL", "SETUSER", "someone", *rules_of(user_of(CONSUMER, ["s3cret"])))
    dead, alive = (Worker(name=name, claim_after_s=0.3) for name in ("a", "b"))
    said = stream.publish(3)
    said.append(stream.say(guard_signal("hold", life_s=60)))
    async with desk_on(redis_server, user="someone:s3cret@", worker=dead) as desk:
        await take(desk, 2, ack=False)
    stream.redis.xgroup_setid(STREAM, "desk", "$")  # the rest must be found in the stream
    said += stream.publish(1)

    async with desk_on(redis_server, user="someone:s3cret@", worker=alive) as desk:
        state = desk.guard(INSTRUMENT).state
        taken = await take(desk, len(said))
        await until(lambda: stream.pending() == 0)
    with Redis(port=redis_server.port, username="someone", password="s3cret") as other:  # noqa: S106 - the test's own
        refused = [_is_refused(other, *command) for command in (("XLEN", "{signald}:signals"), ("FLUSHALL",))]

    assert sorted(taken) == sorted(said)
    assert state == "hold"
    assert refused == [True, True]


def _is_refused(redis: Redis, *command: str) -> bool:
    try:
        redis.execute_command(*command)  # pyright: ignore[reportUnknownMemberType] - untyped
    except Exception as error:  # noqa: BLE001 - whatever redis-py makes of it
        return "permission" in str(error).lower()
    return False
