"""Takes a changed configuration while the daemon runs: as a whole or not at all, and never while a release is open.

What was read is checked as ``signald check`` does it, then the run ends in order and another begins, in the same
process or as a new family of processes: a restart without the start. If the new one does not get ready, the former
configuration is taken again. The new run's session in the journal says what was in force from there on, so that a
replay follows.
"""

import gc
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
import structlog

from signald.app.world import World, build_pipeline, load_world
from signald.config import Config
from signald.errors import SignaldError, UnreachableError
from signald.live.reloads import Reloads
from signald.live.summary import RunSummary
from signald.live.switch import BY_SIGNAL, HALT_SIGNAL, write_halt
from signald.logs import Level, Said
from signald.model.instruments import InstrumentId
from signald.runtime.clock import Clock, LiveClock
from signald.runtime.service import ServiceManager
from signald.transports.protection import require_protection

_LIVE: Final = frozenset(
    {"consumers", "entitlement", "releases", "guard", "policy", "movers", "scoring", "limits", "venues"}
)
"""Sections that may change: a run's session in the journal has them, or the records show what came of them."""

CALM: Final = 3
"""So many looks in a row no release must have been open: what a family's parent knows of that may be a look old."""

_LIVE_KEYS: Final = frozenset({"control.blackouts", "books.composites"})

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Reloader:
    """Keeps one daemon after the other.

    Attributes:
        world: What is in force.
        reloads: What became of what was asked for.
    """

    def __init__(
        self, world: World, read: Callable[[], Config], *, clock: Clock, service: ServiceManager, beside: bool
    ) -> None:
        """Begin with ``world``.

        Args:
            world: What is in force.
            read: Reads the configuration as it is now.
            clock: The time.
            service: Told how we are.
            beside: The daemon runs in other processes, so that what is asked for is checked at once.
        """
        self.world = world
        self.reloads = Reloads()
        self._read = read
        self._clock = clock
        self._service = service
        self._beside = beside
        self._former: World | None = None
        self._wanted: World | None = None
        self._asked = self._is_over = self._wait_is_said = False
        self._calm = 0

    def ask(self, *_: object) -> None:
        """Another configuration is to be taken as soon as may be; what a SIGHUP does."""
        self._asked, self._calm, self._wait_is_said = True, 0, False

    def told_to_end(self, *_: object) -> None:
        """As :class:`signald.live.reloads.Keeper` has it."""
        self._is_over = True

    def halt(self, *_: object) -> None:
        """Leave the file that halts: a daemon, or signal process, that is only being started finds it."""
        try:
            write_halt(Path(self.world.config.control.halt_file), BY_SIGNAL)
        except OSError as failure:
            log.error("halt_file_failed", problem=str(failure))  # noqa: TRY400 - the problem says it all

    def look(self, *, is_ready: bool, is_open: bool) -> bool:
        """As :class:`signald.live.reloads.Keeper` has it."""
        self._service.lives(LiveClock.monotonic(), ready=is_ready)
        if is_ready:
            self._settle()
        is_calm = is_ready and not is_open
        self._calm = self._calm + 1 if is_calm else 0
        may_change = self._calm >= CALM
        if self._asked and (self._beside or may_change):
            self._asked = False
            self._wanted = self._checked()
        is_due = self._asked or self._wanted is not None
        self.reloads.waits = is_due or self._former is not None
        if is_due and not is_calm and not self._wait_is_said:
            self._wait_is_said, tell = True, self._tell
            tell("reload_waits", "warning", reason="a release is open" if is_ready else "the daemon is not ready")
        return self._is_over or (self._wanted is not None and may_change)

    def keep(self, run: Callable[[World], RunSummary]) -> RunSummary:
        """Run one daemon after the other until one is told to end; what all delivered.

        Raises:
            SignaldError: As ``run``; not of one with another configuration that is not ready yet. That one is begun
                again until its servers are there, and undone where it fails otherwise.
        """
        before = {number: signal.signal(number, act) for number, act in self._handlers().items()}
        signal.pthread_sigmask(signal.SIG_UNBLOCK, before)  # one that came while we were loading strikes now
        summary = RunSummary(0, 0, 0, 0, self.world.config.journal.path)
        try:
            while True:
                try:
                    summary = summary.plus(run(self.world))
                    if self._is_over or not self._exchange():
                        return summary
                except UnreachableError as error:
                    if self._is_over or self._former is None:
                        raise
                    log.warning("servers_not_reached", problem=str(error))
                except SignaldError as error:
                    if self._is_over or self._former is None:
                        raise
                    self._undo(error)
                gc.unfreeze()  # what the former run left is no longer for ever
        finally:
            self._service.ends()
            for number, act in before.items():
                signal.signal(number, act)

    def _handlers(self) -> dict[signal.Signals, Callable[..., None]]:
        """What signals do between one run and the next; a family's parent is at rest then, and may end at once."""
        ending = () if self._beside else (signal.SIGINT, signal.SIGTERM)
        return {signal.SIGHUP: self.ask, HALT_SIGNAL: self.halt, **dict.fromkeys(ending, self.told_to_end)}

    def _exchange(self) -> bool:
        """Put what is wanted into force, if anything is."""
        if self._wanted is None:
            return False
        self._former, self.world, self._wanted = self.world, self._wanted, None
        self._service.reloads(LiveClock.monotonic())
        return True

    def _settle(self) -> None:
        """The run is ready: what was exchanged stays."""
        if self._former is not None:
            keys = sorted(changed_keys(self._former.config, self.world.config))
            self._former = None
            self.reloads.count("taken")
            tell = self._tell
            tell("configuration_reloaded", "warning", changed=keys)

    def _undo(self, error: SignaldError) -> None:
        assert self._former is not None
        self.world, self._former, self._wanted = self._former, None, None
        self.reloads.count("undone")
        tell = self._tell
        tell("reload_undone", "error", problem=str(error))

    def _checked(self) -> World | None:
        """Read and check everything; what is wrong is said, and the run goes on as it was."""
        try:
            config = self._read()
            require_protection(config.mqtt, config.redis)
            wanted = load_world(config)
            build_pipeline(wanted, wanted.config.venues)
        except SignaldError as error:
            return self._refuse(str(error), [])
        if fixed := fixed_changes(self.world, wanted):
            return self._refuse(f"only a restart changes {', '.join(fixed)}", fixed)
        if self.world.config == wanted.config:
            tell = self._tell
            tell("reload_changes_nothing", "info")
            return None
        return wanted

    def _refuse(self, problem: str, keys: list[str]) -> None:
        self.reloads.count("refused")
        tell = self._tell
        tell("reload_refused", "error", problem=problem, keys=keys)

    def _tell(self, event: str, level: Level, **details: object) -> None:
        """Log it, and have it told with the notices."""
        getattr(log, level)(event, **details)
        self.reloads.tell(Said(level, event, self._clock.now(), details))


