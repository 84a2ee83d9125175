"""One release's life: scheduled → armed → released → (corrected | retracted) → closed, or missed, or cancelled.

What several sources say of one release comes together here, and here it is judged whether a figure may be scored.
Nothing is scored here.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from signald.model.macro import Indicator, Release, ReleaseKind, ScheduledRelease, ScheduleState
from signald.model.signals import Flag, Signal
from signald.model.time import NS_PER_S, Nanos

State: TypeAlias = Literal["scheduled", "armed", "released", "corrected", "retracted", "missed", "cancelled", "closed"]

_SLIP_FACTORS = (1e-6, 1e-3, 1e-2, 1e2, 1e3, 1e6)
"""How far feeds slip: percent and fraction, units and thousands and millions."""

_STEP_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRules:
    """Moments of a release's life as offsets from its scheduled time T0, in nanoseconds.

    Attributes:
        arm_before_ns: Armed from T0 less this.
        early_tolerance_ns: A figure sooner than T0 less this is early.
        late_after_ns: A figure after T0 plus this is late; if none has come by then, the release is missed.
        valid_ns: A figure after T0 plus this is recorded but not scored: the move is over.
        close_after_ns: The window closes at T0 plus this.
    """

    arm_before_ns: int = 900 * NS_PER_S
    early_tolerance_ns: int = 2 * NS_PER_S
    late_after_ns: int = 60 * NS_PER_S
    valid_ns: int = 300 * NS_PER_S
    close_after_ns: int = 3_600 * NS_PER_S


class Expectation(NamedTuple):
    """What was expected of a figure, in the indicator's unit."""

    consensus: float | None
    prior: float | None


class Figure(NamedTuple):
    """A figure that was accepted: ``number`` counts from 0, the first; corrections go on counting."""

    number: int
    release: Release
    flags: tuple[Flag, ...]


class Judgement(NamedTuple):
    """Whether a figure may be scored, and every reason to trust it less."""

    verdict: Literal["score", "quarantine"]
    reason: Literal["", "unit_slip", "outlier", "early_release", "late_release", "unscheduled"]
    flags: tuple[Flag, ...]


@dataclass(slots=True)
class ReleaseWindow:
    """All that is known of one release.

    Attributes:
        schedules: Each source's newest word, in the order in which the sources first spoke.
        current: The accepted figure that counts; ``None`` before the first and after a retraction.
        numbers: How many figures were numbered, quarantined ones too: an id must never be given to two statements.
        scored: How many figures and corrections were accepted.
        doubted: The value that was quarantined last; saying it again is no news.
        sequences: Newest sequence per source of its release messages.
        issued: Signals that rest on one of its figures since the last retraction, oldest first.
    """

    release_id: str
    indicator: Indicator
    state: State = "scheduled"
    schedules: dict[str, ScheduledRelease] = field(default_factory=dict[str, ScheduledRelease])
    current: Figure | None = None
    numbers: int = 0
    scored: int = 0
    doubted: float | None = None
    sequences: dict[str, int] = field(default_factory=dict[str, int])
    issued: list[Signal] = field(default_factory=list[Signal])
    _frozen: Expectation | None = None

    def schedule(self, word: ScheduledRelease) -> bool:
        """Take one source's word; False if it is a repetition or older than what that source said before."""
        known = self.schedules.get(word.source)
        if known is not None and word.sequence <= known.sequence:
            return False
        self.schedules[word.source] = word
        return True

    def is_repetition(self, release: Release) -> bool:
        """Whether ``release`` is not newer than what its source said before; if it is newer, remember it."""
        if release.sequence <= self.sequences.get(release.source, -1):
            return True
        self.sequences[release.source] = release.sequence
        return False

    @property
    def ts_scheduled(self) -> Nanos | None:
        """T0 as the most trusted source has it; ``None`` if nobody scheduled the release or it was called off."""
        words = self._by_trust()
        if not words or words[0].state is ScheduleState.CANCELLED:
            return None
        return words[0].ts_scheduled

    @property
    def expectation(self) -> Expectation:
        """Consensus and prior of the most trusted source that gave one, as they stood before the first figure."""
        if self._frozen is not None:
            return self._frozen
        words = self._by_trust()
        return Expectation(
            next((word.consensus for word in words if word.consensus is not None), None),
            next((word.prior for word in words if word.prior is not None), None),
        )

    def freeze(self) -> None:
        """A figure is out: what is called a consensus from now on was not one."""
        if self._frozen is None:
            self._frozen = self.expectation

    def accept(self, release: Release, flags: tuple[Flag, ...]) -> Figure:
        """Take a figure as the one that counts. A correction whose first figure was never seen is figure 1."""
        self.state = "corrected" if release.kind is ReleaseKind.CORRECTION else "released"
        self.current = Figure(self.next_number(release), release, flags)
        self.numbers = self.current.number + 1
        self.scored += 1
        self.doubted = None
        return self.current

    def doubt(self, release: Release) -> None:
        """A figure came that may not be scored; it takes a number all the same."""
        self.numbers = self.next_number(release) + 1
        self.doubted = release.actual

    def next_number(self, release: Release) -> int:
        """The number that ``release`` would take."""
        return max(self.numbers, 1) if release.kind is ReleaseKind.CORRECTION else self.numbers

    def retract(self) -> None:
        """The figure was withdrawn."""
        self.current = None
        self.issued.clear()
        self.state = "retracted"

    def _by_trust(self) -> list[ScheduledRelease]:
        """Words of the indicator's configured sources in their order, then the others as they first came."""
        order = self.indicator.sources
        trusted = [self.schedules[name] for name in order if name in self.schedules]
        return trusted + [word for name, word in self.schedules.items() if name not in order]


