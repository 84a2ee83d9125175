import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signald.model.figures import parse_figure
from signald.model.macro import Unit

_EXPONENTS = {"": 0, "K": 3, "M": 6, "B": 9}
_UNITS = {Unit.THOUSAND_PERSONS: 3, Unit.MILLION_UNITS: 6, Unit.BILLION: 9}
_decimals = st.decimals(min_value=-(10**9), max_value=10**9, allow_nan=False, allow_infinity=False, places=4)


@given(_decimals, st.sampled_from(sorted(_UNITS)), st.sampled_from(["K", "M", "B"]))
def test_a_suffix_is_exact_to_the_nearest_double(number: Decimal, unit: Unit, suffix: str) -> None:
    figure = parse_figure(f"{number:f}{suffix}", unit)

    assert figure == float(number.scaleb(_EXPONENTS[suffix] - _UNITS[unit])) + 0.0


@given(_decimals, st.sampled_from(sorted(Unit)))
def test_separators_and_the_typographic_minus_change_nothing(number: Decimal, unit: Unit) -> None:
    plain = parse_figure(f"{number:f}", unit)

    assert parse_figure(f"{number:,f}".replace("-", "\u2212"), unit) == plain
    assert plain == float(number) + 0.0


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(sorted(Unit)))
def test_a_finite_number_is_itself(number: float, unit: Unit) -> None:
    assert parse_figure(number, unit) == number


@given(
    st.one_of(
        st.text(max_size=80),
        st.text(alphabet="0123456789.,+-\u2212%KMBeE ", max_size=12),
        st.floats(),
        st.integers(),
        st.booleans(),
        st.none(),
    ),
    st.sampled_from(sorted(Unit)),
)
def test_anything_gives_a_finite_number_or_a_value_error(value: object, unit: Unit) -> None:
    figure = _parse_or_none(value, unit)

    assert figure is None or (math.isfinite(figure) and not isinstance(value, bool))


def _parse_or_none(value: object, unit: Unit) -> float | None:
    try:
        return parse_figure(value, unit)
    except ValueError:
        return None


@given(st.booleans(), st.sampled_from(sorted(Unit)))
def test_a_boolean_is_never_a_figure(value: bool, unit: Unit) -> None:  # noqa: FBT001 - hypothesis hands it over
    with pytest.raises(ValueError, match="is not a figure"):
        parse_figure(value, unit)
