"""Each consumer's Redis user: it reads and acknowledges on its own stream, and can do nothing else.

A group of readers is a thing that is written (what is pending, who has it), so the user has read and write access to
that one key; what it may do there is decided by the commands it may send. None of them adds, changes or removes an
entry, and none names another key, channel, function or setting.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, cast

from signald.errors import ConfigError, SinkError
from signald.sinks import keys
from signald.transports.redis import RedisLink

COMMANDS: Final = (
    *("xread", "xrange", "xrevrange", "xlen", "xinfo|stream", "xinfo|groups", "xinfo|consumers"),
    *("xgroup|create", "xgroup|createconsumer", "xgroup|delconsumer"),
    *("xreadgroup", "xack", "xpending", "xclaim", "xautoclaim"),
    *("ping", "time", "select", "client|setname", "client|id"),
)
"""What a reader of a stream needs to say; ``AUTH``, ``HELLO``, ``QUIT`` and ``RESET`` are everybody's."""

RESERVED: Final = frozenset({"default"})
"""Names that a consumer may not have."""

_CONSUMERS: Final = "consumers"
_PREFIX: Final = keys.consumer_stream("")


class User(NamedTuple):
    """A consumer's Redis user.

    Attributes:
        name: The consumer's.
        hashes: SHA-256 of each password that is good, in hexadecimal: two while one takes the other's place.
    """

    name: str
    hashes: tuple[str, ...]


def user_of(name: str, passwords: Sequence[str]) -> User:
    """The user of the consumer ``name``; the server never learns more than the passwords' hashes."""
    return User(name, tuple(hashlib.sha256(password.encode()).hexdigest() for password in passwords))


def rules_of(user: User) -> tuple[str, ...]:
    """All that the user may do, as ``ACL SETUSER`` takes it, whatever it was allowed before."""
    return (
        *("reset", "on", "sanitize-payload"),
        *(f"#{digest}" for digest in user.hashes),
        *("resetkeys", f"~{keys.consumer_stream(user.name)}", "resetchannels", "-@all"),
        *(f"+{command}" for command in COMMANDS),
    )


def acl_file_line(user: User) -> str:
    """The same as one line of an ``aclfile``, which Redis reads when it starts."""
    kept = (rule for rule in rules_of(user) if rule not in {"reset", "resetkeys"})
    return " ".join(("user", user.name, *kept))


def is_consumers(line: str) -> bool:
    """Whether a line of ``ACL LIST``, or of an aclfile, is of a user with consumers' streams and no other key."""
    kind, *words = line.split() or ("",)
    patterns = [word for word in words[1:] if word.startswith(("~", "%"))]
    return kind == "user" and bool(patterns) and all(word.startswith(f"~{_PREFIX}") for word in patterns)


def refuse_others(names: Iterable[str], lines: Iterable[str]) -> None:
    """Make sure that no line of ``ACL LIST``, or of an aclfile, is of a user that has one of the names and is not ours.

    Raises:
        ConfigError: One is: a consumer would take that user over.
    """
    others = {word for line in lines if not is_consumers(line) for word in line.split()[1:2]}
    for name in sorted(others.intersection(names)):
        raise ConfigError(_CONSUMERS, f"{name!r} is the name of another Redis user")


class Applied(NamedTuple):
    """What was done on the server.

    Attributes:
        removed: Users of streams whose consumer is not entitled, or no longer.
        is_saved: Whether the server wrote it to its aclfile; otherwise it forgets at its next start.
        is_open: Whether the user ``default`` needs no password: then anybody who reaches the server is that.
    """

    removed: tuple[str, ...]
    is_saved: bool
    is_open: bool


async def apply(link: RedisLink, users: Iterable[User], decisions: Iterable[tuple[str, Mapping[str, str]]]) -> Applied:
    """Make the server's consumers' users those given, and no others; then put ``decisions`` on record.

    Raises:
        ConfigError: The server has a user of that name which is not a consumer's; nothing was done.
        SinkError: The server refused, or was lost.
    """
    wanted = {user.name: user for user in users}
    listed = [line.decode() for line in cast("Sequence[bytes]", await link.call("ACL", "LIST"))]
    refuse_others(wanted, listed)
    stale = sorted({line.split()[1] for line in listed if is_consumers(line)} - wanted.keys())
    if stale:
        await link.call("ACL", "DELUSER", *stale)
    for user in wanted.values():
        await link.call("ACL", "SETUSER", user.name, *rules_of(user))
    is_saved = await _save(link)
    for action, details in decisions:
        fields = (part for item in {"action": action, **details}.items() for part in item)
        await link.call("XADD", keys.AUDIT, "*", *fields)
    is_open = any({"default", "on", "nopass"} <= set(line.split()) for line in listed)
    return Applied(tuple(stale), is_saved, is_open)


async def _save(link: RedisLink) -> bool:
    try:
        await link.call("ACL", "SAVE")
    except SinkError as refusal:
        if "ACL file" not in str(refusal):
            raise
        return False
    return True
