"""One release: what its sources promise and say of it, and which figure counts."""

from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

from signald.core.release_window.claims import Claims, by_trust
from signald.core.release_window.series import Series
from signald.model.instruments import InstrumentId
from signald.model.macro import Indicator, IndicatorId, Release, ReleaseId, ReleaseKind, ScheduledRelease, SettledFigure
from signald.model.signals import Flag, Signal
from signald.model.time import Nanos

State: TypeAlias = Literal[
    "unscheduled",
    "tentative",
    "scheduled",
    "armed",
    "released",
    "corrected",
    "retracted",
    "missed",
    "cancelled",
    "closed",
]
"""Tentative → scheduled → armed → released → (corrected | retracted) → closed, or missed, or cancelled."""

MAX_SOURCES: Final = 64
"""Sources that may speak of one release."""

_MAX_ISSUED: Final = 256  # ids per instrument that a retraction may name
_MAX_DOUBTS: Final = 16  # doubtful figures of one release that are worth a document
_MAX_FORESEEN: Final = 64  # consensuses of one release whose ladder is worth a document


class Expectation(NamedTuple):
    """What was expected of a figure, in the indicator's unit.

    Attributes:
        consensus: Median forecast.
        prior: Last period's figure.
        consensus_std: Standard deviation of the forecasts behind the consensus, from the source that gave it.
    """

    consensus: float | None
    prior: float | None
    consensus_std: float | None = None


class Figure(NamedTuple):
    """A figure that was accepted: ``number`` counts the accepted ones from 0; a first correction is at least 1."""

    number: int
    release: Release
    flags: tuple[Flag, ...]


class _Promise(NamedTuple):
    """A source's newest word on the schedule, and the last consensus, with its dispersion, and prior that it gave."""

    word: ScheduledRelease
    consensus: float | None
    prior: float | None
    consensus_std: float | None


