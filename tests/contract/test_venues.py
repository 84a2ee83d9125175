"""The contract that the source of every venue signs, see docs/howto/add-a-venue.md."""

import gc
import tracemalloc
from collections.abc import Callable, Sequence
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signald.core.board import Board, BoardRows
from signald.core.kernels.rows import STATE_DISCONNECTED, STATE_GAP, STATE_LIVE, STATE_SYNCING
from signald.model.notices import BookGap, BookLive
from signald.model.time import NS_PER_S
from signald.sources.protocol import EMPTY, Step, VenueSource
from signald.sources.registry import CCXT_IDS, FOLDERS, build_source, channels_of, read_venue_config
from tests.support.frame_mutations import Mutations
from tests.support.venue_specimens import SPECIMENS, Arrival, Specimen

COMPILED = [import_module(f"signald.sources.venues.{name}.source") for name in FOLDERS]
"""Before any test begins: to compile takes longer than a test may."""
NOW = 1_739_367_001 * NS_PER_S


class Run:
    """One source, from its building on."""

    def __init__(self, venue: str) -> None:
        self.specimen: Specimen = SPECIMENS[venue]()
        names = [instrument.id for instrument in self.specimen.instruments]
        self._board = Board(names)
        config = read_venue_config({"name": venue, "instruments": names}, where="contract")
        self.source: VenueSource = build_source(config, self.specimen.instruments, self._board)
        self.now = NOW
        self.said: list[object] = []
        self.reconnects: list[str] = []

    @property
    def rows(self) -> BoardRows:
        return self._board.read()

    def feed(self, arrivals: Sequence[Arrival]) -> Step:
        """Let some arrive, a millisecond apart; what followed from the last."""
        step = EMPTY
        for body, tag in arrivals:
            self.now += 1_000_000
            step = self.source.on_response(tag, body, self.now) if tag else self.source.on_frame(body, self.now)
            self.said += step.events
        return step

    def go_live(self) -> None:
        """Connect, and let the recording arrive as far as its snapshot."""
        self.source.on_connected(self.now)
        self.feed(self.specimen.snapshot)


@pytest.fixture(params=SPECIMENS)
def run(request: pytest.FixtureRequest) -> Run:
    return Run(request.param)


def test_every_venue_of_the_registry_has_a_recording() -> None:
    assert set(SPECIMENS) == {*CCXT_IDS, "ccxt:bitstamp", "pools"}


def test_1_connecting_asks_for_all_it_needs(run: Run) -> None:
    step = run.source.on_connected(run.now)

    asked = run.source.url_path.upper().encode() + b"".join(step.frames)
    requested = [request.path for request in step.requests]
    for _ in run.specimen.instruments[1:]:  # not all may be asked for at once
        run.now = max(run.now, run.source.next_deadline() or 0)
        asked += b"".join(run.source.advance(run.now).frames)
    for instrument in run.specimen.instruments:
        assert instrument.venue_symbol.encode() in asked
    assert len(requested) in {0, len(run.specimen.instruments)}
    assert set(run.rows["state"].tolist()) == {STATE_SYNCING}


def test_2_a_snapshot_gives_a_two_sided_uncrossed_book(run: Run) -> None:
    run.go_live()

    row = run.rows[0]
    assert [type(each) for each in run.said] == [BookLive]
    assert (row["state"], row["flags"]) == (STATE_LIVE, run.specimen.flags)
    assert row["bid"] < row["microprice"] < row["ask"]


def test_3_deltas_apply_in_sequence(run: Run) -> None:
    run.go_live()

    run.feed(run.specimen.deltas)

    row = run.rows[0]
    assert (row["bid"], row["ask"], row["applied"]) == (99.9, 100.1, run.specimen.applied)
    assert [type(each) for each in run.said] == [BookLive]


def test_4_a_gap_is_seen_said_and_cured(run: Run) -> None:
    if not run.specimen.gap:
        pytest.skip("each push is a whole book, and nothing tells that one is missing: see the venue's folder")
    run.go_live()

    lost = run.feed(run.specimen.deltas[-1:])
    asked = lost if lost.requests else run.source.advance(run.source.next_deadline() or 0)
    state = int(run.rows[0]["state"])
    run.feed(run.specimen.cure)

    gaps = [each for each in run.said if isinstance(each, BookGap)]
    assert [(gap.reason, gap.instrument) for gap in gaps] == [(run.specimen.gap, run.specimen.instruments[0].id)]
    assert state == STATE_GAP
    assert asked.frames or asked.requests
    assert isinstance(run.said[-1], BookLive)
    assert (run.rows[0]["bid"], run.rows[0]["ask"], run.rows[0]["state"]) == (99.9, 100.1, STATE_LIVE)


