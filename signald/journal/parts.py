"""A run's journal may have parts: below that of its signals, one for each feed worker."""

from pathlib import Path
from typing import Final

from signald.journal.segments import list_segments

FEED: Final = "feed-"
"""Begins the name of a feed worker, and of its journal's directory below the run's."""


def parts(path: Path) -> tuple[Path, ...]:
    """The journals that make up the one at ``path``: its own, and below it those of its feed workers, by name."""
    if not path.is_dir():
        return (path,)
    below = (each for each in path.iterdir() if each.name.startswith(FEED) and each.is_dir())
    return (path, *sorted(each for each in below if list_segments(each)))
