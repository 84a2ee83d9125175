"""Who may look, and who may command: tokens with scopes, and patience that ends."""

import base64
import binascii
import hmac
from collections import OrderedDict, deque
from typing import Final, Literal, TypeAlias

from signald.model.time import NS_PER_S, Nanos

Scope: TypeAlias = Literal["read", "control"]
"""What a token allows; ``control`` allows to read, too."""
Answer: TypeAlias = Literal["welcome", "wrong", "wait"]

WAIT_S: Final = 60
"""For so long an address that guessed too often is not listened to."""

_GUESSES: Final = 10
_MOST_ADDRESSES: Final = 1_024  # beyond them the one that guessed longest ago is forgotten
_LONGEST: Final = 1_024  # characters of what is shown


class Doorkeeper:
    """Compares what is shown, in constant time, and does not listen to an address that was wrong too often.

    Wrong tokens to read and to control are counted apart.

    Attributes:
        refused: How often nobody was let in who showed something.
    """

    def __init__(self, *, control: str, read: str = "") -> None:
        """Take the tokens; without one to read, whoever reaches the port may look."""
        self._control = control.encode()
        self._read = read.encode()
        self._guesses: OrderedDict[tuple[Scope, str], deque[Nanos]] = OrderedDict()
        self.refused = 0

    def judge(self, scope: Scope, shown: str, *, address: str, now: Nanos) -> Answer:
        """Whether what is ``shown`` in the header of authorization is good for ``scope``.

        Args:
            scope: What is asked for.
            shown: ``Bearer TOKEN``; to read ``Basic`` with the token as password will do, as browsers have it.
            address: Who asks.
            now: Monotonic.
        """
        if scope == "read" and not self._read:
            return "welcome"
        asker = scope, address  # a scraper with an old token to read keeps nobody beside it from a halt
        guesses = self._guesses.get(asker, deque())
        while guesses and now - guesses[0] >= WAIT_S * NS_PER_S:
            guesses.popleft()
        if len(guesses) >= _GUESSES:
            self.refused += 1
            return "wait"
        if self._is_good(scope, shown[:_LONGEST]):
            return "welcome"
        if shown:  # who shows nothing has not guessed: a browser asks like that first
            self.refused += 1
            guesses.append(now)
            self._guesses[asker] = guesses
            self._guesses.move_to_end(asker)
            if len(self._guesses) > _MOST_ADDRESSES:
                self._guesses.popitem(last=False)
        return "wrong"

    def _is_good(self, scope: Scope, shown: str) -> bool:
        token = _token_of(shown, may_be_basic=scope == "read")
        is_control = hmac.compare_digest(token, self._control)
        is_read = bool(self._read) and hmac.compare_digest(token, self._read)
        return is_control or (scope == "read" and is_read)


def _token_of(shown: str, *, may_be_basic: bool) -> bytes:
    """The token; what a browser adds by itself to each request must never be enough to command."""
    kind, _, rest = shown.partition(" ")
    if kind == "Bearer":
        return rest.encode("utf-8", "surrogatepass")
    if kind == "Basic" and may_be_basic:
        try:
            return base64.b64decode(rest, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return b""
    return b""
