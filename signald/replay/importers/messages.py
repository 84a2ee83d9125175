"""Calendar messages as a source would have sent them: what the importers of calendars share."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

import msgspec

from signald.journal.session import Session, session_record
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_S, Nanos, format_rfc3339
from signald.pipeline import CALENDAR

_HEARTBEAT_NS: Final = 5 * NS_PER_S  # the contract's longest silence of a source that lives
_ALIVE_BEFORE_NS: Final = 15 * NS_PER_S
_ALIVE_AFTER_NS: Final = 75 * NS_PER_S  # beyond the minute after which a figure counts as missed
_ENCODER: Final = msgspec.json.Encoder()


def message_record(ts_ingest: Nanos, topic: Sequence[str], message: Mapping[str, object]) -> Record:
    """A message on a topic, given by its levels, whose reserved characters are percent-encoded."""
    key = "/".join(quote(level, safe=":.-_ ") for level in topic)
    return Record(RecordKind.MESSAGE, ts_ingest, CALENDAR, key, _ENCODER.encode(message))


def heartbeats(times: Iterable[Nanos], covers: Sequence[str], source: str, *, delay_ns: Nanos = 0) -> Iterator[Record]:
    """``heartbeat/{source}`` every five seconds around each of ``times``, which are in order."""
    last: Nanos | None = None
    for time in times:
        ts = time - _ALIVE_BEFORE_NS
        if last is not None:
            ts = max(ts, last + _HEARTBEAT_NS)
        while ts <= time + delay_ns + _ALIVE_AFTER_NS:
            message = {"source": source, "ts_event": format_rfc3339(ts), "sequence": ts, "covers": list(covers)}
            yield message_record(ts, ("heartbeat", source), message)
            last = ts
            ts += _HEARTBEAT_NS


def with_session(messages: Iterable[Record], faults: Mapping[str, int]) -> Iterator[Record]:
    """An import's session at the time of its first message, then the messages.

    ``faults`` may be filled until the first message is there.
    """
    begun = False
    for message in messages:
        if not begun:
            yield session_record(Session(mode="import", faults=dict(faults)), message.ts_ingest)
            begun = True
        yield message
