import zlib
from collections.abc import Sequence

import pytest

from signald.core.board import Board
from signald.core.kernels.rows import STATE_GAP, STATE_LIVE
from signald.model.notices import BookGap, Rejected
from signald.sources.inband import InBandSource
from signald.sources.registry import build_source, read_venue_config
from signald.sources.venues.kraken import source as _compiled  # noqa: F401 - to compile takes longer than a test may
from tests.support.instruments import KRAKEN_BTC

NOW = 1_787_610_117_110_183_000
ACK = b'{"method":"subscribe","result":{"channel":"book","depth":10,"snapshot":true,"symbol":"BTC/USD"},"success":true}'


class Run:
    """One source, connected."""

    def __init__(self) -> None:
        self.board = Board([KRAKEN_BTC.id])
        config = read_venue_config({"name": "kraken", "instruments": [KRAKEN_BTC.id]}, where="test")
        source = build_source(config, [KRAKEN_BTC], self.board)
        assert isinstance(source, InBandSource)
        self.source = source
        self.said: list[object] = []
        source.on_connected(NOW)

    def feed(self, *frames: bytes) -> None:
        for frame in frames:
            self.said += self.source.on_frame(frame, NOW).events

    @property
    def gaps(self) -> list[str]:
        return [each.reason for each in self.said if isinstance(each, BookGap)]


def crc(asks: Sequence[tuple[str, str]], bids: Sequence[tuple[str, str]]) -> int:
    """Of the best levels, best first."""
    text = "".join(part.replace(".", "").lstrip("0") for level in [*asks[:10], *bids[:10]] for part in level)
    return zlib.crc32(text.encode())


def frame(kind: str, bids: Sequence[tuple[str, str]], asks: Sequence[tuple[str, str]], checksum: int) -> bytes:
    sides = [",".join(f'{{"price":{price},"qty":{size}}}' for price, size in side) for side in (bids, asks)]
    text = (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"BTC/USD","bids":[{sides[0]}],"asks":[{sides[1]}],'
        f'"checksum":{checksum},"timestamp":"2026-08-24T22:21:57.110183Z"}}]}}'
    )
    return text.encode()


BIDS = [(f"{100 - n}.0", f"{n + 1}.00000000") for n in range(10)]
ASKS = [(f"{101 + n}.0", f"{n + 1}.50000000") for n in range(10)]
SNAPSHOT = frame("snapshot", BIDS, ASKS, crc(ASKS, BIDS))


def test_a_side_is_cut_to_its_depth_after_each_frame() -> None:
    run = Run()
    run.feed(ACK, SNAPSHOT)
    better = ("100.5", "7.00000000")

    run.feed(frame("update", [better], [], crc(ASKS, [better, *BIDS])))

    assert run.gaps == []
    assert run.source.books[0].counts == (10, 10)
    assert [str(price) for price, _ in run.source.books[0].levels("bid", 20)][-1] == "92.0"


def test_a_wrong_checksum_costs_the_book_before_the_board_shows_it() -> None:
    run = Run()
    run.feed(ACK, SNAPSHOT)

    run.feed(frame("update", [("100.5", "7.00000000")], [], 1))

    assert run.gaps == ["checksum"]
    assert run.board.read()[0]["state"] == STATE_GAP
    assert run.board.read()[0]["applied"] == 1


def test_a_snapshot_with_a_wrong_checksum_is_not_believed() -> None:
    run = Run()

    run.feed(ACK, frame("snapshot", BIDS, ASKS, 1))

    assert run.gaps == ["checksum"]


def test_digits_that_vary_are_compared_as_they_were_written() -> None:
    run = Run()
    bids, asks = [("100.00", "1.0"), ("99.5", "2.25")], [("101", "0.5"), ("101.50", "3")]
    run.feed(ACK, frame("snapshot", bids, asks, crc(asks, bids)))
    newer = ("100.250", "4.0")

    run.feed(frame("update", [newer], [], crc(asks, [newer, *bids])))

    assert run.gaps == []
    assert run.board.read()[0]["bid"] == 100.25
    assert run.board.read()[0]["state"] == STATE_LIVE


def test_digits_that_vary_from_some_frame_on_are_too() -> None:
    run = Run()
    run.feed(ACK, SNAPSHOT)
    odd = ("100.50", "7")

    run.feed(frame("update", [odd], [], crc(ASKS, [odd, *BIDS])))
    run.feed(frame("update", [("100.50", "0")], [], crc(ASKS, BIDS[:9])))

    assert run.gaps == []
    assert run.source.books[0].counts == (9, 10)


def test_the_depth_of_a_recording_shows_where_both_sides_are_full() -> None:
    run = Run()
    run.feed(SNAPSHOT)

    run.feed(frame("update", [("100.5", "7.00000000")], [], crc(ASKS, [("100.5", "7.00000000"), *BIDS])))

    assert run.source.books[0].counts == (10, 10)


@pytest.mark.parametrize(
    ("number", "taken"),
    [
        (b"1.0050e2", True),
        (b"100.5", True),
        (b'"100.5"', False),
        (b"-100.5", False),
        (b"0100.5", False),
        (b"1e999", False),
    ],
)
def test_numbers_are_jsons_and_above_zero(number: bytes, taken: bool) -> None:  # noqa: FBT001
    run = Run()
    run.feed(ACK, SNAPSHOT)
    digits = "10050" if number == b"1.0050e2" else "1005"
    checksum = crc(ASKS, [(digits, "7.00000000"), *BIDS])

    run.feed(frame("update", [("100.5", "7.00000000")], [], checksum).replace(b"100.5", number))

    assert (run.gaps == [], any(isinstance(each, Rejected) for each in run.said)) == (taken, not taken)


def test_a_refused_subscription_is_said() -> None:
    run = Run()

    run.feed(b'{"error":"Currency pair not supported X/Y","method":"subscribe","success":false}')

    assert [each.problem for each in run.said if isinstance(each, Rejected)] == ["Currency pair not supported X/Y"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"symbol":"BTC/USD",', b""),
        (b'"price":50.0', b'"price":{}'),
        (b'"data":[', b'"data":[7,'),
    ],
)
def test_a_frame_of_nobody_knows_whose_book_costs_them_all(before: bytes, after: bytes) -> None:
    """Nothing but the ten best levels would tell that it is missing."""
    run = Run()
    run.feed(ACK, SNAPSHOT)
    update = frame("update", [("50.0", "7.00000000")], [], crc(ASKS, BIDS))
    last = update.replace(b'"symbol":"BTC/USD",', b"").replace(b',"checksum"', b',"symbol":"BTC/USD","checksum"')

    run.feed((last if b"price" in before else update).replace(before, after))

    assert run.gaps == ["malformed"]
    assert run.board.read()["state"][0] == STATE_GAP


def test_what_makes_no_sense_on_another_channel_costs_no_book() -> None:
    run = Run()
    run.feed(ACK, SNAPSHOT)

    run.feed(b'{"channel":"status","method":7}', b'{"channel":"status","type":"update","data":[{"version":[]}]}')

    assert run.gaps == []


def test_more_levels_than_any_book_has_are_refused_and_cost_the_book() -> None:
    run = Run()
    run.feed(ACK, SNAPSHOT)

    run.feed(frame("update", [], [(f"{30_000 + n}.0", "1.00000000") for n in range(3_000)], 1))

    assert run.gaps == ["malformed"]
    assert run.board.read()["state"][0] == STATE_GAP
