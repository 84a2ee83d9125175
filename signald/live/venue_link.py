"""One venue's connection: what comes goes through the intake, what its source wants done is done."""

from collections.abc import Mapping
from typing import NamedTuple

import structlog

from signald.live.intake import Intake
from signald.live.requests import Requests
from signald.live.situation import Situation
from signald.live.ticker import Ticker
from signald.model.records import RecordKind
from signald.pipeline import Feeds
from signald.runtime.clock import Clock
from signald.runtime.supervisor import Supervisor
from signald.sinks.counts import Counts
from signald.sources.protocol import EMPTY, Step
from signald.sources.succession import SPARE
from signald.transports.allowance import Allowance
from signald.transports.http_client import HttpClient
from signald.transports.settings import Transport
from signald.transports.websocket import DEFAULT_LIMITS, TOO_LONG, Opener, WebsocketConnection

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Addresses(NamedTuple):
    """Where a venue is, without the paths of its streams and requests, and what carries its frames."""

    ws_url: str
    rest_url: str
    transport: Transport | Opener = "websockets"


class VenueLink:
    """Owner of one venue's websocket, of its HTTP requests and of its deadlines."""

    def __init__(
        self,
        channel: str,
        *,
        at: Addresses,
        intake: Intake,
        feeds: Feeds,
        situation: Situation,
        clock: Clock,
        allowance: Allowance,
        counts: Counts,
    ) -> None:
        """Build a link that is not open yet and counts in ``counts``; raises ``ConfigError`` if an address is none.

        A venue's second connection waits to be wanted. ``allowance`` is shared by all connections to the venue.
        """
        self.channel = channel
        self._intake = intake
        self._situation = situation
        self._relief = ""
        self._venue = channel.removesuffix(SPARE)
        self._frames = counts.frames
        self._beyond = counts.beyond
        self._links: Mapping[str, VenueLink] = {}
        url = at.ws_url.rstrip("/") + feeds.venues[channel].url_path
        wanted = channel == self._venue
        limits = DEFAULT_LIMITS._replace(transport=at.transport)
        self.connection = WebsocketConnection(
            channel, url, self, clock, limits=limits, allowance=allowance, wanted=wanted
        )
        http = HttpClient(
            channel, at.rest_url, clock, allowance=allowance, on_too_long=lambda: self._went_beyond("answer")
        )
        self._requests = Requests(channel, http, clock, answer=self._answer)
        self._ticker = Ticker(clock, deadline=lambda: feeds.next_deadline(channel), fire=self._tick)

    def start(self, supervisor: Supervisor, links: Mapping[str, "VenueLink"]) -> None:
        """Start the tasks of this link; ``links`` are all there are, by channel."""
        self._links = links
        supervisor.start(f"{self.channel}-connection", self.connection.run)
        supervisor.start(f"{self.channel}-requests", self._requests.run)
        supervisor.start(f"{self.channel}-ticker", self._ticker.run)

    def on_connected(self) -> None:
        """The websocket is open."""
        self._follow(self._intake.take(RecordKind.CONNECTED, channel=self.channel))

    def on_frame(self, frame: bytes) -> None:
        """A frame came."""
        self._frames[self._venue] += 1
        step = self._intake.take_frame(self.channel, frame)
        if step is not EMPTY:
            self._follow(step)

    def on_disconnected(self, reason: str) -> None:
        """The websocket is gone: what was asked on it is void."""
        if TOO_LONG in reason:
            self._went_beyond("frame")
        self._requests.clear()
        self._follow(self._intake.take(RecordKind.DISCONNECTED, channel=self.channel, payload=reason.encode()))

    def _went_beyond(self, limit: str) -> None:
        self._beyond[self._venue, limit] += 1

    def _tick(self) -> None:
        self._follow(self._intake.take(RecordKind.TICK, channel=self.channel, key=self.channel))
        self._open_relief()

    def _answer(self, tag: str, body: bytes) -> None:
        if self.connection.is_up:
            self._follow(self._intake.take(RecordKind.RESPONSE, channel=self.channel, key=tag, payload=body))

    def _open_relief(self) -> None:
        """Open the connection that is to relieve this one, but not while a release is near: both together cost more."""
        if self._relief and not self._situation.is_near():
            log.info("venue_relief_wanted", venue=self._venue, connection=self._relief)
            self._links[self._relief].connection.open()
            self._relief = ""

    def _follow(self, step: Step) -> None:
        for frame in step.frames:
            self.connection.send(frame)
        for request in step.requests:
            if not self._requests.offer(request):
                self._went_beyond("requests")
                self.connection.drop("too many requests wait to be made")
        if step.reconnect:
            self.connection.drop(step.reconnect)
        if step.opens:
            self._relief = step.opens
            self._open_relief()
        if step.closes:
            self._relief = ""
            self._links[step.closes].connection.close("relieved by another connection")
