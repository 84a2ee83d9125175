"""Real websockets, and the HTTP before them, on one loopback port: as all simulated exchanges have them."""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, TypeAlias

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from signald.errors import ConfigError
from signald.simulate.child import LOOPBACK

ServeReader: TypeAlias = Callable[[ServerConnection], Awaitable[None]]
Admit: TypeAlias = Callable[[ServerConnection, Request], Response | None]
"""Answers a request by HTTP; ``None`` lets a websocket be opened."""

_PONG_WITHIN_S: Final = 60.0
_SEND_BUFFER_BYTES: Final = 1 << 20


async def listen(port: int, serve_reader: ServeReader, admit: Admit, *, ping_every_s: float | None = None) -> Server:
    """Begin to listen on ``port``, 0 for one that is free; a reader is pinged only where ``ping_every_s`` says so.

    Raises:
        ConfigError: The port is in use.
    """
    quiet = logging.getLogger("signald.simulate.websockets")  # a closed peer is no news in a simulation
    quiet.disabled = True
    try:
        return await serve(
            serve_reader,
            LOOPBACK,
            port,
            process_request=admit,
            compression=None,
            ping_interval=ping_every_s,
            ping_timeout=_PONG_WITHIN_S,
            write_limit=_SEND_BUFFER_BYTES,
            close_timeout=1,
            logger=quiet,
        )
    except OSError as error:
        where = f"{LOOPBACK}:{port}"
        raise ConfigError(where, f"the simulated exchange cannot listen there: {error.strerror}") from error


def port_of(server: Server) -> int:
    """Where ``server`` listens."""
    return server.sockets[0].getsockname()[1]


def too_many(connection: ServerConnection) -> Response:
    """The refusal of somebody who connects too often."""
    response = connection.respond(HTTPStatus.TOO_MANY_REQUESTS, "")
    response.headers["Retry-After"] = "1"
    return response
