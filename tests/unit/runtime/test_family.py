"""Processes that are forked, watched, started again and ended: with real ones, which do nothing else."""

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signald.client.entries import SchemaError, UnreadableError
from signald.errors import (
    CheckFailedError,
    ConfigError,
    ImportFormatError,
    JournalError,
    MalformedFrameError,
    ProcessEndedError,
    SignaldError,
    SinkError,
    UnreachableError,
    VintageError,
)
from signald.runtime import family
from signald.runtime.family import Family, Role
from signald.runtime.roster import Roster
from signald.runtime.shared import SharedMemory
from tests.support.waiting import eventually

pytestmark = pytest.mark.timeout(60)

OPEN_FILES = Path("/proc/self/fd")


class Shared:
    """What the processes of a test see of each other."""

    def __init__(self, *names: str) -> None:
        memory = SharedMemory({"roster": Roster.nbytes(len(names)), "words": 64})
        self.roster = Roster(names, memory.region("roster"))
        self.words = memory.region("words").cast("q")


def wait() -> None:
    """Sleep until a SIGTERM comes."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    signal.sigwait({signal.SIGTERM})


def ends_itself(shared: Shared, then: Callable[[], None]) -> Callable[[], dict[str, int]]:
    """Work that ends as ``then`` does the first time, and the family the second time."""

    def work() -> dict[str, int]:
        shared.words[0] += 1
        shared.roster.ready("first")
        if shared.words[0] == 1:
            then()
        os.kill(os.getppid(), signal.SIGTERM)
        signal.sigwait({signal.SIGTERM})
        return {"times": shared.words[0]}

    return lambda: (signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}), work())[1]


def test_the_first_ones_last_word_is_the_familys() -> None:
    shared = Shared("first", "second")
    first = Role("first", ends_itself(shared, lambda: None), is_vital=True)

    told = Family([first, Role("second", wait)], shared.roster).run()

    assert told == {"times": 1}
    assert [shared.roster.pid(name) for name in shared.roster.names] == [0, 0]


def test_one_that_was_asked_to_end_is_not_ready_any_more() -> None:
    shared = Shared("first")

    def work() -> dict[str, bool]:
        shared.roster.ready("first")
        before = shared.roster.is_ready("first")
        os.kill(os.getppid(), signal.SIGTERM)
        signal.sigwait({signal.SIGTERM})
        return {"before": before, "ending": shared.roster.is_ready("first")}

    first = Role("first", lambda: (signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}), work())[1])

    assert Family([first], shared.roster).run() == {"before": True, "ending": False}


@pytest.mark.parametrize(
    "how",
    [lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: os._exit(70), lambda: 1 / 0],
    ids=["kill", "exit", "bug"],
)
def test_one_that_ends_is_started_again_and_others_are_told_of_it(how: Callable[[], None]) -> None:
    shared = Shared("first")

    def lost() -> None:
        shared.words[1] += 1

    told = Family([Role("first", ends_itself(shared, how), is_vital=True, on_lost=lost)], shared.roster).run()

    assert told == {"times": 2}
    assert shared.words[1] == 1
    assert shared.roster.restarts("first") == 1


def test_one_that_cannot_begin_ends_the_family_with_its_own_error() -> None:
    shared = Shared("first", "second")

    def refuse() -> None:
        where = "metrics.port"
        raise ConfigError(where, "is taken")

    with pytest.raises(ConfigError, match=r"metrics\.port: is taken") as raised:
        Family([Role("first", wait, is_vital=True), Role("second", refuse)], shared.roster).run()

    assert raised.value.where == "metrics.port"
    assert shared.roster.pid("first") == 0


def test_a_vital_one_with_a_bug_from_the_first_moment_on_ends_the_family() -> None:
    shared = Shared("first", "second")

    def fail() -> None:
        os._exit(70)

    with pytest.raises(ProcessEndedError) as raised:
        Family([Role("first", fail, is_vital=True), Role("second", wait)], shared.roster).run()

    assert (raised.value.name, raised.value.code) == ("first", 70)


def with_a_note() -> SignaldError:
    """An error to which somebody added a sentence."""
    error = ConfigError("redis.url", "is none")
    error.add_note("see docs")
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (SignaldError("there is no server"), SignaldError),
        (ConfigError("redis.url", "is none"), ConfigError),
        (with_a_note(), ConfigError),
        (UnreachableError("redis", "localhost:6379", "refused"), UnreachableError),
        (CheckFailedError("they differ"), CheckFailedError),
        (ProcessEndedError("signal", 70), ProcessEndedError),
        (MalformedFrameError("binance", "b", "is none"), MalformedFrameError),
        (SinkError("is full"), SinkError),
        (VintageError("vintages.sqlite", "is locked"), VintageError),
        (JournalError("is cut off"), JournalError),
        (ImportFormatError("a.csv", 3, "is none"), ImportFormatError),
        (SchemaError("signald/0"), SignaldError),
        (UnreadableError("an entry"), SignaldError),
    ],
    ids=repr,
)
def test_every_error_of_ours_comes_through_as_it_was_raised(error: SignaldError, kind: type[SignaldError]) -> None:
    shared = Shared("first")

    def refuse() -> None:
        raise error

    with pytest.raises(SignaldError) as raised:
        Family([Role("first", refuse, is_vital=True)], shared.roster).run()

    assert type(raised.value) is kind
    assert str(raised.value) == str(error)
    assert vars(raised.value) == vars(error)


def hears_a_signal(shared: Shared, before: Callable[[], None]) -> Callable[[], dict[str, int]]:
    """Work that has the parent pass a signal on, does ``before`` the first time, and ends once the parent has acted."""

    def work() -> dict[str, int]:
        shared.words[0] += 1
        shared.roster.ready("first")
        os.kill(os.getppid(), signal.SIGUSR1)
        if shared.words[0] == 1:
            before()
        eventually(lambda: shared.words[1])
        os.kill(os.getppid(), signal.SIGTERM)
        signal.sigwait({signal.SIGTERM})
        return {"times": shared.words[0]}

    return lambda: (signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}), work())[1]


@pytest.mark.parametrize(("before", "times"), [(lambda: None, 1), (lambda: os._exit(70), 2)], ids=["young", "away"])
def test_a_signal_passed_on_to_one_that_does_not_heed_it_yet_kills_nobody_and_is_acted_on(
    before: Callable[[], None], times: int
) -> None:
    shared = Shared("first")

    def act() -> None:
        shared.words[1] = 1

    first = Role("first", hears_a_signal(shared, before), is_vital=True)
    told = Family([first], shared.roster, passed_on={signal.SIGUSR1: act}).run()

    assert told == {"times": times}
    assert shared.words[1] == 1


@pytest.mark.parametrize(("call", "number"), [("fork", errno.EAGAIN), ("pipe", errno.EMFILE)])
def test_one_for_whom_there_is_no_room_just_now_is_started_later(
    monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    shared = Shared("first")
    really: Callable[[], Any] = getattr(os, call)
    calls = 0

    def now_and_then() -> Any:  # noqa: ANN401 - as either call has it
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError(number, os.strerror(number))
        return really()

    monkeypatch.setattr(os, call, now_and_then)
    open_before = sorted(OPEN_FILES.iterdir())
    told = Family([Role("first", ends_itself(shared, lambda: os._exit(70)))], shared.roster).run()

    assert told == {"times": 2}
    assert calls == 3
    assert sorted(OPEN_FILES.iterdir()) == open_before


def test_a_first_one_that_does_not_end_is_killed_and_nothing_is_said_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(family, "_ENDS_WITHIN_S", 1.0)
    shared = Shared("first", "second")

    def hang() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        eventually(lambda: shared.words[0])
        os.kill(os.getppid(), signal.SIGTERM)
        while True:
            signal.pause()

    def end_well() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        shared.words[0] = 1
        signal.sigwait({signal.SIGTERM})
        shared.words[1] = 1

    with pytest.raises(ProcessEndedError, match="the process first ended with code -9"):
        Family([Role("first", hang, is_vital=True), Role("second", end_well)], shared.roster).run()

    assert shared.words[1] == 1


def test_nothing_is_said_for_a_first_one_that_is_away_when_all_are_to_end() -> None:
    shared = Shared("first")

    def die() -> None:
        shared.roster.ready("first")
        os._exit(70)

    first = Role("first", die, is_vital=True, on_lost=lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(ProcessEndedError, match="the process first ended with code 70"):
        Family([first], shared.roster).run()


def test_whoever_looks_on_is_called_while_the_family_is_looked_after() -> None:
    shared = Shared("first")
    looks: list[int] = []

    def look() -> bool:
        looks.append(shared.roster.pid("first"))
        if len(looks) > 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return False

    family = Family([Role("first", wait)], shared.roster, is_over=look)
    family.run()

    assert len(looks) > 1
    assert all(looks)
    assert family.was_told_to_end


def test_a_family_that_is_over_is_ended_without_having_been_told() -> None:
    shared = Shared("first")
    family = Family([Role("first", wait)], shared.roster, is_over=lambda: True)

    family.run()

    assert not family.was_told_to_end
    assert shared.roster.pid("first") == 0
