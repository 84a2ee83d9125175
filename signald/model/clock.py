"""How far our own clock is off, as far as it is known."""

import msgspec

from signald.model.time import Nanos


class ClockOffset(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement: our clock showed ``offset_ns`` more than a time server's, give or take ``error_ns``."""

    offset_ns: Nanos
    error_ns: Nanos
    ts_ingest: Nanos = 0
