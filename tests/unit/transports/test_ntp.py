import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signald.errors import MalformedFrameError
from signald.model.time import NS_PER_MS, NS_PER_S, parse_rfc3339
from signald.transports.ntp import build_request, from_ntp, read_answer, to_ntp

NOW = parse_rfc3339("2025-02-12T13:30:00Z")
SENT, RECEIVED = NOW, NOW + 20 * NS_PER_MS


def answer(*, arrived: int, left: int, origin: int = SENT, head: int = 0x24, stratum: int = 2) -> bytes:
    stamps = (to_ntp(NOW - NS_PER_S), to_ntp(origin), to_ntp(arrived), to_ntp(left))
    return struct.pack("!BBbbII4s4Q", head, stratum, 6, -20, 0, 0, b"\x7f\0\0\1", *stamps)


def test_the_first_second_of_ntps_eras_is_known() -> None:
    assert to_ntp(0) >> 32 == 2_208_988_800
    assert from_ntp(0, NOW) == parse_rfc3339("2036-02-07T06:28:16Z")


@given(st.integers(0, parse_rfc3339("2099-12-31T23:59:59Z")))
def test_a_time_comes_back_to_the_nanosecond_or_so_in_any_era(ts: int) -> None:
    assert abs(from_ntp(to_ntp(ts), ts + 10**17) - ts) <= 1


def test_our_clock_is_ahead_by_what_both_ways_agree_on() -> None:
    ahead = 300 * NS_PER_MS
    arrived, left = SENT - ahead + 12 * NS_PER_MS, SENT - ahead + 13 * NS_PER_MS

    found = read_answer(answer(arrived=arrived, left=left), sent=SENT, received=RECEIVED)

    assert abs(found.offset_ns - (ahead - 2.5 * NS_PER_MS)) <= 2  # there 12 ms, back 7 ms: off by half the difference
    assert abs(found.error_ns - 9.5 * NS_PER_MS) <= 2


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\x24" * 47,
        answer(arrived=SENT, left=SENT, origin=SENT + 1_000),
        answer(arrived=SENT, left=SENT, head=0x23),
        answer(arrived=SENT, left=SENT, head=0xE4),
        answer(arrived=SENT, left=SENT, stratum=0),
        answer(arrived=SENT, left=SENT, stratum=16),
        build_request(SENT),
    ],
)
def test_what_is_no_answer_of_a_server_that_knows_the_time_is_refused(broken: bytes) -> None:
    with pytest.raises(MalformedFrameError):
        read_answer(broken, sent=SENT, received=RECEIVED)


@given(st.binary(max_size=80))
def test_any_bytes_are_refused_or_a_measurement(answer: bytes) -> None:
    with contextlib.suppress(MalformedFrameError):
        read_answer(answer, sent=SENT, received=RECEIVED)
