"""A short recording of each venue, hand-made after its documentation: what the contract suite feeds every source."""

import json
import zlib
from collections.abc import Callable, Sequence
from decimal import Decimal
from math import isqrt
from typing import Any, Final, NamedTuple

import msgspec

from signald.core.kernels.rows import FLAG_UNSEQUENCED, FLAG_UNSUMMED
from signald.model.instruments import Instrument
from signald.sources.venues.binance.config import snapshot_key
from signald.sources.venues.pools.ticks import root_at
from tests.support.instruments import (
    BITSTAMP_BTC,
    BITSTAMP_ETH,
    BTCUSDT,
    BYBIT_OTHER_PERP,
    BYBIT_PERP,
    COINBASE_BTC,
    COINBASE_ETH,
    DYDX_BTC,
    DYDX_ETH,
    ETHUSDT,
    HYPERLIQUID_BTC,
    HYPERLIQUID_ETH,
    KRAKEN_BTC,
    KRAKEN_ETH,
    OKX_SPOT,
    OKX_SWAP,
    perpetual,
)
from tests.support.pools import POOL, frame, ticks_state


class Arrival(NamedTuple):
    """A frame, or the answer to the request ``tag``."""

    body: bytes
    tag: str = ""


class Specimen(NamedTuple):
    """One venue's recording.

    Attributes:
        instruments: Two of them; only the first has frames in the recording.
        snapshot: What makes the first one's book live.
        deltas: What follows, in order; the book has a bid of 99.9 and an ask of 100.1 after the last.
        cure: What makes the book live again after the last delta came without those before it; with the same touch.
        applied: Frames that went into the book by then.
        ts_event: The venue's time of the last, ns.
        ping: What is sent now and then, ``b""`` if the venue pings us.
        pong: Its answer.
        unknown: Frames that are no book's.
        gap: Why the book is lost when the last delta comes without those before it; ``""``: nobody can see that.
        flags: What the rows always say: what cannot be checked.
    """

    instruments: Sequence[Instrument]
    snapshot: Sequence[Arrival]
    deltas: Sequence[Arrival]
    cure: Sequence[Arrival]
    applied: int
    ts_event: int
    ping: bytes
    pong: bytes
    unknown: Sequence[bytes]
    gap: str = "sequence"
    flags: int = 0


_TS_MS: Final = 1_739_367_000_123
_LEVELS: Final[Sequence[tuple[list[list[str]], list[list[str]]]]] = (
    ([["99.8", "2"]], []),
    ([["99.9", "1.5"]], [["100.2", "0"]]),
    ([], [["100.1", "3"], ["101", "4"]]),
)
_BIDS: Final = [["99.5", "1"], ["99", "2"]]
_ASKS: Final = [["100.2", "1"], ["100.5", "2"]]
_FINAL_BIDS: Final = [["99.9", "1.5"], ["99.8", "2"]]
_FINAL_ASKS: Final = [["100.1", "3"], ["101", "4"]]


def _dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _binance(instruments: Sequence[Instrument], *, chained: bool) -> Specimen:
    def delta(number: int, bids: list[list[str]], asks: list[list[str]]) -> Arrival:
        data: dict[str, Any] = {"e": "depthUpdate", "E": _TS_MS + number, "s": "BTCUSDT"}
        data |= {"U": 98 + 2 * number, "u": 99 + 2 * number}
        data |= {"pu": 97 + 2 * number} if chained else {}
        return Arrival(_dump({"stream": "btcusdt@depth@100ms", "data": {**data, "b": bids, "a": asks}}))

    first, *deltas = (delta(number, *sides) for number, sides in enumerate(_LEVELS, start=1))
    body = _dump({"lastUpdateId": 99 if chained else 100, "bids": _BIDS, "asks": _ASKS})
    later = _dump({"lastUpdateId": 105, "bids": _FINAL_BIDS, "asks": _FINAL_ASKS})
    return Specimen(
        instruments=instruments,
        snapshot=[Arrival(body, snapshot_key("BTCUSDT")), first],
        deltas=deltas,
        cure=[Arrival(later, snapshot_key("BTCUSDT")), delta(4, [], [])],
        applied=3,
        ts_event=(_TS_MS + 3) * 1_000_000,
        ping=b"",
        pong=b"",
        unknown=[b'{"result":null,"id":1}', b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1,"s":"BTCUSDT"}}'],
    )


