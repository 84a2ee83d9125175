"""Who moves first: planted leads."""

import numpy as np
import pytest

from signald.core.movers.lead import FARTHEST, LEAST, Floats, leads


def paths(shifts: list[int], *, count: int = 300, noise: float = 0.3, seed: int = 1) -> list[Floats]:
    """Looks at venues that follow one walk so many looks late."""
    random = np.random.default_rng(seed)
    walk = np.cumsum(random.standard_normal(count + 2 * FARTHEST) * 1e-4)
    columns = [
        np.exp(walk[FARTHEST - late : FARTHEST - late + count] + noise * 1e-4 * random.standard_normal(count))
        for late in shifts
    ]
    return list(np.stack(columns, axis=1))


@pytest.mark.parametrize("late", [1, 2, 4])
def test_a_venue_that_follows_is_found_to_follow_by_as_much(late: int) -> None:
    found = leads(paths([0, 0, 0, late]))

    assert [None if one is None else one.looks for one in found] == [0, 0, 0, -late]


def test_a_venue_that_leads_is_found_to_lead() -> None:
    found = leads(paths([0, 3, 3, 3]))

    assert [None if one is None else one.looks for one in found] == [3, 0, 0, 0]


def test_venues_that_have_nothing_to_do_with_one_another_lead_nobody() -> None:
    random = np.random.default_rng(5)
    walks = np.exp(np.cumsum(random.standard_normal((300, 2)) * 1e-4, axis=0))

    found = leads(list(walks))

    assert all(one is None or one.correlation < 0.25 for one in found)


def test_too_few_looks_say_nothing() -> None:
    assert leads(paths([0, 1])[:LEAST]) == ()
    assert leads([]) == ()


def test_a_book_that_was_not_seen_leads_nobody_and_hides_nobody() -> None:
    looks = [np.append(one, np.nan) for one in paths([0, 0, 0, 2])]

    found = leads(looks)

    assert found[-1] is None
    assert [None if one is None else one.looks for one in found[:4]] == [0, 0, 0, -2]
