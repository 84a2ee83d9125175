"""Ticks that a compiled stride takes among its frames leave everything as those that are taken one by one."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

import signald.sources.venues.binance.run  # it compiles for half a minute, once: not within a test  # noqa: F401
from signald.core.board import Board
from signald.journal.session import Session, session_record
from signald.model.instruments import Instrument
from signald.model.records import Record, RecordKind
from signald.model.time import NS_PER_MS, NS_PER_S, Nanos
from signald.pipeline import Pipeline
from signald.replay.driver import Driver, replay
from signald.replay.feeding import Replayed
from signald.sources.calendars.mqtt.source import MqttCalendar
from signald.sources.registry import build_source, read_venue_config
from signald.sources.succession import build_succession
from signald.sources.venues.binance.config import snapshot_key
from signald.sources.venues.binance.source import BinanceSource
from tests.support.binance_wire import START, depth, snapshot, ticker
from tests.support.calendar import INDICATORS
from tests.support.engine import build_engine
from tests.support.instruments import BTCUSDT, KRAKEN_BTC
from tests.support.journals import write_journal

pytestmark = pytest.mark.timeout(120)  # a few minutes of a market, on a machine that may be busy

STALE_MS = 1_000
PAUSES_MS = (100, 100, 100, 100, 100, 100, 100, 100, 350, 700, 1_500, 4_000, 25_000, -300)
"""Between frames: most come in time, some after their book was doubted, once in a while the clock is set back."""


def market(seed: int, count: int, *, lag_grows: bool = False) -> Iterator[Record]:
    """Frames of one book and its ticker."""
    draw = random.Random(seed)
    yield Record(RecordKind.CONNECTED, START, "binance", "", b"")
    yield Record(RecordKind.RESPONSE, START + 1, "binance", snapshot_key("BTCUSDT"), snapshot(100))
    now, last, tick = START + 2, 100, 0
    for _ in range(count):
        now += draw.choice(PAUSES_MS) * NS_PER_MS
        lag_ms = draw.randrange(5) + (4 * (last - 100) if lag_grows else 0)
        if draw.random() < 0.4:
            tick = draw.randrange(-20, 20)
            frame = ticker(last + draw.randrange(2), f"{61800 + tick}.00", f"{61800 + tick}.01")
        else:
            repeated = draw.random() < 0.1
            last += not repeated
            bids = ((f"{61790 + draw.randrange(10)}.00", f"{draw.randrange(1, 9)}"),)
            frame = depth(last, last, bids, E=now // NS_PER_MS - lag_ms)
        yield Record(RecordKind.FRAME, now, "binance", "", frame)


def written(path: Path, records: Sequence[Record]) -> Path:
    session = Session(mode="import", instruments=(BTCUSDT.id,), channels={"binance": (BTCUSDT.id,)})
    return write_journal(path, [session_record(session, START), *records])


def pipeline(*instruments: Instrument, lifetime_s: int = 0) -> Pipeline:
    """The books of BTCUSDT, with a board of all ``instruments``; with ``lifetime_s`` they succeed each other."""
    names = [instrument.id for instrument in instruments]
    board = Board(names)
    table = {"name": "binance", "instruments": [BTCUSDT.id], "stale_after_ms": STALE_MS, "refresh_every_s": 90}
    if lifetime_s:
        venue = read_venue_config(table | {"reconnect_after_s": lifetime_s}, where="test")
        venues: dict[str, Any] = dict(build_succession(venue, instruments, board, channel="binance").lanes)
    else:
        venues = {"binance": build_source(read_venue_config(table, where="test"), instruments, board)}
    return Pipeline(engine=build_engine(), board=board, venues=venues, calendar=MqttCalendar(INDICATORS))


def one_by_one(records: Sequence[Record], built: Pipeline) -> list[Replayed]:
    session = Session(mode="import", instruments=(BTCUSDT.id,))
    driver = Driver([session], lambda: built)
    return [each for record in records for each in driver.feed(record, 0)]


def state(built: Pipeline) -> tuple[object, ...]:
    """All that a later tick depends on."""
    lane: Any = built.venues["binance"]
    source = cast("BinanceSource", getattr(lane, "source", lane))
    upkeep, refreshes = source._upkeep, source._refreshes  # noqa: SLF001
    judge = upkeep._judge  # noqa: SLF001
    return (
        built.board.read().tobytes(),
        upkeep.deadline,
        judge._seen,  # noqa: SLF001
        judge._least_lag,  # noqa: SLF001
        [sync.staleness for sync in upkeep.syncs],
        (refreshes._due, refreshes._begun, refreshes._pause),  # noqa: SLF001
        built.next_deadline("binance"),
        source.counts,
    )


def said(replayed: Sequence[Replayed]) -> list[object]:
    return [output for each in replayed for output in each.fed.outputs]


def ticks(replayed: Sequence[Replayed]) -> int:
    return sum(each.records for each in replayed if each.record.kind is RecordKind.TICK)


@pytest.mark.parametrize("lag_grows", [False, True])
@pytest.mark.parametrize("lifetime_s", [0, 40])
@pytest.mark.parametrize("others", [(), (KRAKEN_BTC,)])
@pytest.mark.parametrize("seed", range(2))
def test_a_stride_leaves_what_its_frames_and_ticks_leave_one_by_one(
    tmp_path: Path, *, seed: int, others: Sequence[Instrument], lifetime_s: int, lag_grows: bool
) -> None:
    records = list(market(seed, 300, lag_grows=lag_grows))
    apart, together = (pipeline(BTCUSDT, *others, lifetime_s=lifetime_s) for _ in range(2))

    expected = one_by_one(records, apart)
    strided = list(replay([written(tmp_path, records)], lambda: together))

    assert said(strided) == said(expected)
    assert state(together) == state(apart)
    assert sum(each.records for each in strided) == sum(each.records for each in expected) + 1  # the session
    assert ticks(strided) == ticks(expected) > 50


def test_most_ticks_of_a_market_that_moves_are_taken_within_strides(tmp_path: Path) -> None:
    now: Nanos = START + 2
    records = list(market(0, 0))
    for number in range(1_000):
        now += NS_PER_S // 10
        records.append(
            Record(RecordKind.FRAME, now, "binance", "", depth(101 + number, 101 + number, E=now // NS_PER_MS))
        )

    strided = list(replay([written(tmp_path, records)], lambda: pipeline(BTCUSDT)))

    assert ticks(strided) > 150
    assert len(strided) < 30
