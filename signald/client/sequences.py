"""Was anything left out? The numbers of a stream rise by one; whoever reads them all sees what is missing."""

from typing import NamedTuple


class Gap(NamedTuple):
    """Signals that were published, were never delivered here, and are no longer in the stream.

    Attributes:
        first: Number of the first; ``None`` if it is not known how many went before ``last``.
        last: Number of the last.
    """

    first: int | None
    last: int


class Sequences:
    """The numbers seen so far.

    Attributes:
        last: The newest; ``None`` before the first.
    """

    def __init__(self) -> None:
        """Nothing was seen."""
        self.last: int | None = None

    def start(self, last: int | None) -> None:
        """Everything up to ``last`` was dealt with before; ``None``: nothing is known."""
        self.last = last

    def missing(self, sequence: int) -> range:
        """Numbers between the last one and this; none if the stream began anew, which is no gap."""
        if self.last is None or sequence <= self.last:
            return range(0)
        return range(self.last + 1, sequence)

    def note(self, sequence: int) -> None:
        """This one was seen."""
        self.last = sequence


def lost(missing: range, found: set[int]) -> list[Gap]:
    """What of ``missing`` is not among ``found``, as runs of numbers."""
    gaps: list[Gap] = []
    first = missing.start
    for number in [*sorted(found), missing.stop]:
        if first < number:
            gaps.append(Gap(first, number - 1))
        first = number + 1
    return gaps
