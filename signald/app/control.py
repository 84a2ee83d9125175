"""Tells a running daemon to stop, to go on, or to be silent about something."""

import asyncio
from pathlib import Path

import msgspec

from signald.config import Config
from signald.errors import ConfigError, UnreachableError
from signald.live.switch import Halted, write_halt
from signald.model.control import EVERYTHING, Command
from signald.model.time import format_rfc3339
from signald.runtime.clock import Clock, LiveClock
from signald.transports.mqtt import visit

_BY = "command"
_LIVE = LiveClock()


def send_control(
    config: Config,
    command: Command,
    *,
    target: str = EVERYTHING,
    reason: str = "",
    by: str = _BY,
    clock: Clock = _LIVE,
) -> str:
    """Send one command over MQTT; returns how it went. A halt that cannot be sent is written to the halt file.

    Raises:
        ConfigError: A resume has no reason.
        UnreachableError: The broker was not reached, and it was no halt.
    """
    if command == "resume" and not reason.strip():
        raise ConfigError("resume", "needs --reason: it goes on record who went on, and why")  # noqa: EM101 - our words
    now = clock.now()
    payload = msgspec.json.encode(
        {
            "command": command,
            "target": target,
            "by": by,
            "sequence": LiveClock.now(),
            "reason": reason,
            "ts_event": format_rfc3339(now),
        }
    )
    try:
        asyncio.run(_send(config, command, payload, by=by))
    except UnreachableError:
        if command != "halt":
            raise
        path = Path(config.control.halt_file)
        write_halt(path, Halted(by, reason or "the broker was not reached"))
        return f"the broker was not reached; {path} was written"
    return f"{command} {target} was sent"


async def _send(config: Config, command: Command, payload: bytes, *, by: str) -> None:
    async with visit(config.mqtt, name=f"control-{by}", within_s=config.live.startup_timeout_s) as broker:
        await broker.publish(f"{config.mqtt.prefix}/control/{command}", payload, retain=False)