def _okx() -> Specimen:
    def frame(action: str, number: int, bids: list[list[str]], asks: list[list[str]]) -> Arrival:
        sides = {"asks": [[*each, "0", "1"] for each in asks], "bids": [[*each, "0", "1"] for each in bids]}
        chain = {"checksum": 0, "seqId": 100 + 7 * number, "prevSeqId": 93 + 7 * number if action == "update" else -1}
        arg = {"channel": "books", "instId": "BTC-USDT"}
        return Arrival(_dump({"arg": arg, "action": action, "data": [{**sides, "ts": str(_TS_MS + number), **chain}]}))

    return Specimen(
        instruments=(OKX_SPOT, OKX_SWAP),
        snapshot=[frame("snapshot", 0, _BIDS, _ASKS)],
        deltas=[frame("update", number, *sides) for number, sides in enumerate(_LEVELS, start=1)],
        cure=[frame("snapshot", 5, _FINAL_BIDS, _FINAL_ASKS)],
        applied=4,
        ts_event=(_TS_MS + 3) * 1_000_000,
        ping=b"ping",
        pong=b"pong",
        unknown=[
            b'{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"},"connId":"a4d3ae55"}',
            b'{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","px":"1","sz":"1"}]}',
        ],
    )


def _bybit() -> Specimen:
    def frame(kind: str, number: int, bids: list[list[str]], asks: list[list[str]]) -> Arrival:
        data = {"s": "BTCUSDT", "b": bids, "a": asks, "u": 100 + number, "seq": 7_000 + 3 * number}
        times = {"ts": _TS_MS + number + 5, "cts": _TS_MS + number}
        return Arrival(_dump({"topic": "orderbook.50.BTCUSDT", "type": kind, "data": data, **times}))

    return Specimen(
        instruments=(BYBIT_PERP, BYBIT_OTHER_PERP),
        snapshot=[frame("snapshot", 0, _BIDS, _ASKS)],
        deltas=[frame("delta", number, *sides) for number, sides in enumerate(_LEVELS, start=1)],
        cure=[frame("snapshot", 5, _FINAL_BIDS, _FINAL_ASKS)],
        applied=4,
        ts_event=(_TS_MS + 3) * 1_000_000,
        ping=b'{"op":"ping"}',
        pong=b'{"success":true,"ret_msg":"pong","conn_id":"d8bu1olk","req_id":"","op":"ping"}',
        unknown=[
            b'{"success":true,"ret_msg":"","conn_id":"d8bu1olk","req_id":"","op":"subscribe"}',
            b'{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1739367000123,"data":[{"T":1,"s":"BTCUSDT"}]}',
        ],
    )


def _coinbase() -> Specimen:
    def frame(kind: str, number: int, bids: list[list[str]], asks: list[list[str]]) -> Arrival:
        sides = [("bid", each) for each in bids] + [("offer", each) for each in asks]
        updates = [
            {"side": side, "event_time": "1970-01-01T00:00:00Z", "price_level": price, "new_quantity": size}
            for side, (price, size) in sides
        ]
        time = f"2025-02-12T13:30:00.{123 + number}456789Z"
        event = {"type": kind, "product_id": "BTC-USD", "updates": updates}
        return Arrival(_dump({"channel": "l2_data", "timestamp": time, "sequence_num": number, "events": [event]}))

    heartbeat = b'{"channel":"heartbeats","timestamp":"2025-02-12T13:30:01Z","sequence_num":%d,"events":[]}'
    return Specimen(
        instruments=(COINBASE_BTC, COINBASE_ETH),
        snapshot=[frame("snapshot", 0, _BIDS, _ASKS)],
        deltas=[frame("update", number, *sides) for number, sides in enumerate(_LEVELS, start=1)],
        cure=[frame("snapshot", 4, _FINAL_BIDS, _FINAL_ASKS)],
        applied=4,
        ts_event=1_739_367_000_126_456_789,
        ping=b"",
        pong=b"",
        unknown=[heartbeat % 1, b'{"channel":"subscriptions","sequence_num":2,"events":[{"subscriptions":{}}]}'],
    )


