import csv
import io
import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import pytest

from signald.errors import ImportFormatError
from signald.model.macro import ReleaseKind, ScheduleState
from signald.model.time import NS_PER_S, format_rfc3339
from signald.sources.calendars.files.investing import FeedReading, FeedRelease, read_feed
from tests.support.feed_truth import ECHO, INDICATORS, differences, truths
from tests.support.shared_data import shared_data

COLUMNS = "commit_utc commit page_date time_shown tz_label currency importance event actual forecast previous"
HEADER = COLUMNS.split()


def row(
    seen: str,
    day: str,
    clock: str,
    event: str,
    actual: str = "",
    forecast: str = "",
    previous: str = "",
    label: str = "GMT",
) -> list[str]:
    return [seen, "0", day, clock, label, "USD", "High", event, actual, forecast, previous]


def read(rows: Iterable[list[str]]) -> FeedReading:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    return read_feed([("updates.csv", text.getvalue().encode())], INDICATORS)


def only(reading: FeedReading) -> FeedRelease:
    (release,) = reading.releases
    return release


@pytest.fixture(scope="module")
def stream() -> bytes:
    return shared_data("macro", "calendar", "feed_updates_us_investing.csv").read_bytes()


@pytest.fixture(scope="module")
def whole(stream: bytes) -> FeedReading:
    return read_feed([("updates.csv", stream)], INDICATORS)


def test_a_release_has_what_was_known_before_and_its_first_figure() -> None:
    reading = read(
        [
            row("2024-01-10T16:22:15Z", "2024-01-11", "13:30", "CPI (YoY) (Dec)", "", "3.1%", "3.1%"),
            row("2024-01-11T05:22:15Z", "2024-01-11", "13:30", "CPI (YoY) (Dec)", "", "3.2%", "3.1%"),
            row("2024-01-11T14:15:45Z", "2024-01-11", "13:30", "CPI (YoY) (Dec)", "3.4%", "3.3%", "3.0%"),
        ]
    )

    release = only(reading)

    assert release.release_id == "us.cpi.yoy:2023-12"
    assert format_rfc3339(release.ts_release) == "2024-01-11T13:30:00Z"
    assert [(one.consensus, one.prior) for one in release.schedules] == [(3.1, 3.1), (3.2, 3.1)]
    (figure,) = release.figures
    assert (figure.ts, figure.kind, figure.actual, figure.revised_prior) == (
        release.ts_release,
        ReleaseKind.FIRST,
        3.4,
        3.0,
    )


def test_a_label_without_summer_time_is_not_believed() -> None:
    reading = read(
        [
            row("2026-07-13T23:10:00Z", "2026-07-14", "13:30", "CPI (YoY) (Jun)", "", "2.9%", "2.8%"),
            row("2026-07-14T13:10:00Z", "2026-07-14", "13:30", "CPI (YoY) (Jun)", "3.0%", "2.9%", "2.8%"),
            *[
                row(f"2026-07-{day}T10:10:00Z", f"2026-07-{day}", "13:30", "Initial Jobless Claims", "", "220K", "219K")
                for day in ("02", "09", "16", "23")
            ],
        ]
    )

    found = {release.release_id: format_rfc3339(release.ts_release) for release in reading.releases}

    assert found["us.cpi.yoy:2026-06"] == "2026-07-14T12:30:00Z"
    assert reading.faults["wrong_zone"] == 6


def test_a_countdown_tells_the_clock_by_itself() -> None:
    rows = [
        row("2024-11-27T14:12:30Z", "2024-11-27", "48 min", "PCE price index (YoY) (Oct)", "", "2.3%", "2.1%"),
        row("2024-11-27T15:12:30Z", "2024-11-27", "20:00", "PCE price index (YoY) (Oct)", "2.3%", "2.3%", "2.1%"),
    ]
    label = ["GMT+2"] * len(rows)

    reading = read([[*one[:4], claimed, *one[5:]] for one, claimed in zip(rows, label, strict=True)])

    release = only(reading)
    assert format_rfc3339(release.ts_release) == "2024-11-27T15:00:00Z"
    assert reading.faults == {"relative_time": 1, "wrong_zone": 1}


def test_a_page_turned_too_early_shows_no_second_release() -> None:
    reading = read(
        [
            row("2023-07-20T11:00:00Z", "2023-07-20", "12:30", "Initial Jobless Claims", "", "242K", "237K"),
            row("2023-07-20T15:11:04Z", "2023-07-20", "12:30", "Initial Jobless Claims", "228K", "242K", "237K"),
            row("2023-07-20T16:23:33Z", "2023-07-21", "12:30", "Initial Jobless Claims", "228K", "242K", "237K"),
            row("2023-07-22T16:23:33Z", "2023-07-24", "12:30", "Initial Jobless Claims", "228K", "242K", "237K"),
        ]
    )

    assert only(reading).release_id == "us.jobless_claims:2023-W28"
    assert reading.faults["repeated"] == 2


