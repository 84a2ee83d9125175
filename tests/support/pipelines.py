"""A real engine behind a venue whose frames are bare bids, and a shell that records what a live run would."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from signald.core.board import Board
from signald.core.engine import Engine
from signald.core.kernels.publish import publish
from signald.core.kernels.rows import (
    APPLIED,
    ASK,
    BID,
    MICROPRICE,
    MID,
    SEQUENCE,
    STATE,
    STATE_DISCONNECTED,
    STATE_LIVE,
    TS_INGEST,
)
from signald.journal.session import Session, session_record
from signald.journal.writer import JournalWriter
from signald.model.notices import BookStale
from signald.model.records import Record, RecordKind
from signald.model.signals import Signal
from signald.model.time import NS_PER_S, Nanos
from signald.pipeline import Fed, Pipeline
from signald.sinks.encoding import encode_data
from signald.sources.calendars.mqtt.source import MqttCalendar
from signald.sources.frames import Frames, take_each
from signald.sources.protocol import EMPTY, Among, Step, Taken
from tests.support.calendar import INDICATORS
from tests.support.engine import INSTRUMENTS, build_engine
from tests.support.rows import live_rows

STALE_NS = 5 * NS_PER_S
NAMES = tuple(instrument.id for instrument in INSTRUMENTS)


class BidVenue:
    """A frame is a bid as decimal text, of every instrument; asks are 0.1 above. Five seconds of silence are stale."""

    def __init__(self, board: Board) -> None:
        self.instruments = board.instruments[: board.written]
        self.counts: dict[str, int] = {}
        self._cells = [board.writer_row(number) for number in range(board.written)]
        self._row = np.frombuffer(bytearray(live_rows(1).tobytes()), dtype=np.int64)
        self._deadline: Nanos | None = None

    @property
    def url_path(self) -> str:
        return "/bids"

    def on_connected(self, now: Nanos) -> Step:
        return self._show(STATE_LIVE, now)

    def on_frame(self, frame: bytes, now: Nanos) -> Step:
        bid = float(frame)
        reals = self._row.view(np.float64)
        reals[[BID, ASK, MID, MICROPRICE]] = bid, bid + 0.1, bid + 0.05, bid + 0.04
        self._row[APPLIED] += 1
        self._row[SEQUENCE] += 2
        return self._show(STATE_LIVE, now)

    def on_frames(self, frames: Frames, number: int, first: int, last: int, among: Among | None = None) -> Taken:
        del among
        return take_each(self, frames, number, first, last)

    def on_response(self, tag: str, body: bytes, now: Nanos) -> Step:
        return self.on_frame(body, now) if tag == "bid" else EMPTY

    def on_disconnected(self, now: Nanos) -> Step:
        return self._show(STATE_DISCONNECTED, now)

    def advance(self, now: Nanos) -> Step:
        if self._deadline is None or now < self._deadline:
            return EMPTY
        self._deadline = None
        name = self.instruments[0]
        return Step((BookStale(channel="bids", instrument=name, age_ms=STALE_NS / 1e6, ts_ingest=now),))

    def next_deadline(self) -> Nanos | None:
        return self._deadline

    def _show(self, state: int, now: Nanos) -> Step:
        self._row[STATE] = state
        self._row[TS_INGEST] = now
        for cell in self._cells:
            publish(cell, self._row)
        self._deadline = now + STALE_NS
        return EMPTY


def build_pipeline(engine: Engine | None = None, board: Board | None = None) -> Pipeline:
    """A pipeline that knows nothing yet: the channel ``bids``, the calendar of :mod:`tests.support.calendar`."""
    board = board or Board(NAMES)
    return Pipeline(
        engine=engine or build_engine(),
        board=board,
        venues={"bids": BidVenue(board)},
        calendar=MqttCalendar(INDICATORS),
    )


class LiveRun:
    """Records a run as the live shell does: rows before what sees them, outputs behind what caused them."""

    def __init__(self, path: Path, build: Callable[[], Pipeline] = build_pipeline) -> None:
        self.writer = JournalWriter(path)
        self.build = build
        self.pipeline = build()
        self.published: list[bytes] = []

    def begin(self, now: Nanos, *, recovered_from: Nanos | None = None) -> None:
        model_id = self.pipeline.engine.parameters.id
        session = Session(
            mode="live",
            instruments=self.pipeline.board.instruments,
            model_id=model_id,
            recovered_from=recovered_from,
        )
        self.writer.append(session_record(session, now))

    def take(self, kind: RecordKind, now: Nanos, *, channel: str = "", key: str = "", payload: bytes = b"") -> Fed:
        if kind is RecordKind.MESSAGE or (kind is RecordKind.TICK and not key):
            rows = Record(RecordKind.ROWS, now, "", "", self.pipeline.board.read().tobytes())
            self.writer.append(rows)
            self.pipeline.feed(rows)
        record = Record(kind, now, channel, key, payload)
        self.writer.append(record)
        fed = self.pipeline.feed(record)
        self.say(fed.outputs, now)
        return fed

    def say(self, outputs: Iterable[object], now: Nanos) -> None:
        """Put the documents among ``outputs`` on record: an arrival's or, behind a session, those left unsaid."""
        for output in outputs:
            if isinstance(output, Signal):
                self.published.append(encode_data(output))
                self.writer.append(Record(RecordKind.SIGNAL, now, "", output.id, self.published[-1]))
        self.writer.flush()

    def tick(self, now: Nanos) -> None:
        """Let all that is due by ``now`` happen, a little late, as timers are."""
        while (due := _earliest(self.pipeline)) is not None and due[0] <= now:
            self.take(RecordKind.TICK, min(due[0] + 900_000, now), key=due[1])

    def restart(self, now: Nanos) -> None:
        """Go on as a new process on the same journal."""
        self.pipeline = self.build()
        self.begin(now)


def frames(start: Nanos, end: Nanos, *, every: Nanos, bid: float) -> Iterator[Record]:
    """Bids that rise by 0.01, from ``start`` until before ``end``."""
    for number, ts in enumerate(range(start, end, every)):
        yield Record(RecordKind.FRAME, ts, "bids", "", b"%.2f" % (bid + 0.01 * number))


def _earliest(pipeline: Pipeline) -> tuple[Nanos, str] | None:
    deadlines = [(pipeline.next_deadline(channel), channel) for channel in ("bids", "")]
    return min(((ts, channel) for ts, channel in deadlines if ts is not None), default=None)
