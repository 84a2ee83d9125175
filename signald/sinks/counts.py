"""Plain counters by label: adding to one costs an addition to a dict.

Where the labels are known beforehand each begins at 0: of a counter that is born at 1 Prometheus sees no increase.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final, get_args

from signald.model.notices import BookGap, BookLive, BookStale, Notice, Quarantined, Rejected, WindowChanged
from signald.model.signals import Signal

VENUE_LIMITS: Final = ("frame", "answer", "requests")
"""What of a venue may be too much: a websocket's frame, an answer over HTTP, the requests that wait for it."""


class Counts:
    """Everything that is counted by label.

    Attributes:
        frames: Websocket frames by venue.
        beyond: What of a venue was too much, by venue and limit.
        gaps: Books discarded by venue.
        resyncs: Books that could be believed again, by venue, beyond the first time.
        stale: Books that became stale, by venue and reason.
        rejected: Inputs not taken, by reason.
        quarantined: Figures not scored, by reason.
        releases: Steps of releases' lives, by state.
        notices: All facts about ourselves, by kind.
        signals: Documents by kind and verdict.
    """

    def __init__(self) -> None:
        """Start at nothing."""
        self.frames: Counter[str] = Counter()
        self.beyond: Counter[tuple[str, str]] = Counter()
        self.gaps: Counter[str] = Counter()
        self.resyncs: Counter[str] = Counter()
        self.stale: Counter[tuple[str, str]] = Counter()
        self.rejected: Counter[str] = Counter()
        self.quarantined: Counter[str] = Counter()
        self.releases: Counter[str] = Counter()
        self.notices: Counter[str] = Counter()
        self.signals: Counter[tuple[str, str]] = Counter()
        self._seen_live: set[str] = set()
        for counter, reasons in ((self.rejected, Rejected), (self.quarantined, Quarantined)):
            counter.update(dict.fromkeys(get_args(reasons.__annotations__["reason"]), 0))
        self.releases.update(dict.fromkeys(get_args(WindowChanged.__annotations__["state"]), 0))
        self.notices.update(dict.fromkeys((kind.__name__ for kind in get_args(Notice)), 0))

    def expect(self, venues: Iterable[str]) -> None:
        """Of these venues there will be books."""
        for venue in venues:
            for counter in (self.frames, self.gaps, self.resyncs):
                counter[venue] += 0
            for limit in VENUE_LIMITS:
                self.beyond[venue, limit] += 0
            for reason in get_args(BookStale.__annotations__["reason"]):
                self.stale[venue, reason] += 0

    def count_signal(self, signal: Signal) -> None:
        """Count one document."""
        self.signals[signal.kind, signal.verdict or "none"] += 1

    def count_notice(self, notice: Notice) -> None:
        """Count one fact about ourselves."""
        self.notices[type(notice).__name__] += 1
        match notice:
            case BookLive(channel=venue, instrument=instrument):
                self.resyncs[venue] += instrument in self._seen_live
                self._seen_live.add(instrument)
            case BookGap(channel=venue):
                self.gaps[venue] += 1
            case BookStale(channel=venue, reason=reason):
                self.stale[venue, reason] += 1
            case Rejected(reason=reason):
                self.rejected[reason] += 1
            case Quarantined(reason=reason):
                self.quarantined[reason] += 1
            case WindowChanged(state=state):
                self.releases[state] += 1
            case _:
                pass
