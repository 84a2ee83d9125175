"""Stream entries as Redis gives them → what a desk is handed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias, cast

import msgspec

from signald.errors import SignaldError
from signald.model.instruments import InstrumentId
from signald.model.signals import SCHEMA, Signal
from signald.model.time import Nanos
from signald.sinks.encoding import decode_entry
from signald.transports.redis import Reply

Raw: TypeAlias = tuple[str, Mapping[bytes, bytes] | None]
"""An entry's id in the stream and its fields; ``None``: the stream was trimmed past it."""


class SchemaError(SignaldError):
    """The stream carries documents of another version: this client must be renewed before it may be believed.

    Attributes:
        schema: What the document says it is.
    """

    def __init__(self, schema: str) -> None:
        """Name both versions."""
        super().__init__(f"the stream carries {schema!r}; this client reads {SCHEMA!r}")
        self.schema = schema


class UnreadableError(SignaldError):
    """One entry is of our schema and still cannot be read; it is skipped and counted."""


class Received(NamedTuple):
    """One signal as it was delivered.

    Attributes:
        entry: Its place in the stream: what is acknowledged.
        id: The signal's identity: what is handled once.
        kind: As in the document.
        instrument: As in the document.
        sequence: Its number in this stream.
        ts_scored: When it was scored.
        ts_publish: When it was sent, by signald's clock.
        late_ms: 0 unless it was delivered late.
        signal: The document.
        is_redelivered: Whether it was delivered before, to this worker or to one that died.
    """

    entry: str
    id: str
    kind: str
    instrument: InstrumentId | None
    sequence: int
    ts_scored: Nanos
    ts_publish: Nanos
    late_ms: int
    signal: Signal
    is_redelivered: bool


class _Head(msgspec.Struct):
    schema: str = ""


_HEAD = msgspec.json.Decoder(_Head)


def read_entry(entry: str, fields: Mapping[bytes, bytes], *, is_redelivered: bool = False) -> Received:
    """One entry, typed.

    Raises:
        SchemaError: It is of another schema.
        UnreadableError: It is of ours, and a field is missing or has no meaning that is known here.
    """
    try:
        schema = _HEAD.decode(fields[b"data"]).schema
        if schema != SCHEMA:
            raise SchemaError(schema)
        read = decode_entry(fields)
    except (KeyError, ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        msg = f"entry {entry}: {error}"
        raise UnreadableError(msg) from error
    return Received(
        entry=entry,
        id=read.id,
        kind=read.kind,
        instrument=read.instrument,
        sequence=read.sequence,
        ts_scored=read.ts_scored,
        ts_publish=read.ts_publish,
        late_ms=read.late_ms,
        signal=read.signal,
        is_redelivered=is_redelivered,
    )


def streams_reply(reply: Reply) -> list[Raw]:
    """Entries of an XREAD or XREADGROUP reply on one key: ``[[key, [[id, [name, value, …]], …]]]``, or nil."""
    if reply is None:
        return []
    [(_, entries)] = cast("Sequence[tuple[bytes, Reply]]", reply)
    return entries_reply(entries)


def entries_reply(reply: Reply) -> list[Raw]:
    """Entries of an XRANGE reply: ``[[id, [name, value, …]], …]``."""
    return list(_entries(reply))


def _entries(reply: Reply) -> Iterator[Raw]:
    for entry in cast("Sequence[Sequence[object] | None]", reply or ()):
        if entry is None:  # Redis before 7 gives nil for one that was trimmed
            continue
        name, flat = cast("tuple[bytes, Sequence[bytes] | None]", entry)
        yield name.decode(), None if flat is None else dict(zip(flat[::2], flat[1::2], strict=True))


def place_of(entry: str) -> tuple[int, int]:
    """An entry's id as numbers, which are in the stream's order."""
    milliseconds, _, number = entry.partition("-")
    return int(milliseconds), int(number)


def number_of(fields: Mapping[bytes, bytes] | None) -> int | None:
    """The entry's number in its stream; ``None`` if it has none."""
    text = (fields or {}).get(b"sequence", b"")
    return int(text) if text.isdigit() else None


def entry_ms(entry: str) -> int:
    """When the server took the entry, in milliseconds of its clock."""
    return int(entry.partition("-")[0])
