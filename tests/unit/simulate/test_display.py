import io

import pytest
from rich.console import Console

from signald.model.time import NS_PER_S, parse_rfc3339
from signald.simulate.calendar import PlannedRelease
from signald.simulate.display import (
    LiveTable,
    PlainLines,
    build_display,
    cells_of,
    guard_line,
    plain,
    show_summary,
    table_of,
)
from signald.simulate.outcome import BookTotals, DemoResult, Percentiles
from signald.simulate.scoreboard import Line, Scoreboard
from tests.support.desk_stream import guard_signal
from tests.support.documents import scored_release

T0 = parse_rfc3339("2025-02-12T13:30:00Z")
CPI = PlannedRelease(indicator="us.cpi.yoy", period="2025-01", ts_scheduled=T0, actual=3.0, consensus=2.9, prior=2.9)
BTC = "BTCUSDT.BINANCE"


def played() -> Scoreboard:
    scoreboard = Scoreboard([CPI], BTC)
    scoreboard.sent(CPI.release_id, monotonic=0)
    scoreboard.read(scored_release(CPI.release_id, instrument=BTC, mean_bps=-61.0), monotonic=431_000)
    scoreboard.realised([CPI], -48.04)
    return scoreboard


def test_a_played_figure_is_one_line() -> None:
    assert plain(played().lines[CPI.release_id]) == (
        "02-12 13:30  us.cpi.yoy:2025-01  actual 3  consensus 2.9  surprise +0.1  σ +1.31  verdict down  "
        "predicted -61.0  realised -48.0  latency 431 µs"
    )


@pytest.mark.parametrize(
    ("left_s", "expected"), [(2.44, "T−2.4 s"), (150, "T−2 min"), (7_300, "T−2 h"), (200_000, "T−2 d"), (-1, "T−0.0 s")]
)
def test_what_is_to_come_counts_down_and_does_not_tell(left_s: float, expected: str) -> None:
    cells = cells_of(Line(release=CPI), now=T0 - round(left_s * NS_PER_S))

    assert cells == ["02-12 13:30", "us.cpi.yoy:2025-01", "", "2.9", *[""] * 5, expected]


def test_a_file_gets_each_line_once_when_all_is_known() -> None:
    written = io.StringIO()
    scoreboard = played()
    scoreboard.lines[CPI.release_id].realised_bps = None
    display = build_display(Console(file=written, width=40), scoreboard)

    with display:
        display.refresh(now=T0)
        early = written.getvalue()
        scoreboard.realised([CPI], 1.0)
        display.refresh(now=T0)
        display.refresh(now=T0)

    assert isinstance(display, PlainLines)
    assert early == ""
    assert written.getvalue().count("us.cpi.yoy:2025-01") == 1
    assert written.getvalue().count("\n") == 1


def test_a_terminal_gets_a_table_that_is_redrawn_on_demand() -> None:
    written = io.StringIO()
    display = build_display(Console(file=written, force_terminal=True, width=160), played())

    with display:
        display.refresh(now=T0)

    assert isinstance(display, LiveTable)
    assert "us.cpi.yoy:2025-01" in written.getvalue()
    assert "431 µs" in written.getvalue()


def test_the_summary_gives_the_totals_and_the_way_to_check_the_journal() -> None:
    written = io.StringIO()
    latency = Percentiles(p50=400.0, p99=900.0, max=901.0)
    result = DemoResult(
        releases=16,
        signals=17,
        books={BTC: BookTotals(frames=5, gaps=0, resyncs=0)},
        latency_us=latency,
        ready_s=3.0,
        compilations_after_ready=0,
        desk_latency_us=latency,
        journal="/a/journal",
    )

    show_summary(Console(file=written, width=40), played(), result)

    assert "16 releases, 17 signals, 0 compilations after" in written.getvalue().replace("\n", " ")
    assert "signald verify /a/journal\n" in written.getvalue()


def test_the_table_fits_into_120_columns() -> None:
    scoreboard = played()

    width = Console(width=300).measure(table_of(scoreboard.lines.values(), now=None)).maximum

    assert width <= 120


def test_guard_says_what_quotes_do_until_it_has_run_out() -> None:
    step = guard_signal("hold", life_s=60, ts_event=T0)

    assert guard_line(None, now=T0) == ""
    assert guard_line(step, now=T0) == "guard BTCUSDT.BINANCE: hold  widen by 3.0 bps  at most 1,000 USD"
    assert guard_line(step, now=T0 + 60_000_000_000).startswith("guard BTCUSDT.BINANCE: widen (")
