"""Runs ``signald nowcast``: bridges from files, and what they say of the next core PCE."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from signald.app.world import load_known_indicators
from signald.config import Config
from signald.core.nowcast import apply, nearest, usable
from signald.model.macro import ReleaseId
from signald.model.nowcast import TARGETS, NowcastModel, NowcastView
from signald.model.time import Nanos, format_rfc3339
from signald.research.bridge import History, as_known, estimate_bridges, newest, read_history, sentences
from signald.research.calibrate import read_rows
from signald.sources.calendars.files import CalendarRow


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The bridges, and each figure that is to come and of whose period components are known.

    ``silent`` says why nothing is said of one: ``us.core_pce.mom:2025-01`` → reason.
    """

    model: NowcastModel
    nowcasts: tuple[NowcastView, ...]
    silent: dict[ReleaseId, str]


def run_nowcast(
    config: Config, calendars: Sequence[Path], components: Path, *, known_before: Nanos | None = None
) -> Found:
    """Estimate and apply; with ``known_before`` as of then: nothing that came later is used.

    Raises:
        ConfigError: A file is missing.
        ImportFormatError: A file is not what it should be.
        OSError: A calendar cannot be read.
    """
    indicators = load_known_indicators(config)
    history, rows = read_history(components, indicators), read_rows(calendars, indicators)
    if known_before is not None:
        history = as_known(history, known_before)
        rows = [msgspec.structs.replace(row, actual=None) if row.ts_scheduled >= known_before else row for row in rows]
    model = estimate_bridges(history, rows, indicators)
    views: list[NowcastView] = []
    silent: dict[ReleaseId, str] = {}
    for target in TARGETS:
        for period, due in _awaited(target, rows, history):
            release_id = f"{target}:{period}"
            known = newest(history, period, target)
            bridges = [one for one in model.bridges if one.target == target]
            bridge = usable(bridges, known)
            if bridge is None:
                missing = ", ".join(nearest(bridges, known))
                silent[release_id] = f"{missing} not known" if bridges else model.silent.get(target, "no such series")
                continue
            consensus = None if due is None else due.consensus
            scheduled = None if due is None else due.ts_scheduled
            views.append(apply(bridge, known, release_id=release_id, consensus=consensus, ts_scheduled=scheduled))
    return Found(model=model, nowcasts=tuple(views), silent=silent)


def told_of(found: Found) -> Iterator[str]:
    """The bridges, then each nowcast beside its consensus, in words."""
    yield from sentences(found.model)
    for one in found.nowcasts:
        due = "" if one.ts_scheduled is None else f", due {format_rfc3339(one.ts_scheduled)}"
        yield (
            f"{one.release_id}{due}: nowcast {one.nowcast:.3f} ± {one.error:.3f} (nine of ten within {one.lo:.3f} …"
            f" {one.hi:.3f}), {_beside(one)}"
        )
    for release_id, why in found.silent.items():
        yield f"{release_id}: nothing can be said: {why}"
    if not found.nowcasts and not found.silent:
        yield "no components are known of a period whose core PCE is not out"


def _beside(one: NowcastView) -> str:
    if one.consensus is None:
        return "no consensus"
    beyond = "more" if one.is_beyond else "not more"
    return f"consensus {one.consensus:g}: differs by {one.difference:+.3f}, {beyond} than the past error"


def _awaited(target: str, rows: Sequence[CalendarRow], history: History) -> Iterator[tuple[str, CalendarRow | None]]:
    """Periods that are newer than the newest figure that is out, and of which a component is known."""
    mine = [row for row in rows if row.indicator == target]
    out = max((row.period for row in mine if row.actual is not None), default="")
    for period in sorted({period for _, period in history.known}):
        if period > out and newest(history, period, target):
            yield period, next((row for row in mine if row.period == period), None)
