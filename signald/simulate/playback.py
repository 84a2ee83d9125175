"""Plays a quarter to a running daemon: real time around each release, jumps between them.

A jump leaves nothing out: every deadline of the engine on the way fires at its due time, on a book of that time. The
daemon tells its next deadline; the clock is set to just before it, the exchange sends a frame of that time, and when
the daemon's board has it the clock is set to the deadline. Every wait is bounded and says what it waited for. The
calendar's source is heard of inside the windows only: between them the daemon notices its silence, and says so.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from signald.errors import CheckFailedError
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos, format_rfc3339
from signald.simulate.calendar import HEARTBEAT_EVERY_S, CalendarPublisher, PlannedPolicy, PlannedRelease, Quarter
from signald.simulate.handles import AskEngine, EngineStatus, MovableClock, PushesFrames
from signald.simulate.market import Market
from signald.simulate.pace import Pace
from signald.simulate.scenarios import PLAIN, Scenario
from signald.simulate.scoreboard import PRIMARY_HORIZON_S, Scoreboard

_LEAD_NS: Final = 250 * NS_PER_MS  # the frame of a deadline comes this long before it: time for a loaded machine
_CONSENSUS_LEAD_NS: Final = 86_400 * NS_PER_S  # what is expected is known a day ahead
_LATENCY_S: Final = (0.001, 0.004)  # how late a wire service is
_BETWEEN_SIBLINGS_S: Final = (0.0005, 0.003)
_FOLLOWED_NS: Final = 1_800 * NS_PER_S  # until then the guard of a policy event has ended
_REACTS_AFTER_NS: Final = 15 * NS_PER_MS
_NOISE_BPS: Final = 12.0
_NASDAQ: Final = 21_300.0  # in January 2025
_GOES_ALONG: Final = 0.35
_OWN_WILL: Final = 0.3
_CUTS: Final = 1.6  # that were priced by the end of 2025
_SURE_OF_A_CUT: Final = 0.2  # at the next meeting, of those by the end of the year
_DAY_NS: Final = 86_400 * NS_PER_S
_EPOCH: Final = date(1970, 1, 1)
_WAIT_S: Final = 60.0  # of several daemons all may be starting, which takes a busy machine tens of seconds
_POLL_S: Final = 0.002


class Playback:
    """One run through a quarter.

    Attributes:
        is_quiet: Whether a figure is about to come or on its way: the moment to keep the processor free.
    """

    def __init__(
        self,
        quarter: Quarter,
        *,
        clock: MovableClock,
        market: Market,
        venue: PushesFrames,
        publisher: CalendarPublisher,
        ask_engine: AskEngine,
        scoreboard: Scoreboard,
        seed: int,
    ) -> None:
        """Join the parts; nothing happens yet. ``market`` is the one whose moves are measured."""
        self._scenario = PLAIN
        self._second = publisher
        self._quarter = quarter
        self._clock = clock
        self._market = market
        self._venue = venue
        self._publisher = publisher
        self._ask_engine = ask_engine
        self._scoreboard = scoreboard
        self._random = random.Random(seed)
        self._unplayed: deque[PlannedPolicy] = deque()
        self._nasdaq = _NASDAQ
        self._referred: float | None = None
        self._cuts = _CUTS
        self.is_quiet = False

    def stage(self, scenario: Scenario, *, second: CalendarPublisher) -> None:
        """Let figures have the faults of ``scenario``; ``second`` is the source that contradicts."""
        self._scenario = scenario
        self._second = second

    async def announce(self) -> None:
        """Publish the whole calendar, times only: what is expected of each release comes a day before it."""
        for release in self._quarter.releases:
            self._market.expect(release.ts_scheduled)
            await self._publisher.announce(release, with_consensus=False)
        for drift in self._quarter.drifts:
            for bundle in self._quarter.bundles():
                scheduled = bundle[0].ts_scheduled
                if scheduled // _DAY_NS == _day_of(drift.date):
                    self._market.react(scheduled - round(drift.before_s * NS_PER_S), drift.move_bps)
        await self._publisher.beat()

    async def run(self, *, duration_s: float | None) -> None:
        """Play every bundle; from the daemon's being ready to the last deadline of the last release's window.

        Raises:
            CheckFailedError: The daemon did not do in time what was waited for.
        """
        bundles = self._quarter.bundles()
        self._unplayed = deque(self._quarter.policies)
        pace = Pace(duration_s=duration_s, windows=len(bundles), now_s=self._now_s())
        for bundle in bundles:
            await self._play(bundle, pace)
        await self._happen_until(None)

    async def _play(self, bundle: tuple[PlannedRelease, ...], pace: Pace) -> None:
        scheduled = bundle[0].ts_scheduled
        started_s = self._now_s()
        await self._happen_until(scheduled - _CONSENSUS_LEAD_NS)
        await self.jump(scheduled - _CONSENSUS_LEAD_NS)
        for release in bundle:
            await self._publisher.announce(release, with_consensus=True)
        await self._happen_until(scheduled)
        before_s, after_s = pace.next_window(self._now_s())
        await self.jump(scheduled - round(before_s * NS_PER_S))
        pace.jumped(self._now_s() - started_s)
        await self._expect_rates(scheduled, 0.0)
        target_bps = self._quarter.response_bps(bundle) + self._random.gauss(0.0, _NOISE_BPS)
        self._market.react(scheduled + _REACTS_AFTER_NS, target_bps)
        async with asyncio.TaskGroup() as tasks:
            beating = tasks.create_task(self._beat(), name="heartbeat")
            await self._sleep_until(scheduled - 100 * NS_PER_MS)
            self.is_quiet = True
            await self._sleep_until(scheduled)
            mid = self._market.mid
            await self._release(bundle)
            coming = self._scenario.comes(bundle)
            await self._wait_for(lambda: self._scoreboard.is_answered(coming), what=f"signals for {_names(coming)}")
            self.is_quiet = False
            await self._expect_rates(scheduled, self._quarter.change_cuts(coming))
            await self._follow_up(coming)
            await self._sleep_until(scheduled + round(after_s * NS_PER_S))
            beating.cancel()
        started_s = self._now_s()
        await self.jump(scheduled + PRIMARY_HORIZON_S * NS_PER_S)
        if len(coming) < len(bundle):
            await self._wait_for(
                lambda: self._scoreboard.is_halted or self._scoreboard.seen["missed"] > 0,
                what="the signal of a missed release",
            )
        self._scoreboard.realised(bundle, (self._market.mid / mid - 1.0) * 1e4)
        pace.jumped(self._now_s() - started_s)

    async def _expect_rates(self, scheduled: Nanos, change: float) -> None:
        """Say what futures price now: more cuts than before, by ``change``."""
        meeting = self._quarter.next_meeting(scheduled)
        if meeting is not None:
            self._cuts += change
            p_cut = round(min(max(_SURE_OF_A_CUT * self._cuts, 0.0), 1.0), 4)
            await self._publisher.expect_rates(meeting, p_cut=p_cut, cuts=round(self._cuts, 4))

    async def _happen_until(self, ts: Nanos | None) -> None:
        """Let what no calendar announces happen, up to ``ts`` or all that is left: two sources tell of each event."""
        while self._unplayed and (ts is None or self._unplayed[0].ts < ts):
            policy = self._unplayed.popleft()
            await self.jump(policy.ts)
            self._market.react(policy.ts + _REACTS_AFTER_NS, policy.move_bps)
            read = self._scoreboard.documents["policy"]
            for speaker, headline in zip((self._publisher, self._second), policy.headlines, strict=True):
                await speaker.happen(policy, headline=headline)
            await self._wait_for(
                lambda read=read: self._scoreboard.documents["policy"] > read,
                what=f"the signal of {policy.headlines[0]!r}",
            )
            ends = policy.ts + _FOLLOWED_NS  # the daemon's word on what is due next may be older than its signal
            await self._wait_for_engine(
                lambda status, ends=ends: status.next_deadline is not None and status.next_deadline < ends,
                what="the first step after it to be due",
            )
            await self.jump(ends)

    async def _release(self, bundle: tuple[PlannedRelease, ...]) -> None:
        await asyncio.sleep(self._random.uniform(*_LATENCY_S))
        for index, release in enumerate(self._scenario.comes(bundle)):
            if index:
                await asyncio.sleep(self._random.uniform(*_BETWEEN_SIBLINGS_S))
            words = self._scenario.at_first(release)
            self._scoreboard.sent(release.release_id, monotonic=self._clock.monotonic())
            await self._publisher.say(release, words.kind, words.actual)

    async def _follow_up(self, bundle: Sequence[PlannedRelease]) -> None:
        """Say what a scenario has said after the first answer, and wait for the answer to that."""
        for release in bundle:
            words = self._scenario.afterwards(release)
            fault = self._scenario.fault_of(release)
            if words is None or fault is None:
                continue
            read = self._scoreboard.signals
            speaker = self._publisher if words.source == "demo" else self._second
            await speaker.say(release, words.kind, words.actual)
            what = f"{fault} of {release.release_id} to be answered"
            await self._wait_for(
                lambda read=read, fault=fault: (
                    self._scoreboard.is_halted or (self._scoreboard.signals > read and self._scoreboard.seen[fault] > 0)
                ),
                what=what,
            )

    async def jump(self, target: Nanos) -> None:
        """Take everybody to ``target``, firing each of the engine's deadlines on the way at its time."""
        while True:
            deadline = (await self._ask_engine()).next_deadline
            if deadline is None or deadline >= target:
                break
            await self._arrive(deadline - _LEAD_NS)
            if self._clock.now() < deadline:
                self._clock.set_now(deadline)
            what = f"the deadline of {format_rfc3339(deadline)} to fire"
            await self._wait_for_engine(lambda status, due=deadline: status.next_deadline != due, what=what)
        await self._arrive(target)

    async def _arrive(self, ts: Nanos) -> None:
        """Set the clock to ``ts``, unless it is later, and wait until the board has a frame of that time."""
        if self._clock.now() < ts:
            self._clock.set_now(ts)
        arrived = self._clock.now()
        self._venue.push()
        what = f"the board to have a frame of {format_rfc3339(arrived)}"
        await self._wait_for_engine(lambda status: status.rows_ts >= arrived, what=what)
        await self._refer()

    async def _refer(self) -> None:
        """The Nasdaq's future goes with bitcoin as the market has it, and has a will of its own."""
        mid = self._market.mid
        moved = 0.0 if self._referred is None else mid / self._referred - 1.0
        self._referred = mid
        self._nasdaq *= 1.0 + _GOES_ALONG * moved + self._random.gauss(0.0, _OWN_WILL) * abs(moved)
        await self._publisher.refer("NQ", round(self._nasdaq * 4.0) / 4.0)

    async def _wait_for_engine(self, is_so: Callable[[EngineStatus], bool], *, what: str) -> None:
        try:
            async with asyncio.timeout(_WAIT_S):
                while not is_so(await self._ask_engine()):  # noqa: ASYNC110 - it is another process's state
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise _too_late(what, await self._ask_engine()) from None

    async def _wait_for(self, is_so: Callable[[], bool], *, what: str) -> None:
        try:
            async with asyncio.timeout(_WAIT_S):
                while not is_so():  # noqa: ASYNC110 - the reader of the stream knows no waiters
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise _too_late(what, await self._ask_engine()) from None

    async def _beat(self) -> None:
        while True:
            await self._publisher.beat()
            await asyncio.sleep(HEARTBEAT_EVERY_S)

    async def _sleep_until(self, ts: Nanos) -> None:
        """Sleep until the simulated clock, which runs in real time inside a window, shows ``ts``."""
        await asyncio.sleep(max(0, ts - self._clock.now()) / NS_PER_S)

    def _now_s(self) -> float:
        return self._clock.monotonic() / NS_PER_S


def _day_of(day: date) -> int:
    return (day - _EPOCH).days


def _names(bundle: Sequence[PlannedRelease]) -> str:
    return ", ".join(release.release_id for release in bundle)


def _too_late(what: str, status: EngineStatus) -> CheckFailedError:
    deadline = "none" if status.next_deadline is None else format_rfc3339(status.next_deadline)
    return CheckFailedError(
        f"waited {_WAIT_S:g} s for {what}; the daemon is at {format_rfc3339(status.now)}, next deadline {deadline}, "
        f"oldest book of {format_rfc3339(status.rows_ts)}"
    )
