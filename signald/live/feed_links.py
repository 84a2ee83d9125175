"""The connections to venues that one process has: each venue's two, which share what the venue bears."""

from collections.abc import Sequence
from importlib import import_module
from typing import Final

from signald.live.intake import Intake
from signald.live.situation import Situation
from signald.live.venue_link import Addresses, VenueLink
from signald.pipeline import Feeds
from signald.runtime.clock import Clock
from signald.runtime.supervisor import Supervisor
from signald.sinks.counts import Counts
from signald.sources.registry import VenueConfig, ccxt_exchange, channels_of, way_of
from signald.sources.succession import SPARE
from signald.transports.allowance import Allowance
from signald.transports.mqtt.topics import TopicOpener
from signald.transports.settings import MqttConfig, Transport
from signald.transports.websocket import Opener

_NOBODY: Final = "http://nobody.invalid"
"""Where a venue is asked that is asked nothing: no name that ends so is anybody's (RFC 6761, 6.4)."""


class FeedLinks:
    """Links for those of the venues whose sources ``feeds`` has."""

    def __init__(
        self,
        venues: Sequence[VenueConfig],
        feeds: Feeds,
        *,
        intake: Intake,
        situation: Situation,
        clock: Clock,
        counts: Counts,
        transport: Transport,
        mqtt: MqttConfig,
    ) -> None:
        """Build links that are not open yet; raises ``ConfigError`` if an address is none, or a library missing."""
        named = dict(zip(channels_of(venues), venues, strict=True))
        ours = {name: venue for name, venue in named.items() if name in feeds.venues}
        allowances = {venue.name: Allowance(clock) for venue in ours.values()}
        self._links = {
            channel: VenueLink(
                channel,
                at=_addresses(channel, venue, transport, mqtt),
                intake=intake,
                feeds=feeds,
                situation=situation,
                clock=clock,
                allowance=allowances[venue.name],
                counts=counts,
            )
            for name, venue in ours.items()
            for channel in (name, name + SPARE)
        }

    def start(self, supervisor: Supervisor) -> None:
        """Start the tasks of all."""
        for link in self._links.values():
            link.start(supervisor, self._links)


def _addresses(channel: str, venue: VenueConfig, transport: Transport, mqtt: MqttConfig) -> Addresses:
    way = way_of(venue.name)
    if way == "websocket":
        return Addresses(venue.ws_url, venue.rest_url, transport)
    if way == "mqtt":
        return Addresses(mqtt.address, _NOBODY, TopicOpener(channel, mqtt, family=venue.name))
    exchange = ccxt_exchange(venue.name)
    books = import_module("signald.transports.ccxt.books")  # ccxt loads with it: seconds, in the process that needs it
    opener: Opener = books.BookWatcher(channel, exchange, ws_url=venue.ws_url, rest_url=venue.rest_url)
    return Addresses(exchange, _NOBODY, opener)
