"""What others may read of the board: a column for each fact, so that writing forty books costs as little as one."""

from collections.abc import Sequence
from typing import Any, Final

from signald.core.board import BoardRows
from signald.core.composite import CompositeView
from signald.core.kernels.rows import STATE_LIVE
from signald.model.control import Control
from signald.model.instruments import InstrumentId
from signald.model.time import Nanos

WHOLE: Final = ("ts_event", "ts_ingest", "applied", "state", "flags")
REAL: Final = (
    *("bid", "bid_size", "ask", "ask_size", "mid", "microprice", "spread_bps", "imbalance"),
    *("bid_depth_5", "ask_depth_5", "bid_depth_25", "ask_depth_25"),
)
OF_MEMBERS: Final = ("basis_bps", "share")
OF_COMPOSITES: Final = ("venues", "dex_share")


def book_columns(
    instruments: Sequence[InstrumentId], rows: BoardRows, now: Nanos, *, composites: Sequence[CompositeView] = ()
) -> dict[str, Any]:
    """The rows at ``now``, column by column in the board's order; NaN where unknown, which JSON writes as null.

    Of ``composites`` each book has its basis and its share, each composite its believed venues and what of it is
    decentralised; ``None`` where a row has no such thing.
    """
    columns = {name: rows[name].tolist() for name in (*WHOLE, *REAL)}
    members = {member.instrument: member for one in composites for member in one.members}
    wholes = {one.instrument: one for one in composites}
    of_members = {name: [getattr(members.get(one), name, None) for one in instruments] for name in OF_MEMBERS}
    of_composites = {name: [getattr(wholes.get(one), name, None) for one in instruments] for name in OF_COMPOSITES}
    return {"now": now, "instruments": instruments, **columns, **of_members, **of_composites}


def controls_state(control: Control) -> dict[str, str | Nanos]:
    """A command that holds, for whoever looks."""
    return {
        "command": control.command,
        "target": control.target,
        "by": control.by,
        "reason": control.reason,
        "ts_event": control.ts_event,
    }


def oldest_live(rows: BoardRows) -> Nanos:
    """When the live book came that was heard of longest ago; 0 where none is live."""
    live = rows["ts_ingest"][rows["state"] == STATE_LIVE]
    return int(live.min()) if live.size else 0
