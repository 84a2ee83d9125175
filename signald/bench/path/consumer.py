"""Reads a stream as a desk would, blocking, and notes when each release's first signal was in hand."""

import select
from typing import Any, Final, cast

from signald.bench.path.orders import Order, report, serve, settings
from signald.bench.path.replies import RedisSocket, open_connection, pack
from signald.model.time import NS_PER_S, parse_rfc3339
from signald.runtime.clock import LiveClock

_MARK: Final = b'"ts_event":'
_FIGURES: Final = {b"release", b"correction"}
_WIDTH: Final = 40  # characters behind the mark: a time, whichever way it is written
_ENTRIES: Final = 64  # of one read at most


class Consumer:
    """One reader, and beside it as many as are wanted that only read."""

    def __init__(self, port: int, database: int, streams: list[str]) -> None:
        """Connect; the first of ``streams`` is the one whose times are noted."""
        self._readers = [(open_connection(port, database), stream.encode()) for stream in streams]
        self._seen: dict[RedisSocket, bytes] = {}
        for redis, stream in self._readers:
            newest: Any = redis.ask(b"XREVRANGE", stream, b"+", b"-", b"COUNT", b"1")
            self._seen[redis] = newest[0][0] if newest else b"0"
            self._ask(redis, stream)

    def follow(self, order: Order) -> None:
        """Read until ``count`` releases came or ``timeout_s`` has passed; report each one's time from its sending.

        What was sent before ``since`` belongs to a round that was given up.
        """
        first: dict[bytes, int] = {}
        names = {redis.socket: (redis, stream) for redis, stream in self._readers}
        measured = self._readers[0][0].socket
        ends = LiveClock.monotonic() + round(order["timeout_s"] * NS_PER_S)
        while len(first) < order["count"] and (left := ends - LiveClock.monotonic()) > 0:
            ready, _, _ = select.select(list(names), [], [], left / NS_PER_S)
            for one in sorted(ready, key=lambda one: one is not measured):
                redis, stream = names[one]
                entries = self._take(redis, stream)
                if one is measured:
                    for fields in entries:
                        mark = _mark_of(fields)
                        if _is_of_a_figure(fields) and _sent(mark) >= order["since"]:
                            first.setdefault(mark, redis.received)
        report(latencies=[received - _sent(mark) for mark, received in first.items()])

    def _take(self, redis: RedisSocket, stream: bytes) -> list[list[bytes]]:
        answer: Any = redis.read()
        entries = cast("list[tuple[bytes, list[bytes]]]", answer[0][1]) if answer else []
        if entries:
            self._seen[redis] = entries[-1][0]
        self._ask(redis, stream)
        return [fields for _, fields in entries]

    def _ask(self, redis: RedisSocket, stream: bytes) -> None:
        command = (b"XREAD", b"COUNT", b"%d" % _ENTRIES, b"BLOCK", b"0", b"STREAMS", stream, self._seen[redis])
        redis.socket.sendall(pack(*command))


def _is_of_a_figure(fields: list[bytes]) -> bool:
    """Whether an entry says what a figure means; signald says other things too, each with its kind."""
    said = dict(zip(fields[::2], fields[1::2], strict=True))
    return said.get(b"kind", b"release") in _FIGURES


def _mark_of(fields: list[bytes]) -> bytes:
    data = fields[fields.index(b"data") + 1]
    at = data.rindex(_MARK) + len(_MARK)
    return data[at : at + _WIDTH]


def _sent(mark: bytes) -> int:
    """When a release was sent, as its signal or the release itself says."""
    text = mark.decode()
    if text.lstrip()[0] == '"':
        return parse_rfc3339(text.split('"')[1])
    return int(text.replace("}", ",").split(",")[0])


if __name__ == "__main__":
    told = settings()
    serve(Consumer(told["port"], told["database"], told["streams"]).follow)
