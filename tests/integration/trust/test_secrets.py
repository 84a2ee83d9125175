"""Secrets are planted wherever one may stand, and everything that comes out is searched for them."""

import base64
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import pytest
from redis import Redis

from signald.simulate.child import LOOPBACK, Server, free_port
from signald.simulate.servers import mosquitto, redis_server
from tests.support.agency import Agency
from tests.support.daemons import Daemon, daemon
from tests.support.servers import installed
from tests.support.waiting import eventually

REDIS, BROKER, FEED, CONSOLE, READING, DESK = (f"{name}-s3cr3t/0+9" for name in ("re", "mq", "te", "co", "rd", "de"))
SECRETS = {"redis": REDIS, "broker": BROKER, "feed": FEED, "console": CONSOLE, "reading": READING, "desk": DESK}

pytestmark = pytest.mark.timeout(180)


def spellings(secret: str) -> set[bytes]:
    """A secret as it may come out."""
    plain = secret.encode()
    return {plain, quote(secret, safe="").encode(), base64.b64encode(plain), json.dumps(secret).encode()[1:-1]}


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    with installed(mosquitto) as broker, installed(redis_server) as redis:
        with Redis(port=redis.port) as link:
            link.config_set("requirepass", REDIS)
        yield broker, redis


def planted(folder: Path) -> dict[str, str]:
    """A file for each secret, by its name."""
    files: dict[str, str] = {}
    for name, secret in SECRETS.items():
        (folder / name).write_text(f"{secret}\n", encoding="utf-8")
        files[name] = str(folder / name)
    return files


def asked(port: int, method: str, path: str, token: str) -> bytes:
    """Status, headers and body of an answer of the console."""
    connection = HTTPConnection(LOOPBACK, port, timeout=20.0)
    with contextlib.closing(connection):
        connection.request(method, path, headers={"authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        return f"{answer.status} {answer.getheaders()}".encode() + answer.read()


def command(running: Daemon, *words: str) -> bytes:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "signald", *words, "--config", "signald.toml"],
        cwd=running.folder,
        env={**os.environ, "SIGNALD_LIVE__STARTUP_TIMEOUT_S": "1"},  # Redis will not let them in
        capture_output=True,
        check=False,
    )
    return done.stdout + done.stderr


def on_redis(redis: Redis) -> bytes:
    """Everything that was written there."""
    found: list[object] = []
    for key in redis.scan_iter():
        kind = redis.type(key)
        if kind == b"stream":
            found.append(redis.xrange(key))
        elif kind == b"hash":
            found.append(redis.hgetall(key))
    return repr(found).encode()


def test_no_secret_comes_out_anywhere(tmp_path: Path, servers: tuple[Server, Server]) -> None:
    broker, redis = servers
    files, port = planted(tmp_path), free_port()
    url = f"redis://default:{quote(REDIS, safe='')}@{LOOPBACK}:{redis.port}/0"
    (tmp_path / "consumers").mkdir()
    (tmp_path / "consumers" / "otc-desk-1").write_text(DESK, encoding="utf-8")
    with daemon(
        tmp_path / "d",
        mqtt_port=broker.port,
        redis_port=redis.port,
        lists={"consumers": [{"name": "otc-desk-1", "jurisdiction": "SG"}]},
        mqtt={"username": "signald", "password_file": files["broker"]},
        redis={"url": url},
        entitlement={"secrets": str(tmp_path / "consumers")},
        console={"enabled": True, "port": port, "token_file": files["console"], "read_token_file": files["reading"]},
        **{"bridges.tradingeconomics": {"key_file": files["feed"], "rest_url": f"http://{LOOPBACK}:{free_port()}"}},
    ) as running:
        running.wait_for("ready")
        agency = Agency(broker.port)
        agency.schedule()
        agency.release()
        eventually(running.documents)
        with Redis.from_url(url) as link:
            out = {"redis": on_redis(link)}
            link.config_set("requirepass", "another")  # from the next connection on ours is wrong
            link.client_kill_filter(_type="normal", skipme=True)
        running.wait_for("redis_disconnected")
        out["page"] = asked(port, "GET", "/state", READING) + asked(port, "GET", "/metrics", CONSOLE)
        out["refusals"] = asked(port, "POST", "/control/explode", CONSOLE) + asked(port, "GET", "/", f"{READING}x")
        out["metrics"] = repr(running.metrics()).encode()
        for words in (
            *(["config", "--effective"], ["status"], ["acl"], ["halt"]),
            *(["tail", "--count", "1"], ["journal", "cat", "journal"]),
        ):
            out[" ".join(words)] = command(running, *words)
        broken = "redis://default:" + REDIS + f"@{LOOPBACK}:{redis.port}"  # its slash is not written as %2F
        text = (running.folder / "signald.toml").read_text(encoding="utf-8").replace(url, broken)
        (running.folder / "signald.toml").write_text(text, encoding="utf-8")
        for words in (["check"], ["status"], ["run"]):
            out[f"{words[0]} of what is wrong"] = command(running, *words)
        running.terminate()
        out["log"] = running.said.encode()
        out["files"] = b"".join(
            path.read_bytes() for path in running.folder.rglob("*") if path.is_file() and path.name != "signald.toml"
        )

    leaks = {
        (name, where)
        for name, secret in SECRETS.items()
        for spelled in spellings(secret)
        for where, text in out.items()
        if spelled in text
    }
    assert leaks == set()
    assert all(out.values())
    assert b"s3cr3t" not in b"".join(text for where, text in out.items() if "wrong" in where)
