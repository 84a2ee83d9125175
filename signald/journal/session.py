"""The record a run begins with: what its journal needs to be read by itself."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from signald.errors import UNREADABLE, JournalError
from signald.model.instruments import Instrument, InstrumentId
from signald.model.records import Record, RecordKind
from signald.model.time import Nanos

Mode: TypeAlias = Literal["live", "feed", "import"]


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What a run was.

    Attributes:
        mode: ``live``: ticks and the rows the engine saw are in the journal. ``feed``: a worker's that kept books for
            such a run, with their ticks; it lies below that run's. ``import``: only what came from outside is in it; a
            replay makes ticks and rows itself.
        instruments: Order of the board's rows.
        model_id: What scored; ``""`` where nothing did.
        version: Of signald.
        recovered_from: What the engine of the run before saw from this time on was fed again, its outputs set aside;
            ``None``: the run began with nothing.
        faults: What was wrong with what an import was made of, by kind.
        channels: Whose books come on which connection; empty: each venue has one, of its name.
        has_hosts: Whether books were kept on other hosts: their frames are not in this journal.
        steps: Instruments as the recording shows them, of an import: tick and lot are the finest that occur in it.
        rules: Sections of the configuration that decide what is said and when, of a live run: its replay needs them.
    """

    mode: Mode
    instruments: tuple[InstrumentId, ...] = ()
    model_id: str = ""
    version: str = ""
    recovered_from: Nanos | None = None
    faults: dict[str, int] = {}
    channels: Mapping[str, tuple[InstrumentId, ...]] = {}
    has_hosts: bool = False
    steps: tuple[Instrument, ...] = ()
    rules: Mapping[str, Any] = {}


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Session)


def session_record(session: Session, ts_ingest: Nanos) -> Record:
    """The record that begins a run at ``ts_ingest``."""
    return Record(RecordKind.SESSION, ts_ingest, "", session.mode, _ENCODER.encode(session))


def read_session(record: Record) -> Session:
    """What a ``SESSION`` record says.

    Raises:
        JournalError: Its payload is none; the message names the field.
    """
    try:
        return _DECODER.decode(record.payload)
    except UNREADABLE as error:
        msg = f"session of {record.ts_ingest}: {error}"
        raise JournalError(msg) from error
