"""A venue's books as ccxt.pro keeps them: one connection after the other, each book a frame when it has changed.

It is opened and ended like a websocket, and by the same code (``transports/websocket/connection.py``): a wire whose
frames are the books that ccxt made of its own. Its import takes seconds and its reading milliseconds, so a venue that
comes this way has a process of its own.
"""

# ccxt's exchanges are generated without types: what comes out of them is given its type here, and nowhere else.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

import asyncio
import contextlib
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import ccxt.pro

from signald.errors import ConfigError
from signald.sources.venues.ccxt.messages import Told, Watch, WrittenBook, decode_order, encode
from signald.sources.whole_books import Level
from signald.transports.ccxt.markets import kind_of, prepare
from signald.transports.websocket.terms import CLOSE_WITHIN_S, Made, Refusal, Take, Terms

_TIMEOUT_MS: Final = 20_000
_TOO_OFTEN: Final = 429


class BookWatcher:
    """Opens connections to one exchange through ccxt.pro; used as an :class:`Opener`.

    Args:
        venue: What to call it in errors.
        exchange: Its name in ccxt.
        ws_url: Scheme and host of its websockets in place of ccxt's; ``""``: ccxt's.
        rest_url: The same of its REST interface.

    Raises:
        ConfigError: ccxt.pro does not know the exchange, or has no books of it.
    """

    def __init__(self, venue: str, exchange: str, *, ws_url: str = "", rest_url: str = "") -> None:
        if exchange not in ccxt.pro.exchanges:
            problem = f"ccxt.pro knows no exchange {exchange!r}"
            raise ConfigError(venue, problem)
        self._type: Any = getattr(ccxt.pro, exchange)
        self._ws_url = ws_url
        self._rest_url = rest_url
        if not self._make().has.get("watchOrderBook"):
            problem = f"ccxt.pro watches no books of {exchange!r}"
            raise ConfigError(venue, problem)

    async def __call__(self, terms: Terms, take: Take, made: Made, /) -> "BookWire | Refusal":  # noqa: ARG002 - has its own
        """Learn what is traded there; the websocket is opened by ccxt with the first order."""
        exchange = self._make()
        wire = BookWire(exchange, take)
        try:
            await exchange.load_markets()
        except Exception as error:  # noqa: BLE001 - of a page where JSON was to come it raises anything
            await wire.close()
            too_often = isinstance(error, ccxt.DDoSProtection)  # rate limits are of this class, too
            return Refusal(_said(error), status=_TOO_OFTEN if too_often else 0)
        except BaseException:
            await wire.close()
            raise
        made(wire)
        return wire

    def _make(self) -> Any:  # noqa: ANN401 - generated without types
        exchange = self._type({"timeout": _TIMEOUT_MS, "enableRateLimit": True, "newUpdates": True})
        prepare(exchange, rest_url=self._rest_url, ws_url=self._ws_url)
        return exchange


class BookWire:
    """One connection: the books that were ordered on it, until one of them cannot be watched any more.

    Attributes:
        take: Who is given the frames.
        bug: What taking a frame raised, if it did.
        why: Why it ended, ``""`` before it has.
    """

    def __init__(self, exchange: Any, take: Take) -> None:  # noqa: ANN401 - generated without types
        self.bug: Exception | None = None
        self.why = ""
        self._exchange = exchange
        self.take = take
        self._ended = asyncio.Event()
        self._watched: set[str] = set()
        self._came: set[str] = set()
        self._group: asyncio.TaskGroup | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def send_text(self, frame: bytes) -> bool:
        """Take an order, see ``sources/venues/ccxt/messages.py``; False if the connection is at its end."""
        order = decode_order(frame)
        if self._group is None or self._ended.is_set():
            return False
        if isinstance(order, Watch):
            for name in set(order.books) - self._watched:
                self._watched.add(name)
                self._tasks.append(self._group.create_task(self._watch(name, order), name=f"watch-{name}"))
        elif again := sorted(self._came & set(order.books)):
            self._end(f"asked for again: {', '.join(again)}")  # ccxt has no other way to begin a book anew
        return not self._ended.is_set()

    def silence(self) -> None:
        """Hand nothing over any more, and end."""
        self._end("silenced")

    async def wait_closed(self) -> None:
        """Watch what is ordered, until the end."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await self._ended.wait()
            for task in self._tasks:
                task.cancel()

    async def close(self) -> None:
        """End it; ccxt's own sockets are closed."""
        self._end("closed")
        with contextlib.suppress(Exception):  # it is gone, whatever another's code says of it
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self._exchange.close()

    async def _watch(self, name: str, order: Watch) -> None:
        """Hand over one market's book, whenever it has changed."""
        symbol = self._symbol(name, order.kind)
        if symbol is None:
            self._hand_over(encode(Told(refused=f"{name}: {self._exchange.id} does not trade it as {order.kind}")))
            return
        while not self._ended.is_set():
            try:
                async with asyncio.timeout(order.silent_after_s):
                    book: Any = await self._exchange.watch_order_book(symbol, order.limit or None)
                written = encode(write_book(name, book, order.depth))
            except TimeoutError:
                self._end(f"{name}: silent for {order.silent_after_s} s")
            except Exception as error:  # noqa: BLE001 - what another's code raises is the end of its connection
                self._end(f"{name}: {_said(error)}")
            else:
                self._came.add(name)
                self._hand_over(written)

    def _symbol(self, name: str, kind: str) -> str | None:
        """What ccxt calls the market whose id is ``name``; None if there is none of that kind."""
        found: Sequence[dict[str, Any]] = self._exchange.markets_by_id.get(name, ())
        return next((market["symbol"] for market in found if kind_of(market) == kind), None)

    def _hand_over(self, frame: bytes) -> None:
        if self._ended.is_set():
            return
        try:
            self.take(frame)
        except Exception as error:  # noqa: BLE001 - it is raised again by whoever owns the connection
            self.bug = error
            self._end("a frame could not be taken")

    def _end(self, why: str) -> None:
        if not self._ended.is_set():
            self.why = why
            self._ended.set()


def write_book(name: str, book: Any, depth: int) -> WrittenBook:  # noqa: ANN401 - ccxt's own, without types
    """The best ``depth`` levels of a book of ccxt's, under the exchange's own ``name`` of its market.

    Raises:
        ValueError: A price or size is no number.
    """
    return WrittenBook(
        asks=_levels(book["asks"], depth),
        bids=_levels(book["bids"], depth),
        symbol=name,
        nonce=_whole(book.get("nonce")),
        timestamp=_whole(book.get("timestamp")),
    )


def _levels(side: Sequence[Sequence[float]], depth: int) -> list[Level]:
    return [(_digits(level[0]), _digits(level[1])) for level in side[:depth] if level[1]]


def _digits(number: float) -> str:
    """The shortest digits that give a float again, without an exponent."""
    if not math.isfinite(number):
        msg = f"{number} is no price or size"
        raise ValueError(msg)
    text = repr(float(number))
    if "e" in text:
        return f"{Decimal(text):f}"
    return text.removesuffix(".0")


def _whole(number: object) -> int | None:
    return number if isinstance(number, int) else None


def _said(error: BaseException) -> str:
    """What an error of ccxt's says, on one line: some hold a whole page."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
