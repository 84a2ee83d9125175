"""What a Redis server's clock says: two hosts that both know it need not know one another's.

Each asks ``TIME`` over the connection on which rows go, a few times, and believes the answer that was on its way for
the shortest time: it was given between question and answer, so it is wrong by half of that way at most (as in NTP,
RFC 5905 section 8, without its second stamp).
"""

from collections.abc import Sequence
from typing import Final, cast

from signald.errors import SinkError
from signald.model.time import NS_PER_S, NS_PER_US, Nanos
from signald.runtime.clock import Clock
from signald.transports.redis import RedisLink

_QUESTIONS: Final = 5
_WORSE_BY: Final = 2


class ServerTime:
    """Measured when a connection is made, and again from time to time.

    Attributes:
        offset: What is added to our monotonic time to have the server's, ns.
        error: By how much that may be wrong, ns.
        is_known: Whether it was ever measured.
    """

    def __init__(self, clock: Clock) -> None:
        """Know nothing yet."""
        self._clock = clock
        self.offset: Nanos = 0
        self.error: Nanos = 0
        self.is_known = False

    def now(self) -> Nanos:
        """The server's time at this moment."""
        return self._clock.monotonic() + self.offset

    async def measure(self, link: RedisLink, *, anew: bool = False) -> None:
        """Ask; ``anew`` on a new connection, which may lead to another server.

        An answer that says nothing else than the one before, only less surely, is not taken.

        Raises:
            SinkError: The connection was lost, or the server does not answer as it should.
        """
        offset, error = min([await self._ask(link) for _ in range(_QUESTIONS)], key=lambda one: one[1])
        agrees = abs(offset - self.offset) <= error + self.error
        if anew or not self.is_known or not agrees or error <= _WORSE_BY * self.error:
            self.offset, self.error, self.is_known = offset, error, True

    async def _ask(self, link: RedisLink) -> tuple[Nanos, Nanos]:
        asked = self._clock.monotonic()
        reply = await link.call("TIME")
        answered = self._clock.monotonic()
        try:
            seconds, micros = map(int, cast("Sequence[bytes]", reply))
        except (TypeError, ValueError) as error:
            msg = f"redis at {link.address} does not know the time: {reply!r}"
            raise SinkError(msg) from error
        return seconds * NS_PER_S + micros * NS_PER_US - (asked + answered) // 2, (answered - asked) // 2 + NS_PER_US
