import numba
import numpy as np
import pytest

from signald.core.kernels.jit import PLAIN, compilations, inlined, inner, kernel, plain
from signald.core.kernels.machine import WordArray, length_of, words_held

compiled = pytest.mark.skipif(PLAIN, reason="compilation is off")


@inlined
def doubled(number: int) -> int:
    return 2 * number


@inner
def increased(number: int) -> int:
    return doubled(number) + 1


@pytest.mark.timeout(60)
def test_a_kernel_is_compiled_with_its_parts() -> None:
    @kernel("i8(i8[::1])")
    def total(numbers: np.ndarray) -> int:
        result = 0
        for i in range(len(numbers)):
            result += increased(numbers[i])
        return result

    assert total(np.array([1, 2, 3])) == 15
    assert plain(total)(np.array([1, 2, 3])) == 15


@compiled
@pytest.mark.timeout(60)
def test_a_kernel_takes_its_own_types_only() -> None:
    @kernel("f8(f8[::1])")
    def first(numbers: np.ndarray) -> float:
        return numbers[0]

    assert first(np.array([1.5])) == 1.5
    with pytest.raises(TypeError, match="No matching definition"):
        first(np.array([[1]]))


@compiled
@pytest.mark.timeout(60)
def test_words_that_are_held_must_be_an_array() -> None:
    @kernel("i8(frame, held)")
    def first(frame: bytes, numbers: WordArray) -> int:
        return length_of(frame) + words_held(numbers)[0]

    assert first(b"four", np.array([3])) == 7
    for stranger in (3, [3], None, "numpy.ndarray"):
        with pytest.raises(TypeError, match="no array"):
            first(b"four", stranger)  # type: ignore[arg-type]


@compiled
@pytest.mark.timeout(60)
def test_compilations_are_counted() -> None:
    before = compilations()

    numba.njit(lambda: 1)()

    assert compilations() == before + 1
