"""Of a configuration that is read anew all is taken, or nothing; some keys only a restart changes."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from signald.app.reload import CALM, Reloader
from signald.app.world import World, load_world
from signald.config import Config, find_file, load_config
from signald.errors import ConfigError, ProcessEndedError, UnreachableError
from signald.live.summary import RunSummary
from signald.live.switch import HALT_SIGNAL
from signald.runtime.clock import LiveClock
from signald.runtime.service import ServiceManager
from signald.sinks.entitlement import ConsumerConfig

CONFIG = load_config(find_file("configs/signald.toml"), {})
NEW_DESK = (ConsumerConfig(name="new", jurisdiction="SG"),)
DONE = RunSummary(published=1, duplicates=2, late=3, waiting=0, journal="j")


@pytest.fixture(scope="module")
def world() -> World:
    return load_world(CONFIG)


def changed(**sections: object) -> Config:
    return msgspec.structs.replace(CONFIG, **sections)


def reloader_of(world: World, read: Callable[[], Config], *, beside: bool = True) -> Reloader:
    return Reloader(world, read, clock=LiveClock(), service=ServiceManager({}), beside=beside)


def is_taken(reloader: Reloader) -> bool:
    """Whether it ends the run, once no release has been open for long enough."""
    looks = [reloader.look(is_ready=True, is_open=False) for _ in range(CALM)]
    assert not any(looks[:-1])
    return looks[-1]


def asked(world: World, wanted: Config) -> tuple[Reloader, bool, Sequence[Mapping[str, Any]]]:
    """Whoever was asked to take ``wanted``, whether it does, and what it said."""
    reloader = reloader_of(world, lambda: wanted)
    reloader.ask()
    with capture_logs() as said:
        is_due = is_taken(reloader)
    return reloader, is_due, said


def test_what_may_change_is_taken_as_a_whole(world: World) -> None:
    wanted = changed(
        consumers=NEW_DESK,
        venues=(),
        releases=msgspec.structs.replace(CONFIG.releases, valid_s=200.0),
        control=msgspec.structs.replace(CONFIG.control, blackouts=()),
    )

    reloader, is_due, said = asked(world, wanted)
    runs: list[Config] = []

    def run(known: World) -> RunSummary:
        runs.append(known.config)
        reloader.look(is_ready=True, is_open=False)
        if len(runs) > 1:
            reloader.told_to_end()
        return DONE

    with capture_logs() as later:
        summary = reloader.keep(run)

    assert (is_due, said) == (True, [])
    assert runs == [CONFIG, wanted]
    assert (summary.published, summary.duplicates, summary.late) == (2, 4, 6)
    [told] = later
    assert told["event"] == "configuration_reloaded"
    assert told["changed"] == ["consumers", "releases.valid_s", "venues"]
    assert reloader.reloads.total("taken") == 1


@pytest.mark.parametrize("beside", [True, False])
def test_nothing_is_taken_while_a_release_is_open(world: World, *, beside: bool) -> None:
    reads: list[int] = []

    def read() -> Config:
        reads.append(1)
        return changed(consumers=NEW_DESK)

    reloader = reloader_of(world, read, beside=beside)
    reloader.ask()
    with capture_logs() as said:
        during = [reloader.look(is_ready=True, is_open=True) for _ in range(3)]
        waits = reloader.reloads.waits
        after = is_taken(reloader)

    assert (during, waits, after) == ([False] * 3, True, True)
    assert [line["event"] for line in said] == ["reload_waits"]
    assert len(reads) == 1


def test_a_wait_is_said_when_the_release_is_heard_of_after_the_configuration_was_checked(world: World) -> None:
    reloader = reloader_of(world, lambda: changed(consumers=NEW_DESK))
    reloader.ask()

    with capture_logs() as said:
        looks = [reloader.look(is_ready=True, is_open=is_open) for is_open in (False, True, True, False, False)]
        waits = reloader.reloads.waits

    assert [line["event"] for line in said] == ["reload_waits"]
    assert (looks, waits) == ([False] * 5, True)
    assert reloader.look(is_ready=True, is_open=False)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("redis", "url", "redis://127.0.0.1:1/0"),
        ("mqtt", "port", 1),
        ("journal", "path", "elsewhere"),
        ("metrics", "port", 1),
        ("control", "halt_file", "elsewhere"),
        ("live", "feed_workers", 2),
        ("books", "slippage_usd", (1.0,)),
    ],
)
def test_what_only_a_restart_changes_is_refused_by_name(world: World, section: str, key: str, value: object) -> None:
    other = msgspec.structs.replace(getattr(CONFIG, section), **{key: value})

    reloader, is_due, [said] = asked(world, changed(**{section: other}, consumers=NEW_DESK))

    assert not is_due
    assert (said["event"], said["keys"]) == ("reload_refused", [f"{section}.{key}"])
    assert (reloader.world.config, reloader.reloads.total("refused")) == (CONFIG, 1)


def test_a_mistake_changes_nothing_and_is_said(world: World) -> None:
    def broken() -> Config:
        where, problem = "signald.toml", "gurad: unknown key; did you mean guard?"
        raise ConfigError(where, problem)

    reloader = reloader_of(world, broken)
    reloader.ask()
    with capture_logs() as said:
        is_due = is_taken(reloader)

    assert (is_due, reloader.reloads.total("refused")) == (False, 1)
    assert said[0]["problem"] == "signald.toml: gurad: unknown key; did you mean guard?"
    assert len(list(reloader.reloads.letters.take())) == 1


@pytest.mark.parametrize("which", ["indicators", "instruments", "parameters"])
def test_files_that_read_otherwise_need_a_restart(world: World, which: str) -> None:
    name, one = next(iter(world.indicators.items()))
    traded = CONFIG.venues[0].instruments[0]
    step = msgspec.structs.replace(world.instruments[traded], tick_size=world.instruments[traded].tick_size * 10)
    before = {
        "indicators": replace(world, indicators={**world.indicators, name: msgspec.structs.replace(one, quorum=9)}),
        "instruments": replace(world, instruments={**world.instruments, traded: step}),
        "parameters": replace(world, parameters=msgspec.structs.replace(world.parameters, id="other")),
    }[which]
    key = {"indicators": "calendar.indicators", "instruments": "instruments.path", "parameters": "model.path"}[which]

    _, is_due, [said] = asked(before, changed(consumers=NEW_DESK))

    assert (is_due, said["keys"]) == (False, [key])


def test_the_same_again_changes_nothing(world: World) -> None:
    _, is_due, said = asked(world, CONFIG)

    assert (is_due, [line["event"] for line in said]) == (False, ["reload_changes_nothing"])


def test_one_that_does_not_get_ready_is_undone(world: World) -> None:
    reloader = reloader_of(world, lambda: changed(consumers=NEW_DESK))

    def runs() -> Iterator[RunSummary]:
        reloader.ask()
        is_taken(reloader)
        yield DONE
        process = "signal"
        raise ProcessEndedError(process, 1)

    turns = runs()
    seen: list[Config] = []

    def run(known: World) -> RunSummary:
        seen.append(known.config)
        if len(seen) == 3:
            reloader.told_to_end()
            return DONE
        return next(turns)

    with capture_logs() as said:
        reloader.keep(run)

    assert [config == CONFIG for config in seen] == [True, False, True]
    assert [line["event"] for line in said] == ["reload_undone"]
    assert reloader.reloads.total("undone") == 1


def test_a_server_that_is_away_is_waited_for_once_the_daemon_was_ready(world: World) -> None:
    reloader = reloader_of(world, lambda: changed(consumers=NEW_DESK))
    seen: list[Config] = []

    def run(known: World) -> RunSummary:
        seen.append(known.config)
        if len(seen) == 1:
            reloader.ask()
            is_taken(reloader)
            return DONE
        if len(seen) == 2:
            server, address = "Redis", "127.0.0.1:1"
            raise UnreachableError(server, address, "refused")
        reloader.told_to_end()
        return DONE

    with capture_logs() as said:
        reloader.keep(run)

    assert [config == CONFIG for config in seen] == [True, False, False]
    assert [line["event"] for line in said] == ["servers_not_reached"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_between_two_runs_ends_the_one_that_begins(world: World, number: signal.Signals) -> None:
    reloader = reloader_of(world, lambda: changed(consumers=NEW_DESK), beside=False)
    before = signal.getsignal(number)
    ends: list[bool] = []

    def run(_: World) -> RunSummary:
        if not ends:
            reloader.ask()
            ends.append(is_taken(reloader))
            return DONE
        os.kill(os.getpid(), number)  # as long as nothing of this run acts upon it
        ends.append(reloader.look(is_ready=False, is_open=False))
        return DONE

    summary = reloader.keep(run)

    assert (ends, summary.published) == ([True, True], 2)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("beside", [True, False])
def test_a_halt_between_two_runs_leaves_its_file(world: World, tmp_path: Path, *, beside: bool) -> None:
    control = msgspec.structs.replace(CONFIG.control, halt_file=str(tmp_path / "halt"))
    reloader = reloader_of(replace(world, config=changed(control=control)), lambda: CONFIG, beside=beside)

    def run(_: World) -> RunSummary:
        os.kill(os.getpid(), HALT_SIGNAL)
        return DONE

    reloader.keep(run)

    assert (tmp_path / "halt").read_text(encoding="utf-8").startswith("signal\n")


def test_a_daemon_that_was_never_ready_fails_as_it_did(world: World) -> None:
    reloader = reloader_of(world, lambda: CONFIG)

    def run(_: World) -> RunSummary:
        server, address = "Redis", "127.0.0.1:1"
        raise UnreachableError(server, address, "refused")

    with pytest.raises(UnreachableError):
        reloader.keep(run)


def test_letters_hold_what_is_said_of_a_long_problem(world: World) -> None:
    def broken() -> Config:
        where, problem = "signald.toml", "x" * 5_000  # as a file with many mistakes has it
        raise ConfigError(where, problem)

    reloader = reloader_of(world, broken)

    with capture_logs():
        reloader.ask()
        is_taken(reloader)

    assert len(list(reloader.reloads.letters.take())) == 1
