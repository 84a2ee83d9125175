"""Does a journal replay to what its run published? Finds the first place where it does not.

Two things are compared. Every document on record must come out of the replay to the byte, in its place. And the board
rows on record must be what its frames rebuild, so that the rows the documents rest on are themselves proven.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, cast

import msgspec

from signald.core.board import BoardRows, rows_from_bytes
from signald.errors import UNREADABLE
from signald.journal.format import KIND_LOST, KIND_SEAL
from signald.journal.reader import merge_placed, stored_records
from signald.model.instruments import InstrumentId
from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.model.time import format_rfc3339
from signald.replay.driver import BuildPipeline, Driver, FindModel, RebuildPipeline, first_session, signals
from signald.replay.sightings import Sightings, Sought
from signald.sinks.encoding import encode_data


class Difference(NamedTuple):
    """The first place where replay and record part.

    Attributes:
        what: ``document``: its bytes differ; ``missing``: replay makes one that is not on record; ``surplus``: replay
            does not make one that is on record; ``rows``: the frames rebuild another row.
        where: Time, and document or instrument and field.
        expected: What is on record, ``""`` for nothing.
        actual: What replay makes of it.
    """

    what: Literal["document", "missing", "surplus", "rows"]
    where: str
    expected: str
    actual: str


class Comparison(NamedTuple):
    """What a comparison saw, up to the first difference or to the end.

    Attributes:
        documents: Documents that are the same.
        rows: Board rows that the frames rebuild to the byte.
        rows_elsewhere: Board rows that nobody kept, or whose book was at another frame; only where ``exact_rows`` is
            off.
        unfinished: Documents that were due when a run was cut off, and are not on record.
        lost: Records the journal says it could not keep; rows are not compared after them.
        difference: ``None`` if there is none.
    """

    documents: int
    rows: int
    rows_elsewhere: int
    unfinished: int
    lost: int
    difference: Difference | None


def compare(
    paths: Sequence[Path],
    build: BuildPipeline,
    *,
    find_model: FindModel = lambda _: None,
    rebuild: RebuildPipeline | None = None,
    exact_rows: bool = True,
) -> Comparison:
    """Replay the journals of one run and compare.

    Args:
        paths: The journals, as for :func:`signald.replay.driver.replay`.
        build: Makes the pipeline of the run.
        find_model: As for that.
        rebuild: As for that.
        exact_rows: Frames and rows are in the order in which they were seen, so every row must be rebuilt exactly.
            Off, for journals of several processes: as :mod:`signald.replay.sightings` has it.

    Raises:
        JournalError: A journal cannot be read.
        ConfigError: The pipeline is not for what is in the journals.
    """
    return _Comparer(paths, build, find_model=find_model, rebuild=rebuild, exact_rows=exact_rows).run()


class _Comparer:
    def __init__(
        self,
        paths: Sequence[Path],
        build: BuildPipeline,
        *,
        find_model: FindModel,
        rebuild: RebuildPipeline | None,
        exact_rows: bool,
    ) -> None:
        self._documents = self._rows = self._unfinished = self._lost = 0
        opened = [first_session(self._records(path), path) for path in paths]
        self._driver = Driver([session for session, _ in opened], build, find_model=find_model, rebuild=rebuild)
        self._is_feed = [session.mode == "feed" for session, _ in opened]
        self._records_placed = merge_placed(records for _, records in opened)
        self._sightings = None if exact_rows else Sightings()
        self._due: deque[Signal] = deque()

    def run(self) -> Comparison:
        difference: Difference | None = None
        for _, place, record in self._records_placed:
            difference = self._step(record, place)
            if difference is not None:
                break
        else:
            self._unfinished += len(self._due)
            if self._sightings is not None:
                difference = self._never_seen(self._sightings.end(), self._driver.pipeline.board.instruments)
        seen = self._sightings
        return Comparison(
            documents=self._documents,
            rows=self._rows + (0 if seen is None else seen.found),
            rows_elsewhere=0 if seen is None else seen.elsewhere,
            unfinished=self._unfinished,
            lost=self._lost,
            difference=difference,
        )

    def _records(self, path: Path) -> Iterator[Record]:
        for stored in stored_records(path):
            if stored.kind == KIND_LOST:
                self._lost += stored.lost().records
            elif stored.kind != KIND_SEAL:
                yield stored.record()

    def _step(self, record: Record, place: int) -> Difference | None:
        kind = record.kind
        if kind is RecordKind.NOTICE:
            return None
        if kind is RecordKind.SIGNAL:
            deque(self._driver.feed(record, place), maxlen=0)  # nothing follows, but it is on record
            return self._document(record)
        is_feed = self._is_feed[place]
        cut_off = [*self._due] if kind is RecordKind.SESSION and not is_feed else []
        if cut_off:  # the restart says them, in its own words
            self._due.clear()
        if self._due and not is_feed:
            signal = self._due[0]
            return Difference("missing", _where(record, signal.id), "", encode_data(signal).decode())
        if kind is RecordKind.ROWS and not self._lost:
            difference = self._compare_rows(record)
            if difference is not None:
                return difference
        before = self._driver.pipeline.board.instruments
        self._due.extend(signals(self._driver.feed(record, place)))
        self._unfinished += len({one.id for one in cut_off} - {one.id for one in self._due})
        if self._sightings is not None and self._driver.pipeline.board.instruments != before:
            return self._never_seen(self._sightings.begin_anew(), before)
        if self._sightings is not None and kind is not RecordKind.ROWS and not self._lost:
            board = self._driver.pipeline.board
            return self._never_seen(self._sightings.rebuilt(board.read(), record.ts_ingest), board.instruments)
        return None

    def _document(self, record: Record) -> Difference | None:
        if not self._due:
            return Difference("surplus", _where(record, record.key), _text(record.payload), "")
        data = encode_data(self._due.popleft())
        if data != record.payload:
            path, expected, actual = _first_member(record.payload, data)
            return Difference("document", _where(record, f"{record.key} {path}".rstrip()), expected, actual)
        self._documents += 1
        return None

    def _compare_rows(self, record: Record) -> Difference | None:
        board = self._driver.pipeline.board
        recorded = rows_from_bytes(record.payload)
        if self._sightings is None:
            rebuilt, first = board.read(), 0
        else:  # each row may be of another moment: composite ones are proven by the others as they stand on record
            self._sightings.recorded(record, recorded[: board.written])
            rebuilt, first = board.recompose(recorded), board.written
        for index, instrument in enumerate(board.instruments[first:], start=first):
            if recorded[index].tobytes() != rebuilt[index].tobytes():
                return _differing(record, instrument, (recorded, rebuilt), index)
            self._rows += 1
        return None

    def _never_seen(self, sought: Sought | None, instruments: Sequence[InstrumentId]) -> Difference | None:
        """A row that its frames do not rebuild, though they rebuild one after the same frames."""
        if sought is None or sought.near is None:
            return None
        recorded = rows_from_bytes(sought.record.payload)
        return _differing(sought.record, instruments[sought.number], (recorded, sought.near), sought.number)


def _differing(record: Record, instrument: str, rows: tuple[BoardRows, BoardRows], index: int) -> Difference:
    name, expected, actual = _first_field(*rows, index)
    return Difference("rows", _where(record, f"{instrument} {name}"), expected, actual)


def _first_field(recorded: BoardRows, rebuilt: BoardRows, index: int) -> tuple[str, str, str]:
    """Name and both values of the first field that differs, by its bytes: NaN is equal to itself here."""
    for name in recorded.dtype.names or ():
        expected, actual = recorded[name][index], rebuilt[name][index]
        if expected.tobytes() != actual.tobytes():
            return name, str(expected), str(actual)
    return "unnamed words", "", ""


def _first_member(expected: bytes, actual: bytes) -> tuple[str, str, str]:
    """Path and both values of the first member that differs; the whole documents where they are not both JSON."""
    try:
        path, ours, theirs = _descend("", msgspec.json.decode(expected), msgspec.json.decode(actual))
    except UNREADABLE:
        return "", _text(expected), _text(actual)
    return path, _text(msgspec.json.encode(ours)), _text(msgspec.json.encode(theirs))


def _descend(path: str, expected: object, actual: object) -> tuple[str, object, object]:
    ours, theirs = _members(expected), _members(actual)
    if type(expected) is type(actual):
        for name in ours | theirs:
            if ours.get(name) != theirs.get(name):
                return _descend(f"{path}.{name}" if path else name, ours.get(name), theirs.get(name))
    return path, expected, actual


def _members(value: object) -> dict[str, object]:
    """What stands in an object or an array, by name or place; nothing in anything else."""
    if isinstance(value, dict):
        return cast("dict[str, object]", value)
    if isinstance(value, list):
        return {str(place): one for place, one in enumerate(cast("list[object]", value))}
    return {}


def _where(record: Record, what: str) -> str:
    return f"{format_rfc3339(record.ts_ingest)} {what}"


def _text(data: bytes) -> str:
    return data.decode(errors="replace")
