"""redis-py's connections, made to write at once, and the questions that find the server which takes our writes."""

import asyncio
import contextlib
import os
import ssl
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

import hiredis
from redis.asyncio.connection import AbstractConnection, Connection, UnixDomainSocketConnection
from redis.exceptions import RedisError

from signald.errors import SinkError
from signald.transports.redis_address import HostPort, RedisAddress, Topology

KEY_TAG = "{signald}"
"""Hash tag of every key: in a cluster all of them live on one node."""


_CLOSED = "Connection closed by server."


class _Replies(asyncio.Protocol):
    """Takes replies out of what comes."""

    def __init__(self, on_reply: Callable[[object], None], lost: asyncio.Future[None]) -> None:
        self._on_reply = on_reply
        self._lost = lost
        self._reader = hiredis.Reader()

    def data_received(self, data: bytes) -> None:
        """Hand over what is whole; what fails is the end of the connection."""
        if self._lost.done():
            return
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not False:  # False: the next one is not whole yet
                self._on_reply(reply)
        except Exception as failure:  # noqa: BLE001 - whoever waits for the connection's end is told
            self._end(failure)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._end(ConnectionError(str(exc) if exc is not None else _CLOSED))

    def _end(self, failure: Exception) -> None:
        if not self._lost.done():
            self._lost.set_exception(failure)


class _Direct(AbstractConnection):
    """What we add to redis-py's connections."""

    _handle = -1  # the socket's, where its bytes are the wire's: not under TLS

    def note_opened(self) -> None:
        """Find out, once connected, whether the socket can be written past the loop's transport."""
        assert self._writer is not None
        ends = self._writer.transport.get_extra_info
        self._handle = -1 if ends("sslcontext") is not None else ends("socket").fileno()

    def write_now(self, packed: bytes) -> None:
        """Hand ``packed`` to the socket before returning, as far as the socket takes it.

        uvloop's transport keeps what it is given until all that is due in this turn of the loop is done; so while it
        holds nothing, the socket is written here. On a connection that is being lost nothing is written, and uvloop's
        transport would raise; whoever reads from it is told.
        """
        if self._writer is None or self._writer.transport.is_closing():
            return
        if self._handle >= 0 and not self._writer.transport.get_write_buffer_size():
            with contextlib.suppress(OSError):  # full, or broken: the transport finds out which
                packed = packed[os.write(self._handle, packed) :]
        if packed:
            self._writer.write(packed)

    async def read_on(self, on_reply: Callable[[object], None]) -> None:
        """Hand each reply from now on to ``on_reply`` as its bytes come, in the same turn of the loop.

        redis-py awaits each reply through four coroutines and a stream, which costs more than the command; all it has
        to say on connecting must have been answered. An error reply is a :class:`hiredis.ReplyError`.

        Raises:
            ConnectionError: The connection was lost.
            Exception: What ``on_reply`` raised, and hiredis for bytes that are no reply.
        """
        assert self._reader is not None
        assert self._writer is not None
        if self._writer.transport.is_closing() or self._reader.at_eof():  # its end has come already: it is said once
            raise ConnectionError(_CLOSED)
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._writer.transport.set_protocol(_Replies(on_reply, lost))
        await lost

    def abort(self) -> None:
        """Break the connection: whoever reads from it sees its end."""
        if self._writer is not None:
            self._writer.transport.abort()


class TcpWire(_Direct, Connection):
    """A TCP or TLS connection; redis-py sets ``TCP_NODELAY``."""

    def __init__(self, *, tls: ssl.SSLContext | None, **settings: Any) -> None:  # noqa: ANN401 - redis-py's own
        """Take a TLS context that was made, and checked, before anything is connected."""
        super().__init__(**settings)  # pyright: ignore[reportUnknownMemberType] - redis-py leaves its types open
        self._tls = tls

    def _connection_arguments(self) -> Mapping[str, Any]:
        return {"host": self.host, "port": self.port, "ssl": self._tls}


class UnixWire(_Direct, UnixDomainSocketConnection):
    """A connection through a unix socket."""


Wire: TypeAlias = TcpWire | UnixWire


async def connect(
    address: RedisAddress,
    *,
    tls: ssl.SSLContext | None,
    may_be_plain: Callable[[str], bool],
    **settings: Any,  # noqa: ANN401 - redis-py's own
) -> Wire:
    """Connect and log in to the server at ``address`` that takes our writes.

    Args:
        address: Where to ask.
        tls: What is spoken; ``None``: plain text.
        may_be_plain: Whether plain text may go to a host that a Sentinel or a node has named.
        settings: redis-py's own.

    Raises:
        RedisError, OSError: The server does not answer, or does not want us.
        SinkError: No Sentinel or node could say which server it is, or it is one that must not hear plain text.
    """
    if address.path:
        wire: Wire = UnixWire(path=address.path, db=address.db, **settings)
    else:
        where = await _find(address, tls=tls, **settings)
        if tls is None and not may_be_plain(where.host):
            msg = f"we were sent to {where}, another machine: speak TLS, or say plain text twice: redis.plain_text"
            raise SinkError(msg)
        wire = TcpWire(host=where.host, port=where.port, db=address.db, tls=tls, **settings)
    return await _opened(wire)


async def _opened(wire: Wire) -> Wire:
    within_s = _patience_s(wire)
    try:
        async with asyncio.timeout(within_s):
            await wire.connect()
        wire.note_opened()
    except TimeoutError as failure:
        await wire.disconnect(nowait=True)
        msg = f"no answer on connecting in {within_s:g} s"
        raise SinkError(msg) from failure
    except BaseException:
        await wire.disconnect(nowait=True)
        raise
    return wire


async def _find(address: RedisAddress, *, tls: ssl.SSLContext | None, **settings: Any) -> HostPort:  # noqa: ANN401 - redis-py's own
    if address.topology is Topology.DIRECT:
        return address.seeds[0]
    failures: list[str] = []
    for seed in address.seeds:
        try:
            asked = await _opened(TcpWire(host=seed.host, port=seed.port, tls=tls, **settings))
            try:
                return await _ask(asked, address, seed)
            finally:
                await asked.disconnect(nowait=True)
        except (RedisError, OSError, SinkError) as failure:
            failures.append(f"{seed}: {failure}")
    raise SinkError("; ".join(failures))


async def _ask(asked: Wire, address: RedisAddress, seed: HostPort) -> HostPort:
    """Ask a Sentinel for the master, or a node for the owner of our keys' slot."""
    if address.topology is Topology.SENTINEL:
        found = await _query(asked, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", address.service)
        if found is None:
            msg = f"no master is called {address.service!r}"
            raise SinkError(msg)
        return HostPort(found[0].decode(), int(found[1]))
    slot: int = await _query(asked, "CLUSTER", "KEYSLOT", KEY_TAG)
    for first, last, master, *_ in await _query(asked, "CLUSTER", "SLOTS"):
        if first <= slot <= last:
            host = (master[0] or b"").decode()
            return HostPort(host if host not in {"", "?"} else seed.host, master[1])  # a node may not know its own name
    msg = f"no node owns slot {slot}"
    raise SinkError(msg)


async def _query(asked: Wire, *command: str) -> Any:  # noqa: ANN401 - a reply's shape depends on the command
    async with asyncio.timeout(_patience_s(asked)):
        await asked.send_command(*command)
        return cast("Any", await asked.read_response())


def _patience_s(wire: Wire) -> float:
    """How long a server may take to let us in: redis-py's own limit ends once TCP stands."""
    limit_s = wire.socket_connect_timeout
    assert limit_s is not None  # it is configured
    return 2 * limit_s
