"""Whatever server and network do, and whoever else writes: nothing lost, nothing twice, order kept.

The server is a model of the function in ``publish.lua``; the integration tests prove that one on real servers.
"""

from collections import deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from signald.sinks.encoding import Document
from signald.sinks.outbox import Item, Outbox
from tests.support.redis_reading import document

WRITTEN, DUPLICATE, REFUSED = "written", "duplicate", "refused"


class Deliveries(RuleBasedStateMachine):
    """One publisher, a replica beside it, one server, and a wire that may break anywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(window=4, capacity=1_000, tail_length=1_000)
        self.wanted: list[str] = []  # ids of all signals, in order
        self.replica_at = 0  # the replica has written this many of them
        self.stream: list[str] = []
        self.on_wire: deque[tuple[list[Document], str]] = deque()
        self.replies: deque[tuple[str, ...]] = deque()
        self.is_up = False
        self.refuses = False
        self.made = 0

    @initialize()
    def start(self) -> None:
        self.connect()

    @rule(test=st.booleans())
    def publish(self, *, test: bool) -> None:
        made = document(self.made, test=test)
        self.made += 1
        if not test:
            self.wanted.append(made.id)
        self.outbox.add(Item(made, queued=0))
        self.send()

    @precondition(lambda self: self.on_wire)
    @rule(count=st.integers(1, 5))
    def server_works(self, count: int) -> None:
        for _ in range(min(count, len(self.on_wire))):
            together, after = self.on_wire.popleft()
            self.replies.append(self.execute(together, after))

    @precondition(lambda self: self.replies)
    @rule(count=st.integers(1, 5))
    def replies_arrive(self, count: int) -> None:
        for _ in range(min(count, len(self.replies))):
            for reply in self.replies.popleft():
                if reply == REFUSED:
                    self.outbox.refuse()
                else:
                    self.outbox.confirm()
            self.send()

    @rule()
    def server_begins_or_ends_to_refuse(self) -> None:
        self.refuses = not self.refuses

    @precondition(lambda self: self.outbox.has_come_back())
    @rule()
    def time_passes(self) -> None:
        self.outbox.reopen()
        self.send()

    @precondition(lambda self: self.is_up)
    @rule(arrived=st.integers(0, 5))
    def connection_breaks(self, arrived: int) -> None:
        for _ in range(min(arrived, len(self.on_wire))):
            self.execute(*self.on_wire.popleft())
        self.on_wire.clear()
        self.replies.clear()
        self.is_up = False
        self.outbox.disconnect()

    @precondition(lambda self: not self.is_up)
    @rule(lost=st.integers(0, 6))
    def failover_loses_the_end(self, lost: int) -> None:
        del self.stream[max(0, len(self.stream) - lost) :]
        self.replica_at = min(self.replica_at, len(self.signals()))  # the replica, too, looks and sends again

    @precondition(lambda self: not self.is_up)
    @rule()
    def connect(self) -> None:
        self.is_up = True
        self.outbox.connect([made for made in self.outbox.tail() if made.id not in self.stream])
        self.send()

    @precondition(lambda self: self.replica_at < len(self.wanted) and not self.refuses)
    @rule(count=st.integers(1, 3))
    def replica_writes(self, count: int) -> None:
        for made in self.wanted[self.replica_at : self.replica_at + count]:
            if made not in self.stream:
                self.stream.append(made)
            self.replica_at += 1

    def send(self) -> None:
        while (taken := self.outbox.take(most=3)) is not None:
            items, after = taken
            self.on_wire.append(([item.document for item in items], after))

    def execute(self, together: list[Document], after: str) -> tuple[str, ...]:
        held = [made.id in self.stream for made in together]
        if not all(held) and (self.refuses or (after and after not in self.stream and not held[0])):
            return tuple(REFUSED for _ in together)
        self.stream.extend(made.id for made, is_held in zip(together, held, strict=True) if not is_held)
        return tuple(DUPLICATE if is_held else WRITTEN for is_held in held)

    def signals(self) -> list[str]:
        wanted = set(self.wanted)
        return [written for written in self.stream if written in wanted]

    @invariant()
    def nothing_is_written_twice(self) -> None:
        assert len(set(self.stream)) == len(self.stream)

    @invariant()
    def the_order_is_kept(self) -> None:
        assert self.signals() == self.wanted[: len(self.signals())]

    def teardown(self) -> None:
        """Let everything be well: then everything is there."""
        self.refuses = False
        if not self.is_up:
            self.connect()
        while len(self.outbox):
            while self.on_wire:
                self.server_works(1)
            while self.replies:
                self.replies_arrive(1)
            if self.outbox.has_come_back():
                self.time_passes()
        assert self.signals() == self.wanted


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(max_examples=100, stateful_step_count=40)
