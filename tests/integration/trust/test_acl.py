"""``signald acl`` on real servers: a consumer reads and acknowledges on its own stream, and can do nothing else."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, cast

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from signald.cli import run
from signald.client import Desk
from signald.simulate import servers
from signald.simulate.child import Server, free_port
from signald.sinks.acl import COMMANDS
from signald.sinks.encoding import encode_data
from signald.transports.settings import RedisConfig
from tests.support.documents import scored_release
from tests.support.servers import installed

DESK, OTHER, REFUSED = "otc-desk-1", "otc-desk-2", "somebody"
OWN: Final = "{signald}:consumer:" + DESK
FOREIGN: Final = (
    *("{signald}:consumer:" + OTHER, "{signald}:signals", "{signald}:latest", "{signald}:versions", "{signald}:ids"),
    *(
        "{signald}:sequence",
        "{signald}:test",
        "{signald}:status",
        "{signald}:audit",
        OWN + "x",
        "x",
        "{signald}:consumer:",
    ),
)
EVERYBODYS: Final = frozenset({"auth", "hello", "quit", "reset"})

CONSUMERS: Final = f"""
[[consumers]]
name = "{DESK}"
jurisdiction = "SG"
[[consumers]]
name = "{OTHER}"
jurisdiction = "CH"
[[consumers]]
name = "{REFUSED}"
jurisdiction = "CN"
"""


class Place:
    """A configuration for one server, and the command run on it."""

    def __init__(self, directory: Path, port: int, consumers: str = CONSUMERS) -> None:
        self.directory, self.port = directory, port
        self.path = directory / "signald.toml"
        self.configure(consumers)

    def configure(self, consumers: str) -> None:
        url, secrets = f"redis://127.0.0.1:{self.port}/0", self.directory / "consumers"
        self.path.write_text(
            f'[redis]\nurl = "{url}"\n[entitlement]\nsecrets = "{secrets}"\n{consumers}', encoding="utf-8"
        )

    def acl(self, *words: str) -> int:
        return run(["acl", "--config", str(self.path), *words])

    def password(self, name: str = DESK) -> str:
        return (self.directory / "consumers" / name).read_text(encoding="utf-8").strip()

    @contextlib.contextmanager
    def user(self, name: str = DESK, password: str | None = None) -> Iterator[Redis]:
        password = password or self.password(name)
        with Redis(port=self.port, username=name, password=password, socket_timeout=5.0) as redis:
            yield redis

    @contextlib.contextmanager
    def admin(self) -> Iterator[Redis]:
        with Redis(port=self.port) as redis:
            yield redis


@pytest.fixture
def place(redis_server: Server, tmp_path: Path) -> Place:
    return Place(tmp_path, redis_server.port)


def is_refused(redis: Redis, *words: str) -> bool:
    try:
        redis.execute_command(*words)
    except NoPermissionError:
        return True
    except RedisError as error:
        return "NOPERM" in str(error) or "not allowed" in str(error)
    return False


def all_commands(redis: Redis) -> Iterator[tuple[str, int]]:
    """Every command and subcommand the server knows, with the least number of words."""
    connection = redis.connection_pool.get_connection()
    connection.send_command("COMMAND")
    for facts in cast("Sequence[Sequence[Any]]", connection.read_response()):
        if not facts[9]:  # else it is nothing without a second word
            yield facts[0].decode(), abs(facts[1])
        for sub in facts[9]:
            yield sub[0].decode(), abs(sub[1])
    redis.connection_pool.release(connection)


def test_no_command_but_those_of_a_reader_is_allowed(place: Place) -> None:
    place.acl()

    with place.admin() as admin, place.user() as desk:
        commands = list(all_commands(admin))
        allowed = {
            name
            for name, arity in commands
            if name not in EVERYBODYS
            and not is_refused(desk, *name.split("|"), *[OWN] * max(0, arity - 1 - name.count("|")))
        }

    assert len(commands) > 300
    assert allowed == set(COMMANDS)


def attempts_on(key: str) -> Iterator[tuple[str, ...]]:
    """Every way of a reader, on a key."""
    yield from (("XREAD", "STREAMS", key, "0"), ("XREAD", "STREAMS", OWN, key, "0", "0"), ("XRANGE", key, "-", "+"))
    yield from (("XREVRANGE", key, "+", "-"), ("XLEN", key), ("XINFO", "STREAM", key), ("XINFO", "GROUPS", key))
    yield from (("XGROUP", "CREATE", key, "g", "0"), ("XREADGROUP", "GROUP", "g", "c", "STREAMS", key, ">"))
    yield from (("XACK", key, "g", "0-1"), ("XPENDING", key, "g"), ("XAUTOCLAIM", key, "g", "c", "0", "0"))
    yield ("XCLAIM", key, "g", "c", "0", "0-1")


def test_no_other_key_can_be_read(place: Place) -> None:
    place.acl()

    with place.user() as desk:
        open_to_it = [words for key in FOREIGN for words in attempts_on(key) if not is_refused(desk, *words)]

    assert open_to_it == []


def test_nothing_on_its_own_stream_can_be_changed(place: Place) -> None:
    place.acl()
    with place.admin() as admin:
        admin.xadd(OWN, {"data": "1"})
    attempts = (
        *(("XADD", OWN, "*", "a", "b"), ("XDEL", OWN, "0-1"), ("XTRIM", OWN, "MAXLEN", "0"), ("DEL", OWN)),
        *(("XGROUP", "SETID", OWN, "g", "0"), ("XGROUP", "DESTROY", OWN, "g"), ("XSETID", OWN, "9-9"), ("UNLINK", OWN)),
        *(("EXPIRE", OWN, "1"), ("RENAME", OWN, "x"), ("COPY", OWN, "x"), ("TYPE", OWN), ("DUMP", OWN), ("SORT", OWN)),
        *(("EVAL", "return 1", "0"), ("FCALL", "f", "0"), ("FUNCTION", "LIST"), ("SCRIPT", "FLUSH"), ("KEYS", "*")),
        *(("SCAN", "0"), ("CONFIG", "GET", "*"), ("ACL", "LIST"), ("ACL", "WHOAMI"), ("CLIENT", "LIST"), ("INFO",)),
        *(("MONITOR",), ("SUBSCRIBE", "c"), ("PSUBSCRIBE", "*"), ("PUBLISH", "c", "m"), ("SPUBLISH", "c", "m")),
        *(("FLUSHALL",), ("SHUTDOWN",), ("DEBUG", "SLEEP", "0"), ("SWAPDB", "0", "1"), ("MULTI",), ("WAIT", "0", "0")),
    )

    with place.user() as desk:
        assert [words for words in attempts if not is_refused(desk, *words)] == []
        assert desk.xlen(OWN) == 1


def test_a_desk_reads_and_acknowledges_with_its_credentials(place: Place) -> None:
    place.acl()
    signal = scored_release("us.cpi.yoy:2025-01", instrument="BTCUSDT.BINANCE")
    with place.admin() as admin:
        fields = {"id": signal.id, "kind": signal.kind, "instrument": "", "sequence": "1", "ts_scored": "1"}
        admin.xadd(OWN, {**fields, "ts_publish": "1", "late_ms": "0", "data": encode_data(signal)})
    secret = place.directory / "consumers" / DESK

    with Desk(
        f"redis://127.0.0.1:{place.port}/0",
        consumer=DESK,
        redis=RedisConfig(username=DESK, password_file=str(secret)),
    ) as desk:
        received = next(iter(desk))
        desk.ack(received)

    with place.admin() as admin:
        assert received.id == signal.id
        assert cast("Any", admin.xpending(OWN, "desk"))["pending"] == 0


def test_who_is_refused_has_no_user_and_every_decision_is_on_record(place: Place) -> None:
    place.acl()

    with place.admin() as admin:
        users = cast("list[str]", admin.acl_users())
        told = [
            {name.decode(): value.decode() for name, value in fields.items()}
            for _, fields in cast("Any", admin.xrange("{signald}:audit"))
        ]

    assert sorted(users) == sorted(["default", DESK, OTHER])
    assert [(one["action"], one["consumer"], one["jurisdiction"]) for one in told] == [
        ("consumer_granted", DESK, "SG"),
        ("consumer_granted", OTHER, "CH"),
        ("consumer_refused", REFUSED, "CN"),
    ]
    assert "Yinfa [2026] No. 42" in told[-1]["reason"]
    assert {one["by"] for one in told} == {"signald acl"}


def test_who_is_no_longer_entitled_loses_its_user_and_its_connection(place: Place) -> None:
    place.acl()
    with place.user(OTHER) as other, place.admin() as admin:
        other.ping()
        admin.acl_setuser("somebody-elses", enabled=True, keys=["*"])

        place.configure(CONSUMERS.replace("CH", "CN"))
        place.acl()

        assert sorted(cast("list[str]", admin.acl_users())) == sorted(["default", DESK, "somebody-elses"])
        with pytest.raises((AuthenticationError, RedisError)):
            other.execute_command("XLEN", "{signald}:consumer:" + OTHER)


def test_a_consumer_does_not_take_another_user_over(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    file = place.directory / "users.acl"
    file.write_text(f"user {DESK} on nopass ~* &* +@all\n", encoding="utf-8")
    with place.admin() as admin:
        admin.acl_setuser(DESK, enabled=True, nopass=True, keys=["*"], categories=["+@all"])

        codes = [place.acl(), place.acl("--file", str(file))]

        assert codes == [2, 2]
        assert capfd.readouterr().err.count(f"'{DESK}' is the name of another Redis user") == 2
        assert cast("list[str]", admin.acl_users()) == ["default", DESK]
    with place.user(password="any") as user:  # noqa: S106 - this user has none
        assert user.set("x", "1")
    assert file.read_text(encoding="utf-8") == f"user {DESK} on nopass ~* &* +@all\n"


def test_a_new_password_is_good_and_the_one_before_until_the_next(place: Place) -> None:
    place.acl()
    first = place.password()
    place.acl("--rotate", DESK)
    second = place.password()
    with place.user(password=first) as old, place.user(password=second) as new:
        assert (old.ping(), new.ping()) == (True, True)

    place.acl("--rotate", DESK)

    assert len({first, second, place.password()}) == 3
    with place.user(password=second) as old, place.user() as new:
        assert (old.ping(), new.ping()) == (True, True)
    with place.user(password=first) as oldest, pytest.raises(AuthenticationError):
        oldest.ping()


def test_passwords_are_readable_by_us_alone_and_never_said(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    place.acl("--json")

    out, err = capfd.readouterr()
    with place.admin() as admin:
        listed = str(admin.acl_list())
    secrets = place.directory / "consumers"
    assert [path.stat().st_mode & 0o777 for path in sorted(secrets.iterdir())] == [0o600, 0o600]
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert place.password() not in out + err + listed
    assert json.loads(out.splitlines()[-1])["saved"] is False


def test_an_aclfile_holds_over_a_restart_and_leaves_other_users_alone(tmp_path: Path) -> None:
    file = tmp_path / "users.acl"
    file.write_text("user default on nopass ~* &* +@all\nuser admin on nopass ~* &* +@all\n", encoding="utf-8")
    place = Place(tmp_path, free_port())
    assert place.acl("--file", str(file)) == 0
    assert place.acl("--file", str(file)) == 0

    with installed(lambda: servers.redis_server(port=place.port, settings={"aclfile": str(file)})):
        with place.user() as desk, place.admin() as admin:
            assert sorted(cast("list[str]", admin.acl_users())) == sorted(["default", "admin", DESK, OTHER])
            assert desk.xlen(OWN) == 0
            assert is_refused(desk, "XLEN", "{signald}:signals")
            assert place.acl() == 0
        assert len(file.read_text(encoding="utf-8").splitlines()) == 4


def test_an_aclfile_is_readable_to_no_more_than_before(tmp_path: Path) -> None:
    made, kept = tmp_path / "made.acl", tmp_path / "kept.acl"
    kept.touch()
    kept.chmod(0o640)
    place = Place(tmp_path, free_port())

    for file in (made, kept):
        assert place.acl("--file", str(file)) == 0

    assert [file.stat().st_mode & 0o777 for file in (made, kept)] == [0o600, 0o640]
    assert made.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8") != ""
    assert {path.name for path in tmp_path.iterdir()} == {"made.acl", "kept.acl", "consumers", "signald.toml"}


@pytest.mark.parametrize(
    ("consumers", "problem"),
    [
        ('[[consumers]]\nname = "default"\njurisdiction = "SG"\n', "name of another Redis user"),
        ('[[consumers]]\nname = "a"\njurisdiction = "SG"\n' * 2, "listed 2 times"),
    ],
)
def test_a_name_that_would_be_another_user_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], consumers: str, problem: str
) -> None:
    place = Place(tmp_path, free_port(), consumers)

    assert place.acl() == 2
    assert problem in capfd.readouterr().err
