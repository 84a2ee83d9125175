"""One venue's connection: what comes goes through the intake, what its source wants done is done."""

import asyncio
from collections import Counter

import structlog

from signald.live.intake import Intake
from signald.live.ticker import Ticker
from signald.model.records import RecordKind
from signald.model.time import NS_PER_S
from signald.pipeline import Pipeline
from signald.runtime.clock import Clock
from signald.runtime.mailbox import Mailbox, Overflow
from signald.runtime.supervisor import Supervisor
from signald.sources.protocol import EMPTY, Request, Step
from signald.transports.http_client import HttpClient
from signald.transports.websocket import WebsocketConnection

_REQUESTS = 1_024

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class VenueLink:
    """Owner of one venue's websocket, of its HTTP requests and of its deadlines."""

    def __init__(
        self,
        channel: str,
        *,
        ws_url: str,
        rest_url: str,
        intake: Intake,
        pipeline: Pipeline,
        clock: Clock,
        frames: Counter[str],
    ) -> None:
        """Build a link that is not open yet and counts in ``frames``; raises ``ConfigError`` if an address is none."""
        self.channel = channel
        self._intake = intake
        self._clock = clock
        self._frames = frames
        url = ws_url.rstrip("/") + pipeline.venues[channel].url_path
        self.connection = WebsocketConnection(channel, url, self, clock)
        self._http = HttpClient(channel, rest_url, clock)
        self._requests = Mailbox[tuple[int, Request]](capacity=_REQUESTS, when_full=Overflow.WAIT)
        self._generation = 0  # counts connections, so that an answer to the last one is known
        self._ticker = Ticker(clock, deadline=lambda: pipeline.next_deadline(channel), fire=self._tick)

    def start(self, supervisor: Supervisor) -> None:
        """Start the tasks of this link."""
        supervisor.start(f"{self.channel}-connection", self.connection.run)
        supervisor.start(f"{self.channel}-requests", self._make_requests)
        supervisor.start(f"{self.channel}-ticker", self._ticker.run)

    def on_connected(self) -> None:
        """The websocket is open."""
        self._generation += 1
        self._follow(self._intake.take(RecordKind.CONNECTED, channel=self.channel))

    def on_frame(self, frame: bytes) -> None:
        """A frame came."""
        self._frames[self.channel] += 1
        step = self._intake.take_frame(self.channel, frame)
        if step is not EMPTY:
            self._follow(step)

    def on_disconnected(self, reason: str) -> None:
        """The websocket is gone: what was asked on it is void."""
        while self._requests.take() is not None:
            pass
        self._follow(self._intake.take(RecordKind.DISCONNECTED, channel=self.channel, payload=reason.encode()))

    def _tick(self) -> None:
        self._follow(self._intake.take(RecordKind.TICK, channel=self.channel, key=self.channel))

    def _follow(self, step: Step) -> None:
        for frame in step.frames:
            self.connection.send(frame)
        for request in step.requests:
            if not self._requests.offer((self._generation, request)):
                self.connection.drop(f"{_REQUESTS} requests wait to be made")
        if step.reconnect:
            self.connection.drop(step.reconnect)

    async def _make_requests(self) -> None:
        """Make each request at its time; an answer that comes after its connection was lost is thrown away."""
        while True:
            generation, request = await self._requests.get()
            wait_s = (request.not_before - self._clock.now()) / NS_PER_S
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            fetched = await self._http.get(request.path)
            if generation != self._generation or not self.connection.is_up:
                continue
            if fetched.problem:
                log.warning("venue_request_failed", venue=self.channel, tag=request.tag, problem=fetched.problem)
            step = self._intake.take(RecordKind.RESPONSE, channel=self.channel, key=request.tag, payload=fetched.body)
            self._follow(step)
