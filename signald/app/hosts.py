"""Which venues' books are kept here, and which on other hosts."""

import re
from collections.abc import Sequence
from typing import Final

from signald.config import Config
from signald.errors import ConfigError
from signald.live.remote.arrivals import MOST_WRITERS
from signald.live.remote.packing import MOST_ROWS
from signald.sources.registry import VenueConfig, way_of
from signald.transports.protection import protect_redis

_HOSTS: Final = "board.hosts"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
"""It stands in a key, a channel and a label."""


def split(config: Config) -> tuple[tuple[VenueConfig, ...], dict[str, tuple[VenueConfig, ...]]]:
    """The venues whose books are kept beside the engine, and those of each other host.

    Raises:
        ConfigError: A host has no name that can be one, or no venue, or one that is not configured or another's too;
            or it would have more books, or processes that keep them, than another host believes.
    """
    keepers: dict[str, str] = {}
    for host, names in config.board.hosts.items():
        where = f"{_HOSTS}.{host}"
        if not _NAME.fullmatch(host):
            problem = "a host's name has up to 32 small letters, digits and hyphens"
            raise ConfigError(where, problem)
        if not names:
            problem = "keeps no venue's books"
            raise ConfigError(where, problem)
        for name in names:
            if all(venue.name != name for venue in config.venues):
                problem = f"{name!r} is none of [[venues]]"
                raise ConfigError(where, problem)
            if name in keepers:
                raise ConfigError(where, f"{name!r} is {keepers[name]}'s already")
            keepers[name] = host
    if keepers:
        protect_redis(config.board.redis(config.redis))
    theirs = {host: _of(config.venues, names) for host, names in config.board.hosts.items()}
    for host, venues in theirs.items():
        _refuse_crowd(f"{_HOSTS}.{host}", venues, workers=config.live.feed_workers)
    return tuple(venue for venue in config.venues if venue.name not in keepers), theirs


def _of(venues: Sequence[VenueConfig], names: Sequence[str]) -> tuple[VenueConfig, ...]:
    return tuple(venue for venue in venues if venue.name in names)


def _refuse_crowd(where: str, venues: Sequence[VenueConfig], *, workers: int) -> None:
    """Raise if a host has more books, or processes that keep them, than another host believes."""
    if sum(len(venue.instruments) for venue in venues) > MOST_ROWS:
        raise ConfigError(where, f"keeps more than {MOST_ROWS} books")
    names = {venue.name for venue in venues}
    alone = sum(way_of(name) != "websocket" for name in names)
    count = min(workers, len(names) - alone) + alone
    if count > MOST_WRITERS:
        raise ConfigError(where, f"would keep its books in {count} processes, more than {MOST_WRITERS}")
