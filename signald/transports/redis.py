"""One Redis connection with one owner: commands go out in order, replies are matched by order, none is cancelled.

redis-py is known here only. Its connection brings address, TLS and log-in; what it does per command (a lock, a retry,
a future, a timer) is left out: :meth:`RedisLink.submit` writes a packed command to the socket before it returns. A
command whose awaiting task was cancelled would leave a redis-py connection one reply off; here nobody awaits the
socket but the one task that reads it.
"""

import asyncio
import functools
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeAlias, cast

import hiredis
import structlog
from redis.exceptions import RedisError

from signald.errors import SinkError, UnreachableError
from signald.runtime.backoff import Backoff
from signald.runtime.supervisor import first_failure
from signald.transports.credentials import Credentials
from signald.transports.protection import may_be_plain, protect_redis
from signald.transports.redis_address import parse_redis_url
from signald.transports.redis_wire import Wire, connect
from signald.transports.settings import RedisConfig

_SERVER = "redis"
_BY_US = "closed by us"
_ELSEWHERE = ("READONLY", "MOVED", "ASK", "CLUSTERDOWN", "MASTERDOWN", "LOADING")
"""Errors by which a server says that it is not, or no longer, the one that takes our writes."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Refused(NamedTuple):
    """A server's error reply, ``WRONGTYPE …``: the command did nothing."""

    text: str


Reply: TypeAlias = "bytes | int | Sequence[Reply] | Refused | None"
OnReply: TypeAlias = Callable[[Reply], None]
OnMessage: TypeAlias = Callable[[bytes], None]


def pack(*parts: str | bytes | int) -> bytes:
    """A command as it goes over the wire."""
    return _pack(parts)


_pack = cast("Callable[[tuple[str | bytes | int, ...]], bytes]", getattr(hiredis, "pack_command"))  # noqa: B009 - its stub says that a command has one part
_PING = pack("PING")


class CommandTemplate:
    """A command packed but for its last parts."""

    __slots__ = ("_form",)

    def __init__(self, *head: str | bytes | int, holes: int) -> None:
        """Pack ``head``; :meth:`fill` adds ``holes`` parts."""
        _, _, packed = pack(*head).partition(b"\r\n")
        self._form = b"*%d\r\n%b" % (len(head) + holes, packed.replace(b"%", b"%%")) + b"$%d\r\n%b\r\n" * holes

    def fill(self, *parts: bytes) -> bytes:
        """The whole command; there must be as many parts as holes."""
        return self._form % tuple([one for part in parts for one in (len(part), part)])


