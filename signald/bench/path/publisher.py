"""Publishes releases in an open loop: each when it is due, whatever became of the one before."""

import json
import select
from typing import Final, cast

from signald.bench.path.orders import Order, report, serve, settings
from signald.bench.path.packets import PUBACK, Inbox, open_session, publish
from signald.model.time import NS_PER_S, format_rfc3339
from signald.runtime.clock import LiveClock

_LAST_NUMBER: Final = 65_535
_STEPS: Final = 7  # figures of one release that follow one another
_LOWEST: Final = 2.6  # percent; the consensus is among them
_STEP: Final = 0.1


class Publisher:
    """A blocking connection to the broker that never waits for an acknowledgement."""

    def __init__(self, port: int) -> None:
        """Connect."""
        self._connection = open_session(port, "bench-publisher")
        self._inbox = Inbox(self._connection)
        self._number = 0
        self._unanswered = 0

    def follow(self, order: Order) -> None:
        """Publish one message, or a round of releases."""
        if "topic" in order:
            self._send(order["topic"], order["payload"].encode(), qos=1, retain=True)
            self._settle()
            report(sent=1)
        else:
            late_ns = self._play(order)
            report(sent=len(late_ns), late_ns=late_ns)

    def _play(self, order: Order) -> list[int]:
        """Send figures ``first`` to ``first + count``; returns how late each call was."""
        interval = round(NS_PER_S / order["rate"])
        first: int = order["first"]
        releases = cast("list[str]", order["releases"])
        late: list[int] = []
        begin = LiveClock.monotonic() + interval
        for index in range(order["count"]):
            due = begin + index * interval
            self._wait(due)
            late.append(LiveClock.monotonic() - due)
            turn, place = divmod(first + index, len(releases))
            release_id = releases[place]
            topic = f"{order['prefix']}/calendar/release/{release_id}/bench"
            self._send(topic, release_message(release_id, turn, LiveClock.now()), qos=order["qos"])
        self._settle()
        return late

    def _send(self, topic: str, payload: bytes, *, qos: int, retain: bool = False) -> None:
        self._number = self._number % _LAST_NUMBER + 1
        self._unanswered += qos
        self._connection.sendall(publish(topic, payload, qos=qos, number=self._number, retain=retain))

    def _wait(self, due: int) -> None:
        while (left := due - LiveClock.monotonic()) > 0:
            if select.select([self._connection], [], [], left / NS_PER_S)[0]:
                self._note()

    def _settle(self) -> None:
        while self._unanswered > 0:
            self._note()

    def _note(self) -> None:
        for packet in self._inbox.take():
            self._unanswered -= packet.kind == PUBACK


def release_message(release_id: str, turn: int, now: int) -> bytes:
    """The figure of a release's ``turn``; all but the first are corrections, and each differs from the one before."""
    message = {
        "release_id": release_id,
        "actual": round(_LOWEST + _STEP * (turn % _STEPS), 1),
        "ts_event": format_rfc3339(now),
        "source": "bench",
        "sequence": now,
        "kind": "correction" if turn else "first",
    }
    return json.dumps(message, separators=(",", ":")).encode()


if __name__ == "__main__":
    serve(Publisher(settings()["port"]).follow)