def test_5_reconnecting_forgets(run: Run) -> None:
    run.go_live()

    lost = run.source.on_disconnected(run.now)
    disconnected = run.rows["state"].tolist()
    run.source.on_connected(run.now)
    connected = run.rows["state"].tolist()
    run.feed(run.specimen.deltas)

    assert [type(each) for each in lost.events] == [BookGap]
    assert disconnected == [STATE_DISCONNECTED] * 2
    assert connected == [STATE_SYNCING] * 2
    if run.specimen.gap:  # else each frame is a whole book
        assert run.rows["state"].tolist() == [STATE_SYNCING] * 2
        assert [type(each) for each in run.said] == [BookLive]


def test_6_heartbeats_are_sent_and_their_answers_awaited(run: Run) -> None:
    if not run.specimen.ping:
        pytest.skip("the venue pings us, and the websocket's own layer answers: see the venue's folder")
    run.source.on_connected(run.now)

    answered = [_ping(run) for _ in range(3) if not run.feed([Arrival(run.specimen.pong)]).reconnect]
    unanswered = _ping(run)
    due = run.source.next_deadline()
    assert due is not None

    assert [run.specimen.ping in step.frames for step in [*answered, unanswered]] == [True] * 4
    assert run.source.advance(due).reconnect == "no answer to a ping"
    assert due - NOW < 120 * NS_PER_S


def _ping(run: Run) -> Step:
    """Let time go on to the next ping; nothing else may be asked to be made anew meanwhile."""
    for _ in range(100):
        due = run.source.next_deadline()
        assert due is not None
        run.now = max(run.now, due)
        step = run.source.advance(run.now)
        if run.specimen.ping in step.frames:
            return step
    pytest.fail("no ping is ever sent")


@pytest.mark.parametrize("venue", SPECIMENS)
@settings(max_examples=200, deadline=None)
@given(frame=st.binary(max_size=200), seed=st.integers(0, 2**32), number=st.integers(0, 2))
def test_7_any_bytes_give_a_step_and_nothing_else(venue: str, frame: bytes, seed: int, number: int) -> None:
    run = RUNS.setdefault(venue, Run(venue))
    run.source.on_connected(run.now)
    run.feed(run.specimen.snapshot)
    known = [*run.specimen.snapshot, *run.specimen.deltas][number].body

    step = run.feed([Arrival(frame), Arrival(Mutations(seed).mutated(known))])

    assert isinstance(step, Step)


RUNS: dict[str, Run] = {}


def test_8_unknown_kinds_are_counted_not_fatal(run: Run) -> None:
    run.go_live()

    steps = [run.feed([Arrival(frame)]) for frame in run.specimen.unknown]

    assert steps == [EMPTY] * len(run.specimen.unknown)
    assert run.source.counts["other_kind"] == len(run.specimen.unknown)  # pyright: ignore[reportAttributeAccessIssue]
    assert run.rows[0]["state"] == STATE_LIVE


def test_9_the_events_time_is_utc_in_nanoseconds(run: Run) -> None:
    run.go_live()

    run.feed(run.specimen.deltas)

    assert run.rows[0]["ts_event"] == run.specimen.ts_event


def test_10_symbols_survive_the_round_trip(run: Run) -> None:
    run.go_live()

    assert run.source.instruments == tuple(instrument.id for instrument in run.specimen.instruments)
    assert run.rows["state"].tolist() == [STATE_LIVE, STATE_SYNCING]
    assert [each.instrument for each in run.said if isinstance(each, BookLive)] == [run.specimen.instruments[0].id]


