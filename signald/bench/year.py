"""A year in one go: releases over eight simulated books, made, replayed and thrown away one by one, then calibrated.

Each release is a piece of work by itself, a function of its number: ten minutes of every venue's own frames at its
cadence become a journal, a calendar of one figure is laid over it, both are replayed to signals, and the journal is
deleted. So no more than one journal a worker is ever on disk, however long the year. What is left of a release is its
figure, its moves and how long each step took; calibration and backtest run on these.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter_ns

import msgspec

from signald.app.research import run_backtest, run_calibration
from signald.app.world import load_world
from signald.bench.machine import describe_machine
from signald.bench.made_up_year import CALENDAR_HEADER, bars, calendar_line, made_up_year
from signald.bench.on_paper import RELEASES, Measured, Prices, on_paper
from signald.bench.venue_frames import LISTED
from signald.bench.year_release import WINDOW_S, Piece, play_release
from signald.config import Config
from signald.errors import CheckFailedError
from signald.model.time import NS_PER_S
from signald.research.scope import Scope
from signald.research.spread.cluster import PROCESSES, open_workers


class YearResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured, and what follows on paper.

    Attributes:
        releases: How many were made and replayed, of ``year`` in all.
        window_s: Seconds of each that were played, of 600: figures of a release are reckoned to all of them.
        year: Releases in a year.
        books: Instruments around each.
        workers: Processes that did the work.
        frames: Of all that were played.
        wall_s: Seconds from the first release to the last, on all workers.
        make_s: Seconds of one core, a release: simulated and written.
        replay_s: Seconds of one core, a release: read, books, rows, engine, signals.
        frames_per_s: Replayed by one core.
        raw_mb: Megabytes of frames, a release.
        journal_mb: Of its journal, compressed.
        most_on_disk_mb: At any time.
        documents: Signals in all.
        calibrate_s: Seconds to estimate the model of the whole year, with its report: moves of releases that were not
            played are drawn.
        backtest_s: To judge it out of sample.
        paper: What follows: a name → a number.
        sums: How each of these follows, in words.
        machine: Where this was.
    """

    releases: int
    window_s: int
    year: int
    books: int
    workers: int
    frames: int
    wall_s: float
    make_s: float
    replay_s: float
    frames_per_s: int
    raw_mb: float
    journal_mb: float
    most_on_disk_mb: float
    documents: int
    calibrate_s: float
    backtest_s: float
    paper: dict[str, float]
    sums: tuple[str, ...]
    machine: dict[str, str | int | None]


def bench_year(
    config: Config,
    *,
    releases: int = RELEASES,
    window_s: int = WINDOW_S,
    count: int = 2,
    scheduler: str = PROCESSES,
    prices: Prices,
    report: Path | None = None,
) -> YearResult:
    """Play the first so many releases of the year on so many workers, and reckon what the rest would take.

    With less than ten minutes of each the busiest part is played, and what a release takes is reckoned too high.

    Raises:
        CheckFailedError: A book was lost, or not scored.
    """
    figures = list(made_up_year())[:releases]
    with open_workers(scheduler, count=count) as workers:
        workers.map(play_release, [one._replace(number=-1) for one in figures[:count]], (config, 2))  # code is loaded
        begin = perf_counter_ns()
        pieces = workers.map(play_release, figures, (config, window_s))
        wall_s = (perf_counter_ns() - begin) / NS_PER_S
    _require_books(pieces)
    calibrate_s, backtest_s = _research(config, pieces, report)
    return _reckon(
        pieces, wall_s, window_s=window_s, workers=count, prices=prices, calibrate_s=calibrate_s, backtest_s=backtest_s
    )


def _require_books(pieces: Sequence[Piece]) -> None:
    for one in pieces:
        if one.gaps or one.books < len(LISTED):
            problem = f"{one.books} of {len(LISTED)} books were scored and {one.gaps} lost at {one.figure.indicator}"
            raise CheckFailedError(problem)


