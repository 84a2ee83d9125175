"""A desk that handles every signal exactly once: python desk.py REDIS_URL CONSUMER FILE."""

import sqlite3
import sys

from signald.client import Desk, Received


class Book:
    """What was done, with the ids of the signals it was done for, in one transaction each."""

    def __init__(self, path: str) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute("CREATE TABLE IF NOT EXISTS done (id TEXT PRIMARY KEY, kind TEXT, instrument TEXT, state TEXT)")

    def has(self, name: str) -> bool:
        return self.db.execute("SELECT 1 FROM done WHERE id = ?", (name,)).fetchone() is not None

    def note(self, received: Received, state: str) -> None:
        self.db.execute(
            "INSERT INTO done VALUES (?, ?, ?, ?)", (received.id, received.kind, received.instrument, state)
        )


def main(url: str, consumer: str, path: str) -> None:
    book = Book(path)
    with Desk(url, consumer=consumer, handled=book.has) as desk:
        for received in desk:
            guidance = desk.guard(received.instrument or "")
            book.note(received, guidance.state)  # the effect and the id, durable together
            desk.ack(received)  # and only then


if __name__ == "__main__":
    main(*sys.argv[1:4])
