import json
from typing import Any

import msgspec
import pytest

from signald.core.board import Board
from signald.core.composite import Composites
from signald.core.kernels.rows import FLAG_STALE, FLAG_UNSEQUENCED, FLAG_UNSUMMED, STATE_GAP, STATE_LIVE
from signald.core.scoring import book_view
from signald.errors import ConfigError
from signald.model.instruments import DECENTRALISED
from signald.model.notices import BookGap, BookLive, BookStale, Rejected
from signald.model.time import NS_PER_S
from signald.sources.inband import InBandSource
from signald.sources.registry import build_source, ccxt_id, read_venue_config, way_of
from signald.sources.venues.pools.source import build
from tests.support.instruments import BITSTAMP_ETH, COINBASE_ETH
from tests.support.pools import POOL, TOPIC, frame, reserves_state, ticks_state

BLOCK_AT = 1_739_367_011 * NS_PER_S
NOW = BLOCK_AT + 2 * NS_PER_S
BLOCK = 21_000_000


class Run:
    """One source, connected."""

    def __init__(self, **settings: object) -> None:
        self.board = Board([POOL.id], slippage_usd=(100_000.0,))
        table = {"name": "pools", "instruments": [POOL.id], **settings}
        source = build_source(read_venue_config(table, where="test"), [POOL], self.board)
        assert isinstance(source, InBandSource)
        self.source = source
        self.asked = [json.loads(each) for each in source.on_connected(NOW).frames]
        self.said: list[object] = []

    def feed(self, *states: dict[str, Any], now: int = NOW) -> None:
        for each in states:
            self.said += self.source.on_frame(frame(each), now).events

    @property
    def row(self) -> Any:  # noqa: ANN401 - a row of numpy's
        return self.board.read()[0]


def test_pools_are_asked_for_by_chain_and_address() -> None:
    assert Run().asked == [{"watch": [TOPIC]}]


@pytest.mark.parametrize("state", [reserves_state(fee_ppm=500), ticks_state()])
def test_a_state_becomes_a_book_around_the_pools_price(state: dict[str, Any]) -> None:
    run = Run()

    run.feed(state)

    assert [type(each) for each in run.said] == [BookLive]
    assert run.row["state"] == STATE_LIVE
    assert run.row["flags"] == FLAG_UNSEQUENCED | FLAG_UNSUMMED
    assert abs(run.row["mid"] / 3_000 - 1) < 1e-4
    assert abs(run.row["spread_bps"] - 11) < 0.1  # twice the fee, and a step
    assert run.row["ask_depth_25"] > run.row["ask_depth_10"] > 0
    assert run.row["ask_slippage_1"] > 0


def test_a_book_is_as_old_as_its_block() -> None:
    run = Run()

    run.feed(reserves_state())

    view = book_view(run.row.item(), NOW)
    assert (run.row["ts_event"], run.row["ts_ingest"], run.row["sequence"]) == (BLOCK_AT, BLOCK_AT, BLOCK)
    assert view is not None
    assert view.age_ms == 2_000


def test_a_block_that_is_ahead_of_our_clock_is_as_old_as_its_arrival() -> None:
    run = Run()

    run.feed(reserves_state(), now=BLOCK_AT - NS_PER_S)

    assert run.row["ts_ingest"] == BLOCK_AT - NS_PER_S


def test_depth_is_that_of_each_block_though_blocks_share_a_second() -> None:
    run = Run()
    run.feed(reserves_state())
    before = float(run.row["ask_depth_25"]), float(run.row["ask_size"])

    run.feed(reserves_state(block=BLOCK + 1, fee_ppm=500))
    thin = reserves_state(block=BLOCK + 2, fee_ppm=500, reserves=["30000000000000", "10000000000000000000000"])
    thick = float(run.row["ask_depth_25"])
    run.feed(thin)

    assert before[0] == 0.0  # the fee alone is more than 25 bps
    assert run.row["ask_depth_25"] == pytest.approx(thick / 2, rel=1e-3)