def _kraken() -> Specimen:
    sides: tuple[dict[str, str], dict[str, str]] = ({}, {})

    def side(levels: list[list[str]]) -> str:
        return ",".join(f'{{"price":{float(price):.1f},"qty":{float(size):.8f}}}' for price, size in levels)

    def frame(kind: str, number: int, bids: list[list[str]], asks: list[list[str]]) -> Arrival:
        for held, levels in zip(sides, (bids, asks), strict=True):
            if kind == "snapshot":
                held.clear()
            held.update({f"{float(price):.1f}": f"{float(size):.8f}" for price, size in levels})
        bests = [
            sorted(((price, size) for price, size in held.items() if float(size)), key=lambda one: float(one[0]))
            for held in sides
        ]
        digits = [
            text.replace(".", "").lstrip("0") for level in [*bests[1][:10], *bests[0][::-1][:10]] for text in level
        ]
        checksum = zlib.crc32("".join(digits).encode())
        text = (
            f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"BTC/USD","bids":[{side(bids)}],"asks":[{side(asks)}],'
            f'"checksum":{checksum},"timestamp":"2025-02-12T13:30:00.{123 + number}456Z"}}]}}'
        )
        return Arrival(text.encode())

    return Specimen(
        instruments=(KRAKEN_BTC, KRAKEN_ETH),
        snapshot=[frame("snapshot", 0, _BIDS, _ASKS)],
        deltas=[frame("update", number, *levels) for number, levels in enumerate(_LEVELS, start=1)],
        cure=[frame("snapshot", 5, _FINAL_BIDS, _FINAL_ASKS)],
        applied=4,
        ts_event=1_739_367_000_126_456_000,
        ping=b'{"method":"ping"}',
        pong=b'{"method":"pong","time_in":"2023-09-25T09:05:00.123456Z","time_out":"2023-09-25T09:05:00.123500Z"}',
        unknown=[
            b'{"channel":"heartbeat"}',
            b'{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2"}]}',
        ],
        gap="checksum",
    )


def _hyperliquid() -> Specimen:
    def frame(number: int, bids: list[list[str]], asks: list[list[str]]) -> Arrival:
        levels = [[{"px": price, "sz": size, "n": 1} for price, size in side] for side in (bids, asks)]
        data = {"coin": "BTC", "time": _TS_MS + number, "levels": levels}
        return Arrival(_dump({"channel": "l2Book", "data": data}))

    return Specimen(
        instruments=(HYPERLIQUID_BTC, HYPERLIQUID_ETH),
        snapshot=[frame(0, _BIDS, _ASKS)],
        deltas=[frame(1, _BIDS, _ASKS), frame(2, _FINAL_BIDS, _ASKS), frame(3, _FINAL_BIDS, _FINAL_ASKS)],
        cure=[frame(4, _FINAL_BIDS, _FINAL_ASKS)],
        applied=4,
        ts_event=(_TS_MS + 3) * 1_000_000,
        ping=b'{"method":"ping"}',
        pong=b'{"channel":"pong"}',
        unknown=[
            b'{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"l2Book"}}}',
            b'{"channel":"trades","data":[{"coin":"BTC","side":"B","px":"1","sz":"1","time":1}]}',
        ],
        gap="",
    )


