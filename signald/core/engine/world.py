"""What the parts of the engine share: every release, what is due, who is alive, who writes the documents."""

from dataclasses import dataclass, field
from typing import TypeAlias

from signald.core.board import BoardRows
from signald.core.documents import Documents
from signald.core.liveness import SourceLiveness
from signald.core.release_window import Agenda, Bundle, Register, ReleaseWindow, WindowRules
from signald.model.clock import ClockOffset
from signald.model.macro import ReleaseId
from signald.model.notices import ClockOff, Notice, Rejected
from signald.model.signals import Signal
from signald.model.time import Nanos

Output: TypeAlias = Signal | Notice


@dataclass(slots=True, kw_only=True)
class World:
    """All that the engine knows."""

    register: Register
    documents: Documents
    rules: WindowRules
    agenda: Agenda = field(default_factory=Agenda)
    liveness: SourceLiveness = field(default_factory=SourceLiveness)
    offset_ns: Nanos = 0

    def set_clock(self, measured: ClockOffset) -> list[Output]:
        """Judge by what is known of our clock from now on; an alarm when it goes wrong, and when it is right again."""
        self.offset_ns = measured.offset_ns
        was_off, is_off = self.documents.clock_is_off, abs(measured.offset_ns) > self.rules.clock_tolerance_ns
        self.documents.clock_is_off = is_off
        if was_off == is_off:
            return []
        return [ClockOff(offset_ns=measured.offset_ns, is_off=is_off, ts_ingest=measured.ts_ingest)]

    def open(self, release_id: ReleaseId) -> ReleaseWindow:
        """The release, made if it is new; whichever is forgotten for it has nothing due any more."""
        window, forgotten = self.register.open(release_id)
        if forgotten is not None:
            self.agenda.drop(forgotten)
        return window

    def bundle_of(self, window: ReleaseWindow) -> Bundle:
        """The bundle of a release that is scheduled."""
        assert window.ts_scheduled is not None  # what is not scheduled is quarantined
        return self.register.bundles[window.ts_scheduled]

    def is_silent(self, window: ReleaseWindow, now: Nanos) -> bool:
        """Whether a source that covers the release is silent, or none covers it."""
        return self.liveness.is_silent(window.indicator.id, now)

    def witnesses(self, window: ReleaseWindow, now: Nanos) -> tuple[str, ...]:
        """Who is expected to say a figure: the series' configured sources, else all that cover it."""
        return window.indicator.sources or self.liveness.covering(window.indicator.id, now)

    def foresee(self, window: ReleaseWindow, rows: BoardRows, *, now: Nanos) -> list[Output]:
        """What would be said of each plausible figure of a release that is armed, once for each consensus."""
        if window.state != "armed" or not window.foresee():
            return []
        silent = self.is_silent(window, now)
        return [*self.documents.foreseen(self.bundle_of(window), window, rows, now=now, silent=silent)]

    def score(self, bundle: Bundle, rows: BoardRows, *, ts_event: Nanos, ts_ingest: Nanos) -> list[Output]:
        """What the figures of ``bundle`` that are out say now; nothing if there are none."""
        out = bundle.out
        if not out:
            return []
        silent = any(self.is_silent(window, ts_ingest) for window in out)
        return [*self.documents.scored(bundle, rows, ts_event=ts_event, ts_ingest=ts_ingest, silent=silent)]

    def finish(self, bundle: Bundle, rows: BoardRows, *, due: Nanos, gone: ReleaseId | None = None) -> list[Output]:
        """What a bundle says that is final without some of its figures; ``gone`` is one that was called off."""
        silent = any(self.is_silent(window, due) for window in bundle.siblings)
        return [*self.documents.finished(bundle, rows, due=due, silent=silent, gone=gone)]


def repeated(release_id: ReleaseId, source: str, sequence: int, now: Nanos) -> Rejected:
    """A message was not newer than what its source said before."""
    problem = f"{sequence} is not newer than what {source} said before of {release_id}"
    return Rejected(channel=source, reason="repeated", field="sequence", problem=problem, ts_ingest=now)


def crowded(release_id: ReleaseId, source: str, now: Nanos) -> Rejected:
    """One source too many speaks of a release."""
    problem = f"{source!r} is one source too many for {release_id}"
    return Rejected(channel=source, reason="too_many_sources", field="source", problem=problem, ts_ingest=now)
