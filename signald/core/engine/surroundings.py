"""Has the movers look when it is time, and says what they found that is worth a document."""

from collections.abc import Iterator
from typing import Final

from signald.core.board import BoardRows
from signald.core.documents.desk import DeskDocuments
from signald.core.documents.expectations import expectations_documents
from signald.core.engine.world import Output, World
from signald.model.expectations import Expectations
from signald.model.movers import Reference, Remembered
from signald.model.notices import Rejected
from signald.model.time import NS_PER_S, Nanos

_LATEST_NS: Final[Nanos] = 30 * NS_PER_S


class Surroundings:
    """The movers' place in the engine; without them nothing is due, and nothing said."""

    def __init__(self, world: World, documents: DeskDocuments) -> None:
        """Take what the engine knows, and who writes."""
        self._world = world
        self._documents = documents
        self.movers = documents.movers

    def next_look(self) -> Nanos | None:
        """When a look before a release, or at its time on another day, is due."""
        return None if self.movers is None else self.movers.drifts.next_ts()

    def next_sample(self) -> Nanos | None:
        """When the books are to be seen next after a figure."""
        return None if self.movers is None else self.movers.sampler.next_ts()

    def sample(self, rows: BoardRows, now: Nanos) -> None:
        """See them."""
        if self.movers is not None:
            self.movers.sampler.fire(rows, now)

    def look(self, rows: BoardRows, now: Nanos) -> None:
        """Be told what the board shows at a moment at which no figure waits."""
        if self.movers is not None:
            self.movers.look(rows, now)

    def look_before(self, rows: BoardRows, now: Nanos) -> list[Output]:
        """Take the look that is due; a document for each instrument that has left its band.

        One that is late, after the engine was stopped, is left out: the rows may show what the figure did.
        """
        assert self.movers is not None  # a look is due
        look = self.movers.drifts.pop()
        if now >= look.moment or now - look.ts > _LATEST_NS:
            return []
        self.movers.look(rows, look.ts)
        found = self.movers.see_drift(look, rows)
        bundle = self._world.register.bundles.get(look.moment)
        windows = () if bundle is None else tuple(bundle.windows.values())
        return [
            self._documents.drift(
                windows,
                moved,
                instrument=one.id,
                row=rows[place].item(),
                before_s=look.before // NS_PER_S,
                ts_scheduled=look.moment,
                due=look.ts,
            )
            for place, (one, moved) in enumerate(zip(self.movers.instruments, found, strict=False))
            if windows and moved.is_beyond
        ]

    def hear(self, heard: Reference | Remembered | Expectations, rows: BoardRows) -> list[Output]:
        """Take a reference's price, what is expected of rates, or what an earlier run had seen."""
        if self.movers is None:
            return []
        if isinstance(heard, Expectations):
            return self._expect(heard, rows)
        if isinstance(heard, Remembered):
            self.movers.recall(heard)
            return []
        if self.movers.hear(heard, rows):
            return []
        problem = (
            f"{heard.sequence} of {heard.symbol} is not newer than what {heard.source} said, or nobody asked for it"
        )
        return [
            Rejected(
                channel=heard.source, reason="repeated", field="sequence", problem=problem, ts_ingest=heard.ts_ingest
            )
        ]

    def _expect(self, word: Expectations, rows: BoardRows) -> list[Output]:
        """Take what is expected of rates; documents if a release whose figure is out has changed it enough."""
        assert self.movers is not None  # who heard it asked
        cuts = self.movers.cuts
        reason = cuts.refuses(word)
        if reason is not None:
            problem = f"{word.sequence} is not newer than what {word.source} said, or it is one source too many"
            return [
                Rejected(
                    channel=word.source, reason=reason, field="sequence", problem=problem, ts_ingest=word.ts_ingest
                )
            ]
        outputs: list[Output] = []
        for moment, shift in cuts.hear(word):
            bundle = self._world.register.bundles.get(moment)
            if bundle is not None and bundle.out and cuts.tells(moment, shift):
                disputed = cuts.is_disputed(moment, shift)
                scorer = self._documents.scorer
                outputs += expectations_documents(scorer, self.movers, bundle, shift, rows, is_disputed=disputed)
        return outputs

    @property
    def expectations(self) -> Iterator[Expectations]:
        """What was said last of rates, by each source."""
        if self.movers is not None:
            yield from self.movers.cuts.newest

    def memory(self) -> Iterator[Remembered]:
        """What a later run should know."""
        if self.movers is not None:
            yield from self.movers.memory()

    def reschedule(self, before: Nanos | None, after: Nanos | None, now: Nanos) -> None:
        """A release was moved from one moment to another; ``None``: it had none, or has none any more."""
        if self.movers is None:
            return
        if before is not None and before != after and before not in self._world.register.bundles:
            self.movers.drifts.call_off(before)
            self.movers.cuts.call_off(before)
        if after is not None:
            self.movers.drifts.expect(after, now)
            self.movers.cuts.expect(after)
