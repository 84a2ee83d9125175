"""Replays many journals, each as a run of its own: days of a recording, on as many workers as there are."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from signald.app.recordings import ReplaySummary, lines_to, replay_anew
from signald.config import Config
from signald.replay.driver import signals
from signald.research.spread import Workers
from signald.sinks.encoding import encode_data


class _Day(NamedTuple):
    """What one run gave: records that were fed, and its documents."""

    records: int
    documents: list[bytes]


def run_days(
    config: Config, journals: Sequence[Path], *, beside: Sequence[Path] = (), out: Path | None, workers: Workers
) -> ReplaySummary:
    """Replay each journal by itself; the documents of each follow those of the one before.

    Args:
        config: What each run is told.
        journals: One for each run.
        beside: Laid over each of them, as a calendar is; what a run does not reach in it is told as it ends.
        out: Where documents go, a line each; ``None``: standard output.
        workers: Who does the work; they must see the same files at the same paths.

    Raises:
        JournalError: A journal cannot be read.
        ConfigError: The configuration does not fit the journals.
    """
    days = workers.map(
        _replay_day, [path.resolve() for path in journals], (config, [path.resolve() for path in beside])
    )
    with lines_to(out) as lines:
        for day in days:
            for document in day.documents:
                lines.write(document)
    return ReplaySummary(
        records=sum(day.records for day in days), signals=sum(len(day.documents) for day in days), checkpoints=0
    )


def _replay_day(journal: Path, common: tuple[Config, Sequence[Path]]) -> _Day:
    config, beside = common
    records = 0
    documents: list[bytes] = []
    for replayed in replay_anew(config, [journal, *beside]):
        records += replayed.records
        documents += [encode_data(signal) for signal in signals([replayed])]
    return _Day(records, documents)
