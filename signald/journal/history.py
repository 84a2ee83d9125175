"""What was said when: the documents and notices in a journal, and any record as one line of JSON."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np

from signald.core.board import BoardRows, rows_from_bytes
from signald.errors import UNREADABLE
from signald.journal.reader import read
from signald.model.records import Record, RecordKind
from signald.model.time import Nanos, format_rfc3339

_ENCODER: Final = msgspec.json.Encoder()


class Said(NamedTuple):
    """One document or notice.

    Attributes:
        ts_ingest: When what caused it was ingested.
        kind: ``SIGNAL`` or ``NOTICE``.
        key: The document's id, or the notice's class.
        data: The document or the notice, as JSON.
    """

    ts_ingest: Nanos
    kind: RecordKind
    key: str
    data: bytes


def history(
    path: Path, *, from_ts: Nanos | None = None, to_ts: Nanos | None = None, notices: bool = False
) -> Iterator[Said]:
    """The documents in a journal in the order they were published, with or without notices in between.

    Raises:
        JournalError: As :func:`signald.journal.reader.read`.
    """
    wanted = {RecordKind.SIGNAL, RecordKind.NOTICE} if notices else {RecordKind.SIGNAL}
    for kind, ts_ingest, _, key, payload in read(path, from_ts=from_ts, to_ts=to_ts):
        if kind in wanted:
            yield Said(ts_ingest, kind, key, payload)


def record_as_json(record: Record) -> bytes:
    """One record as one line of JSON: kind, time (twice), channel, key, payload.

    The payload is JSON where it was JSON, a list of rows for board rows, else text, else base64 under ``base64``.
    """
    kind, ts_ingest, channel, key, payload = record
    line: dict[str, object] = {"kind": kind.name.lower(), "ts": ts_ingest, "time": format_rfc3339(ts_ingest)}
    if channel:
        line["channel"] = channel
    if key:
        line["key"] = key
    line.update(_payload(kind, payload))
    return _ENCODER.encode(line)


def _payload(kind: RecordKind, payload: bytes) -> dict[str, object]:
    if not payload:
        return {}
    if kind is RecordKind.ROWS:
        return {"payload": _rows(payload)}
    try:
        msgspec.json.decode(payload)
        return {"payload": msgspec.Raw(msgspec.json.format(payload, indent=-1))}  # one line, the numbers as they came
    except UNREADABLE:
        pass
    try:
        return {"payload": payload.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(payload).decode()}


def _rows(payload: bytes) -> list[dict[str, int | float | None]]:
    rows: BoardRows = rows_from_bytes(payload)
    names = rows.dtype.names or ()
    return [{name: _number(row[name]) for name in names} for row in rows]


def _number(value: np.generic) -> int | float | None:
    number = value.item()
    return number if number == number else None  # noqa: PLR0124 - NaN is what differs from itself
