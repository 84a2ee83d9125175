"""What systemd is told, over a socket as it has one."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from signald.model.time import NS_PER_S
from signald.runtime.service import ServiceManager


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "notify"))
        bound.settimeout(0)
        yield bound


def heard(manager: socket.socket) -> list[str]:
    told: list[str] = []
    while True:
        try:
            told += manager.recv(4_096).decode().splitlines()
        except BlockingIOError:
            return told


def test_ready_is_said_once_and_life_once_a_second(manager: socket.socket) -> None:
    service = ServiceManager({"NOTIFY_SOCKET": manager.getsockname()})

    for quarter in range(4, 13):
        service.lives(quarter * NS_PER_S // 4, ready=quarter > 5)

    told = heard(manager)
    assert told.count("READY=1") == 1
    assert told.count("WATCHDOG=1") == 3
    assert told.index("WATCHDOG=1") < told.index("READY=1")


def test_a_manager_that_does_not_read_is_not_waited_for_and_hears_later_that_we_are_ready(
    manager: socket.socket,
) -> None:
    service = ServiceManager({"NOTIFY_SOCKET": manager.getsockname()})

    for second in range(1, 1_000):
        service.lives(second * NS_PER_S, ready=False)
    service.lives(1_000 * NS_PER_S, ready=True)
    at_first = heard(manager)
    service.lives(1_001 * NS_PER_S, ready=True)

    assert "READY=1" not in at_first
    assert heard(manager).count("READY=1") == 1


def test_an_abstract_socket_is_spoken_to_as_well(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(f"\0{tmp_path}")

        ServiceManager({"NOTIFY_SOCKET": f"@{tmp_path}"}).ends()

        assert bound.recv(100).startswith(b"STOPPING=1")


def test_without_a_manager_nobody_is_told_and_nothing_fails(tmp_path: Path) -> None:
    ServiceManager({}).ends()
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ends()

    assert list(tmp_path.iterdir()) == []
