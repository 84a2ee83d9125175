"""Every form of Redis URL says where to connect, or what is wrong with it, and never repeats a password."""

import pytest

from signald.errors import ConfigError
from signald.transports.redis_address import HostPort, RedisAddress, Topology, parse_redis_url

PLAIN = RedisAddress(
    topology=Topology.DIRECT,
    seeds=(HostPort("127.0.0.1", 6379),),
    path="",
    tls=False,
    db=0,
    service="",
    username=None,
    password=None,
)
WORD = "p@ss"
SENTINELS = (HostPort("s1", 26379), HostPort("s2", 26380))


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://127.0.0.1:6379/0", PLAIN),
        ("redis://127.0.0.1", PLAIN),
        ("redis://127.0.0.1/?db=3", PLAIN._replace(db=3)),
        ("redis://[::1]:7000/2", PLAIN._replace(seeds=(HostPort("::1", 7000),), db=2)),
        ("redis://:p%40ss@127.0.0.1", PLAIN._replace(password=WORD)),
        ("rediss://me:p%40ss@127.0.0.1/1", PLAIN._replace(tls=True, username="me", password=WORD, db=1)),
        ("unix:///run/redis.sock?db=2", PLAIN._replace(seeds=(), path="/run/redis.sock", db=2)),
        (
            "unix://me:p%40ss@/run/redis.sock",
            PLAIN._replace(seeds=(), path="/run/redis.sock", username="me", password=WORD),
        ),
        (
            "redis+sentinel://s1,s2:26380/desk/4",
            PLAIN._replace(topology=Topology.SENTINEL, seeds=SENTINELS, service="desk", db=4),
        ),
        (
            "rediss+sentinel://s1,s2:26380/desk",
            PLAIN._replace(topology=Topology.SENTINEL, seeds=SENTINELS, service="desk", tls=True),
        ),
        (
            "redis+cluster://n1:7001,n2",
            PLAIN._replace(topology=Topology.CLUSTER, seeds=(HostPort("n1", 7001), HostPort("n2", 6379))),
        ),
    ],
)
def test_a_url_is_read(url: str, address: RedisAddress) -> None:
    assert parse_redis_url(url) == address


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("127.0.0.1:6379", "is not understood; write redis://HOST:PORT/DB"),
        ("http://127.0.0.1", "'http' is not understood"),
        ("redis+star://127.0.0.1", "'redis+star' is not understood"),
        ("redis://user:pa/ss@host/0", "is written %2F"),
        ("redis://:pa?ss@host/0", "is written %2F"),
        ("redis://:pa#ss@host/0", "is written %2F"),
        ("redis://", "names no host"),
        ("redis://host:port", "'host:port' is not HOST:PORT"),
        ("redis://a,b", "several servers need"),
        ("redis://a/zero", "'/zero' is not a path"),
        ("redis://a/1/2", "is not a path"),
        ("redis://a?timeout=3", "'timeout' is not an option"),
        ("redis://a?db=x", "db='x' is not a number"),
        ("redis+sentinel://s1", "needs the master's name"),
        ("redis+cluster://n1/1", "'/1' is not a path that cluster knows"),
        ("unix://run/redis.sock", "three slashes"),
    ],
)
def test_a_url_that_makes_no_sense_is_refused_with_what_is_wrong(url: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_redis_url(url)

    assert caught.value.where == "redis.url"
    assert problem in caught.value.problem


@pytest.mark.parametrize("url", ["http://me:secret@host", "redis://me:secret@a,b", "redis://me:secret@host:x"])
def test_no_error_repeats_a_password(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_redis_url(url)

    assert "secret" not in str(caught.value)


def test_an_address_is_printed_without_secrets() -> None:
    printed = [
        str(parse_redis_url(url))
        for url in ("redis://me:pw@h:1/2", "unix://me:pw@/run/r.sock", "redis+sentinel://me:pw@s1,s2/desk")
    ]

    assert printed == ["h:1", "/run/r.sock", "sentinel s1:26379,s2:26379"]
