import zlib

import pytest

from signald.core.board import Board
from signald.core.kernels.outcomes import BAD_SEQUENCE, PROBLEMS, TOO_LARGE
from signald.model.notices import BookGap, BookLive, Rejected
from signald.sources.registry import build_source, read_venue_config
from signald.sources.venues.okx import source as _compiled  # noqa: F401 - to compile takes longer than a test may
from tests.support.instruments import OKX_SPOT

NOW = 1_652_459_225_000_000_000
SNAPSHOT = (
    '{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"snapshot","data":[{"asks":[["30243.5","1.4","0","6"]],'
    '"bids":[["30243.40","0.0012","0","2"]],"ts":"1652459225381","checksum":%d}]}'
)
UPDATE = (
    '{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":[["30243.5","1.5","0","6"]],'
    '"bids":[],"ts":"1652459225%d","checksum":%d}]}'
)


def crc(text: str) -> int:
    unsigned = zlib.crc32(text.encode())
    return unsigned - (1 << 32) if unsigned >> 31 else unsigned


BEFORE, AFTER = crc("30243.40:0.0012:30243.5:1.4"), crc("30243.40:0.0012:30243.5:1.5")


def said(*frames: str) -> list[object]:
    board = Board([OKX_SPOT.id])
    config = read_venue_config({"name": "okx", "instruments": [OKX_SPOT.id]}, where="test")
    source = build_source(config, [OKX_SPOT], board)
    source.on_connected(NOW)
    return [event for frame in frames for event in source.on_frame(frame.encode(), NOW).events]


def test_old_frames_are_compared_with_their_checksums() -> None:
    events = said(SNAPSHOT % BEFORE, UPDATE % (481, AFTER))

    assert [type(event) for event in events] == [BookLive]


@pytest.mark.parametrize("frames", [(SNAPSHOT % AFTER,), (SNAPSHOT % BEFORE, UPDATE % (481, BEFORE))])
def test_a_wrong_checksum_loses_the_book(frames: tuple[str, ...]) -> None:
    events = said(*frames)

    assert [event.reason for event in events if isinstance(event, BookGap)] == ["checksum"]


def test_a_checksum_of_zero_is_none() -> None:
    assert [type(event) for event in said(SNAPSHOT % 0, UPDATE % (481, 0))] == [BookLive]


@pytest.mark.parametrize(("size", "reasons"), [("1.5", []), ("1.4", ["checksum"])])
def test_a_checksum_counts_even_if_the_snapshot_had_none(size: str, reasons: list[str]) -> None:
    checksum = crc(f"30243.4:0.0012:30243.5:{size}")

    events = said((SNAPSHOT % 0).replace("30243.40", "30243.4"), UPDATE % (481, checksum))

    assert [event.reason for event in events if isinstance(event, BookGap)] == reasons


def test_old_frames_must_not_step_back_in_time() -> None:
    events = said(SNAPSHOT % BEFORE, UPDATE % (380, AFTER))

    assert [event.reason for event in events if isinstance(event, BookGap)] == ["sequence"]


@pytest.mark.parametrize("ts", ["9223372036855", "999999999999999"])
def test_a_time_that_no_word_can_hold_loses_the_book(ts: str) -> None:
    events = said(SNAPSHOT % 0, (UPDATE % (481, 0)).replace("1652459225481", ts))

    assert [event.problem for event in events if isinstance(event, Rejected)] == [PROBLEMS[TOO_LARGE]]
    assert [event.reason for event in events if isinstance(event, BookGap)] == ["malformed"]


def test_a_time_before_all_times_is_none() -> None:
    events = said(SNAPSHOT % 0, (UPDATE % (481, 0)).replace("1652459225481", "-1652459225481"))

    assert [event.reason for event in events if isinstance(event, BookGap)] == ["malformed"]


CHAINED = (
    '{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"%s","data":[{"asks":[["30243.5","1.4","%s","6"]],'
    '"bids":[],"ts":"1652459225381","checksum":0,"seqId":%d,"prevSeqId":%d}]}'
)


def test_a_sequence_below_zero_is_none() -> None:
    events = said(CHAINED % ("snapshot", "0", 7, -1), CHAINED % ("update", "0", -5, 7))

    assert [event.problem for event in events if isinstance(event, Rejected)] == [PROBLEMS[BAD_SEQUENCE]]


def test_a_column_that_nobody_reads_may_hold_any_text() -> None:
    events = said(CHAINED % ("snapshot", "0", 7, -1), CHAINED % ("update", "é", 8, 7))

    assert [type(event) for event in events] == [BookLive]


def test_ids_that_step_back_in_a_maintenance_still_chain() -> None:
    events = said(
        CHAINED % ("snapshot", "0", 700, -1), CHAINED % ("update", "0", 3, 700), CHAINED % ("update", "0", 5, 3)
    )

    assert [type(event) for event in events] == [BookLive]


@pytest.mark.parametrize("update", [(5, 3), (701, 699), (701, 701), (701, -1)])
def test_an_update_that_does_not_name_its_predecessor_is_a_gap(update: tuple[int, int]) -> None:
    events = said(CHAINED % ("snapshot", "0", 700, -1), CHAINED % ("update", "0", *update))

    assert [event.reason for event in events if isinstance(event, BookGap)] == ["sequence"]


def test_a_snapshot_replaces_the_book_at_any_time() -> None:
    events = said(
        CHAINED % ("snapshot", "0", 700, -1), CHAINED % ("snapshot", "0", 3, -1), CHAINED % ("update", "0", 5, 3)
    )

    assert [type(event) for event in events] == [BookLive]
