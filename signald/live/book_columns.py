"""What others may read of the board: a column for each fact, so that writing forty books costs as little as one."""

from collections.abc import Sequence
from typing import Any, Final

from signald.core.board import BoardRows
from signald.model.control import Control
from signald.model.instruments import InstrumentId
from signald.model.time import Nanos

WHOLE: Final = ("ts_event", "ts_ingest", "applied", "state", "flags")
REAL: Final = (
    *("bid", "bid_size", "ask", "ask_size", "mid", "microprice", "spread_bps", "imbalance"),
    *("bid_depth_5", "ask_depth_5", "bid_depth_25", "ask_depth_25"),
)


def book_columns(instruments: Sequence[InstrumentId], rows: BoardRows, now: Nanos) -> dict[str, Any]:
    """The rows at ``now``, column by column in the board's order; NaN where unknown, which JSON writes as null."""
    columns = {name: rows[name].tolist() for name in (*WHOLE, *REAL)}
    return {"now": now, "instruments": instruments, **columns}


def controls_state(control: Control) -> dict[str, str | Nanos]:
    """A command that holds, for whoever looks."""
    return {
        "command": control.command,
        "target": control.target,
        "by": control.by,
        "reason": control.reason,
        "ts_event": control.ts_event,
    }
