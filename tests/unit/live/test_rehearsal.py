"""A test release that walks the path of a figure: what it is about, when it goes, and how one knows that it is back."""

import asyncio
import json

from signald.live.rehearsal import SOURCE, Rehearsal
from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.model.time import NS_PER_S
from signald.pipeline import Pipeline
from signald.sinks.encoding import document_of, encode_data
from signald.sinks.redis import Confirmation
from tests.support.calendar import CPI_JANUARY, T0, schedule_payload
from tests.support.pipelines import NAMES, build_pipeline
from tests.support.recording import until


class Clock:
    """Both times are what they are set to."""

    def __init__(self, now: int) -> None:
        self.wall = now
        self.mono = 0

    def now(self) -> int:
        return self.wall

    def monotonic(self) -> int:
        return self.mono


class Path:
    """A pipeline, and what was sent down it."""

    def __init__(self, now: int, *, every_s: float = 60.0) -> None:
        self.clock = Clock(now)
        self.pipeline: Pipeline = build_pipeline()
        self.rehearsal = Rehearsal(self.pipeline.engine, self.clock, every_s=every_s, take=self.take)
        self.messages: list[dict[str, object]] = []
        self.signals: list[Signal] = []

    def schedule(self) -> None:
        self.feed(f"calendar/schedule/{CPI_JANUARY}/bls", schedule_payload())

    def feed(self, key: str, payload: bytes) -> list[Signal]:
        fed = self.pipeline.feed(Record(RecordKind.MESSAGE, self.clock.now(), "mqtt", key, payload))
        return [output for output in fed.outputs if isinstance(output, Signal)]

    def take(self, key: str, payload: bytes) -> bool:
        self.messages.append(json.loads(payload))
        self.signals += self.feed(key, payload)
        return True

    def answer(self) -> None:
        """Redis has the last document."""
        signal = self.signals[-1]
        document = document_of(signal, ts_scored=0, data=encode_data(signal), ingested=1_000)
        self.rehearsal.confirm(Confirmation(document, sequence=1, late_ms=0, sent=2_000, replied=51_000))


async def test_it_is_about_the_release_that_is_due_next_and_for_no_consumer() -> None:
    path = Path(T0 - 600 * NS_PER_S)
    path.schedule()

    path.rehearsal.play()

    assert path.messages[0]["release_id"] == CPI_JANUARY
    assert path.messages[0]["source"] == SOURCE
    assert [signal.instrument for signal in path.signals] == list(NAMES)
    assert all("test" in signal.flags for signal in path.signals)
    assert path.signals[0].causes[0].surprise is not None
    assert path.pipeline.engine.windows[CPI_JANUARY].current is None


async def test_without_a_schedule_some_series_serves() -> None:
    path = Path(T0)

    path.rehearsal.play()

    assert [signal.instrument for signal in path.signals] == list(NAMES)


async def test_it_is_warm_when_the_answer_came() -> None:
    path = Path(T0 - 600 * NS_PER_S)
    path.schedule()
    was_warm = path.rehearsal.is_warm

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(path.rehearsal.before_ready())
        for rounds in (1, 2, 3):
            await until(lambda rounds=rounds: path.rehearsal.rounds == rounds)
            path.answer()
            path.clock.wall += 1
        await waiting

    assert not was_warm
    assert path.rehearsal.is_warm
    assert path.rehearsal.last_ns == 50_000


async def test_it_goes_again_when_its_time_has_come_and_just_before_a_release() -> None:
    path = Path(T0 - 600 * NS_PER_S)
    path.schedule()

    async with asyncio.TaskGroup() as group:
        running = group.create_task(path.rehearsal.run())
        await asyncio.sleep(0)
        path.clock.mono += 61 * NS_PER_S
        await until(lambda: path.rehearsal.rounds == 1)
        path.clock.wall = T0 - NS_PER_S // 2
        await until(lambda: path.rehearsal.rounds == 2)
        running.cancel()

    assert [message["release_id"] for message in path.messages] == [CPI_JANUARY, CPI_JANUARY]


async def test_who_never_rehearses_is_as_warm_as_can_be() -> None:
    path = Path(T0, every_s=0.0)

    await path.rehearsal.before_ready()
    await path.rehearsal.run()

    assert path.rehearsal.rounds == 0
    assert path.rehearsal.is_warm
