"""The demo: servers, exchange, calendar and the real daemon on this machine, and a quarter played to them."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console

from signald.errors import CheckFailedError
from signald.logs import configure_logs
from signald.model.time import NS_PER_S
from signald.runtime.clock import LiveClock
from signald.runtime.supervisor import Supervisor
from signald.simulate.bourses import INSTRUMENT, Bourses
from signald.simulate.calendar import CalendarPublisher, Quarter, load_quarter
from signald.simulate.child import LOOPBACK, Server, free_port
from signald.simulate.daemon import DaemonPlan, daemon
from signald.simulate.desk import Desk
from signald.simulate.display import LiveTable, PlainLines, build_display, show_summary
from signald.simulate.outcome import DemoResult, percentiles
from signald.simulate.playback import Playback
from signald.simulate.replicas import Replicas
from signald.simulate.scenarios import PLAIN, scenario_called
from signald.simulate.scoreboard import Scoreboard
from signald.simulate.world import World, choose_ports, fresh_journal, running_world, termination_as_interrupt
from signald.transports.mqtt import MqttConnection
from signald.transports.redis import RedisLink
from signald.transports.settings import MqttConfig, RedisConfig

_STARTS_BEFORE_NS: Final = 2 * 86_400 * NS_PER_S  # before the first release: its consensus comes a day before it
_REACHED_WITHIN_S: Final = 5.0
_READY_WITHIN_S: Final = 300.0  # the first time the daemon compiles its kernels, here perhaps on a small machine
_ENDS_WITHIN_S: Final = 10.0
_REDRAW_S: Final = 0.25


class DemoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo is told.

    Attributes:
        duration_s: Total after ready; ``None``: three seconds before and five after each release.
        mqtt_port: ``None``: 1883, or a free one if that is taken; the others likewise.
        redis_port: Usually 6379.
        metrics_port: Usually 9464.
        journal: A place for the journal, where nothing is yet; ``None``: ``var/demo-journal``, replaced at each run.
        to_stderr: Whether everything for people goes to standard error, because standard output is for a program.
        seed: Of the market and of how late the wire service is.
        scenario: ``q1-2025``, or ``faults``.
        replicas: How many daemons run hot-hot; of several each may be killed, and is started again.
        console: Whether the first of them serves the page for people.
        console_port: Usually 9465.
        pools: Whether two pools of the same asset trade besides.
    """

    duration_s: float | None = None
    mqtt_port: int | None = None
    redis_port: int | None = None
    metrics_port: int | None = None
    journal: Path | None = None
    to_stderr: bool = False
    seed: int = 2025
    scenario: str = PLAIN.name
    replicas: int = 1
    console: bool = True
    console_port: int | None = None
    pools: bool = False


def run_demo(options: DemoOptions) -> DemoResult | None:
    """Play the first quarter of 2025; ``None`` if it was interrupted.

    However it ends, nothing it started is left: no process, no port, no file but the journal.

    Raises:
        ConfigError: There is no such scenario, a port that was asked for is in use, the extra ``demo`` is missing, the
            journal's place is taken.
        CheckFailedError: The daemon ended, or did not do what it should.
    """
    started_ns = LiveClock.monotonic()
    configure_logs(level="error")  # what is normal here, such as ending a connection, is no news to who watches
    console = Console(stderr=options.to_stderr, highlight=False)
    interrupted = False
    try:
        with termination_as_interrupt():
            quarter = load_quarter()
            ports = choose_ports(
                mqtt=options.mqtt_port,
                redis=options.redis_port,
                metrics=options.metrics_port,
                console=options.console_port,
            )
            for sentence in ports.moved:
                console.print(sentence)
            console.print("starting; the first time the daemon compiles its kernels")
            journals = [fresh_journal(options.journal, number) for number in range(1, options.replicas + 1)]
            start = quarter.releases[0].ts_scheduled - _STARTS_BEFORE_NS
            with running_world(ports, now=start) as world:
                demo = _Demo(options, world, quarter, console, journals=journals, started_ns=started_ns)
                try:
                    return asyncio.run(demo.play())
                finally:
                    interrupted = demo.is_interrupted
    except BaseException as error:
        # What fails while everything is being torn down on request is no failure.
        if interrupted or isinstance(error, KeyboardInterrupt):
            console.print("interrupted")
            return None
        raise


