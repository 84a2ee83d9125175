"""What a book costs beside its frames: depth, slippage and flow, measured ten times a second."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from signald.bench.frames import Recording
from signald.bench.rounds import Side, time_in_turn
from signald.core.book import Book
from signald.core.kernels import layout
from signald.model.time import NS_PER_S

BOOKS: Final = 8
_NEVER: Final = 1 << 62


def measure_cadence(
    recordings: Mapping[str, Recording | None],
    prepare: Callable[[Recording], tuple[Sequence[Book], Callable[[], object]]],
    *,
    rounds: int,
) -> dict[str, Any]:
    """Time frames with every one measured against frames with none measured.

    Args:
        recordings: By name.
        prepare: Gives the live books of a recording, and what plays its frames into them.
        rounds: How often.

    Returns:
        By name, microseconds of one measurement and the share of a core that :data:`BOOKS` books take.
    """
    found: dict[str, Any] = {}
    for name, recording in recordings.items():
        if recording is not None:
            found[name] = _measure(recording, prepare, rounds=rounds)
    return found


def _measure(
    recording: Recording,
    prepare: Callable[[Recording], tuple[Sequence[Book], Callable[[], object]]],
    *,
    rounds: int,
) -> dict[str, float]:
    per_s: list[float] = []

    def side(every_ns: int) -> Side:
        def ready() -> Callable[[], object]:
            books, run = prepare(recording)
            for book in books:
                per_s[:] = [NS_PER_S / int(Book(book.instrument).words[layout.DEPTH_EVERY])]
                book.words[layout.DEPTH_EVERY] = every_ns
                book.words[layout.DEPTH_DUE] = 0 if every_ns == 0 else _NEVER
            return run

        return Side(ready, len(recording.frames))

    timed = time_in_turn({"each": side(0), "none": side(_NEVER)}, rounds=rounds)
    us = timed["each"].median_us - timed["none"].median_us
    due_per_s = float(per_s[0])  # a NumPy number would be written as text
    return {"us_each": round(us, 3), "share_of_core": round(us / 1e6 * due_per_s * BOOKS, 6)}
