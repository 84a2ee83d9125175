import asyncio
from typing import Any, Literal

import pytest

from signald.errors import CheckFailedError
from signald.model.time import NS_PER_S, Nanos, parse_rfc3339
from signald.simulate.calendar import CalendarPublisher, PlannedRelease, Quarter
from signald.simulate.handles import EngineStatus
from signald.simulate.market import Market, MarketShape
from signald.simulate.playback import Playback
from signald.simulate.scoreboard import Scoreboard
from tests.support.clocks import MovingClock
from tests.support.documents import scored_release

T0 = parse_rfc3339("2025-03-07T13:30:00Z")
T1 = parse_rfc3339("2025-03-12T12:30:00Z")
INSTRUMENT = "BTCUSDT.BINANCE"


def planned(indicator: str, ts: Nanos) -> PlannedRelease:
    return PlannedRelease(indicator=indicator, period="2025-02", ts_scheduled=ts, actual=2.0, consensus=1.0, prior=1.0)


QUARTER = Quarter(
    releases=(planned("us.nfp", T0), planned("us.unemployment_rate", T0), planned("us.cpi.yoy", T1)),
    response_bps_per_unit={"us.nfp": -20.0, "us.unemployment_rate": 10.0, "us.cpi.yoy": -60.0},
)


class FakeDaemon:
    """Has deadlines around each release and fires one when the clock has reached it and its status is asked for."""

    def __init__(self, clock: MovingClock, market: Market, *, deaf: bool = False, stuck: bool = False) -> None:
        self.clock = clock
        self.market = market
        self.deadlines = [t + s * NS_PER_S for t in (T0, T1) for s in (-900, 60, 3_600)]
        self.fired: list[tuple[Nanos, Nanos]] = []
        self.rows_ts = 0
        self.deaf = deaf
        self.stuck = stuck

    def push(self) -> None:
        if not self.deaf:
            self.market.advance(self.clock.now())
            self.rows_ts = self.clock.now()

    async def ask(self) -> EngineStatus:
        await asyncio.sleep(0)
        now = self.clock.now()
        if not self.stuck and self.deadlines and self.deadlines[0] <= now:
            self.fired.append((self.deadlines.pop(0), self.rows_ts))
        due = self.deadlines[0] if self.deadlines else None
        return EngineStatus(now=now, next_deadline=due, rows_ts=self.rows_ts)


class Desk:
    """Carries the calendar to nobody, notes when, and answers each figure with a document."""

    def __init__(self, clock: MovingClock, scoreboard: Scoreboard) -> None:
        self.clock = clock
        self.scoreboard = scoreboard
        self.published: list[tuple[str, Nanos]] = []

    async def publish(self, topic: str, payload: bytes, *, qos: Literal[0, 1] = 1, retain: bool = False) -> None:
        del payload, qos, retain
        self.published.append((topic.removeprefix("signald/v1/"), self.clock.now()))
        if "/release/" in topic:
            document = scored_release(topic.split("/")[4], instrument=INSTRUMENT)
            self.scoreboard.read(document, monotonic=self.clock.monotonic())

    def times_of(self, part: str) -> list[tuple[str, Nanos]]:
        return [(topic, ts) for topic, ts in self.published if part in topic]


def world(**faults: Any) -> tuple[Playback, FakeDaemon, Desk, Scoreboard]:  # noqa: ANN401 - the fake's own switches
    clock = MovingClock(T0 - 7 * 86_400 * NS_PER_S)
    market = Market(MarketShape(), seed=1, now=clock.now())
    daemon = FakeDaemon(clock, market, **faults)
    scoreboard = Scoreboard(QUARTER.releases, INSTRUMENT)
    desk = Desk(clock, scoreboard)
    playback = Playback(
        QUARTER,
        clock=clock,
        market=market,
        venue=daemon,
        publisher=CalendarPublisher(desk, clock),
        ask_engine=daemon.ask,
        scoreboard=scoreboard,
        seed=1,
    )
    return playback, daemon, desk, scoreboard


async def test_every_deadline_on_the_way_fires_at_its_time_on_rows_of_that_time() -> None:
    playback, daemon, _, _ = world()

    await playback.announce()
    await playback.run(duration_s=0.5)

    assert [due for due, _ in daemon.fired] == [
        t + s * NS_PER_S for t, s in ((T0, -900), (T0, 60), (T0, 3_600), (T1, -900), (T1, 60))
    ]
    for due, rows_ts in daemon.fired:
        assert abs(rows_ts - due) < NS_PER_S  # a little before it, or after it where the machine was held up


async def test_figures_come_just_after_their_time_and_consensus_long_before() -> None:
    playback, _, desk, _ = world()

    await playback.announce()
    await playback.run(duration_s=0.5)

    released = desk.times_of("calendar/release/")
    assert [topic.split("/")[2] for topic, _ in released] == [one.release_id for one in QUARTER.releases]
    assert all(scheduled <= ts for (_, ts), scheduled in zip(released, (T0, T0, T1), strict=True))
    announced = desk.times_of("calendar/schedule/")
    assert len(announced) == 2 * len(QUARTER.releases)
    assert all(ts < T1 - 3_600 * NS_PER_S for _, ts in announced)


async def test_a_heartbeat_goes_before_each_figure() -> None:
    playback, _, desk, _ = world()

    await playback.announce()
    await playback.run(duration_s=0.5)

    said = desk.published
    figures = [place for place, (topic, _) in enumerate(said) if "calendar/release/" in topic]
    assert len(figures) == len(QUARTER.releases)
    for place, scheduled in zip(figures, (T0, T0, T1), strict=True):
        beats = [ts for topic, ts in said[:place] if "heartbeat/demo" in topic]
        assert beats[-1] > scheduled - 5 * NS_PER_S


async def test_what_the_market_did_is_measured_against_the_moment_before() -> None:
    playback, _, _, scoreboard = world()

    await playback.announce()
    await playback.run(duration_s=0.5)

    realised = {name: line.realised_bps for name, line in scoreboard.lines.items()}
    assert realised["us.nfp:2025-02"] == realised["us.unemployment_rate:2025-02"]
    assert all(move is not None for move in realised.values())


@pytest.mark.parametrize(
    ("fault", "waited_for"),
    [
        ({"deaf": True}, "the board to have a frame of"),
        ({"stuck": True}, "the deadline of 2025-03-07T13:15:00Z to fire"),
    ],
)
async def test_a_daemon_that_does_not_follow_is_given_up_with_what_was_waited_for(
    fault: dict[str, bool], waited_for: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signald.simulate.playback._WAIT_S", 0.05)
    playback, _, _, _ = world(**fault)

    with pytest.raises(CheckFailedError, match=f"waited 0.05 s for {waited_for}"):
        await playback.run(duration_s=0.5)
