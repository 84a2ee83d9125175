import zlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from signald.core.kernels.records import checksum


@given(words=st.integers(0, 700), first=st.integers(0, 90), seed=st.integers(0, 99))
def test_the_checksum_of_a_part_is_that_of_zlib(words: int, first: int, seed: int) -> None:
    content = np.random.default_rng(seed).integers(0, 256, 8 * (first + words) + 16, np.uint8)

    found = checksum(content, 8 * first, 8 * (first + words))

    assert found == zlib.crc32(content[8 * first : 8 * (first + words)].tobytes())
