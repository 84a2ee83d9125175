"""The figures and a plot as one page that needs nothing else."""

import html
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from signald.model.time import format_rfc3339

_WIDTH: Final = 720
_HEIGHT: Final = 180
_COLORS: Final = {"signald": "#0b6", "floor": "#888", "idiom": "#c40"}
_STYLE: Final = (
    "body{font:15px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "td,th{padding:.1rem .8rem;text-align:right}th:first-child,td:first-child{text-align:left}"
    "pre{white-space:pre-wrap;font-size:12px}"
)


def write_page(result: Mapping[str, Any], path: Path) -> None:
    """Write the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    machine = html.escape(json.dumps(result["machine"], indent=1))
    body = "".join(map(_case, result["runs"]))
    path.write_text(
        f"<!doctype html><meta charset=utf-8><title>signald bench path</title><style>{_STYLE}</style>"
        f"<h1>From release to signal</h1><p>{format_rfc3339(result['ts'])}, {result['rate']:.0f} releases a second in "
        f"{result['rounds']} rounds; microseconds from sending a release to its signal at the consumer.</p>{body}"
        f"<h2>Machine</h2><pre>{machine}</pre>",
        encoding="utf-8",
    )


def _case(run: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td style='color:{_COLORS[side]}'>{side}</td>"
        + "".join(f"<td>{value:.1f}</td>" for value in us.values())
        + f"<td>{run['lost'][side]}</td></tr>"
        for side, us in run["us"].items()
    )
    return (
        f"<h2>{html.escape(run['servers'])}, {html.escape(run['case'])}</h2>"
        f"<table><tr><th>n = {run['n']}<th>p50<th>p99<th>p99.9<th>lost</tr>{rows}</table>{_plot(run['histograms'])}"
    )


def _plot(histograms: Mapping[str, Sequence[tuple[float, int]]]) -> str:
    """Share of releases by latency, on a logarithmic axis."""
    bounds = [bound for histogram in histograms.values() for bound, _ in histogram]
    if not bounds:
        return ""
    low, high = math.log10(min(bounds)), math.log10(max(bounds)) + 0.01
    top = max(count / _total(histogram) for histogram in histograms.values() for _, count in histogram)

    def x(us: float) -> float:
        return (math.log10(us) - low) / (high - low) * _WIDTH

    lines = "".join(
        f"<polyline fill=none stroke='{_COLORS[side]}' points='"
        + " ".join(
            f"{x(bound):.1f},{_HEIGHT - count / _total(histogram) / top * _HEIGHT:.1f}" for bound, count in histogram
        )
        + "'/>"
        for side, histogram in histograms.items()
        if histogram
    )
    marks = "".join(
        f"<text x='{x(mark):.0f}' y='{_HEIGHT + 14}' font-size=11>{mark:g} µs</text>"
        for mark in (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
        if low <= math.log10(mark) <= high
    )
    return f"<svg viewBox='0 -4 {_WIDTH} {_HEIGHT + 24}' width='100%'>{lines}{marks}</svg>"


def _total(histogram: Sequence[tuple[float, int]]) -> int:
    return sum(count for _, count in histogram)