class _Demo:
    """One run, once the servers are there."""

    def __init__(
        self,
        options: DemoOptions,
        world: World,
        quarter: Quarter,
        console: Console,
        *,
        journals: Sequence[Path],
        started_ns: int,
    ) -> None:
        self._options = options
        self._scenario = scenario_called(options.scenario)
        self._world = world
        self._console = console
        self._journals = journals
        self._started_ns = started_ns
        self.is_interrupted = False
        self._mqtt = MqttConnection(
            MqttConfig(host=LOOPBACK, port=world.ports.mqtt, client_id="demo-calendar", session_expiry_s=0)
        )
        self._bourses = Bourses(world.clock, seed=options.seed, pools_over=self._mqtt if options.pools else None)
        redis = RedisConfig(url=f"redis://{LOOPBACK}:{world.ports.redis}/0")
        self._links = RedisLink(redis), RedisLink(redis)
        self._scoreboard = Scoreboard(quarter.releases, INSTRUMENT)
        self._desk = Desk(
            *self._links,
            on_signal=lambda read: self._scoreboard.read(read, monotonic=world.clock.monotonic()),
        )
        self._replicas = Replicas(self._desk.ask, say=console.print)
        self._playback = Playback(
            quarter,
            clock=world.clock,
            market=self._bourses.market,
            venue=self._bourses,
            publisher=CalendarPublisher(self._mqtt, world.clock),
            ask_engine=self._replicas.engine,
            scoreboard=self._scoreboard,
            seed=options.seed,
        )
        self._playback.stage(self._scenario, second=CalendarPublisher(self._mqtt, world.clock, source="wire"))

    async def play(self) -> DemoResult:
        """From the exchange's opening to the daemon's end."""
        self._cancel_on_signals()
        async with self._bourses, Supervisor(handle_signals=False) as tasks:
            self._bourses.start(tasks)
            tasks.start("calendar", self._mqtt.run)
            for link in self._links:
                tasks.start("redis", link.run)
                await link.wait_connected(_REACHED_WITHIN_S)
            await self._mqtt.wait_connected(_REACHED_WITHIN_S)
            await self._playback.announce()
            for number in range(len(self._journals)):  # they are told where the exchange is, which is known by now
                self._replicas.add(_name(number), self._build_daemon(number))
            async with _running(self._replicas):
                await self._replicas.until_ready(_READY_WITHIN_S)
                ready_s = (self._world.clock.monotonic() - self._started_ns) / NS_PER_S
                self._console.print(
                    f"ready in {ready_s:.1f} s; metrics: http://{LOOPBACK}:{self._world.ports.metrics}/metrics"
                )
                if self._options.console:
                    self._console.print(
                        f"console: http://{LOOPBACK}:{self._world.ports.console}/ (to halt there: {self._world.token})",
                        soft_wrap=True,
                    )
                tasks.start("desk", self._desk.run)
                watch = tasks.start("daemon-watch", self._replicas.watch)
                with build_display(self._console, self._scoreboard) as display:
                    tasks.start("display", lambda: self._redraw(display))
                    await self._playback.run(duration_s=self._options.duration_s)
                    display.refresh(now=self._world.clock.now())
                await self._replicas.until_ready(_READY_WITHIN_S)
                watch.cancel()
                return await self._finish(ready_s=ready_s)

    def _cancel_on_signals(self) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def interrupt() -> None:
            self.is_interrupted = True
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)  # a second one ends us at once; the servers' keepers clean up
            task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, interrupt)

    def _build_daemon(self, number: int) -> Server:
        ports = self._world.ports
        return daemon(
            DaemonPlan(
                mqtt_port=ports.mqtt,
                redis_port=ports.redis,
                metrics_port=free_port() if number else ports.metrics,
                clock_file=self._world.clock_file,
                journal=self._journals[number],
                places=self._bourses.places,
                client_id=_name(number),
                console_port=ports.console if self._options.console and not number else None,
                token_file=self._world.token_file,
            )
        )

    async def _finish(self, *, ready_s: float) -> DemoResult:
        totals = await self._replicas.totals()
        self._scoreboard.stages = await self._replicas.stages()
        await self._replicas.end(_ENDS_WITHIN_S)
        result = DemoResult(
            releases=len(self._scoreboard.lines),
            signals=self._scoreboard.signals,
            books=totals.books,
            latency_us=totals.latency_us,
            ready_s=round(ready_s, 2),
            compilations_after_ready=totals.compilations_after_ready,
            desk_latency_us=percentiles(self._scoreboard.latencies_us()),
            journal=str(self._journals[0]),
            journals=tuple(map(str, self._journals)),
            restarts=self._replicas.restarts,
            scenario=self._scenario.name,
            documents=dict(sorted(self._scoreboard.documents.items())),
            shown={what: self._scoreboard.seen[what] for what in self._scenario.shows},
        )
        show_summary(self._console, self._scoreboard, result)
        unseen = [what for what, count in result.shown.items() if not count]
        if unseen:
            msg = f"the scenario {result.scenario} was to show {', '.join(unseen)}, and did not"
            raise CheckFailedError(msg)
        for what, count in result.shown.items():
            self._console.print(f"{what}: {count} documents")
        return result

    async def _redraw(self, display: LiveTable | PlainLines) -> None:
        while True:
            if not self._playback.is_quiet:
                self._scoreboard.stages = await self._replicas.stages()
                display.refresh(now=self._world.clock.now())
            await asyncio.sleep(_REDRAW_S)


@contextlib.asynccontextmanager
async def _running(replicas: Replicas) -> AsyncGenerator[None, None]:
    """Start them; end them while the loop goes on, because they say goodbye to servers that live in this loop."""
    try:
        await replicas.start()
        yield
    finally:
        await replicas.stop()


def _name(number: int) -> str:
    """Of the daemon with this number, at the broker."""
    return f"signald-demo-{number + 1}" if number else "signald-demo"
