"""Ends connections on which nobody asks anything: each holds a place that another page could have."""

import asyncio
from collections.abc import Callable
from typing import Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from signald.model.time import NS_PER_S, Nanos

IDLE_S: Final = 10.0
_LOOKS: Final = 10


async def end_idle(server: uvicorn.Server, monotonic: Callable[[], Nanos], *, idle_s: float = IDLE_S) -> None:
    """For ever: close what has asked nothing whole for ``idle_s``; an answer that goes on, as events do, may take long.

    The server itself only counts from the end of an answer: who connects and is silent, or sends half a request, stays.
    """
    since: dict[H11Protocol, tuple[RequestResponseCycle | None, Nanos]] = {}
    while True:
        await asyncio.sleep(idle_s / _LOOKS)
        now = monotonic()
        waiting = [one for one in server.server_state.connections if isinstance(one, H11Protocol) and _waits(one)]
        known, since = since, {}
        for connection in waiting:
            asked, began = known.get(connection, (connection.cycle, now))
            since[connection] = (connection.cycle, began if asked is connection.cycle else now)
            if now - since[connection][1] > idle_s * NS_PER_S:
                connection.transport.close()


def _waits(connection: H11Protocol) -> bool:
    """Whether no request is being answered."""
    cycle: RequestResponseCycle | None = vars(connection)["cycle"]  # typed as if there always were one
    return cycle is None or cycle.response_complete
