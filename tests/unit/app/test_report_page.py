"""Report cards as pages of the console."""

from signald.app.report_page import report_of
from tests.support.signals import T0, sample_signal

SCORED = sample_signal()
OUTCOME = sample_signal(
    id="2", kind="outcome", verdict=None, realised_bps=-55.0, held={}, ts_event=T0 + 900_000_000_000, desk=None
)


def test_a_releases_card_is_a_page() -> None:
    shown = report_of((SCORED, OUTCOME), "us.cpi.yoy:2025-01")

    assert shown is not None
    assert "Report card: us.cpi.yoy:2025-01" in shown
    assert "−55.0" in shown


def test_without_a_name_there_is_a_list_with_links() -> None:
    shown = report_of((SCORED,), "")

    assert shown is not None
    assert '<a href="/reports/us.cpi.yoy:2025-01">us.cpi.yoy:2025-01</a>' in shown


def test_a_release_that_was_not_scored_has_no_page() -> None:
    assert report_of((SCORED,), "us.nfp:2025-01") is None
    assert "No figure was scored yet" in (report_of((), "") or "")
