"""What is encoded is decoded to the same, and encodes to the same bytes again."""

import json

from hypothesis import given

from signald.model.signals import Signal
from signald.sinks.encoding import decode_data, encode_data
from tests.support.signals import signals


@given(signals())
def test_decoding_gives_the_signal_back_and_the_same_bytes(signal: Signal) -> None:
    data = encode_data(signal)

    assert decode_data(data) == signal
    assert encode_data(decode_data(data)) == data


@given(signals())
def test_the_bytes_are_json_without_nan(signal: Signal) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(encode_data(signal), parse_constant=refuse)