def fixed_changes(before: World, after: World) -> list[str]:
    """Keys, and files, that differ and may not while a daemon runs."""
    fixed = [key for key in changed_keys(before.config, after.config) if not _may_change(key)]
    if _models(before) != _models(after) and "model.shadow" not in fixed:
        fixed += [key for key in ("model.path",) if key not in fixed]
    if before.indicators != after.indicators and not any(key.startswith("calendar.") for key in fixed):
        fixed.append("calendar.indicators")
    if any(after.instruments.get(name) != before.instruments[name] for name in _traded(before)):
        fixed += [key for key in ("instruments.path",) if key not in fixed]
    return sorted(fixed)


def changed_keys(before: Config, after: Config) -> Iterator[str]:
    """Keys that differ: ``section.key``, or the name of a list of tables."""
    for section in Config.__struct_fields__:
        mine, theirs = getattr(before, section), getattr(after, section)
        if mine == theirs:
            continue
        if not isinstance(mine, msgspec.Struct) or type(mine) is not type(theirs):
            yield section
            continue
        for name in mine.__struct_fields__:
            if getattr(mine, name) != getattr(theirs, name):
                yield f"{section}.{name}"


def _may_change(key: str) -> bool:
    return key in _LIVE_KEYS or key.partition(".")[0] in _LIVE


def _traded(world: World) -> list[InstrumentId]:
    return [name for venue in world.config.venues for name in venue.instruments]


def _models(world: World) -> list[str]:
    return [one.id for one in (world.parameters, world.shadow) if one is not None]
