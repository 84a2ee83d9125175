"""The year in one go: its releases, one of them played for a few seconds, and what follows on paper."""

from pathlib import Path

import pytest

from signald.app.world import load_known_indicators
from signald.bench.made_up_year import CALENDAR_HEADER, bars, calendar_line, made_up_year
from signald.bench.on_paper import Measured, Prices, on_paper
from signald.bench.venue_frames import LISTED
from signald.bench.year_release import play_release
from signald.config import Config
from signald.model.time import NS_PER_S
from signald.sources.calendars.files import read_calendar


def test_the_year_has_260_releases_each_on_a_weekday_of_its_own() -> None:
    year = list(made_up_year())
    indicators = load_known_indicators(Config())

    text = CALENDAR_HEADER + "".join(calendar_line(one, indicators[one.indicator]) for one in year)
    read = read_calendar(text.encode(), indicators, name="year.csv")

    assert len(read.rows) == 260
    assert read.faults == {}
    assert len({one.ts // (86_400 * NS_PER_S) for one in year}) == 260
    surprises = [(row.actual or 0.0) - (row.consensus or 0.0) for row in read.rows]
    steps = [round(raw / indicators[row.indicator].step) for raw, row in zip(surprises, read.rows, strict=True)]
    assert steps == [one.steps for one in year]


def test_bars_have_what_was_played_at_its_release() -> None:
    year = list(made_up_year())

    lines = list(bars(year, {3: 123.0}))

    at = next(line for line in lines if line.startswith("2024-01-04T13:30:00Z"))
    opened, closed = (float(at.split(",")[place]) for place in (1, 4))
    assert (closed / opened - 1.0) * 1e4 == pytest.approx(123.0, abs=0.01)


@pytest.mark.timeout(120)
def test_a_release_is_scored_on_all_eight_books_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    figure = next(made_up_year())._replace(steps=3)

    piece = play_release(figure, (Config(), 2))

    assert piece.books >= len(LISTED)
    assert piece.gaps == 0
    assert piece.documents > 0
    assert piece.frames > 100
    assert piece.raw_bytes > 0
    assert list(tmp_path.iterdir()) == []


def test_what_stands_on_paper_follows_from_what_was_measured() -> None:
    one = Measured(make_s=72.0, replay_s=3.6, journal_mb=10.0, books=8, wall_s=36.0)

    paper, sums = on_paper(one, Prices(core_hour_usd=0.1, gb_month_usd=0.02))

    assert paper["year_hours"] == pytest.approx(36.0 * 260 / 3600)
    assert paper["replay_core_hours"] == pytest.approx(3.6 * 5 * 2600 / 3600)
    assert paper["make_core_hours"] == pytest.approx(72.0 * 5 * 2600 / 3600)
    assert paper["gb"] == pytest.approx(130.0)
    assert paper["replay_usd"] == pytest.approx(1.3)
    assert paper["keep_usd_a_month"] == pytest.approx(2.6)
    assert len(sums) == 7
