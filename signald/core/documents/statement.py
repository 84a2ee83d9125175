"""What the documents of one occasion share, and the document that predicts nothing."""

from typing import NamedTuple

import msgspec

from signald.model.identity import signal_id
from signald.model.instruments import InstrumentId
from signald.model.nowcast import NowcastView
from signald.model.signals import Cause, Flag, ModelView, Rung, Signal, SignalKind
from signald.model.time import Nanos


class Statement(NamedTuple):
    """What the documents of one occasion share, whatever the instrument."""

    kind: SignalKind
    revision: int
    causes: tuple[Cause, ...]
    keys: tuple[str, ...]
    flags: tuple[Flag, ...]
    ts_scheduled: Nanos | None
    ts_event: Nanos
    ts_ingest: Nanos


def bare(
    statement: Statement,
    *,
    instrument: InstrumentId | None = None,
    model: ModelView | None = None,
    retracts: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET,
    ladder: dict[str, Rung] | msgspec.UnsetType = msgspec.UNSET,
    nowcast: NowcastView | msgspec.UnsetType = msgspec.UNSET,
) -> Signal:
    """A document that predicts nothing."""
    return Signal(
        id=signal_id(statement.kind, instrument, statement.keys),
        kind=statement.kind,
        revision=statement.revision,
        causes=statement.causes,
        instrument=instrument,
        verdict=None,
        confidence=None,
        horizons=(),
        book=None,
        desk=None,
        model=model,
        flags=statement.flags,
        ts_scheduled=statement.ts_scheduled,
        ts_event=statement.ts_event,
        ts_ingest=statement.ts_ingest,
        retracts=retracts,
        ladder=ladder,
        nowcast=nowcast,
    )
