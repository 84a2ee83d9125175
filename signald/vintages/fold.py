"""From single words to what was known of each release: the same rules as the engine's, on words up to one moment."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

import msgspec

from signald.core.release_window import Claims, Series, is_plausible
from signald.core.release_window.claims import by_trust
from signald.model.macro import Indicator, IndicatorId, Release, ReleaseId, ReleaseKind, SettledFigure
from signald.model.time import Nanos

_HIDING: Final = frozenset({"unit_slip", "early_release"})
"""Doubts for which a figure is not shown: it is none, or not out. One that surprises is shown, though not scored."""

_Stories: TypeAlias = dict[ReleaseId, "_Story"]

_AWAITED: Final = frozenset({"tentative", "scheduled", "armed", "missed"})


class Vintage(msgspec.Struct, frozen=True, kw_only=True):
    """What was known of one release at a moment; figures in the indicator's unit.

    Attributes:
        release_id: ``us.cpi.yoy:2025-01``.
        indicator: ``us.cpi.yoy``.
        period: ``2025-01``.
        ts_scheduled: When it was due, as last promised; ``None`` if nobody promised.
        state: How far its life had gone; a closed one shows how it ended.
        consensus: As known before its figure.
        prior: Last period's figure as known before its figure.
        actual: The first figure.
        revised_prior: Last period's figure as restated with it.
        current: The figure that counted: the first, a correction, ``None`` after a retraction.
        ts_known: When the newest of all this became known.
    """

    release_id: ReleaseId
    indicator: IndicatorId
    period: str
    ts_scheduled: Nanos | None
    state: str
    consensus: float | None
    prior: float | None
    actual: float | None
    revised_prior: float | None
    current: float | None
    ts_known: Nanos


class Word(NamedTuple):
    """One row of the store; see its schema."""

    family: str
    release_id: ReleaseId
    indicator: IndicatorId
    period: str
    source: str
    sequence: int
    ts_known: Nanos
    kind: str
    ts_scheduled: Nanos | None
    consensus: float | None
    prior: float | None
    actual: float | None
    revised_prior: float | None


class Doubt(NamedTuple):
    """A figure that was quarantined."""

    release_id: ReleaseId
    source: str
    actual: float | None
    reason: str


@dataclass(slots=True)
class _Promise:
    word: Word
    consensus: float | None
    prior: float | None


@dataclass(slots=True)
class _Story:
    """One release while its words are read."""

    release_id: ReleaseId
    indicator: IndicatorId
    promises: dict[str, _Promise] = field(default_factory=dict[str, _Promise])
    before: dict[str, _Promise] | None = None
    figures: list[Word] = field(default_factory=list[Word])
    surprising: set[tuple[str, float | None]] = field(default_factory=set[tuple[str, float | None]])
    sequences: dict[str, int] = field(default_factory=dict[str, int])
    ts_known: Nanos = 0


def fold(
    words: Iterable[Word],
    states: Mapping[ReleaseId, str],
    doubts: Iterable[Doubt],
    indicators: Mapping[IndicatorId, Indicator],
) -> list[Vintage]:
    """What was known of each release, by time and id.

    Args:
        words: In the order in which they became known.
        states: How far each release's life had gone, where that is known.
        doubts: The figures that were quarantined.
        indicators: For the order of trust and the plausible range; a series not among them has neither.
    """
    stories = _stories(words, doubts, indicators)
    found = [_vintage(story, states.get(story.release_id), indicators) for story in stories.values()]
    told = _with_priors(found, stories, indicators)
    return sorted(told, key=lambda one: (one.ts_scheduled or one.ts_known, one.release_id))


def settled(
    words: Iterable[Word], doubts: Iterable[Doubt], indicators: Mapping[IndicatorId, Indicator]
) -> list[SettledFigure]:
    """What counted as the figure of each release of ``indicators`` and from when on; arguments as for :func:`fold`.

    Of each series there is as much as the engine keeps of it, so that it may go on where another left off.
    """
    all_series = {name: Series() for name in indicators}
    for story in _stories(words, doubts, indicators).values():
        due = _promised_for(story, indicators)
        if story.indicator in all_series and due is not None:
            for figure in _counted(story, due, indicators):
                all_series[story.indicator].settle(figure)
    return [figure for series in all_series.values() for figure in series]


def _stories(words: Iterable[Word], doubts: Iterable[Doubt], indicators: Mapping[IndicatorId, Indicator]) -> _Stories:
    reasons = {(doubt.release_id, doubt.source, doubt.actual): doubt.reason for doubt in doubts}
    stories: _Stories = {}
    for word in words:
        story = stories.setdefault(word.release_id, _Story(word.release_id, word.indicator))
        if word.family == "schedule":
            _promise(story, word, indicators.get(word.indicator))
        else:
            _figure(story, word, reasons.get((word.release_id, word.source, word.actual), ""))
    return stories


def _promise(story: _Story, word: Word, indicator: Indicator | None) -> None:
    known = story.promises.get(word.source)
    if known is not None and word.sequence <= known.word.sequence:
        return
    consensus, prior = (
        figure if figure is None or indicator is None or is_plausible(figure, indicator) else None
        for figure in (word.consensus, word.prior)
    )
    if known is not None:
        consensus = known.consensus if consensus is None else consensus
        prior = known.prior if prior is None else prior
    story.promises[word.source] = _Promise(word, consensus, prior)
    story.ts_known = max(story.ts_known, word.ts_known)


def _figure(story: _Story, word: Word, doubted_for: str) -> None:
    if word.kind == ReleaseKind.TEST or word.sequence <= story.sequences.get(word.source, -1):
        return
    story.sequences[word.source] = word.sequence
    story.ts_known = max(story.ts_known, word.ts_known)
    if story.before is None:
        story.before = dict(story.promises)  # what is called a consensus from now on was not one
    if doubted_for not in _HIDING or word.kind == ReleaseKind.RETRACTION:
        story.figures.append(word)
    if doubted_for == "outlier":
        story.surprising.add((word.source, word.actual))


def _vintage(story: _Story, state: str | None, indicators: Mapping[IndicatorId, Indicator]) -> Vintage:
    indicator = indicators.get(story.indicator)
    order: Sequence[str] = indicator.sources if indicator else ()
    promised = _in_order(story.promises, order)
    known = _in_order(story.promises if story.before is None else story.before, order)
    first = next((word for word in story.figures if word.kind != ReleaseKind.RETRACTION), None)
    last = story.figures[-1] if story.figures else None
    promise = promised[0].word if promised else None
    period = promise.period if promise else story.release_id.split(":")[1]
    return Vintage(
        release_id=story.release_id,
        indicator=story.indicator,
        period=period,
        ts_scheduled=promise.ts_scheduled if promise else None,
        state="quarantined" if first and state in _AWAITED else state or _state_without_steps(promise, last),
        consensus=next((one.consensus for one in known if one.consensus is not None), None),
        prior=next((one.prior for one in known if one.prior is not None), None),
        actual=first.actual if first else None,
        revised_prior=first.revised_prior if first else None,
        current=last.actual if last and last.kind != ReleaseKind.RETRACTION else None,
        ts_known=story.ts_known,
    )


def _in_order(promises: Mapping[str, _Promise], order: Sequence[str]) -> list[_Promise]:
    return [promises[source] for source in sorted(promises, key=lambda name: by_trust(name, order))]


def _state_without_steps(promise: Word | None, last: Word | None) -> str:
    if last is None:
        return promise.kind if promise else "unscheduled"
    names = {ReleaseKind.CORRECTION.value: "corrected", ReleaseKind.RETRACTION.value: "retracted"}
    return names.get(last.kind, "released")


def _promised_for(story: _Story, indicators: Mapping[IndicatorId, Indicator]) -> Nanos | None:
    indicator = indicators.get(story.indicator)
    promised = _in_order(story.promises, indicator.sources if indicator else ())
    return promised[0].word.ts_scheduled if promised else None


def _with_priors(
    vintages: Sequence[Vintage], stories: _Stories, indicators: Mapping[IndicatorId, Indicator]
) -> list[Vintage]:
    """Where no source told the prior, it is what was known of the period before when the release was due."""
    all_series: dict[IndicatorId, Series] = {}
    for one in vintages:
        series = all_series.setdefault(one.indicator, Series(most_periods=None))
        for figure in _counted(stories[one.release_id], one.ts_scheduled, indicators):
            series.settle(figure)
    found: list[Vintage] = []
    for one in vintages:
        prior = one.prior
        if prior is None:
            prior = all_series[one.indicator].prior(one.release_id, one.ts_scheduled or one.ts_known)
        found.append(msgspec.structs.replace(one, prior=prior))
    return found


def _counted(story: _Story, due: Nanos | None, indicators: Mapping[IndicatorId, Indicator]) -> Iterator[SettledFigure]:
    """What counted and from when on, by the rules by which the engine lets sources confirm and contradict each other.

    One source is enough: what nobody contradicted for a period is known, whether or not it might have been scored.
    """
    indicator = indicators.get(story.indicator)
    order = indicator.sources if indicator else ()
    claims, counts = Claims(), None
    for word in story.figures:
        if word.kind == ReleaseKind.RETRACTION:
            claims.retract(_release(word))
        else:
            claims.take(_release(word), sound=(word.source, word.actual) not in story.surprising, flags=())
        found = claims.settle(order, quorum=1)
        actual = None if found is None else found.claim.release.actual
        if actual != counts:
            counts = actual
            ts = word.ts_known
            yield SettledFigure(
                release_id=story.release_id, actual=actual, ts_scheduled=due or ts, ts_known=ts, ts_ingest=ts
            )


def _release(word: Word) -> Release:
    return Release(
        release_id=word.release_id,
        actual=word.actual,
        kind=ReleaseKind(word.kind),
        source=word.source,
        sequence=word.sequence,
        ts_event=word.ts_known,
        ts_ingest=word.ts_known,
    )
