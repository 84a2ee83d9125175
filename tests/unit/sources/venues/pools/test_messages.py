import json
import re
from typing import Any

import pytest

from signald.errors import MalformedFrameError
from signald.sources.venues.pools.curve import FINE_BITS
from signald.sources.venues.pools.messages import PoolState, decode_state
from signald.sources.venues.pools.ticks import root_at
from tests.support.pools import TOPIC, reserves_state, ticks_state


def decoded(state: dict[str, Any]) -> PoolState:
    return decode_state(TOPIC, json.dumps(state).encode())


def without(state: dict[str, Any], field: str) -> dict[str, Any]:
    del state[field]
    return state


def test_reserves_are_read() -> None:
    state = decoded(reserves_state())

    assert (state.block, state.ts_event) == (21_000_000, 1_739_367_011_000_000_000)
    assert (state.tokens, state.decimals, state.fee_ppm) == (("USDC", "WETH"), (6, 18), 3_000)
    assert state.curve.liquidity >> FINE_BITS == 1_095_445_115_010_332_226  # the root of their product
    assert (state.curve.below, state.curve.above) == ((), ())


def test_ticks_are_read() -> None:
    curve = decoded(ticks_state()).curve

    assert curve.liquidity >> FINE_BITS == 3 * 10**18
    assert [edge.root >> 64 for edge in curve.above] == [root_at(196_300), root_at(197_000)]
    assert [edge.change >> FINE_BITS for edge in curve.below] == [-2 * 10**18, -(10**18)]


def test_what_else_stands_there_is_not_looked_at() -> None:
    assert decoded(reserves_state(source="node-1", sequence=7)) == decoded(reserves_state())


def test_a_part_of_the_ticks_is_read_if_it_says_so() -> None:
    part = ticks_state(ticks=[[196_300, str(-2 * 10**18)]], range=[196_210, 196_400])

    curve = decoded(part).curve

    assert (curve.lowest >> 64, curve.highest >> 64) == (root_at(196_210), root_at(196_400))


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        (without(reserves_state(), "block"), "block: is missing"),
        (without(reserves_state(), "reserves"), "reserves: is missing"),
        (reserves_state(block="21000000"), "block: '21000000' is not a whole number from 1 to "),
        (reserves_state(block=True), "block: True is not a whole number"),
        (reserves_state(block=-1), "block: -1 is not a whole number"),
        (reserves_state(ts_event=1_739_367_011), "ts_event: 1739367011 is not an RFC 3339 time"),
        (reserves_state(ts_event="yesterday"), "ts_event: 'yesterday' is not an RFC 3339 time"),
        (reserves_state(tokens=["USDC"]), "tokens: ['USDC'] is not a list of two"),
        (reserves_state(tokens=["WETH", "WETH"]), "tokens: ['WETH', 'WETH'] are not two symbols"),
        (reserves_state(tokens=["WETH", 7]), "tokens: ['WETH', 7] are not two symbols"),
        (reserves_state(decimals=[6, 99]), "decimals: [6, 99] are not two whole numbers from 0 to 36"),
        (reserves_state(fee_ppm=1_000_000), "fee_ppm: 1000000 is not a whole number from 0 to 999999"),
        (reserves_state(fee_ppm=0.3), "fee_ppm: 0.3 is not a whole number"),
        (reserves_state(reserves=["1", "0"]), "reserves: '0' is not the text of a whole number from 1 to "),
        (reserves_state(reserves=["1", 10**12]), "reserves: 1000000000000 is not the text of a whole number"),
        (reserves_state(reserves=["1", "1e18"]), "reserves: '1e18' is not the text"),
        (reserves_state(reserves=["1", "٣"]), "reserves: '٣' is not the text"),
        (reserves_state(reserves=["1", "9" * 5_000]), "reserves: '" + "9" * 79 + "…"),
        (ticks_state(reserves=["1", "1"]), "ticks: [[195000, "),
        (without(ticks_state(), "tick_spacing"), "tick_spacing: is missing"),
        (ticks_state(sqrt_price_x96="1"), "sqrt_price_x96: '1' is not the text of a whole number from 4295128739 "),
        (ticks_state(liquidity="-1"), "liquidity: '-1' is not the text of a whole number from 0 "),
        (ticks_state(tick=196_258), "tick: 196258 is not that of sqrt_price_x96 "),
        (ticks_state(tick=196_255), "tick: 196255 is not that of sqrt_price_x96 "),
        (ticks_state(ticks=[[196_251, "1"]]), "ticks: [196251, '1'] is not [tick, liquidity_net] with a multiple of"),
        (ticks_state(ticks=[[10, "1"], [10, "-1"]]), "ticks: [10, '-1'] is not [tick, liquidity_net] with a multiple"),
        (ticks_state(ticks=[[10]]), "ticks: [10] is not [tick, liquidity_net]"),
        (ticks_state(ticks=[[10, None]]), "ticks: [10, None] is not the text of a whole number"),
        (ticks_state(ticks="all"), "ticks: 'all' is not a list of at most 8192"),
        (ticks_state(ticks=[[10, "5"], [20, "-5"]]), "liquidity: '3000000000000000000' is not what all ticks add up"),
        (ticks_state(ticks=[[10, "3000000000000000000"]]), "liquidity: '3000000000000000000' is not what all ticks"),
        (ticks_state(range=[196_300, 196_400]), "range: [196300, 196400] is not [lowest, highest] around the tick"),
        (ticks_state(range=[196_200, 196_400]), "range: [196200, 196400] does not hold the ticks from 195000 to"),
        (
            ticks_state(ticks=[[196_260, "-4000000000000000000"]], range=[196_200, 196_400]),
            "ticks: [196260, '-4000000000000000000'] takes more liquidity away than there is, going up from 196256",
        ),
        (
            ticks_state(ticks=[[196_250, "4000000000000000000"]], range=[196_200, 196_400]),
            "ticks: [196250, '4000000000000000000'] has more liquidity below than there is, down from 196256",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_by_topic_field_and_value(state: dict[str, Any], problem: str) -> None:
    with pytest.raises(MalformedFrameError, match="^" + re.escape(f"{TOPIC}: {problem}")):
        decoded(state)


@pytest.mark.parametrize("payload", [b"", b"[]", b"{", b"null", b'{"a":"\xff"}', b"[" * 2_000])
def test_what_is_no_object_is_refused(payload: bytes) -> None:
    with pytest.raises(MalformedFrameError, match="^" + re.escape(f"{TOPIC}: ")):
        decode_state(TOPIC, payload)