def test_a_release_seen_under_a_later_day_only_came_on_the_day_before() -> None:
    seen = "2023-07-05T16:39:49Z"

    reading = read([row(seen, "2023-07-06", "14:00", "Factory Orders (MoM) (May)", "0.3%", "0.8%", "0.3%")])

    assert format_rfc3339(only(reading).ts_release) == "2023-07-05T14:00:00Z"
    assert reading.faults["wrong_day"] == 1


def test_two_months_at_one_minute_stay_two_releases() -> None:
    reading = read(
        [
            row("2025-12-16T12:00:00Z", "2025-12-16", "13:30", "Nonfarm Payrolls (Oct)", "", "", "119K"),
            row("2025-12-16T12:00:00Z", "2025-12-16", "13:30", "Nonfarm Payrolls (Nov)", "", "50K", ""),
            row("2025-12-16T14:00:00Z", "2025-12-16", "13:30", "Nonfarm Payrolls (Oct)", "-105K", "", "108K"),
            row("2025-12-16T14:00:00Z", "2025-12-16", "13:30", "Nonfarm Payrolls (Nov)", "64K", "50K", "-105K"),
        ]
    )

    assert [(one.release_id, one.figures[0].actual) for one in reading.releases] == [
        ("us.nfp:2025-10", -105.0),
        ("us.nfp:2025-11", 64.0),
    ]


def test_weeks_that_came_at_once_are_told_apart_by_their_previous() -> None:
    reading = read(
        [
            row("2025-11-20T12:00:00Z", "2025-11-20", "13:30", "Initial Jobless Claims", "", "227K", "228K"),
            row("2025-11-20T14:00:00Z", "2025-11-20", "13:30", "Initial Jobless Claims", "220K", "227K", "228K"),
            row("2025-11-20T14:00:00Z", "2025-11-20", "13:30", "Initial Jobless Claims", "228K", "225K", "232K"),
        ]
    )

    assert [(one.release_id, one.figures[0].actual) for one in reading.releases] == [
        ("us.jobless_claims:2025-W45", 228.0),
        ("us.jobless_claims:2025-W46", 220.0),
    ]


def test_stages_that_came_late_keep_their_order() -> None:
    event = "GDP (QoQ) (Q3)"
    reading = read(
        [
            row("2025-12-22T23:00:00Z", "2025-12-23", "13:30", event, "", "3.3%", "3.8%"),
            row("2025-12-23T14:00:00Z", "2025-12-23", "13:30", event, "4.3%", "3.3%", "3.8%"),
            row("2026-01-21T23:00:00Z", "2026-01-22", "13:30", event, "", "4.3%", "3.8%"),
            row("2026-01-22T14:00:00Z", "2026-01-22", "13:30", event, "4.4%", "4.3%", "3.8%"),
        ]
    )

    assert [(one.release_id, one.figures[0].actual) for one in reading.releases] == [
        ("us.gdp.qoq:2025-Q3:second", 4.3),
        ("us.gdp.qoq:2025-Q3:third", 4.4),
    ]


def test_a_release_swallowed_by_an_outage_has_no_figure() -> None:
    reading = read(
        [
            row("2024-05-15T08:22:02Z", "2024-05-15", "13:30", "CPI (YoY) (Apr)", "", "3.4%", "3.5%"),
            row("2024-05-18T04:24:54Z", "2024-05-20", "13:30", "Chicago Fed National Activity (Apr)"),
        ]
    )

    assert only(reading).figures == ()
    assert (reading.faults["outage"], reading.faults["never_seen"]) == (1, 1)


def test_a_time_that_moves_is_rescheduled() -> None:
    reading = read(
        [
            row("2024-01-08T10:00:00Z", "2024-01-10", "13:30", "CPI (YoY) (Dec)", "", "3.2%", "3.1%"),
            row("2024-01-09T10:00:00Z", "2024-01-11", "13:30", "CPI (YoY) (Dec)", "", "3.2%", "3.1%"),
        ]
    )

    assert [one.state for one in only(reading).schedules] == [ScheduleState.SCHEDULED, ScheduleState.RESCHEDULED]


def test_a_changed_figure_is_a_correction() -> None:
    rows = [
        row("2024-01-10T10:00:00Z", "2024-01-11", "13:30", "CPI (YoY) (Dec)", "", "3.2%", "3.1%"),
        row("2024-01-11T14:10:00Z", "2024-01-11", "13:30", "CPI (YoY) (Dec)", "3.4%", "3.2%", "3.1%"),
        row("2024-01-11T15:10:00Z", "2024-01-11", "13:30", "CPI (YoY) (Dec)", "3.5%", "3.2%", "3.1%"),
    ]

    release = only(read(rows))

    assert [(one.kind, one.actual) for one in release.figures] == [
        (ReleaseKind.FIRST, 3.4),
        (ReleaseKind.CORRECTION, 3.5),
    ]