def _dydx() -> Specimen:
    def frame(kind: str, number: int, bids: list[Any], asks: list[Any]) -> Arrival:
        if kind == "subscribed":
            bids, asks = ([{"price": price, "size": size} for price, size in side] for side in (bids, asks))
        head = {"type": kind, "connection_id": "a4d3", "message_id": number}
        route = {"channel": "v4_orderbook", "id": "BTC-USD", "version": "1.0.0"}
        return Arrival(_dump(head | route | {"contents": {"bids": bids, "asks": asks}}))

    return Specimen(
        instruments=(DYDX_BTC, DYDX_ETH),
        snapshot=[frame("subscribed", 1, _BIDS, _ASKS)],
        deltas=[frame("channel_data", number, *sides) for number, sides in enumerate(_LEVELS, start=2)],
        cure=[frame("subscribed", 5, _FINAL_BIDS, _FINAL_ASKS)],
        applied=4,
        ts_event=0,
        ping=b"",
        pong=b"",
        unknown=[
            b'{"type":"unsubscribed","connection_id":"a4d3","message_id":2,"channel":"v4_orderbook","id":"BTC-USD"}',
            b'{"type":"channel_data","message_id":3,"channel":"v4_trades","id":"BTC-USD","contents":{"trades":[]}}',
        ],
    )


def _ccxt() -> Specimen:
    def frame(number: int, bids: list[list[str]], asks: list[list[str]]) -> Arrival:
        book = {"asks": asks, "bids": bids, "nonce": 17, "symbol": "btcusd", "timestamp": _TS_MS + number}
        return Arrival(_dump(book))

    return Specimen(
        instruments=(BITSTAMP_BTC, BITSTAMP_ETH),
        snapshot=[frame(0, _BIDS, _ASKS)],
        deltas=[frame(1, _BIDS, _ASKS), frame(2, _FINAL_BIDS, _ASKS), frame(3, _FINAL_BIDS, _FINAL_ASKS)],
        cure=[frame(4, _FINAL_BIDS, _FINAL_ASKS)],
        applied=4,
        ts_event=(_TS_MS + 3) * 1_000_000,
        ping=b"",
        pong=b"",
        unknown=[b'{"asks":[],"bids":[]}', b'{"told":"something"}'],
        gap="",
        flags=FLAG_UNSEQUENCED | FLAG_UNSUMMED,
    )


def _pools() -> Specimen:
    coarse = msgspec.structs.replace(POOL, tick_size=Decimal("0.1"))
    other = msgspec.structs.replace(POOL, id="BTC-USDC-30.UNISWAP", venue_symbol="ethereum/0x004375", base="BTC")

    def state(number: int, *, cents: int) -> Arrival:
        root = isqrt((cents << 192) // 100)
        tick = next(each for each in range(44_000, 47_000) if root_at(each + 1) > root)
        few = {"range": [tick - 9, tick + 9], "ticks": [], "tick_spacing": 1, "liquidity": str(10**24)}
        sides = {"tokens": ["WETH", "USDC"], "decimals": [18, 18], "fee_ppm": 0}
        return Arrival(frame(ticks_state(block=number, sqrt_price_x96=str(root), tick=tick, **few, **sides)))

    return Specimen(
        instruments=(coarse, other),
        snapshot=[state(20, cents=9_000)],
        deltas=[state(21, cents=9_900), state(22, cents=9_950), state(23, cents=10_000)],
        cure=[state(24, cents=10_000)],
        applied=4,
        ts_event=1_739_367_011_000_000_000,
        ping=b"",
        pong=b"",
        unknown=[b'{"told":"something"}', b"ethereum/another {}"],
        gap="",
        flags=FLAG_UNSEQUENCED | FLAG_UNSUMMED,
    )


SPECIMENS: Final[dict[str, Callable[[], Specimen]]] = {
    "binance": lambda: _binance((BTCUSDT, ETHUSDT), chained=False),
    "binance_usdm": lambda: _binance((perpetual("BTC", "USDT"), perpetual("ETH", "USDT")), chained=True),
    "okx": _okx,
    "bybit": _bybit,
    "coinbase": _coinbase,
    "kraken": _kraken,
    "hyperliquid": _hyperliquid,
    "dydx": _dydx,
    "ccxt:bitstamp": _ccxt,
    "pools": _pools,
}
