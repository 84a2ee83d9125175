"""How another configuration is taken while a daemon runs: what whoever runs it tells of that, and is asked."""

import asyncio
from collections.abc import Callable
from typing import Final, Literal, Protocol, TypeAlias

from signald.live.letters import post
from signald.logs import Said
from signald.runtime.letterbox import Letterbox
from signald.runtime.shared import SharedMemory

Result: TypeAlias = Literal["taken", "refused", "undone"]

RESULTS: Final[tuple[Result, ...]] = ("taken", "refused", "undone")
_LOOKS_EVERY_S: Final = 0.25
_WORD: Final = 8
_WAITS: Final = len(RESULTS)


class Reloads:
    """What became of those that were asked for, and what is to be told of it: shared with forked processes."""

    def __init__(self) -> None:
        """None was asked for yet. To be made before the fork."""
        memory = SharedMemory({"words": _WORD * (_WAITS + 1), "letters": Letterbox.SIZE})
        self._words = memory.region("words").cast("q")
        self.letters = Letterbox(memory.region("letters"))

    def count(self, result: Result) -> None:
        """One more ended so."""
        self._words[RESULTS.index(result)] += 1

    def total(self, result: Result) -> int:
        """How many ended so."""
        return self._words[RESULTS.index(result)]

    @property
    def waits(self) -> bool:
        """Whether one was asked for and is to come."""
        return bool(self._words[_WAITS])

    @waits.setter
    def waits(self, does: bool) -> None:
        self._words[_WAITS] = does

    def tell(self, said: Said) -> None:
        """Leave what was logged of it for the stream of notices."""
        post(self.letters, said)


class Keeper(Protocol):
    """Whoever runs a daemon.

    Attributes:
        reloads: What became of other configurations.
    """

    reloads: Reloads

    def look(self, *, is_ready: bool, is_open: bool) -> bool:
        """Called several times a second: whether the run is to end now, for another to follow.

        Args:
            is_ready: Whether the daemon does its work.
            is_open: Whether a release is armed, or out and not closed yet, or near.
        """
        ...

    def told_to_end(self) -> None:
        """The daemon was asked to end: none is to follow."""
        ...


async def be_kept(
    keeper: Keeper, stopping: asyncio.Event, *, is_ready: Callable[[], bool], is_open: Callable[[], bool]
) -> None:
    """Have ``keeper`` look, until it wants the run to end: that sets ``stopping``."""
    while True:
        if keeper.look(is_ready=is_ready(), is_open=is_open()):
            stopping.set()
            return
        await asyncio.sleep(_LOOKS_EVERY_S)
