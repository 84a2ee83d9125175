"""Latencies to be drawn: seen ones, by how far from a release they were seen, for they are worst when they matter."""

import hashlib
import math
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from signald.errors import ConfigError, ImportFormatError
from signald.research.tables import read_lines

EDGES_S: Final = (-60.0, -5.0, 0.0, 1.0, 5.0, 30.0, 300.0)
"""Seconds from the scheduled time at which one bucket ends and the next begins."""

HEADER: Final = ("seconds", "latency_ms")


class Latencies(NamedTuple):
    """What was seen.

    Attributes:
        name: Of where it is from, for people.
        buckets: Milliseconds, rising, of each stretch between two of :data:`EDGES_S`; a bucket may be empty.
    """

    name: str
    buckets: tuple[tuple[float, ...], ...]

    @property
    def varies(self) -> bool:
        """Whether two draws may differ."""
        return len({one for bucket in self.buckets for one in bucket}) > 1


def read_latencies(text: str, *, where: str) -> Latencies:
    """Milliseconds as a number, the same always; or a file of ``seconds,latency_ms``, seconds from the release.

    Args:
        text: The number, or the file's path.
        where: The option, for errors.

    Raises:
        ConfigError: It is neither, or a negative number.
        ImportFormatError: A line of the file is not what it should be.
    """
    try:
        constant = float(text)
    except ValueError:
        return _read_file(Path(text), where=where)
    if not 0.0 <= constant < math.inf:
        raise ConfigError(where, f"{text!r} is no latency in milliseconds")
    return Latencies(f"{constant:g} ms", sort_out([(0.0, constant)]))


def sort_out(seen: Sequence[tuple[float, float]]) -> tuple[tuple[float, ...], ...]:
    """Pairs of seconds from the release and milliseconds, by bucket."""
    buckets: list[list[float]] = [[] for _ in range(len(EDGES_S) + 1)]
    for seconds, latency in seen:
        buckets[bisect_right(EDGES_S, seconds)].append(latency)
    return tuple(tuple(sorted(bucket)) for bucket in buckets)


def draw(latencies: Latencies, *, seconds: float, key: str) -> float:
    """One latency in milliseconds, so many seconds from the release; the same ``key`` draws the same.

    It is the inverse of the empirical distribution function at a number that a hash of the key gives, so that it does
    not matter in which order, or in which process, things are drawn. An empty bucket is stood in for by the nearest.
    """
    wanted = bisect_right(EDGES_S, seconds)
    near = sorted(range(len(latencies.buckets)), key=lambda place: (abs(place - wanted), place))
    bucket = next(latencies.buckets[place] for place in near if latencies.buckets[place])
    share = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) / 2**64
    return bucket[int(share * len(bucket))]


def _read_file(path: Path, *, where: str) -> Latencies:
    try:
        rows = read_lines(path)
    except ConfigError as error:
        problem = f"{str(path)!r} is neither a number of milliseconds nor a file: {error.problem}"
        raise ConfigError(where, problem) from error
    if not rows or tuple(rows[0]) != HEADER:
        raise ImportFormatError(str(path), 1, f"the header is not {','.join(HEADER)}")
    seen = [_read_row(row, path=path, line=line) for line, row in enumerate(rows[1:], start=2)]
    if not seen:
        raise ImportFormatError(str(path), 0, "has no latency")
    return Latencies(path.name, sort_out(seen))


def _read_row(row: Sequence[str], *, path: Path, line: int) -> tuple[float, float]:
    try:
        seconds, latency = (float(cell) for cell in row)
    except ValueError:
        raise ImportFormatError(str(path), line, f"{','.join(row)!r} is not two numbers") from None
    if not math.isfinite(seconds) or not 0.0 <= latency < math.inf:
        raise ImportFormatError(str(path), line, f"{latency!r} ms at {seconds!r} s is no latency")
    return seconds, latency
