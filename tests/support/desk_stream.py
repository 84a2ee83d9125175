"""A consumer's stream to read from: signals written by the real function, without a daemon."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from redis import Redis

from signald.model.signals import DeskGuidance, Signal
from signald.model.time import NS_PER_S, Nanos
from signald.runtime.clock import LiveClock
from signald.sinks.encoding import document_of, encode_data
from signald.sinks.redis_function import PublishFunction, Sending
from tests.support.signals import sample_signal

CONSUMER = "desk-1"
STREAM = f"{{signald}}:consumer:{CONSUMER}"
INSTRUMENT = "BTCUSDT.BINANCE"


class Stream:
    """Publishes at once, through a connection of its own."""

    def __init__(self, redis: Redis, *, length: int = 10_000) -> None:
        self.redis: Any = redis  # redis-py leaves its types open
        self._function = PublishFunction(consumers=[CONSUMER], stream_length=length, test_length=10)
        self.redis.execute_command("FUNCTION", "LOAD", "REPLACE", self._function.code)
        self._said = 0

    def publish(self, count: int = 1, **changes: object) -> list[str]:
        """``count`` signals more; their ids."""
        return [self.say(sample_signal(**({"id": f"{self._said + 1:032x}"} | changes))) for _ in range(count)]

    def say(self, signal: Signal, *, after_ns: Nanos = 0) -> str:
        """One document, sent ``after_ns`` after it happened; its id."""
        self._said += 1
        document = document_of(signal, ts_scored=signal.ts_ingest, data=encode_data(signal))
        packed = self._function.pack_call([Sending(document, signal.ts_event + after_ns, late_ms=0)], after="")
        connection = self.redis.connection_pool.get_connection()
        try:
            connection.send_packed_command([packed])
            connection.read_response()
        finally:
            self.redis.connection_pool.release(connection)
        return signal.id

    def put(self, data: bytes, *, entry: str = "*", **fields: str | int) -> None:
        """An entry that signald would not write as it is."""
        self._said += 1
        given: dict[str, str | int | bytes] = {
            "id": f"{self._said:032x}",
            "kind": "release",
            "instrument": INSTRUMENT,
            "sequence": self._said,
            "ts_scored": 1,
            "ts_publish": 2,
            "late_ms": 0,
            **fields,
            "data": data,
        }
        self.redis.xadd(STREAM, given, id=entry)

    def pending(self, group: str = "desk") -> int:
        """Deliveries that wait for their word."""
        return self.redis.xpending(STREAM, group)["pending"]


@contextmanager
def stream_on(port: int, *, length: int = 10_000) -> Generator[Stream]:
    """The consumer's stream on the server at ``port``."""
    with Redis(port=port) as redis:
        yield Stream(redis, length=length)


def guard_signal(state: str, *, life_s: float, ts_event: Nanos = 0, **changes: object) -> Signal:
    """The guard's word, that holds for ``life_s`` from when it happened, now by default."""
    ts_event = ts_event or LiveClock.now()
    desk = DeskGuidance(
        state=state,  # pyright: ignore[reportArgumentType] - the test's own word
        quote_widen_bps=3.0,
        skew_bps=0.0,
        max_size_usd=1_000.0,
        ts_expires=ts_event + round(life_s * NS_PER_S),
    )
    fields: dict[str, object] = {
        "id": f"{state}-{ts_event}".ljust(32, "0"),
        "kind": "guard",
        "instrument": INSTRUMENT,
        "desk": desk,
        "horizons": (),
        "verdict": None,
        "confidence": None,
        "ts_event": ts_event,
        "ts_ingest": ts_event,
    }
    return sample_signal(**(fields | changes))
