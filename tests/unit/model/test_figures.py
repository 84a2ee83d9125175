import math

import pytest

from signald.model.figures import parse_figure
from signald.model.macro import Unit


@pytest.mark.parametrize(
    ("spelling", "unit", "expected"),
    [
        (256, Unit.THOUSAND_PERSONS, 256.0),
        (2.9, Unit.PERCENT, 2.9),
        ("256", Unit.THOUSAND_PERSONS, 256.0),
        ("256K", Unit.THOUSAND_PERSONS, 256.0),
        ("0.256M", Unit.THOUSAND_PERSONS, 256.0),
        ("-20537K", Unit.THOUSAND_PERSONS, -20537.0),
        ("11.03M", Unit.THOUSAND_PERSONS, 11030.0),
        ("0.00001B", Unit.THOUSAND_PERSONS, 10.0),
        ("1.434M", Unit.MILLION_UNITS, 1.434),
        ("697K", Unit.MILLION_UNITS, 0.697),
        ("-87.84B", Unit.BILLION, -87.84),
        ("500M", Unit.BILLION, 0.5),
        ("2.9%", Unit.PERCENT, 2.9),
        ("\u22120.4%", Unit.PERCENT, -0.4),
        ("+0.4%", Unit.PERCENT, 0.4),
        ("-0.4", Unit.PERCENT, -0.4),
        (".5", Unit.PERCENT, 0.5),
        ("1,234", Unit.INDEX, 1234.0),
        ("1,750K", Unit.THOUSAND_PERSONS, 1750.0),
        ("1,234,567.5", Unit.INDEX, 1234567.5),
        ("2.56e2", Unit.THOUSAND_PERSONS, 256.0),
    ],
)
def test_each_spelling_of_the_contract_is_read_in_the_unit(spelling: object, unit: Unit, expected: float) -> None:
    assert parse_figure(spelling, unit) == expected


def test_a_bare_number_is_never_rescaled_even_if_it_looks_like_a_slip() -> None:
    assert parse_figure(256000, Unit.THOUSAND_PERSONS) == 256000.0
    assert parse_figure("0.029", Unit.PERCENT) == 0.029


@pytest.mark.parametrize("spelling", ["-0", "\u22120.0%", -0.0, "-0.00"])
def test_zero_has_no_sign(spelling: object) -> None:
    assert math.copysign(1.0, parse_figure(spelling, Unit.PERCENT)) == 1.0


@pytest.mark.parametrize(
    "spelling",
    [
        *("", " ", "n/a", "N/A", "-", "<0.1%", ">0.1", "~3", "nan", "NaN", "inf", "-Infinity", "None", "true"),
        *("1,23", "12,34,567", ",123", "1,234,", "1.", "1.2.3", "--1", "+-1", "1 234", " 1", "1\n", "0x10", "1_000"),
        *("256k", "2.9pct", "2.9 %", "%", "K", "2.9%%", "1e", "1e5K", "1e999", "\uff11", "\u0661"),
        "4.33|2.5",
        "1" * 400,
    ],
)
def test_text_that_is_no_number_is_refused_and_named(spelling: str) -> None:
    with pytest.raises(ValueError, match="is not a figure in percent") as refused:
        parse_figure(spelling, Unit.PERCENT)

    assert repr(spelling)[:20] in str(refused.value)


@pytest.mark.parametrize("value", [True, False, None, math.nan, math.inf, -math.inf, 10**400, [], {}, b"1", 1j])
def test_values_that_are_no_finite_number_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is not a figure in index"):
        parse_figure(value, Unit.INDEX)


def test_an_integer_too_long_to_be_written_out_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond any double"):
        parse_figure(-(10**6000), Unit.INDEX)


@pytest.mark.parametrize(
    ("spelling", "unit"),
    [
        *(("3%", unit) for unit in Unit if unit is not Unit.PERCENT),
        *((f"3{suffix}", unit) for suffix in "KMB" for unit in (Unit.PERCENT, Unit.INDEX)),
    ],
)
def test_a_suffix_that_makes_no_sense_for_the_unit_is_refused(spelling: str, unit: Unit) -> None:
    with pytest.raises(ValueError, match=f"is not a figure in {unit.value}"):
        parse_figure(spelling, unit)