def judge(window: ReleaseWindow, release: Release, rules: WindowRules, *, farthest: float | None) -> Judgement:
    """Judge a figure by its time and by its size, before anything is scored.

    Args:
        window: What is known of the release.
        release: The figure; its ``ts_ingest`` decides whether it is early or late.
        rules: The moments.
        farthest: Largest distance from consensus that may be believed, in the indicator's unit; ``None``: unknown.
    """
    scheduled = window.ts_scheduled
    if scheduled is None:
        return Judgement("quarantine", "unscheduled", ("unconfirmed",))
    if release.ts_ingest < scheduled - rules.early_tolerance_ns:
        return Judgement("quarantine", "early_release", ("early_release",))
    late: tuple[Flag, ...] = ("late_release",) if release.ts_ingest > scheduled + rules.late_after_ns else ()
    actual = release.actual
    if actual is not None:
        if is_unit_slip(actual, window.indicator, window.expectation):
            return Judgement("quarantine", "unit_slip", ("unit_slip", *late))
        if _is_implausible(actual, window.indicator, window.expectation.consensus, farthest):
            return Judgement("quarantine", "outlier", ("outlier", *late))
    if release.ts_ingest > scheduled + rules.valid_ns:
        return Judgement("quarantine", "late_release", late)
    return Judgement("score", "", late)


def is_unit_slip(actual: float, indicator: Indicator, expectation: Expectation) -> bool:
    """Whether ``actual`` cannot be a figure of ``indicator`` as it stands, but could be after a shift of unit.

    256000 of ``thousand_persons`` lies outside every plausible range and 256 does not; 0.029 percent is not on the
    indicator's step of 0.1, and 2.9, nearer to the consensus, is.
    """
    low, high = indicator.plausible
    if low <= actual <= high and _is_on_step(actual, indicator.step):
        return False
    reference = expectation.consensus if expectation.consensus is not None else expectation.prior
    for factor in _SLIP_FACTORS:
        shifted = actual * factor
        if not low <= shifted <= high or not _is_on_step(shifted, indicator.step):
            continue
        if reference is None or abs(shifted - reference) < abs(actual - reference):
            return True
    return False


def _is_on_step(actual: float, step: float) -> bool:
    steps = actual / step
    return abs(steps - round(steps)) <= _STEP_TOLERANCE * max(1.0, abs(steps))


def _is_implausible(actual: float, indicator: Indicator, consensus: float | None, farthest: float | None) -> bool:
    low, high = indicator.plausible
    if not low <= actual <= high:
        return True
    return consensus is not None and farthest is not None and abs(actual - consensus) > farthest
