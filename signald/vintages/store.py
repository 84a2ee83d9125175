"""The store: SQLite, one writer, any number of readers. Whatever is recorded twice is there once."""

import sqlite3
import threading
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, TypeAlias

from signald.errors import VintageError
from signald.model.macro import Indicator, IndicatorId, Release, ReleaseId, ScheduledRelease, SettledFigure
from signald.model.notices import Quarantined, Rejected, WindowChanged
from signald.model.time import NS_PER_S, Nanos
from signald.vintages.fold import Doubt, Vintage, Word, fold, settled
from signald.vintages.schema import SCHEMA, VERSION


class Faults(NamedTuple):
    """How often something was wrong with what an import was made of."""

    ts_known: Nanos
    counts: Mapping[str, int]


Entry: TypeAlias = ScheduledRelease | Release | WindowChanged | Quarantined | Rejected | Faults
"""What the store keeps; whatever else happens is no vintage."""

_PASSING: Final = frozenset({"closed", "rescheduled"})
"""Steps that are no state to be in: behind them stands how the release ended, or that it is scheduled."""

_LOOKED_BACK_NS: Final = 800 * 86_400 * NS_PER_S
"""No series has its periods farther apart than a year, and that of a year comes out within the next."""

_WORD: Final = """
INSERT OR IGNORE INTO word (family, release_id, indicator, period, source, sequence, ts_known, ts_event, kind,
 ts_scheduled, consensus, prior, consensus_low, consensus_high, consensus_std, consensus_n, actual, revised_prior)
VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
"""
_READ: Final = """
SELECT family, release_id, indicator, period, source, sequence, ts_known, kind, ts_scheduled, consensus, prior, actual,
 revised_prior FROM word WHERE ts_known BETWEEN ? AND ? ORDER BY ts_known, id
"""


