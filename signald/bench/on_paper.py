"""A year of releases on paper: what rates that were measured come to for more books, more years, more machines."""

from typing import Final, NamedTuple

RELEASES: Final = 260
INSTRUMENTS: Final = 40
YEARS: Final = 10


class Prices(NamedTuple):
    """What a cluster costs: US dollars of one core for an hour, and of a gigabyte kept for a month."""

    core_hour_usd: float
    gb_month_usd: float


class Measured(NamedTuple):
    """What one release costs: core seconds to make and to replay, its journal, its books, wall seconds."""

    make_s: float
    replay_s: float
    journal_mb: float
    books: int
    wall_s: float


def on_paper(one: Measured, prices: Prices) -> tuple[dict[str, float], tuple[str, ...]]:
    """A year on this machine, and ten years of forty instruments on a cluster; numbers, and how they follow."""
    windows = RELEASES * YEARS
    share = INSTRUMENTS / one.books
    replay_hours = one.replay_s * share * windows / 3_600.0
    make_hours = one.make_s * share * windows / 3_600.0
    gigabytes = one.journal_mb * share * windows / 1e3
    paper = {
        "year_hours": one.wall_s * RELEASES / 3_600.0,
        "year_gb_if_kept": one.journal_mb * RELEASES / 1e3,
        "replay_core_hours": replay_hours,
        "make_core_hours": make_hours,
        "gb": gigabytes,
        "replay_usd": replay_hours * prices.core_hour_usd,
        "make_usd": make_hours * prices.core_hour_usd,
        "keep_usd_a_month": gigabytes * prices.gb_month_usd,
    }
    what = f"{INSTRUMENTS} instruments / {one.books} books × {RELEASES} releases × {YEARS} years"
    sums = (
        f"the year here: {one.wall_s:.2f} s a release × {RELEASES} / 3600 = {paper['year_hours']:.2f} hours",
        f"its journals, if kept: {one.journal_mb:.1f} MB × {RELEASES} / 1000 = {paper['year_gb_if_kept']:.1f} GB",
        f"replay: {one.replay_s:.2f} core s × {what} / 3600 = {replay_hours:.1f} core hours",
        f"making: {one.make_s:.2f} core s × the same / 3600 = {make_hours:.1f} core hours",
        f"journals: {one.journal_mb:.1f} MB × the same / 1000 = {gigabytes:.0f} GB",
        f"at {prices.core_hour_usd:g} USD a core hour: {paper['replay_usd']:.2f} and {paper['make_usd']:.2f} USD",
        f"keeping them at {prices.gb_month_usd:g} USD a GB and month: {paper['keep_usd_a_month']:.2f} USD a month",
    )
    return {name: round(number, 3) for name, number in paper.items()}, sums
