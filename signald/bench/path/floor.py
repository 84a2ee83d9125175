"""The least that any program on this path does: blocking sockets, MQTT parsed and RESP written by hand, no scoring."""

import threading

from signald.bench.path.orders import orders, report, settings
from signald.bench.path.packets import PUBLISH, Inbox, acknowledge, open_session, read_publish, subscribe
from signald.bench.path.replies import RedisSocket, open_connection, pack


def relay(port: int, redis: RedisSocket, *, prefix: str, streams: list[bytes]) -> None:
    """Write each release's payload to every stream, then acknowledge it, for ever."""
    broker = open_session(port, f"bench-floor-{prefix}")
    broker.sendall(subscribe(f"{prefix}/calendar/release/+/+", qos=1))
    for packet in Inbox(broker).packets():
        if packet.kind != PUBLISH:
            continue
        message = read_publish(packet)
        command = b"".join(
            [pack(b"XADD", stream, b"MAXLEN", b"~", b"10000", b"*", b"data", message.payload) for stream in streams]
        )
        redis.socket.sendall(command)
        if message.number:
            broker.sendall(acknowledge(message.number))
        for _ in streams:
            redis.read()


def main() -> None:
    """Work until the bench goes."""
    told = settings()
    redis = open_connection(told["redis"], told["database"])
    streams = [stream.encode() for stream in told["streams"]]
    threading.Thread(
        target=relay, args=(told["mqtt"], redis), kwargs={"prefix": told["prefix"], "streams": streams}, daemon=True
    ).start()
    report(ready=True)
    for _ in orders():
        pass


if __name__ == "__main__":
    main()
