"""Where Redis is, out of its URL: one server, a master that Sentinels know, or the cluster node that owns our keys."""

import enum
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from signald.errors import ConfigError

_KEY = "redis.url"
_FORMS = (
    "redis://HOST:PORT/DB, rediss://HOST:PORT/DB, unix:///PATH?db=DB, "
    "redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DB or redis+cluster://HOST:PORT,HOST:PORT"
)
_DEFAULT_PORT = 6_379
_SENTINEL_PORT = 26_379


class Topology(enum.Enum):
    """Whom to ask where to connect."""

    DIRECT = "direct"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


class HostPort(NamedTuple):
    """One server."""

    host: str
    port: int

    def __str__(self) -> str:
        """``host:port``, for people."""
        return f"{self.host}:{self.port}"


class RedisAddress(NamedTuple):
    """What a Redis URL says.

    Attributes:
        topology: Whether ``seeds`` are the server, its Sentinels, or nodes of its cluster.
        seeds: Servers to connect to or to ask, in the URL's order; empty for a unix socket.
        path: The unix socket, ``""`` if there is none.
        tls: Whether to speak TLS.
        db: Number of the database.
        service: The master's name at its Sentinels, ``""`` elsewhere.
        username: As the URL says, ``None`` if it does not.
        password: As the URL says, ``None`` if it does not.
    """

    topology: Topology
    seeds: tuple[HostPort, ...]
    path: str
    tls: bool
    db: int
    service: str
    username: str | None
    password: str | None

    def __str__(self) -> str:
        """The address for people, without secrets."""
        if self.path:
            return self.path
        servers = ",".join(map(str, self.seeds))
        return servers if self.topology is Topology.DIRECT else f"{self.topology.value} {servers}"


def parse_redis_url(url: str) -> RedisAddress:
    """Read ``url``.

    Raises:
        ConfigError: It has none of the forms that are understood, and what is wrong with it. The URL itself is not
            repeated: it may hold a password.
    """
    parts = urlsplit(url)
    transport, _, kind = parts.scheme.partition("+")
    if transport == "unix" and not kind:
        return _parse_unix(parts)
    if "@" in parts.path + parts.query + parts.fragment:  # else what stands before it would be named as the host
        raise ConfigError(_KEY, "a '/', '?' or '#' in a name or a password is written %2F, %3F or %23")
    topologies = {"": Topology.DIRECT, "sentinel": Topology.SENTINEL, "cluster": Topology.CLUSTER}
    if transport not in {"redis", "rediss"} or kind not in topologies:
        raise ConfigError(_KEY, f"{parts.scheme or 'no scheme'!r} is not understood; write {_FORMS}")
    topology = topologies[kind]
    userinfo, _, servers = parts.netloc.rpartition("@")
    seeds = _parse_servers(servers, _SENTINEL_PORT if topology is Topology.SENTINEL else _DEFAULT_PORT)
    if topology is Topology.DIRECT and len(seeds) > 1:
        raise ConfigError(_KEY, "several servers need redis+sentinel:// or redis+cluster://")
    service, db = _parse_path(parts.path, topology)
    username, password = _parse_userinfo(userinfo)
    return RedisAddress(
        topology=topology,
        seeds=seeds,
        path="",
        tls=transport == "rediss",
        db=_parse_query_db(parts.query, db),
        service=service,
        username=username,
        password=password,
    )


def _parse_unix(parts: SplitResult) -> RedisAddress:
    userinfo, _, host = parts.netloc.rpartition("@")
    if host or not parts.path:
        raise ConfigError(_KEY, "a unix socket is written unix:///PATH, with three slashes")
    username, password = _parse_userinfo(userinfo)
    return RedisAddress(
        topology=Topology.DIRECT,
        seeds=(),
        path=unquote(parts.path),
        tls=False,
        db=_parse_query_db(parts.query, 0),
        service="",
        username=username,
        password=password,
    )


def _parse_servers(text: str, default_port: int) -> tuple[HostPort, ...]:
    seeds: list[HostPort] = []
    for server in text.split(","):
        try:
            parsed = urlsplit(f"//{server}")
            host, port = parsed.hostname, parsed.port
        except ValueError as failure:
            raise ConfigError(_KEY, f"{server!r} is not HOST:PORT: {failure}") from failure
        if not host:
            raise ConfigError(_KEY, f"{server!r} names no host; write {_FORMS}")
        seeds.append(HostPort(host, default_port if port is None else port))
    return tuple(seeds)


def _parse_path(path: str, topology: Topology) -> tuple[str, int]:
    """The service's name and the database in a URL's path."""
    names = [unquote(name) for name in path.split("/") if name]
    service = ""
    if topology is Topology.SENTINEL:
        if not names:
            raise ConfigError(_KEY, "redis+sentinel:// needs the master's name as its path: …/SERVICE")
        service = names.pop(0)
    if not names:
        return service, 0
    if topology is Topology.CLUSTER or len(names) > 1 or not names[0].isdecimal():
        raise ConfigError(_KEY, f"{path!r} is not a path that {topology.value} knows; write {_FORMS}")
    return service, int(names[0])


def _parse_query_db(query: str, db: int) -> int:
    options = parse_qs(query)
    written = options.pop("db", [str(db)])[-1]
    if options:
        raise ConfigError(_KEY, f"{next(iter(options))!r} is not an option that is understood; there is only db")
    if not written.isdecimal():
        raise ConfigError(_KEY, f"db={written!r} is not a number")
    return int(written)


def _parse_userinfo(userinfo: str) -> tuple[str | None, str | None]:
    username, _, password = userinfo.partition(":")
    return unquote(username) or None, unquote(password) or None
