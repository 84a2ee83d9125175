"""A connection for as long as a few messages take."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import msgspec

from signald.runtime.supervisor import first_failure
from signald.transports.mqtt.connection import MqttConnection
from signald.transports.settings import MqttConfig


@contextlib.asynccontextmanager
async def visit(config: MqttConfig, *, name: str, within_s: float) -> AsyncGenerator[MqttConnection]:
    """Inside, the broker is reached; what goes wrong is raised as it is, not as a group.

    Args:
        config: Whose broker; the session is another one, and is not kept.
        name: Added to the client id.
        within_s: How long to try.

    Raises:
        UnreachableError: It was not reached by then.
    """
    own = msgspec.structs.replace(config, client_id=f"{config.client_id}-{name}", session_expiry_s=0)
    connection = MqttConnection(own)
    try:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(connection.run(), name="mqtt")
            await connection.wait_connected(within_s)
            yield connection
            running.cancel()
    except BaseExceptionGroup as group:
        raise first_failure(group) from group