def test_a_book_of_which_nothing_comes_any_more_is_asked_for_anew(run: Run) -> None:
    if any(each.tag for each in run.specimen.snapshot):
        pytest.skip("snapshots are requested, and what a request costs is bounded: none is made for silence")
    run.go_live()

    silent = _let_time_go_on(run, 200, lambda: run.rows[0]["state"] != STATE_LIVE)
    run.feed([*run.specimen.deltas, *run.specimen.cure])

    gaps = [each for each in run.said if isinstance(each, BookGap)]
    assert [(gap.reason, gap.instrument) for gap in gaps] == [("stale", run.specimen.instruments[0].id)]
    assert 60 <= silent <= 90
    assert run.rows[0]["state"] == STATE_LIVE


def test_a_time_in_which_nobody_looked_is_no_books_silence(run: Run) -> None:
    if any(each.tag for each in run.specimen.snapshot):
        pytest.skip("snapshots are requested, and what a request costs is bounded: none is made for silence")
    run.go_live()
    _let_time_go_on(run, 30, lambda: False)  # long enough to be in doubt

    run.now += 3_600 * NS_PER_S
    run.said += run.source.advance(run.now).events

    assert run.rows[0]["state"] == STATE_LIVE
    assert not [each for each in run.said if isinstance(each, BookGap)]


def test_a_book_that_is_quiet_for_hours_is_asked_for_ever_later(run: Run) -> None:
    if any(each.tag for each in run.specimen.snapshot):
        pytest.skip("snapshots are requested, and what a request costs is bounded: none is made for silence")
    if run.specimen.instruments[0].venue in {"coinbase", "dydx"}:
        pytest.skip("a connection's frames are counted: the same snapshot cannot come twice")
    run.go_live()

    waits: list[float] = []
    for _ in range(3):
        waits.append(_let_time_go_on(run, 1_000, lambda: run.rows[0]["state"] != STATE_LIVE))
        run.feed(run.specimen.cure)

    assert run.rows[0]["state"] == STATE_LIVE
    assert [round(wait / 60) for wait in waits] == [1, 2, 4]


def test_a_connection_on_which_no_book_comes_is_made_anew(run: Run) -> None:
    if any(each.tag for each in run.specimen.snapshot):
        pytest.skip("snapshots are requested, and do not come on the connection")
    run.source.on_connected(run.now)

    after = _let_time_go_on(run, 200, lambda: "its books do not come" in run.reconnects)

    assert 100 <= after <= 150


def _let_time_go_on(run: Run, seconds: int, until: Callable[[], bool]) -> float:
    """Do whatever is due, pings answered, until something is so; after how many seconds that was."""
    began = run.now
    while run.now < began + seconds * NS_PER_S and not until():
        due = run.source.next_deadline()
        assert due is not None
        run.now = max(run.now, due)
        step = run.source.advance(run.now)
        run.said += step.events
        run.reconnects.append(step.reconnect)
        if run.specimen.ping and run.specimen.ping in step.frames:
            run.feed([Arrival(run.specimen.pong)])
    return (run.now - began) / NS_PER_S


def test_every_table_of_a_venue_has_a_connection_of_its_own() -> None:
    table = {"name": "okx", "instruments": ["BTC-USDT.OKX"]}
    tables = [table, {"name": "binance", "instruments": ["BTCUSDT.BINANCE"]}, table]

    names = channels_of([read_venue_config(each, where="contract") for each in tables])

    assert names == ("okx", "binance", "okx.2")


@pytest.mark.timeout(60)
def test_resyncs_leave_memory_flat(run: Run) -> None:
    ours = [
        tracemalloc.Filter(inclusive=True, filename_pattern="*/signald/*")
    ]  # and not what other threads of pytest take

    def lose_and_cure(times: int) -> int:
        for _ in range(times):
            run.go_live()
            lost = run.feed(run.specimen.deltas[-1:])
            due = run.source.next_deadline()
            run.now = max(run.now, *(request.not_before for request in lost.requests), due or 0)
            run.source.advance(run.now)
            run.feed(run.specimen.cure)
            run.source.on_disconnected(run.now)
            run.said.clear()
            run.now += 120 * NS_PER_S
        gc.collect()
        return sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces(ours).traces)

    tracemalloc.start()
    try:
        before = lose_and_cure(120)
        after = lose_and_cure(300)
    finally:
        tracemalloc.stop()

    assert (after - before) / 300 < 40, "bytes for each, while a frame that was kept would take hundreds"
