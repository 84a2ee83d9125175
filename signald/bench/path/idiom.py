"""The program one would write first: aiomqtt's iterator, ``json``, NumPy and ``redis.asyncio``, message by message."""

import asyncio
import json
import math
import os
import threading
from typing import Any, Final

import aiomqtt
import numpy as np
from redis.asyncio import Redis

from signald.bench.path.orders import orders, report, settings
from signald.model.time import parse_rfc3339
from signald.runtime.clock import LiveClock

_CONSENSUS: Final = 2.9
_SIGMA: Final = 0.1
_BETA: Final = np.array([[-60.0, -24.0, 1.0], [-63.0, -25.0, 1.5]])  # of each horizon: CPI, PPI, constant
_STD: Final = np.array([90.0, 120.0])
_SECONDS: Final = (300, 900)
_BOOK: Final = {"bid": 95_700.1, "ask": 95_700.2, "bid_size": 1.2, "ask_size": 0.9}


def score(release: dict[str, Any], ts_ingest: int) -> dict[str, Any]:
    """A document with what ours has: surprise, two horizons, the book, guidance."""
    surprise = release["actual"] - _CONSENSUS
    z = float(np.clip(surprise / _SIGMA, -4.0, 4.0))
    mean = _BETA @ np.array([z, 0.0, 0.0])
    low, high = mean - 1.645 * _STD, mean + 1.645 * _STD
    p_up = [0.5 * (1.0 + math.erf(m / s / math.sqrt(2.0))) for m, s in zip(mean, _STD, strict=True)]
    bid, ask = _BOOK["bid"], _BOOK["ask"]
    sizes = _BOOK["bid_size"] + _BOOK["ask_size"]
    return {
        "id": f"{release['release_id']}-{release['sequence']}",
        "causes": [{"release_id": release["release_id"], "actual": release["actual"], "surprise": surprise, "z": z}],
        "instrument": "BTCUSDT.BINANCE",
        "verdict": "up" if mean[0] > 0 else "down",
        "horizons": [
            {"seconds": seconds, "mean_bps": float(m), "std_bps": float(s), "lo_bps": float(lo), "hi_bps": float(hi)}
            | {"p_up": p}
            for seconds, m, s, lo, hi, p in zip(_SECONDS, mean, _STD, low, high, p_up, strict=True)
        ],
        "book": {
            "bid": bid,
            "ask": ask,
            "mid": (bid + ask) / 2,
            "microprice": (bid * _BOOK["ask_size"] + ask * _BOOK["bid_size"]) / sizes,
            "imbalance": (_BOOK["bid_size"] - _BOOK["ask_size"]) / sizes,
        },
        "desk": {"quote_widen_bps": float(_STD[0] * math.sqrt(10 / 300)), "skew_bps": float(mean[0])},
        "ts_ingest": ts_ingest,
        "ts_event": parse_rfc3339(release["ts_event"]),
    }


async def run(told: dict[str, Any]) -> None:
    """Score what comes, for ever."""
    redis = Redis(port=told["redis"], db=told["database"])
    identifier = f"bench-idiom-{told['prefix']}"
    async with aiomqtt.Client(
        "127.0.0.1", told["mqtt"], identifier=identifier, protocol=aiomqtt.ProtocolVersion.V5
    ) as client:
        await client.subscribe(f"{told['prefix']}/calendar/release/+/+", qos=1)
        report(ready=True)
        async for message in client.messages:
            now = LiveClock.now()
            document = score(json.loads(message.payload), now)
            fields: dict[Any, Any] = {"id": document["id"], "ts_scored": now, "data": json.dumps(document)}
            for stream in told["streams"]:
                await redis.xadd(stream, fields, maxlen=10_000, approximate=True)


def _end_with_the_bench() -> None:
    """The loop waits for messages that will not come: when the bench goes, so do we, at once."""
    for _ in orders():
        pass
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_bench, daemon=True).start()
    asyncio.run(run(settings()))