def test_a_lower_block_is_said_and_counts_at_once() -> None:
    run = Run()
    run.feed(reserves_state())

    run.feed(reserves_state(block=BLOCK - 1, reserves=["59000000000000", "20000000000000000000000"]))
    asked = run.source.advance(run.source.next_deadline() or 0).frames
    run.feed(reserves_state(block=BLOCK))

    gap = run.said[1]
    assert isinstance(gap, BookGap)
    assert (gap.reason, gap.expected, gap.received) == ("sequence", BLOCK + 1, BLOCK - 1)
    assert [type(each) for each in run.said] == [BookLive, BookGap, BookLive]
    assert asked == ()
    assert (run.row["state"], run.row["sequence"]) == (STATE_LIVE, BLOCK)


def test_a_lower_block_takes_the_place_of_a_higher_one() -> None:
    run = Run()
    run.feed(reserves_state())

    run.feed(reserves_state(block=BLOCK - 1, reserves=["59000000000000", "20000000000000000000000"]))

    assert (run.row["state"], run.row["sequence"]) == (STATE_LIVE, BLOCK - 1)
    assert abs(run.row["mid"] / 2_950 - 1) < 1e-4


def test_a_lower_block_of_which_no_book_can_be_made_is_asked_for_again() -> None:
    run = Run()
    run.feed(reserves_state())

    run.feed(reserves_state(block=BLOCK - 1, reserves=["1", "340282366920938463463374607431768211455"]))
    lost = int(run.row["state"])
    asked = run.source.advance(run.source.next_deadline() or 0).frames

    assert [type(each) for each in run.said[:2]] == [BookLive, BookGap]
    assert lost == STATE_GAP
    assert json.loads(asked[-1]) == {"watch": [TOPIC]}


def test_the_same_block_told_again_changes_nothing() -> None:
    run = Run()
    run.feed(reserves_state())
    before = run.row

    run.feed(reserves_state())

    assert [type(each) for each in run.said] == [BookLive]
    assert (before["bid"], before["ts_ingest"]) == (run.row["bid"], run.row["ts_ingest"])


def test_a_state_kept_since_long_ago_is_stale() -> None:
    run = Run(stale_after_ms=30_000)
    late = BLOCK_AT + 3_600 * NS_PER_S

    run.feed(reserves_state(), now=late)

    live, stale = run.said
    assert isinstance(live, BookLive)
    assert isinstance(stale, BookStale)
    assert stale.reason == "silent"
    assert stale.age_ms >= 3_600_000
    assert run.row["flags"] & FLAG_STALE


def test_states_that_come_from_a_chain_long_ago_are_stale_until_one_is_of_now() -> None:
    run, flags = Run(), list[bool]()
    for block, (at_s, age_s) in enumerate([(0, 40), (12, 40), (24, 40), (70, 2), (82, 2), (94, 40)]):
        now = BLOCK_AT + (at_s + age_s) * NS_PER_S
        at = f"2025-02-12T13:{30 + (11 + at_s) // 60}:{(11 + at_s) % 60:02}Z"
        run.feed(reserves_state(block=BLOCK + block, ts_event=at), now=now)
        flags.append(bool(run.row["flags"] & FLAG_STALE))
        due = run.source.next_deadline()
        assert due is not None
        run.source.advance(max(due, now))
        flags.append(bool(run.row["flags"] & FLAG_STALE))

    assert flags == [*[True] * 6, *[True, False], *[False] * 2, *[True] * 2]


def test_what_makes_no_sense_is_said_and_counted_and_the_book_stays() -> None:
    run = Run()
    run.feed(reserves_state())

    run.feed(reserves_state(block=BLOCK + 1, reserves=["-5", "7"]))

    (_, said) = run.said
    assert isinstance(said, Rejected)
    assert said.problem == (
        f"{TOPIC}: reserves: '-5' is not the text of a whole number from 1 to 340282366920938463463374607431768211455"
    )
    assert run.source.counts["malformed"] == 1
    assert (run.row["state"], run.row["sequence"]) == (STATE_LIVE, BLOCK)


