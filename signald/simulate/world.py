"""The servers and the clock that the demo's processes share, and the ports they use."""

import contextlib
import fcntl
import secrets
import shutil
import signal
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import Final

import msgspec

from signald.errors import ConfigError
from signald.journal.parts import FEED
from signald.journal.segments import LOCK_NAME
from signald.model.time import Nanos
from signald.runtime.clock import SharedClock
from signald.simulate.child import Server, free_port, is_free, require_free
from signald.simulate.servers import embedded_broker, embedded_valkey

MQTT_PORT: Final = 1883
REDIS_PORT: Final = 6379
METRICS_PORT: Final = 9464
CONSOLE_PORT: Final = 9465
JOURNAL: Final = Path("var/demo-journal")


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything listens on loopback.

    Attributes:
        mqtt: MQTT 5; 3.1.1 is on the one after it.
        redis: Valkey.
        metrics: The daemon's metrics.
        console: The page for people.
        moved: For each that is not where it usually is, a sentence that says so.
    """

    mqtt: int
    redis: int
    metrics: int
    console: int
    moved: tuple[str, ...] = ()


def choose_ports(*, mqtt: int | None, redis: int | None, metrics: int | None, console: int | None = None) -> Ports:
    """The ports asked for; where none was, the usual one, or a free one if that is taken.

    Raises:
        ConfigError: A port that was asked for is in use.
    """
    moved: list[str] = []
    chosen: dict[str, int] = {}
    for name, wanted, usual, count in (
        ("mqtt", mqtt, MQTT_PORT, 2),
        ("redis", redis, REDIS_PORT, 1),
        ("metrics", metrics, METRICS_PORT, 1),
        ("console", console, CONSOLE_PORT, 1),
    ):
        if wanted is not None:
            for port in range(wanted, wanted + count):
                require_free(port, f"demo (--{name}-port)")
            chosen[name] = wanted
        elif all(is_free(port) for port in range(usual, usual + count)):
            chosen[name] = usual
        else:
            chosen[name] = free_port(count)
            moved.append(f"port {usual} is taken: {name} is on {chosen[name]}")
    return Ports(**chosen, moved=tuple(moved))


class World(msgspec.Struct, frozen=True, kw_only=True):
    """What runs as long as the demo does.

    Attributes:
        ports: Where.
        broker: The MQTT broker.
        valkey: The Redis-compatible server.
        clock: The simulated time, for every process that opens its file.
        clock_file: That file.
        token: What a halt from the console takes.
        token_file: Where the console finds it.
    """

    ports: Ports
    broker: Server
    valkey: Server
    clock: SharedClock
    clock_file: Path
    token: str
    token_file: Path


@contextlib.contextmanager
def running_world(ports: Ports, *, now: Nanos) -> Generator[World, None, None]:
    """Start the servers and set the clock; end and remove all of it."""
    with embedded_broker(port=ports.mqtt) as broker, embedded_valkey(port=ports.redis) as valkey:
        assert broker.directory is not None  # it runs
        clock_file = broker.directory / "clock"  # there, because that directory goes away however we end
        clock = SharedClock.create(clock_file)
        clock.set_now(now)
        token = secrets.token_urlsafe(24)
        token_file = broker.directory / "console-token"
        token_file.write_text(token, encoding="ascii")
        try:
            yield World(
                ports=ports,
                broker=broker,
                valkey=valkey,
                clock=clock,
                clock_file=clock_file,
                token=token,
                token_file=token_file,
            )
        finally:
            clock.close()


@contextlib.contextmanager
def termination_as_interrupt() -> Generator[None, None, None]:
    """Inside, a SIGTERM is a Ctrl-C: it unwinds the stack, so that nothing is left behind."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def fresh_journal(path: Path | None, replica: int = 1) -> Path:
    """Where this run's journal goes, absolute and not there yet: the path given, or the usual one, emptied.

    That of the second replica has ``-2`` behind its name, and so on.

    Raises:
        ConfigError: Something is there that is not ours to remove.
    """
    journal = (path or JOURNAL).absolute()
    if replica > 1:
        journal = journal.with_name(f"{journal.name}-{replica}")
    if journal.exists():
        if path is not None:
            raise ConfigError(str(journal), "is there already; the demo begins a journal of its own")
        if not journal.is_dir() or not all(_is_ours(entry) for entry in journal.iterdir()):
            raise ConfigError(str(journal), "is no journal of ours: it is in the way")
        if _is_written(journal):
            raise ConfigError(str(journal), "is being written; another demo runs in this directory")
        shutil.rmtree(journal)
    return journal


def _is_ours(entry: Path) -> bool:
    """Whether a journal may have this in its directory: a file, or the journal of a feed worker."""
    return entry.is_file() or (entry.name.startswith(FEED) and all(below.is_file() for below in entry.iterdir()))


def _is_written(journal: Path) -> bool:
    """Whether a writer holds the journal's lock."""
    lock = journal / LOCK_NAME
    if not lock.exists():
        return False
    with lock.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
