import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signald.errors import MalformedFrameError
from signald.sources.venues.binance.messages import decode_data, decode_kind, plainest, plainest_snapshot
from tests.support.binance_wire import depth, snapshot, ticker


def test_a_frame_is_written_again_in_the_plainest_form() -> None:
    frame = json.dumps(json.loads(depth(5, 7, [("1.5", "2")], ps="x")), indent=2).replace("BTC", "\\u0042TC").encode()

    assert plainest(frame) == (
        b'{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":5,"u":7,"b":[["1.5","2"]],"a":[]}'
    )


def test_a_ticker_is_written_again_likewise() -> None:
    assert plainest(ticker(9, "1", "2")) == b'{"s":"BTCUSDT","u":9,"b":"1","B":"0.25","a":"2","A":"0.75"}'


def test_a_snapshot_is_written_again_likewise() -> None:
    body = json.dumps({"x": None, **json.loads(snapshot(5, [("1", "2")], []))}, indent=1).encode()

    assert plainest_snapshot(body) == b'{"lastUpdateId":5,"bids":[["1","2"]],"asks":[]}'


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (b'{"e":"trade","b":88}', "trade"),
        (b'{"stream":"x","data":{"e":"trade"}}', "trade"),
        (b'{"result":null,"id":1}', None),
        (b'{"e":"serverShutdown","E":1770123456789}', "serverShutdown"),
    ],
)
def test_the_kind_of_any_stream_is_read(frame: bytes, kind: str | None) -> None:
    assert decode_kind(frame) == kind


@pytest.mark.parametrize("read", [decode_data, decode_kind, plainest, plainest_snapshot])
@pytest.mark.parametrize(
    "frame", [b"", b"{", b"null", b"\xff", b'{"e":"\xff"}', b'{"e":1}', b"[" * 100_000, b'{"e":"\\ud8']
)
def test_what_is_no_message_is_malformed(read: object, frame: bytes) -> None:
    with pytest.raises(MalformedFrameError):
        read(frame)  # type: ignore[operator]


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_malformed(frame: bytes) -> None:
    for read in (decode_data, decode_kind, plainest, plainest_snapshot):
        with contextlib.suppress(MalformedFrameError):
            read(frame)
