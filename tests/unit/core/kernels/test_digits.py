from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signald.core.kernels.digits import LARGEST, form_of
from signald.core.kernels.outcomes import NOT_PLAIN, OFF_TICK, TOO_LARGE
from tests.support.kernel_probes import probe_steps


def read(text: str, step: str) -> tuple[int, int]:
    """Steps and end of ``text``, which stands between two quotes."""
    out = np.zeros(1, dtype=np.int64)
    steps = probe_steps(f'"{text}"'.encode(), 1, OFF_TICK, np.array(form_of(Decimal(step))), out)
    return steps, int(out[0]) - 1


@pytest.mark.parametrize(
    ("text", "step", "steps"),
    [
        ("61837.63000000", "0.01", 6_183_763),
        ("61837.63", "0.01", 6_183_763),
        ("61837", "0.01", 6_183_700),
        ("0061837.6", "0.01", 6_183_760),
        ("3.5000", "0.25", 14),
        ("120", "20", 6),
        ("0.00000001", "0.00000001", 1),
        ("10000000", "0.00000001", 10**15),
        ("0.0000000012", "0.0000000001", 12),
        ("12345.123456789012", "0.000000000001", 12_345_123_456_789_012),
        ("999999999999999", "1", 10**15 - 1),
        ("0", "0.01", 0),
        ("7.00000000000000000000", "1", 7),
    ],
)
def test_a_decimal_is_read_in_steps(text: str, step: str, steps: int) -> None:
    assert read(text, step) == (steps, len(text))


@pytest.mark.parametrize(
    ("text", "step", "outcome"),
    [
        ("61837.635", "0.01", OFF_TICK),
        ("0.1", "0.25", OFF_TICK),
        ("130", "20", OFF_TICK),
        ("0.000000000000000000001", "0.01", OFF_TICK),
        ("9999999999999999", "1", TOO_LARGE),
        ("99999999999999999999999999", "1", TOO_LARGE),
        ("1441151880.75855872", "0.00000001", TOO_LARGE),
        ("", "0.01", NOT_PLAIN),
        (".5", "0.01", NOT_PLAIN),
        ("5.", "0.01", NOT_PLAIN),
        ("-1", "0.01", NOT_PLAIN),
        ("+1", "0.01", NOT_PLAIN),
        ("1." + "0" * 80, "0.01", NOT_PLAIN),
    ],
)
def test_what_is_no_number_of_steps_is_an_outcome(text: str, step: str, outcome: int) -> None:
    steps, _ = read(text, step)

    assert steps == -outcome


@pytest.mark.parametrize("text", ["1e5", "1.5e3", "1,5", "1.2.3", "0x10", "1 "])
def test_reading_stops_at_what_no_decimal_has(text: str) -> None:
    _, end = read(text, "0.00001")

    assert end < len(text)


@given(st.decimals(min_value=0, max_value=10**9, places=8), st.sampled_from(["0.00000001", "0.0001", "0.5", "1", "25"]))
def test_steps_are_exact_or_an_outcome(number: Decimal, step: str) -> None:
    steps, _ = read(format(number, "f"), step)

    exact = number / Decimal(step)
    if exact % 1:
        assert steps == -OFF_TICK
    else:
        assert steps == exact


def test_a_number_that_ends_with_the_frame_is_read_no_further() -> None:
    out = np.zeros(1, dtype=np.int64)

    steps = probe_steps(b"x12.5", 1, OFF_TICK, np.array(form_of(Decimal("0.1"))), out)

    assert (steps, out[0]) == (125, 5)


@pytest.mark.parametrize("step", ["0", "-0.01", "NaN", "Infinity", "0.00000000000000001", "1e40"])
def test_a_step_that_cannot_be_used_is_refused(step: str) -> None:
    with pytest.raises(ValueError, match="step"):
        form_of(Decimal(step))


@pytest.mark.parametrize("step", ["0.01", "0.00000001", "25", "1e-16"])
def test_the_limit_keeps_scaled_numbers_small_enough(step: str) -> None:
    _, scale, _, limit = form_of(Decimal(step))

    assert (limit + 1) * scale - 1 <= LARGEST