class VintageStore(AbstractContextManager["VintageStore"]):
    """What was known when; any thread may write."""

    def __init__(self, path: Path | None, *, patience_s: float = 5.0) -> None:
        """Open or make the store.

        Args:
            path: Where it is; ``None``: one in memory.
            patience_s: How long to wait for another who writes it.

        Raises:
            VintageError: It cannot be opened, or is of a later version than ours.
        """
        self._lock = threading.Lock()
        self._where = str(path) if path is not None else ":memory:"
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self._where, check_same_thread=False, timeout=patience_s)
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise VintageError(self._where, str(error)) from error

    def record(self, entry: Entry) -> None:
        """Add one entry; raises ``VintageError``."""
        self.record_all((entry,))

    def record_all(self, entries: Iterable[Entry]) -> None:
        """Add entries, all of them or none.

        Raises:
            VintageError: They could not be written.
        """
        try:
            with self._lock, self._db:
                for entry in entries:
                    self._add(entry)
        except sqlite3.Error as error:
            raise VintageError(self._where, str(error)) from error

    def as_of(self, ts: Nanos, *, indicators: Mapping[IndicatorId, Indicator] | None = None) -> tuple[Vintage, ...]:
        """What was known of every release at ``ts``, by time and id; nothing that came later is seen.

        Args:
            ts: The moment; what became known at it is known.
            indicators: For each series' order of trust in its sources, and its plausible range.

        Raises:
            VintageError: The store cannot be read.
        """
        try:
            words, doubts, states = self._words(ts), self._doubts(ts), self._states(ts)
        except sqlite3.Error as error:
            raise VintageError(self._where, str(error)) from error
        return tuple(fold(words, states, doubts, indicators or {}))

    def settled(self, ts: Nanos, *, indicators: Mapping[IndicatorId, Indicator]) -> list[SettledFigure]:
        """The figures that the next release of each series needs for its prior, as known at ``ts``.

        Raises:
            VintageError: The store cannot be read.
        """
        try:
            words, doubts = self._words(ts, since=ts - _LOOKED_BACK_NS), self._doubts(ts)
        except sqlite3.Error as error:
            raise VintageError(self._where, str(error)) from error
        return settled(words, doubts, indicators)

    def faults(self, ts: Nanos) -> dict[str, int]:
        """How often something had been wrong by ``ts``, by kind; raises ``VintageError``."""
        sql = """
            SELECT kind, sum(n) FROM (
                SELECT kind, count AS n FROM fault WHERE ts_known <= :ts
                UNION ALL SELECT reason, 1 FROM doubt WHERE ts_known <= :ts
                UNION ALL SELECT state, 1 FROM step WHERE ts_known <= :ts AND state IN ('missed', 'retracted')
            ) GROUP BY kind ORDER BY kind
        """
        try:
            return dict(self._db.execute(sql, {"ts": ts}))
        except sqlite3.Error as error:
            raise VintageError(self._where, str(error)) from error

    def close(self) -> None:
        """Give the file back."""
        self._db.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _prepare(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise VintageError(self._where, f"is of version {version}, we know {VERSION}: use a newer signald")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")  # the journal is the record; this can be built of it anew
        self._db.executescript(SCHEMA)
        self._db.execute(f"PRAGMA user_version = {VERSION}")

    def _words(self, ts: Nanos, *, since: Nanos = 0) -> list[Word]:
        return [Word(*row) for row in self._db.execute(_READ, (since, ts))]

    def _doubts(self, ts: Nanos) -> list[Doubt]:
        sql = "SELECT release_id, source, actual, reason FROM doubt WHERE ts_known <= ?"
        return [Doubt(*row) for row in self._db.execute(sql, (ts,))]

    def _states(self, ts: Nanos) -> dict[ReleaseId, str]:
        sql = "SELECT release_id, state FROM step WHERE ts_known <= ? ORDER BY ts_known, rowid"
        return {release_id: state for release_id, state in self._db.execute(sql, (ts,)) if state not in _PASSING}

    def _add(self, entry: Entry) -> None:
        match entry:
            case ScheduledRelease():
                self._db.execute(_WORD, _schedule(entry))
            case Release():
                self._db.execute(_WORD, _release(entry))
            case WindowChanged():
                row = (entry.release_id, entry.ts_ingest, entry.state)
                self._db.execute("INSERT OR IGNORE INTO step VALUES (?,?,?)", row)
            case Quarantined():
                row = (entry.release_id, entry.source, entry.ts_ingest, entry.reason, entry.actual)
                self._db.execute("INSERT OR IGNORE INTO doubt VALUES (?,?,?,?,?)", row)
            case Rejected():
                self._fault(entry.ts_ingest, entry.reason, entry.channel, 1)
            case Faults():
                for kind, count in entry.counts.items():
                    self._fault(entry.ts_known, kind, "", count)

    def _fault(self, ts: Nanos, kind: str, place: str, count: int) -> None:
        self._db.execute("INSERT OR IGNORE INTO fault VALUES (?,?,?,?)", (ts, kind, place, count))


def _schedule(word: ScheduledRelease) -> tuple[object, ...]:
    return (
        *("schedule", word.release_id, word.indicator, word.period, word.source, word.sequence),
        *(word.ts_ingest, word.ts_event, word.state.value, word.ts_scheduled, word.consensus, word.prior),
        *(word.consensus_low, word.consensus_high, word.consensus_std, word.consensus_n, None, None),
    )


def _release(word: Release) -> tuple[object, ...]:
    indicator = word.release_id.partition(":")[0]
    return (
        *("release", word.release_id, indicator, "", word.source, word.sequence),
        *(word.ts_ingest, word.ts_event, word.kind.value, None, None, None),
        *(None, None, None, None, word.actual, word.revised_prior),
    )


def known_figures(path: Path, now: Nanos, indicators: Mapping[IndicatorId, Indicator]) -> list[SettledFigure]:
    """What :meth:`VintageStore.settled` says of the store at ``path``; nothing, and no store made, if there is none.

    Raises:
        VintageError: The store cannot be read.
    """
    if not path.is_file():
        return []
    with VintageStore(path, patience_s=1.0) as store:
        return store.settled(now, indicators=indicators)