class RedisLink:
    """A connection that is made again for ever.

    Attributes:
        connected: Set while the server is there and ``on_up`` has ended well.
        connections: How often a connection was established.
        replies: How many replies came.
        last_failure: Why the last attempt or connection ended, ``""`` before any did.
    """

    def __init__(
        self,
        config: RedisConfig,
        *,
        on_up: Callable[[], Awaitable[None]] | None = None,
        on_down: Callable[[str], None] | None = None,
        on_message: OnMessage | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        """Build a link that is not open yet.

        Args:
            config: Where and how.
            on_up: Awaited on each new connection before it counts as ``connected``; may :meth:`call`. If it raises
                ``SinkError`` the connection is dropped and tried again.
            on_down: Told why a connection is gone; commands whose reply had not come may or may not have been done.
            on_message: Told what is published on channels that were subscribed to; without it none can be. The
                connection then speaks RESP3, in which messages and replies share one connection.
            backoff: Delays between attempts.

        Raises:
            ConfigError: The URL or a file named in ``config`` cannot be used, or plain text would leave this machine.
        """
        protect_redis(config)
        self._config = config
        self._address = parse_redis_url(config.url)
        self._credentials = Credentials(
            section="redis",
            tls=self._address.tls,
            ca_file=config.ca_file,
            cert_file=config.cert_file,
            key_file=config.key_file,
            crl_file=config.crl_file,
            least=config.tls_minimum,
            password_file=None if self._address.password else config.password_file,
        )
        self._on_up = on_up
        self._on_down = on_down
        self._on_message = on_message
        self._backoff = backoff or Backoff(cap_s=1.0)
        self._connection: Wire | None = None
        self._pending: deque[OnReply] = deque()
        self._calls: set[asyncio.Future[Reply]] = set()
        self._dropped = ""
        self.connected: asyncio.Event = asyncio.Event()
        self.connections: int = 0
        self.replies: int = 0
        self.last_failure: str = ""

    @property
    def is_up(self) -> bool:
        """Whether commands can be submitted."""
        return self.connected.is_set()

    @property
    def address(self) -> str:
        """Where the server is sought, without secrets."""
        return str(self._address)

    async def run(self) -> None:
        """Keep the connection for ever; ends by cancellation only."""
        loop = asyncio.get_running_loop()
        while True:
            reason = _BY_US
            began = loop.time()
            try:
                await self._serve_one_connection()
            except* (RedisError, hiredis.ProtocolError, OSError, SinkError) as group:
                reason = str(first_failure(group)) or type(first_failure(group)).__name__
            finally:
                await self._note_down(reason)
            self._backoff.note_lifetime(loop.time() - began)
            await asyncio.sleep(self._backoff.next_delay_s())

    async def wait_connected(self, timeout_s: float) -> None:
        """Wait until the server is reached and prepared.

        Raises:
            UnreachableError: That took longer than ``timeout_s``.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self.connected.wait()
        except TimeoutError:
            reason = self.last_failure or f"no answer in {timeout_s:g} s"
            raise UnreachableError(_SERVER, self.address, reason) from None

    def submit(self, packed: bytes, on_reply: OnReply, *, count: int = 1) -> None:
        """Write ``count`` packed commands now; ``on_reply`` is told the reply of each, or never if they are lost first.

        Raises:
            SinkError: There is no connection.
        """
        if self._connection is None:
            msg = f"redis at {self.address} is not connected"
            raise SinkError(msg)
        self._pending.extend([on_reply] * count)
        self._connection.write_now(packed)

    async def call(self, *parts: str | bytes | int) -> Reply:
        """Send one command and wait for its reply; cancelling the wait does not cancel the command.

        Raises:
            SinkError: There is no connection, it was lost before the reply, or the server refused.
        """
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.submit(pack(*parts), functools.partial(_settle, future))
        self._calls.add(future)
        future.add_done_callback(self._calls.discard)
        reply = await future
        if isinstance(reply, Refused):
            msg = f"redis at {self.address} refused {parts[0]!s}: {reply.text}"
            raise SinkError(msg)
        return reply

    async def subscribe(self, channel: str) -> None:
        """Have what is published on ``channel`` told, on this connection; raises as :meth:`call`."""
        await self.call("SUBSCRIBE", channel)

    def drop(self, reason: str) -> None:
        """Give this connection up and make a new one."""
        if self._connection is not None:
            self._dropped = reason
            self._connection.abort()

    async def _serve_one_connection(self) -> None:
        async with asyncio.TaskGroup() as group:
            connection = await self._connect()
            self._connection = connection
            group.create_task(self._prepare(), name="redis-prepare")
            group.create_task(self._watch(), name="redis-watch")
            await connection.read_on(self._take_reply)

    async def _prepare(self) -> None:
        if self._on_up is not None:
            await self._on_up()
        self.connections += 1
        self.last_failure = ""
        self.connected.set()
        log.info("redis_connected", address=self.address, connections=self.connections)

    def _take_reply(self, reply: object) -> None:
        if isinstance(reply, hiredis.PushNotification) and not self._take_push(cast("Sequence[bytes]", reply)):
            return
        told = Refused(str(reply)) if isinstance(reply, hiredis.ReplyError) else cast("Reply", reply)
        self.replies += 1
        if not self._pending:
            msg = "a reply came that nobody waits for: no other can be matched any more"
            raise SinkError(msg)
        self._pending.popleft()(told)
        if isinstance(told, Refused) and told.text.startswith(_ELSEWHERE):
            raise SinkError(told.text)

    def _take_push(self, push: Sequence[bytes]) -> bool:
        """Whether it stands for a reply, as that to ``SUBSCRIBE`` does; if it is refused there is a reply.

        See https://redis.io/docs/latest/develop/pubsub/: the kind, the channel, what was published.
        """
        if self._on_message is not None and push[0] == b"message":
            self._on_message(push[2])
        return push[0] == b"subscribe"

    async def _watch(self) -> None:
        """Ask for a sign of life when idle, and give the connection up when a reply is overdue."""
        seen = -1
        while True:
            if self._pending and self.replies == seen:
                msg = f"no reply in {self._config.reply_timeout_s:g} s"
                raise SinkError(msg)
            seen = self.replies
            if not self._pending:
                self.submit(_PING, _ignore)
            await asyncio.sleep(self._config.reply_timeout_s)

    async def _note_down(self, reason: str) -> None:
        was_up = self.is_up
        connection, self._connection = self._connection, None
        self.connected.clear()
        self._pending.clear()
        reason, self._dropped = self._dropped or reason, ""
        if was_up or reason != self.last_failure:
            tell = log.info if reason == _BY_US else log.warning
            tell("redis_disconnected", address=self.address, reason=reason)
        self.last_failure = reason
        for future in list(self._calls):
            if not future.done():
                future.set_exception(SinkError(f"redis at {self.address} was lost: {reason}"))
        if connection is not None:
            if self._on_down is not None:  # before anything is awaited: nobody may submit in between
                self._on_down(reason)
            connection.abort()  # nothing of ours is left unsent that matters; a TLS farewell could take half a minute
            await connection.disconnect(nowait=True)

    async def _connect(self) -> Wire:
        if self._credentials.is_from_files:
            await asyncio.to_thread(self._credentials.refresh)
        return await connect(
            self._address,
            may_be_plain=lambda host: may_be_plain(host, self._config),
            tls=self._credentials.context,
            username=self._address.username or self._config.username,
            password=self._address.password or self._credentials.password,
            socket_connect_timeout=self._config.connect_timeout_s,
            socket_timeout=None,  # a timer for each reply costs more than the reply: _watch looks after all
            client_name="signald",
            driver_info=None,
            protocol=2 if self._on_message is None else 3,
        )


def _settle(future: asyncio.Future[Reply], reply: Reply) -> None:
    if not future.done():  # the wait was cancelled; the command was not
        future.set_result(reply)


def _ignore(_: Reply) -> None:
    """A sign of life needs no answer but its coming."""
