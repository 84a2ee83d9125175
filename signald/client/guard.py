"""What a desk should do now: the newest guidance, for as long as it holds, and ``widen`` after that.

Expiry is counted on the monotonic clock from the moment at which the server took the document: a wall clock that is
set, here or there, neither prolongs nor ends it.
"""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from signald.client.entries import Received
from signald.model.instruments import InstrumentId
from signald.model.macro import ReleaseId
from signald.model.signals import DeskGuidance, GuardState, Signal
from signald.model.time import Nanos

_SCORED: Final = frozenset({"release", "correction"})
_MAX_SCENARIOS: Final = 256  # releases whose scenarios are kept


class Guidance(NamedTuple):
    """What a quoting desk should do at this moment; ``None`` is unknown, not zero.

    Attributes:
        state: ``normal``, ``widen``, ``hold``, ``released`` or ``recover``.
        quote_widen_bps: Widen each quote by this.
        skew_bps: Move both quotes by this.
        max_size_usd: Quote no more than this.
        reason: ``guided``: signald says so; ``unknown``: it said nothing yet; ``expired``: what it said holds no
            longer; ``halted``: a person stopped it. Under the last three the state is ``widen``.
        expires_in_s: How long it holds; 0 unless ``guided``.
        source: Id of the document behind it; ``""`` if there is none.
    """

    state: GuardState
    quote_widen_bps: float | None
    skew_bps: float | None
    max_size_usd: float | None
    reason: Literal["guided", "unknown", "expired", "halted"]
    expires_in_s: float
    source: str


class _Held(NamedTuple):
    """One document's guidance, with the monotonic time at which it ends."""

    desk: DeskGuidance
    id: str
    ts_event: Nanos
    ts_scheduled: Nanos | None
    ends: Nanos


class GuardBook:
    """Guidance by instrument, and scenarios by release."""

    def __init__(self) -> None:
        """Nothing is known: every instrument is at ``widen``."""
        self._held: dict[InstrumentId, _Held] = {}
        self._scenarios: dict[ReleaseId, dict[InstrumentId, Signal]] = {}
        self._is_halted = False
        self._fallen: set[InstrumentId] = set()

    def take(self, received: Received, *, taken: Nanos) -> None:
        """Take the next document of the stream; ``taken`` is the monotonic time at which the server took it."""
        signal = received.signal
        if signal.kind == "scenario":
            self._lay(signal)
        elif signal.kind in {"halt", "resume"}:
            self._is_halted = signal.kind == "halt"
        elif signal.instrument is not None and signal.desk is not None:
            self._guide(signal.instrument, signal, received.ts_publish, taken)

    def guidance(self, instrument: InstrumentId, now: Nanos) -> Guidance:
        """What holds at ``now``, monotonic."""
        if self._is_halted:
            return _fallen("halted")
        held = self._held.get(instrument)
        if held is None:
            return _fallen("unknown")
        if now >= held.ends:
            return _fallen("expired", held.desk, held.id)
        desk = held.desk
        return Guidance(
            state=desk.state,
            quote_widen_bps=desk.quote_widen_bps,
            skew_bps=desk.skew_bps,
            max_size_usd=desk.max_size_usd,
            reason="guided",
            expires_in_s=(held.ends - now) / 1e9,
            source=held.id,
        )

    def ladder(self, release_id: ReleaseId) -> dict[InstrumentId, Signal]:
        """The newest scenario of a release for each instrument; empty if there is none."""
        return dict(self._scenarios.get(release_id, {}))

    def newly_expired(self, now: Nanos) -> Iterator[InstrumentId]:
        """Instruments whose guidance has run out since this was last asked."""
        for instrument, held in self._held.items():
            if now < held.ends:
                self._fallen.discard(instrument)
            elif instrument not in self._fallen:
                self._fallen.add(instrument)
                yield instrument

    def forget(self) -> None:
        """The stream is read anew."""
        self._held.clear()
        self._scenarios.clear()
        self._is_halted = False

    def _lay(self, signal: Signal) -> None:
        for cause in signal.causes:
            self._scenarios.setdefault(cause.release_id, {})[signal.instrument or ""] = signal
        while len(self._scenarios) > _MAX_SCENARIOS:
            del self._scenarios[next(iter(self._scenarios))]

    def _guide(self, instrument: InstrumentId, signal: Signal, ts_publish: Nanos, taken: Nanos) -> None:
        """Newer guidance takes the place of older; a scored figure only where the guard is at its own release."""
        assert signal.desk is not None
        before = self._held.get(instrument)
        if signal.kind != "guard" and signal.kind not in _SCORED:
            return
        if before is not None and signal.ts_event < before.ts_event:
            return
        if signal.kind in _SCORED and before is not None and before.ts_scheduled != signal.ts_scheduled:
            return
        ends = taken + signal.desk.ts_expires - ts_publish
        self._held[instrument] = _Held(signal.desk, signal.id, signal.ts_event, signal.ts_scheduled, ends)


def _fallen(
    reason: Literal["unknown", "expired", "halted"], last: DeskGuidance | None = None, source: str = ""
) -> Guidance:
    """The dead man's guidance; after ``last`` no narrower and no larger than that was."""
    return Guidance(
        state="widen",
        quote_widen_bps=None if last is None else last.quote_widen_bps or None,  # "widen by 0" would be none
        skew_bps=None,
        max_size_usd=None if last is None else last.max_size_usd,
        reason=reason,
        expires_in_s=0.0,
        source=source,
    )
