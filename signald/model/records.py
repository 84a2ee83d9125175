"""One arrival, exactly as it came: what the journal keeps and the pipeline is fed, live and in replay."""

import enum
from typing import NamedTuple

from signald.model.time import Nanos


class RecordKind(enum.IntEnum):
    """What a record's payload is. The numbers are on disk: never reuse one."""

    SESSION = 1
    """A run begins; ``key`` is the mode (``live``, ``import``), payload the session's JSON."""
    CONNECTED = 2
    """A connection is up; payload empty."""
    FRAME = 3
    """One websocket frame, verbatim."""
    RESPONSE = 4
    """The body of an HTTP answer; ``key`` is the request's ``tag``."""
    DISCONNECTED = 5
    """A connection is down; payload is the reason as text."""
    MESSAGE = 6
    """One MQTT message, verbatim; ``key`` is its topic without the prefix (``retained:`` before it if retained)."""
    ROWS = 7
    """The board's rows as the next MESSAGE or TICK sees them: the bytes of the row array; ``key`` says whose."""
    TICK = 8
    """Time passed with a deadline due; ``ts_ingest`` is now, ``key`` the channel it is due on (``""``: the engine)."""
    SIGNAL = 9
    """A document that was published; ``key`` is its id, payload its ``data``."""
    NOTICE = 10
    """A fact about ourselves, as JSON."""


class Record(NamedTuple):
    """One arrival.

    Attributes:
        kind: What the payload is.
        ts_ingest: When it arrived, stamped once before parsing.
        channel: Connection it came on: ``binance``, ``mqtt``; ``""`` for what we made ourselves.
        key: What else is needed to read the payload, by kind; ``""`` if nothing.
        payload: The bytes, exactly as they came.
    """

    kind: RecordKind
    ts_ingest: Nanos
    channel: str
    key: str
    payload: bytes
