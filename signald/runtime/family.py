"""Processes with one parent: forked, watched, started again when they end, and ended together.

The parent has imported and loaded all that they need before it forks, so that one is there again in milliseconds. It
has one thread and no event loop: it sleeps until a signal comes or it is time to look. A child is killed by the system
when the parent ends, however that ends.
"""

import contextlib
import ctypes
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias

import structlog

from signald import errors
from signald.errors import ProcessEndedError, SignaldError
from signald.model.time import NS_PER_S, Nanos
from signald.runtime.backoff import Backoff
from signald.runtime.clock import LiveClock
from signald.runtime.roster import Roster
from signald.runtime.signals import Signals

EXIT_BUG: Final = 70

_PR_SET_PDEATHSIG: Final = 1
_LOOK_EVERY_S: Final = 0.25
_HUNG_AFTER_NS: Final = 10 * NS_PER_S
_ENDS_WITHIN_S: Final = 10.0
_TIRED_AFTER: Final = 5
"""Times in a row that a vital process may end soon after its start, before its parent gives up."""
_REPORT_BYTES: Final = 1 << 16
_ENDING: Final = frozenset({signal.SIGINT, signal.SIGTERM})

Told: TypeAlias = Mapping[str, Any]
"""What a process said of itself as it ended, as JSON has it."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Role(NamedTuple):
    """One process of the family.

    Attributes:
        name: What it is called.
        work: What it does; what that returns is told to the parent. It ends when a SIGTERM comes.
        is_vital: If it cannot live, the family ends.
        on_lost: Called in the parent when it has ended without being asked to, before it is started again.
    """

    name: str
    work: Callable[[], Told | None]
    is_vital: bool = False
    on_lost: Callable[[], None] = lambda: None


class _Child:
    """One process and what became of those before it."""

    def __init__(self, role: Role) -> None:
        self.role = role
        self.pid = 0
        self.report = -1
        self.began: Nanos = 0
        self.due: Nanos = 0
        self.backoff = Backoff(first_s=0.2, cap_s=5.0)
        self.was_ready = False
        self.code = 0


class Family:
    """Used once: :meth:`run` returns when all have ended.

    Attributes:
        was_told_to_end: Whether a SIGINT or SIGTERM came.
    """

    def __init__(
        self,
        roles: Sequence[Role],
        roster: Roster,
        *,
        passed_on: Mapping[signal.Signals, Callable[[], None]] | None = None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        """Take who is to live; the first one's last word is the family's. Nobody is started yet.

        Args:
            roles: In the order in which they are started; they are ended the first one first.
            roster: Where it stands who is there.
            passed_on: Signals that the first one gets when they come to the parent, and what the parent does itself
                after that: the first one may be away. All ignore them until they say otherwise.
            is_over: Asked several times a second, as long as we look after them, whether all are to end.
        """
        self._children = [_Child(role) for role in roles]
        self._roster = roster
        self._passed_on = passed_on or {}
        self._is_over = is_over
        self.was_told_to_end = False
        self._looked: Nanos = 0

    def run(self) -> Told:
        """Start all, look after them until SIGINT, SIGTERM or it is over, end them; returns the first one's last word.

        Raises:
            SignaldError: One could not do its work from the first moment on, and why; or a vital one did not live.
        """
        with Signals((signal.SIGCHLD, *_ENDING, *self._passed_on)) as signals:
            try:
                for child in self._children:
                    self._start(child, signals)
                self._watch(signals)
                return self._end(signals)
            finally:
                self._kill()

    def _watch(self, signals: Signals) -> None:
        """Look after them until the family is asked to end."""
        while True:
            if self._hear(signals):
                return
            now = LiveClock.monotonic()
            for child in self._children:
                if child.pid and (code := _reap(child.pid)) is not None:
                    self._lose(child, code, now)
                elif not child.pid and now >= child.due:
                    self._start_again(child, signals, now)
            self._kill_hung(now)
            if self._is_over():
                return

    def _hear(self, signals: Signals) -> bool:
        """Wait a moment, and pass on what comes; whether the family was asked to end."""
        came = signals.wait(_LOOK_EVERY_S)
        for number, act in self._passed_on.items():
            if number in came:
                self._tell(self._children[0], number)
                act()
        self.was_told_to_end = self.was_told_to_end or bool(came & _ENDING)
        return bool(came & _ENDING)

    def _start_again(self, child: _Child, signals: Signals, now: Nanos) -> None:
        """Start one that has ended; where the system has no room for it just now, it is tried again later."""
        try:
            self._start(child, signals)
        except OSError as error:
            delay_s = child.backoff.next_delay_s()
            child.due = now + round(delay_s * NS_PER_S)
            log.warning(
                "process_not_started", member=child.role.name, problem=str(error), again_in_ms=round(delay_s * 1_000)
            )

    def _start(self, child: _Child, signals: Signals) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        read_end, write_end = os.pipe()
        try:
            with signals.held():
                pid = os.fork()
                if not pid:
                    os.close(read_end)
                    _live(child.role, write_end, parent=parent, signals=signals, ignored=self._passed_on)
        except OSError:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        child.pid, child.report, child.began = pid, read_end, LiveClock.monotonic()
        self._roster.began(child.role.name, pid)

    def _lose(self, child: _Child, code: int, now: Nanos) -> None:
        """One has ended without being asked to: it is started again, unless there is no sense in that."""
        role, child.code = child.role, code
        was_ready = child.was_ready = child.was_ready or self._roster.was_ready(role.name)
        told = self._bury(child)
        child.backoff.note_lifetime((now - child.began) / NS_PER_S)
        delay_s = child.backoff.next_delay_s()
        child.due = now + round(delay_s * NS_PER_S)
        role.on_lost()
        tired = role.is_vital and child.backoff.failures >= _TIRED_AFTER
        if not was_ready or tired:
            if "error" in told:
                raise _error_of(told)
            if role.is_vital and code >= 0:
                raise ProcessEndedError(role.name, code)
        log.warning("process_ended", member=role.name, code=code, again_in_ms=round(delay_s * 1_000), **told)

    def _end(self, signals: Signals) -> Told:
        """Ask the first one to end, then the others; one that takes too long is killed.

        Raises:
            SignaldError: What one could not do as it ended; or the first one was away or had to be killed, so nobody
                knows what became of its work.
        """
        last: Told | None = None
        for number, child in enumerate(self._children):
            if not child.pid:
                continue
            self._roster.ends(child.role.name)
            self._tell(child, signal.SIGTERM)
            until = LiveClock.monotonic() + round(_ENDS_WITHIN_S * NS_PER_S)
            while (code := _reap(child.pid)) is None and LiveClock.monotonic() < until:
                if self._hear(signals):
                    self._tell(child, signal.SIGTERM)
            if code is None:
                log.error("process_not_ended", member=child.role.name, within_s=_ENDS_WITHIN_S)
                child.code = -signal.SIGKILL  # it is killed with whoever is left
                continue
            told = self._bury(child)
            if "error" in told:
                raise _error_of(told)
            if not number:
                last = told
                if code:
                    raise ProcessEndedError(child.role.name, code)
        if last is None:
            raise ProcessEndedError(self._children[0].role.name, self._children[0].code)
        return last

    def _bury(self, child: _Child) -> Told:
        """Forget a process that has ended; returns its last word."""
        self._roster.ended(child.role.name)
        said = b""
        while part := os.read(child.report, _REPORT_BYTES):
            said += part
        os.close(child.report)
        child.pid, child.report = 0, -1
        return json.loads(said) if said else {}

    def _kill_hung(self, now: Nanos) -> None:
        """Kill those that have said nothing for long, unless it is we who did not look."""
        looked, self._looked = self._looked, now
        if now - looked > 4 * _LOOK_EVERY_S * NS_PER_S:
            return
        for child in self._children:
            beat = self._roster.last_beat(child.role.name)
            if child.pid and beat and now - beat > _HUNG_AFTER_NS:
                log.error("process_hung", member=child.role.name, silent_s=(now - beat) // NS_PER_S)
                self._tell(child, signal.SIGKILL)

    def _kill(self) -> None:
        """Leave nobody behind."""
        for child in self._children:
            self._tell(child, signal.SIGKILL)
        for child in self._children:
            if child.pid:
                os.waitpid(child.pid, 0)
                self._bury(child)

    def _tell(self, child: _Child, number: int) -> None:
        if child.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, number)


def _reap(pid: int) -> int | None:
    """The code a child ended with, negative for a signal; ``None`` while it lives."""
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _error_of(told: Told) -> SignaldError:
    """The failure that a child reported, as it was raised there; one of a part's own comes as the root of the tree."""
    kind: type[SignaldError] = getattr(errors, told["error"], SignaldError)
    error = kind.__new__(kind, told["text"])  # its text is made already, whatever it was made of
    vars(error).update(told["fields"])
    return error


def _live(role: Role, report: int, *, parent: int, signals: Signals, ignored: Collection[signal.Signals]) -> NoReturn:
    """Be the child: do its work, say what came of it, and end without going back to where the parent was."""
    code = 0
    told: Told | None = None
    try:
        _end_with(parent)
        signals.give_up(ignored=ignored)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells everybody; it is the parent's to act on
        told = role.work()
    except SignaldError as error:
        told = {"error": type(error).__name__, "fields": vars(error), "text": str(error)}
        code = 1
    except KeyboardInterrupt:  # a SIGTERM before anything of ours had begun
        pass
    except BaseException:  # noqa: BLE001 - a child must not go on as its parent, whatever happens
        traceback.print_exc()
        code = EXIT_BUG
    with contextlib.suppress(BaseException):
        if told:
            os.write(report, json.dumps(told, default=str).encode())
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _end_with(parent: int) -> None:
    """Have the system kill this process when its parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended meanwhile
        os._exit(EXIT_BUG)
