import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import kernel_probes as probes
from tests.support.kernel_probes import probe_text, word

SOME = st.one_of(
    st.binary(min_size=8, max_size=8),
    st.text('0123456789."\\,a\x7f\x1f ', min_size=8, max_size=8).map(str.encode),
)


def digits_before(text: bytes) -> int:
    return next((i for i, byte in enumerate(text) if byte not in b"0123456789"), 8)


@given(SOME)
def test_a_run_of_digits_ends_at_the_first_other_byte(text: bytes) -> None:
    assert probe_text(probes.DIGIT_RUN, word(text), 0, 0) == digits_before(text)


@given(SOME)
def test_a_plain_run_ends_at_what_a_json_string_cannot_hold_plainly(text: bytes) -> None:
    stops = (i for i, byte in enumerate(text) if byte < 0x20 or byte >= 0x80 or byte in b'"\\')

    assert probe_text(probes.PLAIN_RUN, word(text), 0, 0) == next(stops, 8)


@given(SOME, st.integers(0, 8))
def test_all_digits_is_said_of_digits_only(text: bytes, count: int) -> None:
    assert probe_text(probes.ALL_DIGITS, word(text), count, 0) == (digits_before(text) >= count)


@given(st.integers(0, 99_999_999), st.integers(0, 8), st.binary(min_size=8, max_size=8))
def test_the_first_digits_are_read_as_a_number(number: int, count: int, behind: bytes) -> None:
    text = f"{number:08d}"[:count]

    read = probe_text(probes.WHOLE, word((text.encode() + behind)[:8]), count, 0)

    assert read == int(text or "0")


@given(st.text("0123456789", min_size=0, max_size=8), st.integers(0, 8))
def test_a_fraction_is_read_to_the_digits_that_count(text: str, decimals: int) -> None:
    loaded = word((text.encode() + b'"],["123')[:8])

    read = probe_text(probes.FRACTION, loaded, len(text), decimals)
    rest = probe_text(probes.LEFT_OVER, loaded, len(text), decimals)

    assert read == int(text.ljust(8, "0")[:decimals] or "0")
    assert rest == any(digit != "0" for digit in text[decimals:])


@pytest.mark.parametrize("count", range(9))
def test_nine_does_not_spill_into_its_neighbours(count: int) -> None:
    assert probe_text(probes.WHOLE, word(b"99999999"), count, 0) == 10**count - 1
