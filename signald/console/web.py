"""The page's server side: files, a stream of events, and commands for whoever has the token."""

import asyncio
import mimetypes
import re
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from signald.console.doorkeeper import WAIT_S, Doorkeeper
from signald.console.doorkeeper import Scope as Wanted
from signald.errors import UNREADABLE, SignaldError
from signald.model.control import EVERYTHING, Command
from signald.runtime.clock import LiveClock

ShowReport: TypeAlias = Callable[[str], str | None]
"""Makes a page of a release's report card, of their list for ""; ``None`` if there is none."""

SendCommand: TypeAlias = Callable[[Command, str, str], Awaitable[str]]
"""Sends command, target and reason to the daemon; returns how it went."""

mimetypes.init()  # it reads files: now, and not when the first page asks

LIMITS: Final = ("connections", "body", "slow_body")
"""What a request may be beyond: places for connections, the length of a command's body, the time for it to come."""

_STATIC: Final = Path(__file__).parent / "static"
_LONGEST_BODY: Final = 4_096
_BODY_WITHIN_S: Final = 5.0
_REPORT_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""A report brings its style along, and no script."""

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


log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a page asks for."""

    target: str = EVERYTHING
    reason: str = ""


class Pages:
    """Everything that a browser may ask for.

    Attributes:
        beyond: Requests that were refused because they were beyond one of the limits.

    Args:
        follow: Begins a stream of events for one page.
        snapshot: All that is known now.
        metrics: All that Prometheus is told, and its content type, by what it accepts.
        door: Who may look, and who may command.
        send: Sends a command on.
        report: Shows a release's report card, or for "" which there are.
        is_full: Whether there are more connections than may be: whoever asks then is told to come back.
        hosts: Names under which we may be asked: a page of another name could be made to speak for its reader.
    """

    def __init__(
        self,
        *,
        follow: Callable[[], AsyncGenerator[bytes, None]],
        snapshot: Callable[[], Mapping[str, Any]],
        metrics: Callable[[str], tuple[bytes, str]],
        door: Doorkeeper,
        send: SendCommand,
        hosts: list[str],
        report: ShowReport = lambda _: None,
        is_full: Callable[[], bool] = lambda: False,
    ) -> None:
        self.beyond = Counter[str](dict.fromkeys(LIMITS, 0))
        self._report = report
        self._follow = follow
        self._snapshot = snapshot
        self._metrics = metrics
        self._door = door
        self._send = send
        self.app = Starlette(
            routes=[
                Route("/", self._page),
                Route("/events", self._events),
                Route("/state", self._state),
                Route("/metrics", self._scrape),
                Route("/reports", self._reports),
                Route("/reports/{release:path}", self._reports),
                Route("/control/{command:str}", self._control, methods=["POST"]),
                Mount("/static", StaticFiles(directory=_STATIC, check_dir=False)),
            ],
            middleware=[
                Middleware(_Headers),
                Middleware(_Places, is_full=is_full, beyond=self.beyond),
                Middleware(TrustedHostMiddleware, allowed_hosts=hosts),
                Middleware(_Readers, door=door),
            ],
        )

    async def _page(self, _: Request) -> Response:
        return FileResponse(_STATIC / "index.html", media_type="text/html")

    async def _events(self, _: Request) -> Response:
        return StreamingResponse(self._follow(), media_type="text/event-stream")

    async def _state(self, _: Request) -> Response:
        return Response(msgspec.json.encode(self._snapshot()), media_type="application/json")

    async def _reports(self, request: Request) -> Response:
        shown = await asyncio.to_thread(self._report, request.path_params.get("release", ""))
        if shown is None:
            return _problem(404, "no such release was scored while we looked")
        return HTMLResponse(shown, headers={"content-security-policy": _REPORT_POLICY})

    async def _scrape(self, request: Request) -> Response:
        told, content_type = self._metrics(request.headers.get("accept", ""))
        return Response(told, headers={"content-type": content_type})

    async def _control(self, request: Request) -> Response:
        refusal = _refusal(self._door, "control", request)
        if refusal is not None:
            return refusal
        try:
            command = msgspec.convert(request.path_params["command"], Command)
            order = msgspec.json.decode(await _read_body(request) or b"{}", type=Order)
        except UNREADABLE as error:
            if isinstance(error, _BodyError):
                self.beyond[error.limit] += 1
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


class _BodyError(ValueError):
    """A body was more than may be sent; ``limit`` says of what."""

    def __init__(self, problem: str, *, limit: str) -> None:
        super().__init__(problem)
        self.limit = limit


class _Places:
    """Turns away whoever comes when all places are taken."""

    def __init__(self, app: ASGIApp, is_full: Callable[[], bool], beyond: Counter[str]) -> None:
        self._app = app
        self._is_full = is_full
        self._beyond = beyond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._is_full():
            self._beyond["connections"] += 1
            refusal = _problem(503, "too many pages are open")
            refusal.headers["connection"] = "close"
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


class _Readers:
    """Lets in who may look; commands look after themselves."""

    def __init__(self, app: ASGIApp, door: Doorkeeper) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith("/control/"):
            refusal = _refusal(self._door, "read", Request(scope))
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _refusal(door: Doorkeeper, wanted: Wanted, request: Request) -> Response | None:
    """The answer to who may not have what it asks for; ``None``: it may."""
    address = request.client.host if request.client is not None else ""
    shown = request.headers.get("authorization", "")
    match door.judge(wanted, shown, address=address, now=LiveClock.monotonic()):
        case "welcome":
            return None
        case "wrong":
            refusal = _problem(401, "the token is missing or wrong")
            if wanted == "read":
                refusal.headers["www-authenticate"] = 'Basic realm="signald: a token as the password", charset="UTF-8"'
        case "wait":
            log.warning("console_login_refused", address=address)
            refusal = _problem(429, f"too many wrong tokens: wait for {WAIT_S} s")
            refusal.headers["retry-after"] = str(WAIT_S)
    return refusal


async def _read_body(request: Request) -> bytes:
    body = b""
    try:
        async with asyncio.timeout(_BODY_WITHIN_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > _LONGEST_BODY:
                    msg = f"more than {_LONGEST_BODY} bytes"
                    raise _BodyError(msg, limit="body")
    except TimeoutError:
        msg = f"the body did not come within {_BODY_WITHIN_S:g} s"
        raise _BodyError(msg, limit="slow_body") from None
    return body


def _problem(status: int, problem: str) -> JSONResponse:
    return JSONResponse({"problem": problem}, status_code=status)
