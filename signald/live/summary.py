"""What a run says of itself as it ends."""

from typing import NamedTuple, Self


class RunSummary(NamedTuple):
    """What a run delivered.

    Attributes:
        published: Documents that Redis wrote.
        duplicates: Documents that it had already, from a replica or an earlier run.
        late: How many of ``published`` were late.
        waiting: Documents that could not be delivered before the end: the next run delivers them.
        journal: Where the run's journal is.
    """

    published: int
    duplicates: int
    late: int
    waiting: int
    journal: str

    def plus(self, later: Self) -> Self:
        """This run and a later one together."""
        return later._replace(
            published=self.published + later.published,
            duplicates=self.duplicates + later.duplicates,
            late=self.late + later.late,
        )
