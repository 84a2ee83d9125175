"""Measures what acting later costs, on recorded journals."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from signald.app.recordings import models_of, rebuilds, recorded
from signald.app.world import build_pipeline, load_world
from signald.config import Config
from signald.errors import ConfigError
from signald.journal.parts import parts
from signald.research.calibrate import identify_file
from signald.research.delay.acting import Plan, act_on
from signald.research.delay.curve import DelayCurve, curve_of, write_news
from signald.research.report.delay_section import render_delay
from signald.research.report.page import write_page

_LEAST_DELAYS: Final = 2
"""A slope is between two."""


class OnBooks(NamedTuple):
    """Journals with releases over recorded books, and how documents are acted on in them."""

    journals: Sequence[Path]
    plan: Plan = Plan()


def run_delay(
    config: Config, journals: Sequence[Path], plan: Plan, *, report: Path | None = None, news: Path | None = None
) -> DelayCurve:
    """Replay journals and act on what is said in them.

    Args:
        config: What the replay is told.
        journals: As ``replay`` takes them.
        plan: How documents are acted on.
        report: Where to write a page.
        news: Where to write the latencies of the books' frames.

    Raises:
        ConfigError: The delays do not rise from 0 or more, or the configuration does not fit the journals.
        JournalError: A journal cannot be read.
    """
    check_plan(plan)
    split = [part for journal in journals for part in parts(journal)]
    known = load_world(config)
    world, connections = recorded(known, split)
    venues, channels = tuple(connections.values()), tuple(connections)
    acted = act_on(
        split,
        lambda: build_pipeline(world, venues, channels=channels),
        plan,
        find_model=models_of(split),
        rebuild=rebuilds(known),
    )
    curve = curve_of(acted, plan)
    if news is not None:
        try:
            write_news(acted, news)
        except OSError as error:
            raise ConfigError(str(news), error.strerror or str(error)) from error
    if report is not None:
        sources = [identify_file(path) for journal in split for path in _files(journal)]
        what = f"{', '.join(path.name for path in journals)} · {curve.releases} release times"
        write_page(report, render_delay(curve, sources, what=what))
    return curve


def check_plan(plan: Plan) -> None:
    """Refuse what is no plan; raises ``ConfigError``."""
    delays = plan.delays_ms
    rise = all(earlier < later for earlier, later in pairwise(delays))  # which is false of what is no number
    if len(delays) < _LEAST_DELAYS or not rise or not 0.0 <= delays[0] <= delays[-1] < math.inf:
        where, problem = "--delays-ms", f"{', '.join(f'{one:g}' for one in delays)}: not two or more, rising from 0 on"
        raise ConfigError(where, problem)


def read_delays(text: str) -> tuple[float, ...]:
    """Milliseconds with commas between them; raises ``ConfigError``."""
    try:
        return tuple(float(one) for one in text.split(","))
    except ValueError:
        where, problem = "--delays-ms", f"{text!r} is not numbers of milliseconds with commas between them"
        raise ConfigError(where, problem) from None


def _files(journal: Path) -> Iterator[Path]:
    yield from sorted(path for path in journal.iterdir() if path.is_file()) if journal.is_dir() else [journal]
