"""A release's report card, from the journal alone: what was foretold, what happened, and what the guard was worth."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec

from signald.client.movers import movers_of
from signald.errors import UNREADABLE, ConfigError
from signald.journal.reader import read
from signald.model.instruments import InstrumentId
from signald.model.macro import ReleaseId
from signald.model.records import RecordKind
from signald.model.signals import Cause, Driver, GuardState, Liquidity, Signal, Verdict
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos
from signald.sinks.encoding import read_data

_SCORED: Final = frozenset({"release", "correction"})
_FOLLOWED: Final = frozenset({"reaction", "outcome"})
_QUOTE_LIFE_S: Final = 10
"""What a resting quote would have lost is what the market moved within this."""


class HorizonCard(msgspec.Struct, frozen=True, kw_only=True):
    """Foretold against realised, in basis points; ``None``: it is not over, or there was no book."""

    seconds: int
    mean_bps: float
    lo_bps: float
    hi_bps: float
    p_up: float
    realised_bps: float | None
    held: bool | None


class GuardCard(msgspec.Struct, frozen=True, kw_only=True):
    """One step: from when, in seconds from T0, for how long, and how wide."""

    state: GuardState
    from_s: float
    seconds: float
    widen_bps: float | None


class LiquidityCard(msgspec.Struct, frozen=True, kw_only=True):
    """Spread and depth against just before the figure, so long after T0."""

    after_s: int
    spread_ratio: float | None
    depth_ratio: float | None


class InstrumentCard(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument's part.

    Attributes:
        instrument: Which.
        verdict: Of the newest document.
        confidence: Likewise.
        revision: Likewise.
        flags: Likewise.
        horizons: By rising length.
        drivers: What each figure had in the mean at the primary horizon.
        liquidity: By time.
        guard: By time.
        guarded_s: How long quotes were wider than usual, or none rested.
        cost_bps: What that cost: by how much quotes were wider on average over that time, where a width was known.
        saved_bps: What a quote at the touch that rested over the figure would have lost by the time it was replaced:
            the move within ten seconds less half the spread before, at least 0; ``None``: no book.
        is_over: Whether the outcome is known.
        movers: What else moved the market, in words, by the newest document.
    """

    instrument: InstrumentId
    verdict: Verdict | None
    confidence: float | None
    revision: int
    flags: tuple[str, ...]
    horizons: tuple[HorizonCard, ...]
    drivers: tuple[Driver, ...]
    liquidity: tuple[LiquidityCard, ...]
    guard: tuple[GuardCard, ...]
    guarded_s: float
    cost_bps: float | None
    saved_bps: float | None
    is_over: bool
    movers: tuple[str, ...] = ()


class ReportCard(msgspec.Struct, frozen=True, kw_only=True):
    """One release.

    Attributes:
        release_id: Which.
        ts_scheduled: T0.
        figures: Those of its minute as they were scored last.
        arrived_after_ms: From T0 until we had the first of them.
        source_after_ms: From the source's own time of it until we had it.
        instruments: In order of their names.
        unread: Documents in the journal that another version wrote and that have no meaning here.
    """

    release_id: ReleaseId
    ts_scheduled: Nanos
    figures: tuple[Cause, ...]
    arrived_after_ms: float
    source_after_ms: float
    instruments: tuple[InstrumentCard, ...]
    unread: int = 0


def report_card(journal: Path, release_id: ReleaseId) -> ReportCard:
    """Read what was said of one release.

    Raises:
        JournalError: The journal cannot be read.
        ConfigError: No figure of that release was scored in it.
    """
    signals: list[Signal] = []
    unread = 0
    for record in read(journal, from_ts=None, to_ts=None):
        if record.kind is RecordKind.SIGNAL:
            try:
                signals.append(read_data(record.payload))
            except UNREADABLE:
                unread += 1
    return card_of(signals, release_id, where=str(journal), unread=unread)


