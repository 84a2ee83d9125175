"""The page's server side: files, a stream of events, and commands for whoever has the token."""

import hmac
import mimetypes
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from signald.errors import SignaldError
from signald.model.control import EVERYTHING, Command

SendCommand: TypeAlias = Callable[[Command, str, str], Awaitable[str]]
"""Sends command, target and reason to the daemon; returns how it went."""

mimetypes.init()  # it reads files: now, and not when the first page asks

_STATIC: Final = Path(__file__).parent / "static"
_LONGEST_BODY: Final = 4_096
_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-cache",
}


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a page asks for."""

    target: str = EVERYTHING
    reason: str = ""


class Pages:
    """Everything that a browser may ask for.

    Args:
        follow: Begins a stream of events for one page.
        snapshot: All that is known now.
        metrics: All that Prometheus is told, and its content type, by what it accepts.
        token: What a command must show.
        send: Sends a command on.
        hosts: Names under which we may be asked: a page of another name could be made to speak for its reader.
    """

    def __init__(
        self,
        *,
        follow: Callable[[], AsyncGenerator[bytes, None]],
        snapshot: Callable[[], Mapping[str, Any]],
        metrics: Callable[[str], tuple[bytes, str]],
        token: str,
        send: SendCommand,
        hosts: list[str],
    ) -> None:
        self._follow = follow
        self._snapshot = snapshot
        self._metrics = metrics
        self._token = token.encode()
        self._send = send
        self.app = Starlette(
            routes=[
                Route("/", self._page),
                Route("/events", self._events),
                Route("/state", self._state),
                Route("/metrics", self._scrape),
                Route("/control/{command:str}", self._control, methods=["POST"]),
                Mount("/static", StaticFiles(directory=_STATIC, check_dir=False)),
            ],
            middleware=[Middleware(_Headers), Middleware(TrustedHostMiddleware, allowed_hosts=hosts)],
        )

    async def _page(self, _: Request) -> Response:
        return FileResponse(_STATIC / "index.html", media_type="text/html")

    async def _events(self, _: Request) -> Response:
        return StreamingResponse(self._follow(), media_type="text/event-stream")

    async def _state(self, _: Request) -> Response:
        return Response(msgspec.json.encode(self._snapshot()), media_type="application/json")

    async def _scrape(self, request: Request) -> Response:
        told, content_type = self._metrics(request.headers.get("accept", ""))
        return Response(told, headers={"content-type": content_type})

    async def _control(self, request: Request) -> Response:
        shown = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(shown, b"Bearer " + self._token):
            return _problem(401, "the token is missing or wrong")
        try:
            command = msgspec.convert(request.path_params["command"], Command)
            order = msgspec.json.decode(await _read_body(request) or b"{}", type=Order)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            return _problem(400, str(error))
        target = EVERYTHING if command in {"halt", "resume"} else order.target
        if re.fullmatch(r"[\w.*/-]{1,100}", target) is None:
            return _problem(400, "the target is an indicator or an instrument, which may have * in it")
        try:
            return JSONResponse({"told": await self._send(command, target, order.reason)})
        except SignaldError as error:
            return _problem(502, str(error))


class _Headers:
    """Adds the headers that keep a browser from doing more than the page asks for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                ours = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
                message["headers"] = [*message["headers"], *(one for one in ours if one[0] not in given)]
            await send(message)

        await self._app(scope, receive, with_headers)


async def _read_body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_BODY:
            msg = f"more than {_LONGEST_BODY} bytes"
            raise ValueError(msg)
    return body


def _problem(status: int, problem: str) -> JSONResponse:
    return JSONResponse({"problem": problem}, status_code=status)
