"""A configuration's table is wrong in every way at once, and every key is found on its line."""

from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signald.sources.tables import key_lines, problems


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    size: Annotated[int, msgspec.Meta(gt=0)]
    name: str = ""


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    inner: Inner
    several: tuple[Inner, ...] = ()
    sizes: tuple[int, ...] = ()


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"inner": {"size": 1}}, []),
        ({}, ["inner is missing"]),
        ({"inner": {}}, ["inner.size is missing"]),
        ({"inner": 3}, ["inner: Expected `object`, got `int`"]),
        (
            {"inner": {"size": 0, "nam": ""}},
            ["inner.size: Expected `int` >= 1", "inner.nam is not a key; did you mean inner.name?"],
        ),
        (
            {"inner": {"size": 1}, "several": [{"size": 1}, {"size": "x", "name": 2}], "sizes": [1, "y"]},
            [
                "several[1].size: Expected `int`, got `str`",
                "several[1].name: Expected `str`, got `int`",
                "sizes[1]: Expected `int`, got `str`",
            ],
        ),
        ({"inner": {"size": 1}, "several": {}}, ["several: Expected `array`, got `object`"]),
    ],
)
def test_all_that_is_wrong_is_said(table: dict[str, Any], expected: list[str]) -> None:
    assert list(problems(table, Outer)) == expected


def test_keys_are_found_on_their_lines() -> None:
    text = """top = 1
# a = 1
[ mqtt ]
port=1
[[venues]]
name = "a"  # name = "b"

[[venues]]
"name" = "b"
[bridges.ics]
poll_s = 1
"""

    found = key_lines(text)

    assert found == {
        "top": 1,
        "mqtt": 3,
        "mqtt.port": 4,
        "venues[0]": 5,
        "venues[0].name": 6,
        "venues[1]": 8,
        "venues[1].name": 9,
        "bridges.ics": 10,
        "bridges.ics.poll_s": 11,
    }


words = st.from_regex(r"[a-z]{1,3}", fullmatch=True)
tables = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(words, deeper, max_size=3),
)


@given(st.dictionaries(st.sampled_from(["inner", "several", "sizes", "x"]), tables))
def test_what_has_no_problem_can_be_read_and_nothing_else(table: dict[str, Any]) -> None:
    found = list(problems(table, Outer))

    try:
        msgspec.convert(table, Outer)
    except msgspec.ValidationError:
        assert found
    else:
        assert found == []


@given(st.text())
def test_lines_are_those_of_the_text(text: str) -> None:
    found = key_lines(text)

    assert all(1 <= line <= len(text.splitlines()) for line in found.values())
