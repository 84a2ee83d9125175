"""Who may write a host's rows: one family of processes at a time, and each later one fences those before it."""

from typing import Final, cast

from signald.errors import SinkError
from signald.model.time import NS_PER_MS, Nanos
from signald.runtime.clock import Clock
from signald.transports.redis import RedisLink

LEASE_MS: Final = 2_000
"""Whoever has not asked for so long has lost it; by the server's clock."""

# The value is "EPOCH HOLDER". The epoch is the server's time when the lease was taken, so that one that a fail-over
# forgot is lower than the next. https://redis.io/docs/latest/develop/programmability/eval-intro/
_CLAIM: Final = """
local held = redis.call('GET', KEYS[1])
local epoch, holder
if held then epoch, holder = string.match(held, '^(%d+) (.*)$') end
if holder and holder ~= ARGV[1] then return {0, holder} end
if not epoch then
  local time = redis.call('TIME')
  epoch = time[1] .. string.format('%06d', time[2])
end
redis.call('SET', KEYS[1], epoch .. ' ' .. ARGV[1], 'PX', ARGV[2])
return {epoch, ARGV[1]}
"""


class Lease:
    """One process's view of the lease that its family has, or wants.

    Attributes:
        epoch: Of the lease; 0: we do not have it.
        holder: Who has it, if we do not; ``""``: not known.
    """

    def __init__(self, key: str, holder: str, clock: Clock) -> None:
        """Want the lease ``key`` for ``holder``, which all processes of one family share and nobody else has."""
        self._key = key
        self._holder = holder
        self._clock = clock
        self._until: Nanos = 0
        self.epoch = 0
        self.holder = ""

    def is_held(self) -> bool:
        """Whether nobody else can have it: it was not asked for so long ago that it could have run out."""
        return bool(self.epoch) and self._clock.monotonic() < self._until

    async def claim(self, link: RedisLink) -> bool:
        """Take the lease, or keep it; whether we have it now.

        Raises:
            SinkError: The server refused, or was lost.
        """
        asked = self._clock.monotonic()
        reply = await link.call("EVAL", _CLAIM, 1, self._key, self._holder, LEASE_MS)
        try:
            epoch, holder = cast("tuple[bytes | int, bytes]", reply)
            self.epoch, self.holder = int(epoch), holder.decode(errors="replace")
        except (TypeError, ValueError) as error:
            msg = f"{self._key} is no lease: {reply!r}"
            raise SinkError(msg) from error
        self._until = asked + LEASE_MS * NS_PER_MS
        return bool(self.epoch)
