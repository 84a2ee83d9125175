import json

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signald.core.kernels.scan import STRANGE
from tests.support.kernel_probes import probe_counter, probe_value

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text('abc ü"\\/', max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abü", max_size=9), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_a_value_is_skipped_to_its_end_or_is_strange(value: object) -> None:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()

    at = probe_value(b"[" + text + b"]", 1)

    plain = text.isascii() and b"\\" not in text
    assert at == (1 + len(text) if plain else STRANGE)


@given(st.text('[]{},:"0123456789.-eE ntrufalse\\', max_size=24).map(str.encode))
def test_what_is_skipped_is_json(text: bytes) -> None:
    frame = text + b"}"

    at = probe_value(frame, 0)

    if at != STRANGE:
        assert 0 < at <= len(frame)
        msgspec.json.decode(frame[:at])


@pytest.mark.parametrize(
    "text", [b"", b"[", b'{"a":1', b'"abc', b"tru", b"[1,", b'{"a"', b"-", b"1.", b"{", b'[{"a":[[']
)
def test_a_value_cut_short_is_strange(text: bytes) -> None:
    assert probe_value(text, 0) == STRANGE


@pytest.mark.parametrize(
    "text",
    [b"01", b"-01", b"1e5", b"1.e", b"+1", b".5", b"[1 ,2]",
     b'{"a" :1}', b"[1,]", b'{"a":1,}', b"{1:2}", b"nul ", b"--1",
     b"1" * 18, b"[" * 61 + b"]" * 61, b'{"a":1]', b"[1}"],
)  # fmt: skip
def test_what_is_not_the_plainest_json_is_strange(text: bytes) -> None:
    at = probe_value(text, 0)

    assert at == STRANGE or at < len(text)


def test_nesting_is_skipped_to_a_depth_of_sixty() -> None:
    text = b"[" * 60 + b"]" * 60

    assert probe_value(text, 0) == len(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [(b"0,", 0), (b"7}", 7), (b"12345678,", 12_345_678), (b"123456789,", 123_456_789), (b"999999999999999", 10**15 - 1),
     (b"1723161255208", 1_723_161_255_208)],
)  # fmt: skip
def test_a_counter_is_read(text: bytes, number: int) -> None:
    out = np.zeros(1, dtype=np.int64)

    assert probe_counter(text, 0, out) == number
    assert out[0] == len(str(number))


@pytest.mark.parametrize("text", [b"", b"-1", b"01", b"x", b'"1"', b"1000000000000000", b"99999999999999999999"])
def test_what_is_no_counter_is_strange(text: bytes) -> None:
    assert probe_counter(text, 0, np.zeros(1, dtype=np.int64)) == STRANGE
