"""The differential fuzz of tests/fuzz/whole_books.py, a little of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.whole_books import VENUES, WholeBookFuzz

BUILT = {venue: WholeBookFuzz(venue, 0) for venue in VENUES}
"""Before any test begins: to compile takes longer than a test may."""


@pytest.mark.parametrize("venue", VENUES)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_source_has_the_plainest_book_or_none(venue: str, seed: int) -> None:
    fuzz = WholeBookFuzz(venue, seed)

    problems = [fuzz.run() for _ in range(5)]

    assert problems == [""] * 5, fuzz.frame
