import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signald.core.kernels.jit import PLAIN, plain
from signald.core.kernels.machine import scatter
from tests.support import kernel_probes as probes
from tests.support.kernel_probes import probe_bits, probe_loads, probe_real

WORDS = st.integers(-(1 << 63), (1 << 63) - 1)


@given(WORDS)
def test_zeros_are_counted_from_both_ends(word: int) -> None:
    bits = f"{word & (1 << 64) - 1:064b}"

    assert probe_bits(probes.TRAILING, word, 0) == len(bits) - len(bits.rstrip("0"))
    assert probe_bits(probes.LEADING, word, 0) == len(bits) - len(bits.lstrip("0"))


@pytest.mark.parametrize("number", [0, 1, 31, 32, 62, 63, 64, 127, 6_180_000])
def test_masks_depend_on_the_number_within_a_word(number: int) -> None:
    place = number % 64
    masks = [probe_bits(what, number, 0) & (1 << 64) - 1 for what in (probes.BIT, probes.BITS_FROM, probes.BITS_UP_TO)]

    assert masks == [1 << place, (1 << 64) - (1 << place), (2 << place) - 1]


@given(WORDS, st.integers(1, 20))
def test_scattering_is_the_same_compiled_and_plain(key: int, width: int) -> None:
    slot = probe_bits(probes.SCATTER, key, width)

    assert 0 <= slot < 1 << width
    assert slot == plain(scatter)(key, width)


@given(st.binary(min_size=8, max_size=40), st.data())
def test_bytes_are_loaded_lowest_first(frame: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(frame) - 8))
    out = np.zeros(4, dtype=np.int64)

    probe_loads(frame, at, out)

    assert out.tolist() == [
        len(frame),
        frame[at],
        struct.unpack_from("<I", frame, at)[0],
        struct.unpack_from("<q", frame, at)[0],
    ]


@pytest.mark.skipif(PLAIN, reason="plain kernels take whatever can be indexed")
def test_only_bytes_are_a_frame() -> None:
    with pytest.raises(TypeError):
        probe_loads(bytearray(8), 0, np.zeros(4, dtype=np.int64))  # type: ignore[arg-type]


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_words_carry_floats(number: float) -> None:
    words = np.zeros(3, dtype=np.int64)

    doubled = probe_real(words.ctypes.data, 2, number)

    assert doubled == 2 * number
    assert words.view(np.float64).tolist() == [0.0, 0.0, number]
