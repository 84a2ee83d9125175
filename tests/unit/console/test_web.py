import base64
import json
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio.lowlevel
import pytest
from starlette.types import Message

from signald.console.doorkeeper import Doorkeeper
from signald.console.server import read_token
from signald.console.web import Pages
from signald.errors import ConfigError, UnreachableError
from signald.model.control import Command

TOKEN = "a token"  # noqa: S105 - the test's own


async def _nothing() -> AsyncGenerator[bytes, None]:
    yield b""


class Server:
    """Pages that are asked without a socket; what was commanded is kept."""

    def __init__(self, *, fails: bool = False, read: str = "", is_full: bool = False) -> None:
        self.commanded: list[tuple[Command, str, str]] = []
        self._fails = fails
        pages = Pages(
            follow=_nothing,
            snapshot=lambda: {"signals": []},
            metrics=lambda _: (b"", "text/plain"),
            door=Doorkeeper(control=TOKEN, read=read),
            send=self._send,
            hosts=["localhost"],
            report=lambda release: f"<p>{release}</p>" if "cpi" in release else None,
            is_full=lambda: is_full,
        )
        self._app = pages.app
        self.beyond = pages.beyond

    async def _send(self, command: Command, target: str, reason: str) -> str:
        if self._fails:
            server, address, reason = "mqtt broker", "nowhere", "refused"
            raise UnreachableError(server, address, reason)
        self.commanded.append((command, target, reason))
        return "was sent"

    async def ask(
        self, method: str, path: str, *, body: bytes = b"", token: str | None = None, host: str = "localhost"
    ) -> tuple[int, dict[str, str], bytes]:
        headers = [(b"host", host.encode())]
        if token is not None:
            shown = token if token.startswith("Basic ") else f"Bearer {token}"
            headers.append((b"authorization", shown.encode()))
        said: list[Message] = []

        async def receive() -> Message:
            await anyio.lowlevel.checkpoint()
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            await anyio.lowlevel.checkpoint()
            said.append(message)

        path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": headers,
            "http_version": "1.1",
            "scheme": "http",
            "server": ("localhost", 80),
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }
        await self._app(scope, receive, send)
        start, *rest = said
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        return start["status"], found, b"".join(message.get("body", b"") for message in rest)


async def test_command_needs_the_token() -> None:
    server = Server()

    answers = [await server.ask("POST", "/control/halt", token=token) for token in (None, "", "another", TOKEN)]

    assert [status for status, _, _ in answers] == [401, 401, 401, 200]
    assert server.commanded == [("halt", "*", "")]


async def test_a_thousand_wrong_tokens_are_throttled() -> None:
    server = Server()

    answers = [await server.ask("POST", "/control/halt", token=f"guess {number}") for number in range(1_000)]
    answers.append(await server.ask("POST", "/control/halt", token=TOKEN))

    statuses = [status for status, _, _ in answers]
    assert (statuses.count(401), statuses.count(429)) == (10, 991)
    assert answers[-1][1]["retry-after"] == "60"
    assert server.commanded == []
    assert not any(b"guess" in body for _, _, body in answers)


async def test_looking_may_take_a_token_which_is_none_to_command_with() -> None:
    server = Server(read="look")
    basic = "Basic " + base64.b64encode(b"anybody:look").decode()

    looked = [
        await server.ask("GET", path, token=token) for path in ("/", "/state") for token in ("look", TOKEN, basic)
    ]
    refused = [await server.ask("GET", path) for path in ("/", "/state", "/events", "/metrics", "/static/console.js")]
    commanded = [await server.ask("POST", "/control/halt", token=token) for token in ("look", basic)]

    assert {status for status, _, _ in looked} == {200}
    assert {(status, headers["www-authenticate"][:5]) for status, headers, _ in refused} == {(401, "Basic")}
    assert [status for status, _, _ in commanded] == [401, 401]


async def test_a_token_in_the_address_is_none() -> None:
    server = Server(read="look")

    status, _, _ = await server.ask("GET", "/state?token=look")

    assert status == 401


async def test_command_carries_target_and_reason() -> None:
    server = Server()

    body = json.dumps({"target": "us.cpi.*", "reason": "why"}).encode()
    await server.ask("POST", "/control/mute", body=body, token=TOKEN)

    assert server.commanded == [("mute", "us.cpi.*", "why")]


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("explode", b""),
        ("mute", b"{"),
        ("mute", b'{"target": "a b"}'),
        ("mute", b'{"unknown": 1}'),
        ("mute", b" " * 5_000),
    ],
)
async def test_what_makes_no_sense_is_refused(command: str, body: bytes) -> None:
    server = Server()

    status, _, _ = await server.ask("POST", f"/control/{command}", body=body, token=TOKEN)

    assert (status, server.commanded) == (400, [])


async def test_broker_that_is_away_is_said() -> None:
    status, _, body = await Server(fails=True).ask("POST", "/control/mute", token=TOKEN)

    assert (status, "was not reached" in body.decode()) == (502, True)


async def test_commands_are_not_links() -> None:
    status, _, _ = await Server().ask("GET", "/control/halt", token=TOKEN)

    assert status == 405


async def test_every_answer_forbids_what_the_page_does_not_need() -> None:
    server = Server()

    for path in ("/", "/state", "/static/console.js", "/nowhere"):
        _, headers, _ = await server.ask("GET", path)

        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


async def test_page_of_another_name_is_not_answered() -> None:
    status, _, _ = await Server().ask("GET", "/state", host="evil.example")

    assert status == 400


def test_token_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "var" / "token"

    first, second = read_token(path), read_token(path)

    assert first == second
    assert len(first) >= 32
    assert path.stat().st_mode & 0o077 == 0


def test_empty_token_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")

    with pytest.raises(ConfigError, match="empty"):
        read_token(tmp_path / "token")


def test_page_asks_for_nothing_elsewhere_and_has_no_script_or_style_in_it() -> None:
    static = Path("signald/console/static")

    page = (static / "index.html").read_text()

    for file in static.iterdir():
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text, file
        assert "https://" not in text, file
    assert "style=" not in page
    assert "<style" not in page
    assert " on" + "click" not in page


async def test_a_report_card_is_shown_with_its_own_style_and_no_script() -> None:
    page = Server()

    status, headers, body = await page.ask("GET", "/reports/us.cpi.yoy:2025-01")
    missing, _, _ = await page.ask("GET", "/reports/us.nfp:2025-01")

    assert (status, body) == (200, b"<p>us.cpi.yoy:2025-01</p>")
    assert "script-src" not in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert missing == 404


async def test_whoever_comes_when_all_places_are_taken_is_turned_away_and_counted() -> None:
    server = Server(is_full=True)

    answers = [await server.ask("GET", path, token=TOKEN) for path in ("/", "/events", "/metrics")]

    assert [(status, headers["connection"]) for status, headers, _ in answers] == [(503, "close")] * 3
    assert server.beyond == {"connections": 3, "body": 0, "slow_body": 0}


async def test_a_command_that_is_too_long_is_counted() -> None:
    server = Server()

    answers = [await server.ask("POST", "/control/halt", token=TOKEN, body=b" " * size) for size in (4_096, 4_097)]

    assert [status for status, _, _ in answers] == [400, 400]
    assert server.commanded == []
    assert server.beyond == {"connections": 0, "body": 1, "slow_body": 0}


async def test_a_command_that_does_not_come_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signald.console.web._BODY_WITHIN_S", 0.0)
    server = Server()

    status, _, _ = await server.ask("POST", "/control/halt", token=TOKEN)

    assert status == 400
    assert server.beyond["slow_body"] == 1
