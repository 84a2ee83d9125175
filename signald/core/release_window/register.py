"""All releases that are known, and which of them are due at one moment; bounded, whatever is said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from signald.core.release_window.series import Series
from signald.core.release_window.window import ReleaseWindow, indicator_of
from signald.model.macro import Indicator, IndicatorId, ReleaseId
from signald.model.time import Nanos

MAX_WINDOWS: Final = 20_000
"""Releases remembered, closed ones too: a repetition of an old figure must be known as one. Closed ones go first."""

MAX_CLOSED: Final = 512
"""Closed ones among them, once another comes: months of all series. The one that closed first goes first."""

MAX_STRAYS: Final = 1_000
"""Releases remembered that nobody scheduled; the oldest goes first."""


@dataclass(slots=True)
class Bundle:
    """Releases due at one moment, scored jointly.

    Attributes:
        ts_scheduled: The moment.
        windows: By id, in order of it.
        is_waiting: Whether it has been noted when the wait for those that are not out ends.
        is_final: Whether that wait is over.
    """

    ts_scheduled: Nanos
    windows: dict[ReleaseId, ReleaseWindow] = field(default_factory=dict[ReleaseId, ReleaseWindow])
    is_waiting: bool = False
    is_final: bool = False

    @property
    def siblings(self) -> list[ReleaseWindow]:
        """By id."""
        return list(self.windows.values())

    def join(self, window: ReleaseWindow) -> None:
        """One more release is due at this moment; kept in order, so that scoring need not sort."""
        self.windows = dict(sorted({**self.windows, window.release_id: window}.items()))

    @property
    def out(self) -> list[ReleaseWindow]:
        """Those with a figure that counts, by id."""
        return [window for window in self.windows.values() if window.current is not None]

    @property
    def awaited(self) -> list[ReleaseWindow]:
        """Those whose figure is still to come, by id; a tentative one is not promised."""
        return [window for window in self.windows.values() if window.state in {"scheduled", "armed"}]

    @property
    def absent(self) -> list[ReleaseWindow]:
        """Those whose figure is still to come or was missed, by id."""
        return [window for window in self.windows.values() if window.state in {"scheduled", "armed", "missed"}]

    @property
    def is_partial(self) -> bool:
        """Whether some are out and others are waited for."""
        return not self.is_final and bool(self.out) and bool(self.awaited)

    @property
    def revision(self) -> int:
        """How many figures and corrections were scored in it so far."""
        return sum(window.scored for window in self.windows.values())


class Register:
    """Finds releases by id and by moment."""

    def __init__(self, indicators: Mapping[IndicatorId, Indicator]) -> None:
        """Know the series, and no release yet."""
        self._indicators = indicators
        self.series = {name: Series() for name in indicators}
        self.windows: dict[ReleaseId, ReleaseWindow] = {}
        self.bundles: dict[Nanos, Bundle] = {}
        self._strays: dict[ReleaseId, None] = {}
        self._closed: dict[ReleaseId, None] = {}

    @property
    def strays(self) -> int:
        """How many were spoken of and never scheduled."""
        return len(self._strays)

    def open(self, release_id: ReleaseId) -> tuple[ReleaseWindow, ReleaseId | None]:
        """The release, made if it is new; and which one had to be forgotten for it."""
        found = self.windows.get(release_id)
        if found is not None:
            return found, None
        window = self.windows[release_id] = self.sketch(release_id)
        self._strays[release_id] = None
        forgotten: ReleaseId | None = None
        if len(self._strays) > MAX_STRAYS:
            forgotten = next(iter(self._strays))
        elif len(self._closed) > MAX_CLOSED or len(self.windows) > MAX_WINDOWS:
            forgotten = min(self._closed, key=lambda one: self.windows[one].ts_scheduled or 0, default=None)
            forgotten = forgotten or next(iter(self.windows))
        if forgotten is not None:
            self._forget(forgotten)
        return window, forgotten

    def sketch(self, release_id: ReleaseId) -> ReleaseWindow:
        """A release as it is before anything is known of it; not remembered."""
        name = indicator_of(release_id)
        return ReleaseWindow(release_id, self._indicators[name], self.series[name])

    def move(self, window: ReleaseWindow, after: Nanos | None) -> None:
        """Schedule a release for ``after``; ``None``: for no time at all."""
        before = window.ts_scheduled
        if before is not None:
            left = self.bundles[before].windows
            del left[window.release_id]
            if not left:
                del self.bundles[before]
        window.ts_scheduled = after
        self._strays.pop(window.release_id, None)
        self._closed.pop(window.release_id, None)
        if after is not None:
            self.bundles.setdefault(after, Bundle(after)).join(window)

    def close(self, window: ReleaseWindow) -> None:
        """A release's life is over; it is remembered as long as there is room."""
        window.state = "closed"
        self._closed[window.release_id] = None

    def _forget(self, release_id: ReleaseId) -> None:
        self.move(self.windows[release_id], None)
        del self.windows[release_id]