def _research(config: Config, pieces: Sequence[Piece], report: Path | None) -> tuple[float, float]:
    """Seconds to calibrate on the year with a report, and to judge that out of sample, as the commands do.

    Releases that were not played move as the market is told to, with its noise.
    """
    world = load_world(config)
    played = {one.figure.number: one.move_bps for one in pieces}
    with tempfile.TemporaryDirectory() as folder:
        calendar, prices, model = (Path(folder) / name for name in ("calendar.csv", "btc_5m.csv", "model.json"))
        year = list(made_up_year())
        calendar.write_text(
            CALENDAR_HEADER + "".join(calendar_line(one, world.indicators[one.indicator]) for one in year)
        )
        prices.write_text("date,open,high,low,close,volume\n" + "".join(bars(year, played)))
        begin = perf_counter_ns()
        page = report or Path(folder) / "report.html"
        run_calibration(config, [calendar], [prices], model, asset="BTC", report=page)
        calibrated = perf_counter_ns()
        run_backtest(config, [calendar], [prices], scope=Scope(asset="BTC"), model=None)
        done = perf_counter_ns()
    return (calibrated - begin) / NS_PER_S, (done - calibrated) / NS_PER_S


def _reckon(
    pieces: Sequence[Piece],
    wall_s: float,
    *,
    window_s: int,
    workers: int,
    prices: Prices,
    calibrate_s: float,
    backtest_s: float,
) -> YearResult:
    n, books = len(pieces) * window_s / WINDOW_S, len(LISTED)  # as many releases of ten minutes
    make_s, replay_s = (sum(of) / n for of in ([one.make_s for one in pieces], [one.replay_s for one in pieces]))
    frames = sum(one.frames for one in pieces)
    raw_mb, journal_mb = (
        sum(of) / n / 1e6 for of in ([one.raw_bytes for one in pieces], [one.journal_bytes for one in pieces])
    )
    most = workers * max(one.open_bytes + one.journal_bytes for one in pieces) / 1e6
    paper, sums = on_paper(
        Measured(make_s=make_s, replay_s=replay_s, journal_mb=journal_mb, books=books, wall_s=wall_s / n), prices
    )
    return YearResult(
        releases=len(pieces),
        window_s=window_s,
        year=RELEASES,
        books=books,
        workers=workers,
        frames=frames,
        wall_s=round(wall_s, 1),
        make_s=round(make_s, 2),
        replay_s=round(replay_s, 2),
        frames_per_s=round(frames / sum(one.replay_s for one in pieces)),
        raw_mb=round(raw_mb, 1),
        journal_mb=round(journal_mb, 1),
        most_on_disk_mb=round(most, 1),
        documents=sum(one.documents for one in pieces),
        calibrate_s=round(calibrate_s, 1),
        backtest_s=round(backtest_s, 1),
        paper=paper,
        sums=sums,
        machine=describe_machine("numba", "numpy")._asdict(),
    )


def sections(result: YearResult) -> list[tuple[str, str]]:
    """The result as lines of a name and a value."""
    part = "the whole year" if result.releases == result.year else f"{result.releases} of {result.year} releases"
    return [
        (f"{part}, {result.books} books, {result.window_s} s around each", f"{result.frames} frames"),
        (f"on {result.workers} workers", f"{result.wall_s:.1f} s"),
        ("one core, a release: made and written", f"{result.make_s:.2f} s"),
        ("one core, a release: replayed to signals", f"{result.replay_s:.2f} s, {result.frames_per_s} frames a second"),
        ("a release's frames, and its journal", f"{result.raw_mb:.1f} MB, {result.journal_mb:.1f} MB"),
        ("most on disk at any time", f"{result.most_on_disk_mb:.1f} MB"),
        ("documents", str(result.documents)),
        ("the year calibrated with a report; judged", f"{result.calibrate_s:.1f} s; {result.backtest_s:.1f} s"),
    ]
