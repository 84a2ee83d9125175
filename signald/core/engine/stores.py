"""What of the engine grows with what others say, and how far: each bound holds whoever speaks, and however much."""

from collections.abc import Callable
from typing import NamedTuple

from signald.core.documents.plans import MAX_PLANS
from signald.core.engine.controls import MAX_MUTES
from signald.core.engine.world import World
from signald.core.liveness import MAX_SOURCES
from signald.core.movers.drift import MOST_LOOKS
from signald.core.news import MAX_NAMES, News
from signald.core.release_window.agenda import MOST_DUE
from signald.core.release_window.register import MAX_STRAYS, MAX_WINDOWS


class Store(NamedTuple):
    """Something that others fill.

    Attributes:
        what: What is in it, as a word.
        most: It never holds more.
        held: How much it holds now.
    """

    what: str
    most: int
    held: Callable[[], int]


def stores_of(world: World, muted: Callable[[], int]) -> tuple[Store, ...]:
    """Those of an engine; ``muted`` counts the mutes that hold."""
    register, documents = world.register, world.documents

    def news() -> News:  # another one, once there is a guard
        return documents.news

    movers = documents.movers
    looks = () if movers is None else (Store("looks", MOST_LOOKS, lambda: len(movers.drifts)),)
    return (
        Store("releases", MAX_WINDOWS, lambda: len(register.windows)),
        Store("strays", MAX_STRAYS, lambda: register.strays),
        Store("deadlines", MOST_DUE, lambda: len(world.agenda)),
        Store("sources", MAX_SOURCES, lambda: len(world.liveness)),
        Store("mutes", MAX_MUTES, muted),
        Store("news", news().rules.remembered, lambda: len(news())),
        Store("news_names", MAX_NAMES, lambda: news().names),
        Store("plans", MAX_PLANS, lambda: documents.plans),
        *looks,
    )