def card_of(signals: Sequence[Signal], release_id: ReleaseId, *, where: str = "journal", unread: int = 0) -> ReportCard:
    """The card from documents in the order in which they were said; raises ``ConfigError`` if there is none."""
    scored = [one for one in signals if one.kind in _SCORED and _is_about(one, release_id) and "test" not in one.flags]
    told = [one for one in scored if one.verdict != "quarantined" and one.ts_scheduled is not None]
    if not told:
        seen = sorted({cause.release_id for one in signals if one.kind in _SCORED for cause in one.causes})
        problem = f"no figure of {release_id!r} was scored; there are {', '.join(seen) or 'none at all'}"
        problem += f", and {unread} documents of another version" if unread else ""
        raise ConfigError(where, problem)
    first, newest = told[0], max(told, key=lambda one: one.revision)
    assert first.ts_scheduled is not None
    of_moment = [one for one in signals if one.ts_scheduled == first.ts_scheduled and one.policy is msgspec.UNSET]
    by_name: Mapping[InstrumentId, list[Signal]] = {
        name: [one for one in of_moment if one.instrument == name]
        for name in sorted({one.instrument for one in told if one.instrument is not None})
    }
    return ReportCard(
        release_id=release_id,
        ts_scheduled=first.ts_scheduled,
        figures=newest.causes,
        arrived_after_ms=(first.ts_ingest - first.ts_scheduled) / NS_PER_MS,
        source_after_ms=(first.ts_ingest - first.ts_event) / NS_PER_MS,
        instruments=tuple(_instrument(name, said, first.ts_scheduled) for name, said in by_name.items()),
        unread=unread,
    )


def _is_about(signal: Signal, release_id: ReleaseId) -> bool:
    return any(cause.release_id == release_id for cause in signal.causes)


def _instrument(name: InstrumentId, said: Sequence[Signal], t0: Nanos) -> InstrumentCard:
    scored = [one for one in said if one.kind in _SCORED and one.verdict != "quarantined"]
    newest = max(reversed(scored), key=lambda one: one.revision)
    followed = {(one.ts_event - t0) // NS_PER_S: one for one in said if one.kind in _FOLLOWED}
    guard = tuple(_guard([one for one in said if one.kind == "guard"], t0))
    wide = [one for one in guard if one.state != "normal"]
    known = [(one.seconds, one.widen_bps) for one in wide if one.widen_bps is not None]
    seconds = sum(length for length, _ in known)
    return InstrumentCard(
        instrument=name,
        verdict=newest.verdict,
        confidence=newest.confidence,
        revision=newest.revision,
        flags=newest.flags,
        horizons=tuple(_horizons(newest, followed)),
        drivers=() if newest.model is None else newest.model.drivers,
        liquidity=tuple(_liquidity(followed)),
        guard=guard,
        guarded_s=sum(one.seconds for one in wide),
        cost_bps=sum(length * widen for length, widen in known) / seconds if seconds > 0.0 else None,
        saved_bps=_saved_bps(said, followed.get(_QUOTE_LIFE_S)),
        is_over=any(one.kind == "outcome" for one in said),
        movers=tuple(movers_of(followed[max(followed)] if followed else newest)),
    )


def _horizons(scored: Signal, followed: Mapping[int, Signal]) -> Iterator[HorizonCard]:
    for one in scored.horizons:
        realised = followed[one.seconds].realised_bps if one.seconds in followed else None
        known = realised if isinstance(realised, float) else None
        yield HorizonCard(
            seconds=one.seconds,
            mean_bps=one.mean_bps,
            lo_bps=one.lo_bps,
            hi_bps=one.hi_bps,
            p_up=one.p_up,
            realised_bps=known,
            held=None if known is None else one.lo_bps <= known <= one.hi_bps,
        )


def _liquidity(followed: Mapping[int, Signal]) -> Iterator[LiquidityCard]:
    for after_s, signal in sorted(followed.items()):
        if isinstance(signal.liquidity, Liquidity):
            now = signal.liquidity
            yield LiquidityCard(after_s=after_s, spread_ratio=now.spread_ratio, depth_ratio=now.depth_ratio)


def _guard(steps: Sequence[Signal], t0: Nanos) -> Iterator[GuardCard]:
    """Each step until the next, the last until it ends."""
    ends = [following.ts_event for _, following in pairwise(steps)]
    ends += [step.desk.ts_expires for step in steps[-1:] if step.desk is not None]
    for step, end in zip(steps, ends, strict=True):
        assert step.desk is not None  # every step of the guard has guidance
        yield GuardCard(
            state=step.desk.state,
            from_s=(step.ts_event - t0) / NS_PER_S,
            seconds=(end - step.ts_event) / NS_PER_S,
            widen_bps=step.desk.quote_widen_bps,
        )


def _saved_bps(said: Sequence[Signal], after: Signal | None) -> float | None:
    before = next((one.book for one in said if one.kind == "guard" and one.desk and one.desk.state == "hold"), None)
    if before is None or after is None or not isinstance(after.realised_bps, float):
        return None
    return max(0.0, abs(after.realised_bps) - before.spread_bps / 2.0)