@dataclass(slots=True)
class ReleaseWindow:
    """All that is known of one release.

    Sequences are kept per release, source and family, although they rise over a whole family: retained schedules of
    many releases come in any order when they are read anew.

    Attributes:
        series: The figures of the periods before, for a prior that no source tells.
        ts_scheduled: T0, by which its siblings are found; ``None`` if nobody scheduled it or it was called off.
        claims: What the sources say its figure is.
        current: The figure that counts; ``None`` before the first and after a retraction.
        withdrawn: The figures that counted and were taken back since one last counted, oldest first.
        numbers: The number that the next accepted figure takes.
        scored: How many figures and corrections were accepted.
        contradicted: Source → figure, of those who contradict the one that counts.
        conceded: Figures that contradicted the one that counts and do so no longer.
        is_confirmed: Whether two sources say what counts.
        has_witnesses: Whether more than one source was expected to say it.
        is_corrected: Whether what counts is a correction.
        is_heard: Whether a figure came at its time, accepted or not.
        issued: Instrument → ids of documents that rest on one of its figures and were not taken back, oldest first.
    """

    release_id: ReleaseId
    indicator: Indicator
    series: Series = field(default_factory=Series)
    state: State = "unscheduled"
    ts_scheduled: Nanos | None = None
    claims: Claims = field(default_factory=Claims)
    current: Figure | None = None
    withdrawn: tuple[Figure, ...] = ()
    numbers: int = 0
    scored: int = 0
    contradicted: dict[str, float] = field(default_factory=dict[str, float])
    conceded: tuple[float, ...] = ()
    is_confirmed: bool = False
    has_witnesses: bool = False
    is_corrected: bool = False
    is_heard: bool = False
    issued: dict[InstrumentId, list[str]] = field(default_factory=dict[InstrumentId, list[str]])
    _held: dict[tuple[str, int], Release] = field(default_factory=dict[tuple[str, int], Release])
    _promises: dict[str, _Promise] = field(default_factory=dict[str, _Promise])
    _sequences: dict[str, int] = field(default_factory=dict[str, int])
    _doubts: dict[tuple[int, float | None, str], None] = field(
        default_factory=dict[tuple[int, "float | None", str], None]
    )
    _foreseen: dict[float, None] = field(default_factory=dict[float, None])
    _frozen: Expectation | None = None

    # -- the schedule ------------------------------------------------------------------------------------------------

    def schedule(self, word: ScheduledRelease, *, consensus: float | None, prior: float | None) -> bool:
        """Take one source's word; False if it is a repetition or older than what that source said before.

        Consensus and prior are given apart, since those of the word may be implausible; a word without them leaves
        what its source gave before.
        """
        known, std = self._promises.get(word.source), word.consensus_std
        if known is not None:
            if word.sequence <= known.word.sequence:
                return False
            std = known.consensus_std if consensus is None else std
            consensus = known.consensus if consensus is None else consensus
            prior = known.prior if prior is None else prior
        self._promises[word.source] = _Promise(word, consensus, prior, std)
        return True

    @property
    def promise(self) -> ScheduledRelease | None:
        """The most trusted source's word on the schedule."""
        return next((promise.word for promise in self._promised()), None)

    @property
    def expectation(self) -> Expectation:
        """The last consensus and prior of the most trusted source that gave one, before the first figure.

        A prior that none gave is what counted as the figure of the period before.
        """
        if self._frozen is not None:
            return self._frozen
        promises = self._promised()
        prior = next((promise.prior for promise in promises if promise.prior is not None), None)
        counted = next((promise for promise in promises if promise.consensus is not None), None)
        return Expectation(
            None if counted is None else counted.consensus,
            self.series.prior(self.release_id, self.ts_scheduled) if prior is None else prior,
            None if counted is None else counted.consensus_std,
        )

    def freeze(self) -> None:
        """A figure is out: what is called a consensus from now on was not one."""
        self.is_heard = True
        if self._frozen is None:
            self._frozen = self.expectation

    def foresee(self) -> bool:
        """Whether what is expected now is worth a ladder: there is a consensus, and none was drawn up for it before."""
        consensus = self.expectation.consensus
        if consensus is None or consensus in self._foreseen or len(self._foreseen) >= _MAX_FORESEEN:
            return False
        self._foreseen[consensus] = None
        return True

    def begin_anew(self) -> None:
        """The release was put off: what was said of its figure at the former time is void."""
        self._frozen = None
        self.is_heard = False
        self.claims = Claims()

    # -- figures -----------------------------------------------------------------------------------------------------

    def is_repetition(self, release: Release) -> bool:
        """Whether ``release`` is not newer than what its source said before; if it is newer, remember it.

        What comes before its schedule is not remembered: topics may overtake one another when a source says everything
        again to a broker that forgot, and the figure that comes once more behind its schedule must be taken.
        """
        if release.sequence <= self._sequences.get(release.source, -1):
            return True
        if self.ts_scheduled is not None:
            self._sequences[release.source] = release.sequence
        return False

    def hold(self, release: Release) -> None:
        """Keep what came before its schedule: a broker may deliver what it kept topic by topic.

        Of a source that takes a figure back nothing else is kept: what it said before is not to be scored after all.
        """
        if release.kind is ReleaseKind.RETRACTION:
            source, until = release.source, release.sequence
            self._held = {key: one for key, one in self._held.items() if key[0] != source or key[1] > until}
        self._held.setdefault((release.source, release.sequence), release)
        if len(self._held) > _MAX_DOUBTS:
            del self._held[next(iter(self._held))]

    def let_go(self) -> list[Release]:
        """What was held, in the order in which it came; nothing while the release is not scheduled."""
        if self.ts_scheduled is None:
            return []
        held, self._held = [*self._held.values()], {}
        return held

    def is_crowded(self, event: ScheduledRelease | Release) -> bool:
        """Whether ``event`` comes from a source that is new here, and too many have spoken already."""
        known = self._promises if isinstance(event, ScheduledRelease) else self._sequences
        return event.source not in known and len(known) >= MAX_SOURCES

    def settle(self, now: Nanos) -> None:
        """Let the periods to come know what counts from ``now`` on."""
        counts = None if self.current is None else self.current.release
        self._settle(None if counts is None else counts.actual, now, {} if counts is None else counts.components)

    def settle_parts(self, release: Release) -> None:
        """Take the components that another word on the figure that counts has."""
        if release.components and self.current is not None and release.actual == self.current.release.actual:
            self._settle(release.actual, release.ts_ingest, release.components)

    def learn_late(self, release: Release) -> None:
        """Take a figure that came when its move was over: not to be scored, but the next period's prior."""
        low, high = self.indicator.plausible
        actual = release.actual
        self.claims.take(release, sound=actual is not None and low <= actual <= high, flags=())
        settled = self.claims.settle(self.indicator.sources, quorum=self.indicator.quorum)
        if settled is not None:
            counts = settled.claim.release.actual
            self._settle(counts, release.ts_ingest, release.components if counts == actual else {})

    def unlearn(self, now: Nanos) -> None:
        """Something was taken back where no figure counts: if the next period's prior was it, it is what is left.

        An earlier run may have known that figure, and this one nothing of its schedule.
        """
        known = [one for one in self.series if one.release_id == self.release_id]
        settled = self.claims.settle(self.indicator.sources, quorum=self.indicator.quorum)
        actual = None if settled is None else settled.claim.release.actual
        if known and known[-1].actual != actual:
            self._settle(actual, now, {}, scheduled=known[-1].ts_scheduled)

    def _settle(
        self, actual: float | None, now: Nanos, components: dict[str, float], *, scheduled: Nanos | None = None
    ) -> None:
        at = scheduled if self.ts_scheduled is None else self.ts_scheduled
        assert at is not None  # no figure counts of a release without a time
        figure = SettledFigure(
            release_id=self.release_id,
            actual=actual,
            ts_scheduled=at,
            ts_known=now,
            ts_ingest=now,
            components=components,
        )
        self.series.settle(figure)

    def accept(self, release: Release, kind: ReleaseKind, flags: tuple[Flag, ...]) -> Figure:
        """Take a figure as the one that counts. A correction whose first figure was never seen is figure 1."""
        is_correction = kind is ReleaseKind.CORRECTION
        self.state = "corrected" if is_correction else "released"
        self.is_corrected = is_correction
        self.current = Figure(max(self.numbers, 1) if is_correction else self.numbers, release, flags)
        self.numbers = self.current.number + 1
        self.scored += 1
        self.withdrawn = ()
        self.contradicted = {}
        self.conceded = ()
        return self.current

    def withdraw(self) -> Figure:
        """The figure that counted is taken back, and with it every document that rests on it."""
        figure = self.current
        assert figure is not None
        self.current = None
        self.withdrawn = (*self.withdrawn, figure)
        self.contradicted = {}
        self.conceded = ()
        self.is_confirmed = False
        self.issued = {}
        self.state = "retracted"
        return figure

    def contradict(self, dissent: dict[str, float]) -> bool:
        """Note who contradicts the figure that counts now; whether anything is said that was not, or no longer."""
        before, now = set(self.contradicted.values()), set(dissent.values())
        self.contradicted = dissent
        gone = sorted(before - now - set(self.conceded))
        self.conceded = (*self.conceded, *gone)[:_MAX_DOUBTS]
        return before != now

    def doubt(self, release: Release, reason: str) -> bool:
        """Whether a doubtful figure is worth a document: not if that was said before, nor if there are too many."""
        doubt = (self.numbers, release.actual, reason)
        if doubt in self._doubts or len(self._doubts) >= _MAX_DOUBTS:
            return False
        self._doubts[doubt] = None
        return True

    # -- documents ---------------------------------------------------------------------------------------------------

    def note(self, signal: Signal) -> None:
        """A document was issued that rests on this release's figure."""
        assert signal.instrument is not None
        ids = self.issued.setdefault(signal.instrument, [])
        ids.append(signal.id)
        del ids[:-_MAX_ISSUED]

    def forget(self, instrument: InstrumentId, ids: frozenset[str]) -> None:
        """These documents were taken back, for another release's sake."""
        if instrument in self.issued:
            self.issued[instrument] = [one for one in self.issued[instrument] if one not in ids]

    def _promised(self) -> list[_Promise]:
        order = self.indicator.sources
        return [self._promises[source] for source in sorted(self._promises, key=lambda name: by_trust(name, order))]


def indicator_of(release_id: ReleaseId) -> IndicatorId:
    """The indicator a release is of."""
    return release_id.partition(":")[0]
