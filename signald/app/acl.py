"""Makes consumers' Redis users and applies them, or writes them as an aclfile."""

import asyncio
import os
import secrets
import stat
from pathlib import Path
from typing import Final, NamedTuple

from signald.config import Config
from signald.errors import ConfigError
from signald.model.time import format_rfc3339
from signald.runtime.clock import LiveClock
from signald.runtime.supervisor import first_failure
from signald.sinks.acl import RESERVED, Applied, User, acl_file_line, apply, is_consumers, refuse_others, user_of
from signald.sinks.entitlement import Decision, decide
from signald.transports.redis import RedisLink
from signald.transports.redis_address import parse_redis_url

_BY: Final = "signald acl"
_PASSWORD_BYTES: Final = 32
_BEFORE: Final = ".before"
_CONSUMERS, _SECRETS, _ROTATE, _FILE = "consumers", "entitlement.secrets", "--rotate", "--file"


class Access(NamedTuple):
    """What came of it.

    Attributes:
        decisions: One for each consumer.
        lines: The granted ones' users, as an aclfile has them.
        applied: What was done on the server; ``None`` if it was not asked to.
    """

    decisions: tuple[Decision, ...]
    lines: tuple[str, ...]
    applied: Applied | None


def make_access(config: Config, *, file: Path | None = None, rotate: str | None = None) -> Access:
    """Decide who may read, make a password for each who has none, and apply the users, or write them to ``file``.

    Args:
        config: Consumers, and where Redis is.
        file: An aclfile to write in the place of applying anything; its other users are kept.
        rotate: A consumer that gets a new password; the one before is good until the next rotation.

    Raises:
        ConfigError: A consumer has the name of a Redis user that is not its own, or a file cannot be written.
        UnreachableError: Redis was not reached.
        SinkError: It refused.
    """
    decisions = decide(config.consumers, config.entitlement)
    reserved = RESERVED | {config.redis.username, parse_redis_url(config.redis.url).username}
    for decision in decisions:
        if decision.name in reserved:
            raise ConfigError(_CONSUMERS, f"{decision.name!r} is the name of another Redis user")
    granted = [decision.name for decision in decisions if decision.granted]
    if rotate is not None and rotate not in granted:
        raise ConfigError(_ROTATE, f"{rotate!r} is no consumer that may read")
    directory = Path(config.entitlement.secrets)
    users = [user_of(name, _passwords(directory, name, renew=name == rotate)) for name in granted]
    lines = tuple(map(acl_file_line, users))
    if file is not None:
        _write_acl_file(file, lines, granted)
        return Access(tuple(decisions), lines, None)
    try:
        return Access(tuple(decisions), lines, asyncio.run(_apply(config, users, decisions)))
    except BaseExceptionGroup as group:
        raise first_failure(group) from group


async def _apply(config: Config, users: list[User], decisions: list[Decision]) -> Applied:
    at = format_rfc3339(LiveClock.now())
    recorded = [(decision.action, {**decision.details(_BY), "at": at}) for decision in decisions]
    link = RedisLink(config.redis)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(link.run(), name="redis")
        try:
            await link.wait_connected(config.live.startup_timeout_s)
            return await apply(link, users, recorded)
        finally:
            running.cancel()


def _passwords(directory: Path, name: str, *, renew: bool) -> list[str]:
    """The passwords that are good for a consumer: its own and, after a rotation, the one before."""
    current, before = directory / name, directory / f"{name}{_BEFORE}"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if renew and current.exists():
            current.replace(before)
        if not current.exists():
            _write(current, f"{secrets.token_urlsafe(_PASSWORD_BYTES)}\n")
        return [path.read_text(encoding="utf-8").strip() for path in (current, before) if path.exists()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(_SECRETS, str(error)) from error


def _write(path: Path, text: str) -> None:
    """Write a file that only we can read, whole or not at all; one that was there keeps its mode and owner."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            if path.exists():
                before = path.stat()
                os.fchown(handle, before.st_uid, before.st_gid)
                os.fchmod(handle, stat.S_IMODE(before.st_mode))
        scratch.replace(path)
    except OSError:
        scratch.unlink(missing_ok=True)
        raise


def _write_acl_file(path: Path, lines: tuple[str, ...], names: list[str]) -> None:
    """Put ``lines``, of users with these ``names``, in the place of what the file says of consumers' users."""
    try:
        before = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        refuse_others(names, before)
        kept = [line for line in before if not is_consumers(line)]
        _write(path, "".join(f"{line}\n" for line in (*kept, *lines)))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(_FILE, str(error)) from error
