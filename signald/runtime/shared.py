"""Memory that a process shares with those it forks, cut into named regions; it has no name and goes with the last."""

import mmap
from collections.abc import Mapping
from typing import Final

_APART: Final = 64
"""A region begins on a cache line of its own: who writes one does not slow down who reads another."""


class SharedMemory:
    """Zeros at first. To be made before the fork."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        """Make a region of so many bytes for each name."""
        self._places: dict[str, tuple[int, int]] = {}
        end = 0
        for name, size in sizes.items():
            self._places[name] = (end, end + size)
            end += -(-size // _APART) * _APART
        self._whole = memoryview(mmap.mmap(-1, max(end, _APART)))

    def region(self, name: str) -> memoryview:
        """The bytes of a region; raises ``KeyError`` if there is none of this name."""
        first, last = self._places[name]
        return self._whole[first:last]
