"""The demo: servers, exchange, calendar and the real daemon on this machine, and a quarter played to them."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console

from signald.config import InstrumentsConfig, find_file
from signald.errors import CheckFailedError, ConfigError
from signald.logs import configure_logs
from signald.model.instruments import Instrument, InstrumentId, decode_instruments
from signald.model.time import NS_PER_S
from signald.runtime.clock import LiveClock
from signald.runtime.supervisor import Supervisor
from signald.simulate.calendar import CalendarPublisher, Quarter, load_quarter
from signald.simulate.child import LOOPBACK, Server
from signald.simulate.daemon import DaemonPlan, daemon
from signald.simulate.desk import Desk
from signald.simulate.display import LiveTable, PlainLines, build_display, show_summary
from signald.simulate.market import Market, MarketShape
from signald.simulate.outcome import DaemonTotals, DemoResult, percentiles
from signald.simulate.playback import EngineStatus, Playback
from signald.simulate.scenarios import PLAIN, scenario_called
from signald.simulate.scoreboard import Scoreboard
from signald.simulate.venues.binance_exchange import BinanceExchange, Listing
from signald.simulate.venues.binance_spot import ListedSymbol
from signald.simulate.world import World, choose_ports, fresh_journal, running_world, termination_as_interrupt
from signald.transports.mqtt import MqttConnection
from signald.transports.redis import RedisLink
from signald.transports.settings import MqttConfig, RedisConfig

INSTRUMENT: Final[InstrumentId] = "BTCUSDT.BINANCE"

_STARTS_BEFORE_NS: Final = 2 * 86_400 * NS_PER_S  # before the first release: its consensus comes a day before it
_REACHED_WITHIN_S: Final = 5.0
_READY_WITHIN_S: Final = 300.0  # the first time the daemon compiles its kernels, here perhaps on a small machine
_ENDS_WITHIN_S: Final = 10.0
_POLL_S: Final = 0.01
_REDRAW_S: Final = 0.25
_WATCH_S: Final = 0.2


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
    """

    duration_s: float | None = None
    mqtt_port: int | None = None
    redis_port: int | None = None
    metrics_port: int | None = None
    journal: Path | None = None
    to_stderr: bool = False
    seed: int = 2025
    scenario: str = PLAIN.name


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
            ports = choose_ports(mqtt=options.mqtt_port, redis=options.redis_port, metrics=options.metrics_port)
            for sentence in ports.moved:
                console.print(sentence)
            console.print("starting; the first time the daemon compiles its kernels")
            journal = fresh_journal(options.journal)
            start = quarter.releases[0].ts_scheduled - _STARTS_BEFORE_NS
            with running_world(ports, now=start) as world:
                demo = _Demo(options, world, quarter, console, journal=journal, started_ns=started_ns)
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
        self, options: DemoOptions, world: World, quarter: Quarter, console: Console, *, journal: Path, started_ns: int
    ) -> None:
        self._options = options
        self._scenario = scenario_called(options.scenario)
        self._world = world
        self._console = console
        self._journal = journal
        self._started_ns = started_ns
        self.is_interrupted = False
        instrument = _load_instrument()
        shape = MarketShape(tick_size=float(instrument.tick_size), lot_size=float(instrument.lot_size))
        self._market = Market(shape, seed=options.seed, now=world.clock.now())
        self._exchange = BinanceExchange([Listing(ListedSymbol(instrument), self._market)], world.clock)
        self._mqtt = MqttConnection(
            MqttConfig(host=LOOPBACK, port=world.ports.mqtt, client_id="demo-calendar", session_expiry_s=0)
        )
        redis = RedisConfig(url=f"redis://{LOOPBACK}:{world.ports.redis}/0")
        self._links = RedisLink(redis), RedisLink(redis)
        self._scoreboard = Scoreboard(quarter.releases, INSTRUMENT)
        self._desk = Desk(
            *self._links,
            on_signal=lambda read: self._scoreboard.read(read, monotonic=world.clock.monotonic()),
        )
        self._playback = Playback(
            quarter,
            clock=world.clock,
            market=self._market,
            venue=self._exchange,
            publisher=CalendarPublisher(self._mqtt, world.clock),
            ask_engine=self._ask_engine,
            scoreboard=self._scoreboard,
            seed=options.seed,
        )
        self._playback.stage(self._scenario, second=CalendarPublisher(self._mqtt, world.clock, source="wire"))

    async def play(self) -> DemoResult:
        """From the exchange's opening to the daemon's end."""
        self._cancel_on_signals()
        async with self._exchange, Supervisor(handle_signals=False) as tasks:
            tasks.start("exchange", self._exchange.run)
            tasks.start("calendar", self._mqtt.run)
            for link in self._links:
                tasks.start("redis", link.run)
                await link.wait_connected(_REACHED_WITHIN_S)
            await self._mqtt.wait_connected(_REACHED_WITHIN_S)
            await self._playback.announce()
            async with _running(self._build_daemon()) as child:
                await self._until_ready(child)
                ready_s = (self._world.clock.monotonic() - self._started_ns) / NS_PER_S
                self._console.print(
                    f"ready in {ready_s:.1f} s; metrics: http://{LOOPBACK}:{self._world.ports.metrics}/metrics"
                )
                tasks.start("desk", self._desk.run)
                watch = tasks.start("daemon-watch", lambda: _raise_when_ended(child))
                with build_display(self._console, self._scoreboard) as display:
                    tasks.start("display", lambda: self._redraw(display))
                    await self._playback.run(duration_s=self._options.duration_s)
                    display.refresh(now=self._world.clock.now())
                watch.cancel()
                return await self._finish(child, ready_s=ready_s)

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

    def _build_daemon(self) -> Server:
        ports = self._world.ports
        return daemon(
            DaemonPlan(
                mqtt_port=ports.mqtt,
                redis_port=ports.redis,
                metrics_port=ports.metrics,
                clock_file=self._world.clock_file,
                journal=self._journal,
                ws_url=self._exchange.ws_url,
                rest_url=self._exchange.rest_url,
                instruments=[INSTRUMENT],
            )
        )

    async def _until_ready(self, child: Server) -> None:
        try:
            async with asyncio.timeout(_READY_WITHIN_S):
                while not (await self._totals()).ready:
                    _require_running(child)
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            msg = f"the daemon was not ready within {_READY_WITHIN_S:g} s: {child.last_words()}"
            raise CheckFailedError(msg) from None

    async def _finish(self, child: Server, *, ready_s: float) -> DemoResult:
        totals = await self._totals()
        code = await asyncio.to_thread(child.terminate, _ENDS_WITHIN_S)
        if code != 0:
            msg = f"the daemon ended with code {code} when asked to end: {child.last_words()}"
            raise CheckFailedError(msg)
        result = DemoResult(
            releases=len(self._scoreboard.lines),
            signals=self._scoreboard.signals,
            books=totals.books,
            latency_us=totals.latency_us,
            ready_s=round(ready_s, 2),
            compilations_after_ready=totals.compilations_after_ready,
            desk_latency_us=percentiles(self._scoreboard.latencies_us()),
            journal=str(self._journal),
            scenario=self._scenario.name,
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

    async def _ask_engine(self) -> EngineStatus:
        status = await self._desk.ask("engine", EngineStatus)
        return status or EngineStatus(now=0, next_deadline=None)

    async def _totals(self) -> DaemonTotals:
        return await self._desk.ask("daemon", DaemonTotals) or DaemonTotals()

    async def _redraw(self, display: LiveTable | PlainLines) -> None:
        while True:
            if not self._playback.is_quiet:
                display.refresh(now=self._world.clock.now())
            await asyncio.sleep(_REDRAW_S)


@contextlib.asynccontextmanager
async def _running(child: Server) -> AsyncGenerator[Server, None]:
    """Start ``child``; end it while the loop goes on, because it says goodbye to servers that live in this loop."""
    child.start()
    try:
        yield child
    finally:
        await asyncio.to_thread(child.stop)


async def _raise_when_ended(child: Server) -> None:
    while True:
        _require_running(child)
        await asyncio.sleep(_WATCH_S)


def _require_running(child: Server) -> None:
    code = child.exit_code()
    if code is not None:
        msg = f"the daemon ended with code {code}: {child.last_words()}"
        raise CheckFailedError(msg)


def _load_instrument() -> Instrument:
    path = find_file(InstrumentsConfig().path)
    found = decode_instruments(path.read_bytes(), where=str(path)).get(INSTRUMENT)
    if found is None:
        raise ConfigError(str(path), f"lists no {INSTRUMENT}")
    return found
