"""All in the daemon that others fill and that has no number of its own yet."""

from collections.abc import Iterator

from signald.core.engine import Engine, Store
from signald.live.limits import MOST_SPEAKERS, Limits
from signald.live.recall import MOST_BYTES, Recall
from signald.sinks.replicas import CAPACITY, ReplicaCheck
from signald.sinks.status import StatusBoard
from signald.vintages import VintageRecorder


def stores_of(
    engine: Engine,
    limits: Limits,
    recall: Recall,
    board: StatusBoard,
    replicas: ReplicaCheck,
    vintages: VintageRecorder,
) -> Iterator[Store]:
    """What each holds, and at most."""
    yield from engine.stores
    yield Store("speakers", MOST_SPEAKERS, lambda: limits.speakers)
    yield Store("recalled_bytes", MOST_BYTES, lambda: recall.nbytes)
    for name, most, held in board.unsent():
        yield Store(f"unsent_{name}", most, held)
    yield Store("uncompared", CAPACITY, lambda: replicas.waiting)
    yield Store("vintages", vintages.capacity, lambda: vintages.waiting)
