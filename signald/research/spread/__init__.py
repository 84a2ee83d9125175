"""Work that can be done in any order and on any machine: here, or on the workers of a cluster."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

T = TypeVar("T")
C = TypeVar("C")
R = TypeVar("R")


class Workers(Protocol):
    """Who does the work."""

    def map(self, function: Callable[[T, C], R], tasks: Sequence[T], common: C) -> list[R]:
        """What ``function(task, common)`` gives for each of ``tasks``, in their order, whoever did it.

        ``function`` is one of a module, a function of its arguments alone; they, and what it gives, can be pickled.
        Raises what it raises.
        """
        ...


class InTurn:
    """Everything here, one after the other."""

    def map(self, function: Callable[[T, C], R], tasks: Sequence[T], common: C) -> list[R]:
        """See :class:`Workers`."""
        return [function(task, common) for task in tasks]


IN_TURN: Final[Workers] = InTurn()
