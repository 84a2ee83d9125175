import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from signald.errors import ConfigError
from signald.journal.writer import JournalWriter
from signald.simulate import world
from signald.simulate.child import LOOPBACK, free_port
from signald.simulate.world import choose_ports, fresh_journal, termination_as_interrupt


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


def test_a_usual_port_that_is_taken_is_replaced_and_said(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "REDIS_PORT", taken)

    ports = choose_ports(mqtt=free_port(2), redis=None, metrics=free_port())

    assert ports.redis != taken
    assert ports.moved == (f"port {taken} is taken: redis is on {ports.redis}",)


def test_a_usual_port_that_is_free_is_used_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = free_port(2)
    monkeypatch.setattr(world, "MQTT_PORT", usual)

    ports = choose_ports(mqtt=None, redis=free_port(), metrics=free_port())

    assert ports.mqtt == usual
    assert ports.moved == ()


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(taken: int) -> None:
    with pytest.raises(ConfigError, match=rf":{taken}: the port for the demo \(--metrics-port\) is in use"):
        choose_ports(mqtt=free_port(2), redis=free_port(), metrics=taken)


def test_the_usual_journal_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    last = tmp_path / "var" / "demo-journal"
    last.mkdir(parents=True)
    (last / "00000001.segment").touch()

    journal = fresh_journal(None)

    assert journal == last
    assert not journal.exists()


def test_what_is_no_journal_is_not_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var" / "demo-journal" / "photos").mkdir(parents=True)

    with pytest.raises(ConfigError, match="is no journal of ours"):
        fresh_journal(None)

    assert (tmp_path / "var" / "demo-journal" / "photos").exists()


def test_a_journal_that_is_being_written_is_not_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    journal = tmp_path / "var" / "demo-journal"

    with JournalWriter(journal), pytest.raises(ConfigError, match="is being written"):
        fresh_journal(None)

    assert fresh_journal(None) == journal
    assert not journal.exists()


def test_a_journal_that_was_asked_for_must_not_be_there_yet(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is there already"):
        fresh_journal(tmp_path)

    assert fresh_journal(tmp_path / "new") == tmp_path / "new"


def test_inside_a_termination_is_an_interrupt_and_outside_it_is_what_it_was() -> None:
    before = signal.getsignal(signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt), termination_as_interrupt():
        os.kill(os.getpid(), signal.SIGTERM)

    assert signal.getsignal(signal.SIGTERM) == before