def test_a_pool_of_other_tokens_is_refused() -> None:
    run = Run()

    run.feed(reserves_state(tokens=["USDT", "WETH"]))

    (said,) = run.said
    assert isinstance(said, Rejected)
    assert said.problem == f"{TOPIC}: tokens: ['USDT', 'WETH'] are not ETH and USDC, as {POOL.id} has it"


def test_what_a_token_stands_for_can_be_set() -> None:
    run = Run(wrapped={"stETH": "ETH"})

    run.feed(reserves_state(tokens=["USDC", "stETH"]))

    assert [type(each) for each in run.said] == [BookLive]


def test_token_0_may_be_the_base() -> None:
    run, turned = Run(), Run()
    there = reserves_state()

    run.feed(there)
    turned.feed(there | {each: there[each][::-1] for each in ("tokens", "decimals", "reserves")})

    assert run.row.tobytes() == turned.row.tobytes()


def test_another_topic_is_nobodys() -> None:
    run = Run()

    step = run.source.on_frame(frame(reserves_state(), "ethereum/another"), NOW)

    assert step.events == ()
    assert run.source.counts["other_kind"] == 1


def test_what_the_broker_refuses_is_said() -> None:
    run = Run()

    (said,) = run.source.on_frame(b'{"refused":"ethereum/0x88: not authorised"}', NOW).events

    assert isinstance(said, Rejected)
    assert (said.field, said.problem) == ("subscribe", "ethereum/0x88: not authorised")


def test_steps_and_reach_can_be_set() -> None:
    run = Run(step_bps=5.0, reach_bps=100.0)

    run.feed(reserves_state())

    assert run.source.books[0].counts == (20, 20)


def test_a_ladder_of_too_many_levels_is_refused() -> None:
    with pytest.raises(ConfigError, match="pools: reach_bps: 20000 levels of step_bps are more than 2000"):
        Run(step_bps=0.1, reach_bps=2_000)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"venue_symbol": "0x88e6"}, "venue_symbol: '0x88e6' is no CHAIN/POOL of its own"),
        ({"venue_symbol": "a/#"}, "venue_symbol: 'a/#' is no CHAIN/POOL"),
        ({"contract_size": 10}, "contract_size: 10 is not 1"),
    ],
)
def test_an_instrument_that_is_no_pool_is_refused(changes: dict[str, Any], problem: str) -> None:
    wrong = msgspec.structs.replace(POOL, **changes)
    config: Any = read_venue_config({"name": "pools", "instruments": [POOL.id]}, where="test")

    with pytest.raises(ConfigError, match=f"{POOL.id}: {problem}"):
        build(config, [wrong], Board([POOL.id]))


def test_a_pool_is_part_of_the_composite_and_of_what_rests_on_decentralised_venues() -> None:
    instruments = [POOL, COINBASE_ETH, BITSTAMP_ETH]
    composites = Composites(instruments, ["ETH"], dex=DECENTRALISED)
    board = Board([one.id for one in instruments], composites=composites)
    pool = build_source(
        read_venue_config({"name": "pools", "instruments": [POOL.id]}, where="test"), instruments, board
    )
    other = build_source(
        read_venue_config({"name": "ccxt:bitstamp", "instruments": [BITSTAMP_ETH.id]}, where="test"),
        instruments,
        board,
    )
    pool.on_connected(NOW)
    other.on_connected(NOW)
    told = b'{"asks":[["3000.5","20"]],"bids":[["2999.5","20"]],"symbol":"ethusd","timestamp":1739367011000}'
    other.on_frame(told, BLOCK_AT)

    pool.on_frame(frame(ticks_state()), NOW)

    _, (view,) = board.look()
    shares = {member.instrument: member.share for member in view.members}
    assert view.venues == 2
    assert view.price is not None
    assert abs(view.price / 3_000 - 1) < 1e-3
    assert shares[POOL.id] > 0
    assert view.dex_share is not None
    assert 0.1 < view.dex_share < 1


def test_nobody_is_asked_for_its_steps_and_it_comes_over_the_broker() -> None:
    assert (ccxt_id("pools"), way_of("pools"), way_of("okx"), way_of("ccxt:gate")) == ("", "mqtt", "websocket", "ccxt")
