"""Eight venues at once, each with all its faults in turn; `make venues-soak` is the same for as long as is wanted."""

from pathlib import Path

import pytest

from tests.support.eight_venues import EightVenues
from tests.support.simulated_venue import VENUES
from tests.support.venue_faults import ORDERS


@pytest.mark.timeout(600)
async def test_eight_venues_at_once_show_no_wrong_book_whatever_happens_to_them(tmp_path: Path) -> None:
    report = await EightVenues(tmp_path, 0).run()

    assert report["wrong_books"] == []
    assert report["venues"].keys() == VENUES.keys()
    assert [venue for venue, told in report["venues"].items() if not told["books_lost"]] == []
    assert all(told["connections"] > 1 for told in report["venues"].values())
    assert all(told["faults"].keys() == ORDERS.keys() for told in report["venues"].values())
    assert all(told["books_compared"] > 0 for told in report["venues"].values())
