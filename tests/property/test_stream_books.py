"""Sources of venues that send snapshots in band, against the plainest book there is, on frames good and bad."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.stream_fuzz import DIALECTS, StreamFuzz


@pytest.mark.parametrize("venue", DIALECTS)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_every_frame_is_applied_as_it_says_or_refused(venue: str, seed: int) -> None:
    fuzz = StreamFuzz(venue, seed)

    problems = [fuzz.step() or fuzz.compare() for _ in range(40)]

    assert problems == [""] * 40
    assert fuzz.outcomes["applied/live"] > 0
