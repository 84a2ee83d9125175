"""A pool's state as it is published, read strictly: what makes no sense is refused by topic, field and value."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, NamedTuple, NoReturn, TypeAlias, cast

import msgspec

from signald.errors import MalformedFrameError
from signald.model.time import LAST_NANOS, Nanos, parse_rfc3339
from signald.sources.venues.pools.curve import Curve, of_reserves, of_ticks
from signald.sources.venues.pools.ladder import PPM
from signald.sources.venues.pools.ticks import HIGHEST_ROOT, HIGHEST_TICK, LOWEST_ROOT, LOWEST_TICK, root_at

MAX_STATE_BYTES: Final = 1 << 19
"""What a state may take: eight thousand ticks are half of it."""

_DECODER: Final = msgspec.json.Decoder(dict[str, Any])
_REFUSALS: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)
_WHOLE: Final = re.compile(r"-?[0-9]{1,78}", re.ASCII)
_SHOWN: Final = 80
_CHANNEL: Final = "pools"
_LAST_BLOCK: Final = (1 << 53) - 1
_MOST_DECIMALS: Final = 36
_MOST_TICKS: Final = 8_192
_RESERVE: Final = (1 << 128) - 1
_LIQUIDITY: Final = (1 << 128) - 1
_NET: Final = (1 << 127) - 1
_WIDEST_SPACING: Final = 16_384


class PoolState(NamedTuple):
    """A pool after a block.

    Attributes:
        block: Its number.
        ts_event: Its time.
        tokens: Symbols of token 0 and token 1.
        decimals: Of each.
        fee_ppm: Millionths of what is paid in.
        curve: What it gives.
    """

    block: int
    ts_event: Nanos
    tokens: tuple[str, str]
    decimals: tuple[int, int]
    fee_ppm: int
    curve: Curve


Digits: TypeAlias = Annotated[str, msgspec.Meta(pattern="^-?[0-9]{1,78}$")]
"""A whole number as text."""
Tick: TypeAlias = Annotated[int, msgspec.Meta(ge=LOWEST_TICK - 1, le=HIGHEST_TICK)]
_Decimals: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=_MOST_DECIMALS)]


class PoolMessage(msgspec.Struct, frozen=True, kw_only=True):
    """``pools/{chain}/{pool}``, retained: ``reserves``, or the fields from ``sqrt_price_x96`` on.

    What is published of the form; :func:`decode_state` also holds the fields against one another.
    """

    block: Annotated[int, msgspec.Meta(ge=1, le=_LAST_BLOCK)]
    ts_event: str
    tokens: tuple[str, str]
    decimals: tuple[_Decimals, _Decimals]
    fee_ppm: Annotated[int, msgspec.Meta(ge=0, lt=PPM)]
    reserves: tuple[Digits, Digits] | msgspec.UnsetType = msgspec.UNSET
    sqrt_price_x96: Digits | msgspec.UnsetType = msgspec.UNSET
    liquidity: Digits | msgspec.UnsetType = msgspec.UNSET
    tick: Tick | msgspec.UnsetType = msgspec.UNSET
    tick_spacing: Annotated[int, msgspec.Meta(ge=1, le=_WIDEST_SPACING)] | msgspec.UnsetType = msgspec.UNSET
    ticks: Annotated[list[tuple[Tick, Digits]], msgspec.Meta(max_length=_MOST_TICKS)] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    range: tuple[Tick, Tick] | msgspec.UnsetType = msgspec.UNSET


class Watch(msgspec.Struct, frozen=True):
    """`{"watch":["ethereum/0x88e6"]}`: whose states are wanted."""

    watch: tuple[str, ...]


class Told(msgspec.Struct, frozen=True):
    """`{"refused":"ethereum/0x88e6: the broker …"}`."""

    refused: str = ""


_TOLD: Final = msgspec.json.Decoder(Told)


def decode_told(frame: bytes) -> Told:
    """Read a frame that is no pool's; raises :class:`MalformedFrameError`."""
    try:
        return _TOLD.decode(frame)
    except _REFUSALS as error:
        raise MalformedFrameError(_CHANNEL, "", str(error)) from error


def decode_state(topic: str, payload: bytes) -> PoolState:
    """Read a pool's state.

    Raises:
        MalformedFrameError: It is no JSON object, or a field is missing, of another kind, or contradicts another one.
    """
    if len(payload) > MAX_STATE_BYTES:
        raise MalformedFrameError(topic, "", f"{len(payload)} bytes are more than {MAX_STATE_BYTES}")
    try:
        payload.decode()  # msgspec looks into no text that it does not need
        fields = _Fields(topic, _DECODER.decode(payload))
    except _REFUSALS as error:
        raise MalformedFrameError(topic, "", f"{error}: {_shown(payload)}") from error
    block = fields.number("block", 1, _LAST_BLOCK)
    ts_event = fields.time("ts_event")
    tokens = fields.pair("tokens")
    if not all(isinstance(each, str) and each for each in tokens) or tokens[0] == tokens[1]:
        fields.refuse("tokens", "are not two symbols")
    decimals = fields.pair("decimals")
    if not all(type(each) is int and 0 <= each <= _MOST_DECIMALS for each in decimals):
        fields.refuse("decimals", f"are not two whole numbers from 0 to {_MOST_DECIMALS}")
    fee_ppm = fields.number("fee_ppm", 0, PPM - 1)
    if fields.has("reserves") and fields.has("ticks"):
        fields.refuse("ticks", "stand beside reserves: a pool has one of them")
    curve = _of_ticks(fields) if fields.has("ticks") else _of_reserves(fields)
    return PoolState(block, ts_event, (tokens[0], tokens[1]), (decimals[0], decimals[1]), fee_ppm, curve)