def test_a_page_of_several_days_is_taken_apart() -> None:
    table = (
        "| Time (GMT) | Currency | Importance | Event | Actual | Forecast | Previous |\n|---|---|---|---|---|---|---|\n"
    )
    text = (
        f"## 19 May 2024 - All Forex News\n\n{table}"
        "| 20:30 | USD | High | Fed Chair Powell Speaks |  |  |  |\n"
        "| 15:00 | USD | Low | FOMC Member Mester Speaks |  |  |  |\n"
        "| 14:00 | USD | Low | Fed Waller Speaks |  |  |  |\n"
        "| 15:00 | USD | High | Existing Home Sales (Apr) | 4.14M | 4.21M | 4.22M |\n"
        "| 13:30 | USD | High | Initial Jobless Claims | 215K | 220K | 223K |\n"
        "| not a row |\n"
    )
    page = json.dumps([{"commit": "0", "commit_utc": "2024-05-25T00:20:58Z", "text": text}]).encode()

    reading = read_feed([("2024-05-25.json", page)], INDICATORS)

    assert [(one.release_id, format_rfc3339(one.ts_release)) for one in reading.releases] == [
        ("us.existing_home_sales:2024-04", "2024-05-21T14:00:00Z"),
        ("us.jobless_claims:2024-W20", "2024-05-22T12:30:00Z"),
    ]
    assert (reading.faults["page_of_days"], reading.faults["unreadable_row"]) == (3, 1)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"[1]", b"[{]", b"\xff\xfe"])
def test_what_is_no_copy_of_the_site_is_refused(content: bytes) -> None:
    with pytest.raises(ImportFormatError):
        read_feed([("some", content)], INDICATORS)


def test_the_shared_stream_gives_the_calendar_that_was_rebuilt_from_it(whole: FeedReading) -> None:
    truth = shared_data("macro", "calendar", "calendar_us_investing.csv").read_bytes()
    rows = list(truths(truth, INDICATORS))

    found = differences(whole.releases, rows)

    assert [difference for difference in found if not difference.reason] == []
    real = len(rows) - sum(difference.reason == ECHO for difference in found)
    assert (len(rows) - len(found)) / real >= 0.995


def test_consensus_and_priors_are_those_of_the_rebuilt_calendar(whole: FeedReading) -> None:
    truth = shared_data("macro", "calendar", "calendar_us_investing.csv").read_bytes()
    ours = {(one.indicator, one.ts_release): one for one in whole.releases}
    rows = [row for row in truths(truth, INDICATORS) if (row.indicator.id, row.ts) in ours]

    wrong = 0
    for one in rows:
        release = ours[one.indicator.id, one.ts]
        known = release.schedules[-1] if release.schedules else None
        prior = known.prior if known else None
        revised = release.figures[0].revised_prior
        wrong += (known.consensus if known else None, prior) != (one.consensus, one.prior)
        wrong += (prior if revised is None else revised) != one.revised_prior

    assert wrong == 0


def test_no_release_of_the_shared_stream_comes_twice(whole: FeedReading) -> None:
    at_once = [(one.indicator, one.ts_release) for one in whole.releases]
    ids = [one.release_id for one in whole.releases]

    assert len(set(ids)) == len(ids)
    assert len(set(at_once)) == len(at_once)


def test_pages_and_updates_may_come_in_any_order_and_twice(stream: bytes, whole: FeedReading) -> None:
    page = shared_data("macro", "pages", "2024-06-12.json").read_bytes()

    forth = read_feed([("a", stream), ("b", page), ("c", stream)], INDICATORS)
    back = read_feed([("b", page), ("a", stream)], INDICATORS)

    assert forth.releases == back.releases
    ours = {one.release_id: one for one in forth.releases}
    assert [ours[one.release_id].ts_release for one in whole.releases] == [one.ts_release for one in whole.releases]


@pytest.mark.parametrize(
    ("moved", "by"),
    [
        pytest.param(lambda seen: True, timedelta(hours=5, minutes=30), id="another clock all the time"),  # noqa: ARG005
        pytest.param(lambda seen: "2023-11-20" < seen < "2024-01-15", timedelta(hours=-1), id="an hour off for weeks"),
        pytest.param(lambda seen: seen > "2024-05-01", timedelta(hours=-5), id="another clock from a day on"),
    ],
)
def test_the_clock_of_the_page_does_not_matter(
    stream: bytes, whole: FeedReading, moved: Callable[[str], bool], by: timedelta
) -> None:
    rows = list(csv.DictReader(io.StringIO(stream.decode())))
    for one in rows:
        if moved(one["commit_utc"]) and ":" in one["time_shown"]:
            shown = datetime.fromisoformat(f"{one['page_date']}T{one['time_shown']:0>5}") + by
            one["page_date"], one["time_shown"] = shown.date().isoformat(), shown.strftime("%H:%M")
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)

    reading = read_feed([("updates.csv", text.getvalue().encode())], INDICATORS)

    before = {one.release_id: one.ts_release for one in whole.releases if one.figures}
    after = {one.release_id: one.ts_release for one in reading.releases if one.figures}
    off = [name for name, ts in before.items() if abs(after.get(name, 0) - ts) > 600 * NS_PER_S]
    assert len(off) <= len(before) // 200
