"""How long the playback stays at each release."""

from typing import Final

BEFORE_S: Final = 3.0
AFTER_S: Final = 5.0

_BEFORE_SHARE: Final = BEFORE_S / (BEFORE_S + AFTER_S)
_SHORTEST_WINDOW_S: Final = 0.2


class Pace:
    """Divides the time there is among the windows that are left, less what the jumps between them take."""

    def __init__(self, *, duration_s: float | None, windows: int, now_s: float) -> None:
        """Start at ``now_s``; without a duration each window takes its full time."""
        self._ends_s = None if duration_s is None else now_s + duration_s
        self._left = windows
        self._jumped_s = 0.0
        self._jumps = 0

    def jumped(self, took_s: float) -> None:
        """Note how long a jump took."""
        self._jumped_s += took_s
        self._jumps += 1

    def next_window(self, now_s: float) -> tuple[float, float]:
        """Seconds before and after the next release, and one window less to come."""
        if self._ends_s is None:
            return BEFORE_S, AFTER_S
        per_jump_s = self._jumped_s / self._jumps if self._jumps else 0.0
        jumps_left = 2 * self._left - 1  # one after this window, two around each of the others
        share_s = (self._ends_s - now_s - per_jump_s * jumps_left) / self._left
        window_s = max(share_s, _SHORTEST_WINDOW_S)
        self._left -= 1
        return window_s * _BEFORE_SHARE, window_s * (1.0 - _BEFORE_SHARE)