class _Fields:
    """Fields of one message; each that is none raises :class:`MalformedFrameError`."""

    def __init__(self, topic: str, fields: Mapping[str, Any]) -> None:
        self._topic = topic
        self._fields = fields

    def has(self, name: str) -> bool:
        return name in self._fields

    def refuse(self, name: str, problem: str, value: object = None) -> NoReturn:
        shown = _shown(self._fields.get(name) if value is None else value)
        raise MalformedFrameError(self._topic, name, f"{shown} {problem}")

    def value(self, name: str) -> Any:  # noqa: ANN401 - whatever JSON holds
        if name not in self._fields:
            raise MalformedFrameError(self._topic, name, "is missing")
        return self._fields[name]

    def number(self, name: str, least: int, most: int) -> int:
        value = self.value(name)
        if type(value) is not int or not least <= value <= most:
            self.refuse(name, f"is not a whole number from {least} to {most}")
        return value

    def digits(self, name: str, least: int, most: int, value: object = None) -> int:
        """A whole number as text."""
        text = self.value(name) if value is None else value
        if not isinstance(text, str) or _WHOLE.fullmatch(text) is None or not least <= int(text) <= most:
            self.refuse(name, f"is not the text of a whole number from {least} to {most}", text)
        return int(text)

    def time(self, name: str) -> Nanos:
        value = self.value(name)
        try:
            ts = parse_rfc3339(value) if isinstance(value, str) else 0
        except ValueError as error:
            raise MalformedFrameError(self._topic, name, str(error)) from error
        if not 0 < ts <= LAST_NANOS:
            self.refuse(name, "is not an RFC 3339 time")
        return ts

    def pair(self, name: str) -> list[Any]:
        found = _pair(self.value(name))
        if found is None:
            self.refuse(name, "is not a list of two")
        return found

    def rows(self, name: str) -> Sequence[object]:
        value = self.value(name)
        if not isinstance(value, list) or len(cast("list[object]", value)) > _MOST_TICKS:
            self.refuse(name, f"is not a list of at most {_MOST_TICKS}")
        return cast("list[object]", value)


def _of_reserves(fields: _Fields) -> Curve:
    zero, one = (fields.digits("reserves", 1, _RESERVE, each) for each in fields.pair("reserves"))
    return of_reserves(zero, one)


def _of_ticks(fields: _Fields) -> Curve:
    root = fields.digits("sqrt_price_x96", LOWEST_ROOT, HIGHEST_ROOT - 1)
    liquidity = fields.digits("liquidity", 0, _LIQUIDITY)
    tick = fields.number("tick", LOWEST_TICK - 1, HIGHEST_TICK - 1)
    # A price that falls just to an initialised tick is in the one below it: its root may be the next one's.
    if not root_at(max(tick, LOWEST_TICK)) <= root <= root_at(tick + 1):
        fields.refuse("tick", f"is not that of sqrt_price_x96 {root}")
    ticks = _read_ticks(fields, fields.number("tick_spacing", 1, _WIDEST_SPACING))
    known = _read_range(fields, tick, ticks) if fields.has("range") else None
    _check_liquidity(fields, liquidity, tick, ticks, is_all=known is None)
    return of_ticks(root, liquidity, tick, ticks, known)


def _read_ticks(fields: _Fields, spacing: int) -> list[tuple[int, int]]:
    ticks: list[tuple[int, int]] = []
    last = LOWEST_TICK - 1
    for row in fields.rows("ticks"):
        pair = _pair(row)
        at = pair[0] if pair else None
        if pair is None or type(at) is not int or not last < at <= HIGHEST_TICK or at % spacing:
            problem = f"is not [tick, liquidity_net] with a multiple of tick_spacing {spacing} above the one before"
            fields.refuse("ticks", problem, row)
        ticks.append((at, fields.digits("ticks", -_NET, _NET, pair[1] if pair[1] is not None else row)))
        last = at
    return ticks


def _read_range(fields: _Fields, tick: int, ticks: Sequence[tuple[int, int]]) -> tuple[int, int]:
    low, high = fields.pair("range")
    if type(low) is not int or type(high) is not int or not LOWEST_TICK <= low <= tick < high <= HIGHEST_TICK:
        fields.refuse("range", f"is not [lowest, highest] around the tick {tick}")
    if ticks and not low <= ticks[0][0] <= ticks[-1][0] <= high:
        fields.refuse("range", f"does not hold the ticks from {ticks[0][0]} to {ticks[-1][0]}")
    return low, high


def _check_liquidity(
    fields: _Fields, liquidity: int, tick: int, ticks: Sequence[tuple[int, int]], *, is_all: bool
) -> None:
    """Liquidity never falls below zero on the way up or down, and if all ticks are there it is what they add up to."""
    if is_all:
        at, total = (sum(net for each, net in ticks if each <= limit) for limit in (tick, HIGHEST_TICK))
        if at != liquidity or total:
            problem = f"is not what all ticks add up to at {tick}, {at}, or they do not end at 0, but at {total}"
            fields.refuse("liquidity", f"{problem}; if they are not all, range must say so")
    left = right = liquidity
    for at, net in ticks:
        right += net if at > tick else 0
        if right < 0:
            fields.refuse("ticks", f"takes more liquidity away than there is, going up from {tick}", [at, str(net)])
    for at, net in reversed(ticks):
        left -= net if at <= tick else 0
        if left < 0:
            fields.refuse("ticks", f"has more liquidity below than there is, down from {tick}", [at, str(net)])


def _pair(value: object) -> list[Any] | None:
    found = cast("list[Any]", value) if isinstance(value, list) else []
    return found if len(found) == 2 else None  # noqa: PLR2004 - a pair


def _shown(value: object) -> str:
    text = repr(value[: _SHOWN + 1] if isinstance(value, str | bytes) else value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
