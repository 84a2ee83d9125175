"""One strip for each release: what was predicted, what the price did, and, where recorded, what book and guard did."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final, NamedTuple

import numpy as np

from signald.model.signals import Signal
from signald.model.time import NS_PER_S, Nanos
from signald.research.backtest import Examined
from signald.research.prices import Bars
from signald.research.recorded import AFTER_S, BEFORE_S, Recorded, Shown, latencies_ms
from signald.research.report.charts import Axis, Chart, axis_over
from signald.research.report.page import charts, figure, key, number, percent, section
from signald.research.scores import quantiles

_BEFORE_S: Final = 1_800
_AFTER_S: Final = 3_600
_MINUTES: Final = (-30, -15, 0, 15, 30, 45, 60)
_VERDICTS: Final = {1.0: "up", -1.0: "down", 0.0: "no edge"}
_SIZE: Final = {"width": 420.0, "height": 170.0}


class Band(NamedTuple):
    """A prediction: horizon in seconds, mean, the ends of its 90 % interval, and what came; basis points."""

    seconds: int
    mean: float
    lo: float
    hi: float
    came: float


def show_strips(examined: Examined, recorded: Mapping[Nanos, Recorded], seconds: int) -> str:
    """All release times that were scored over ``seconds``, the newest first."""
    judged = examined.judged[seconds]
    edges = dict(zip(judged.rows, judged.edge.tolist(), strict=True))
    bands = _bands(examined)
    strips = [
        _strip(examined, row, bands[row], verdict=_VERDICTS[edges[row]], recorded=recorded.get(examined.ts[row]))
        for row in sorted(judged.rows, reverse=True)
    ]
    lead = (
        "Price from half an hour before to an hour after, in basis points of what it was at the release, with the mean"
        " that was predicted and its 90 % interval at each horizon. Below: the figures in standard deviations of past"
        " surprises, the verdict, and what came."
    )
    caption = key("b", "price") + key("a", "predicted mean and 90 % interval")
    if recorded:
        caption += key("c", "depth within 5 bp, below the spread, as recorded")
    return section("Release by release", lead, f"<p class=note>{caption}</p>", _latency(recorded), charts(strips))


def _bands(examined: Examined) -> dict[int, list[Band]]:
    """Row of the sample → its predictions by rising horizon."""
    bands: dict[int, list[Band]] = {}
    for seconds, of in sorted(examined.judged.items()):
        columns = (of.model.mean, quantiles(of.model, 0.05), quantiles(of.model, 0.95), of.moves)
        for row, values in zip(of.rows, np.column_stack(columns).tolist(), strict=True):
            bands.setdefault(row, []).append(Band(seconds, *values))
    return bands


def _strip(examined: Examined, row: int, bands: Sequence[Band], *, verdict: str, recorded: Recorded | None) -> str:
    ts = examined.ts[row]
    when = datetime.fromtimestamp(ts / NS_PER_S, UTC).strftime("%-d %b %Y %H:%M")
    drawing = _price(path_of(examined.bars, ts), bands).render(f"price and prediction around {when}")
    said = list(_say(examined, row, bands, verdict))
    if recorded is not None:
        drawing += _book(recorded.shown, when)
        said += _say_recorded(recorded, ts)
    return figure(f"{when} UTC", drawing, "<br>".join(escape(one) for one in said))


def path_of(bars: Sequence[Bars], ts: Nanos) -> list[tuple[float, float]]:
    """Seconds from a release and the move since, basis points, of the shortest bars that have it; none: empty."""
    for one in reversed(bars):
        at = int(np.searchsorted(one.start, ts))
        if at == len(one.start) or one.start[at] != ts:
            continue
        first = int(np.searchsorted(one.start, ts - _BEFORE_S * NS_PER_S))
        last = int(np.searchsorted(one.start, ts + _AFTER_S * NS_PER_S))
        places = np.flatnonzero(one.origin[first:last] == one.origin[at]) + first
        moves = 1e4 * (one.close[places] / one.open[at] - 1.0)
        ends = (one.start[places] + one.step_ns - ts) / NS_PER_S
        path = list(zip(ends.tolist(), moves.tolist(), strict=True))
        return [each for each in path if each[0] < 0] + [(0.0, 0.0)] + [each for each in path if each[0] > 0]
    return []


def _price(path: Sequence[tuple[float, float]], bands: Sequence[Band]) -> Chart:
    x = Axis(-_BEFORE_S, _AFTER_S, "", [(60.0 * one, f"{one:+d} min" if one else "T0") for one in _MINUTES])
    values = [move for _, move in path] + [end for band in bands for end in (band.lo, band.hi)]
    chart = Chart(x, axis_over(values, "bp", zero=True), **_SIZE)
    at = [0.0, *(float(band.seconds) for band in bands)]
    chart.band(at, [0.0, *(band.lo for band in bands)], [0.0, *(band.hi for band in bands)])
    chart.level(0.0)
    chart.upright(0.0)
    chart.line(at, [0.0, *(band.mean for band in bands)], dashed=True)
    if path:
        chart.line([second for second, _ in path], [move for _, move in path], of="b")
    else:  # no bar begins with it: what came over each horizon is known nevertheless
        chart.points([float(band.seconds) for band in bands], [band.came for band in bands], of="b")
    return chart


def _book(shown: Sequence[Shown], when: str) -> str:
    known = [one for one in shown if math.isfinite(one.spread_bps) and math.isfinite(one.depth_usd)]
    if not known:
        return ""
    x = Axis(-BEFORE_S, AFTER_S, "", [(float(one), f"{one:+d} s" if one else "T0") for one in range(-60, 181, 60)])
    seconds = [one.seconds for one in known]
    spreads, depths = [one.spread_bps for one in known], [one.depth_usd / 1e6 for one in known]
    pair = ""
    for values, name, style in ((spreads, "spread, bp", "a"), (depths, "depth, $m", "c")):
        chart = Chart(x, axis_over(values, name, zero=True, count=3), width=420.0, height=110.0)
        chart.upright(0.0)
        chart.steps(seconds, values, of=style)
        pair += chart.render(f"{name} around {when}")
    return pair


def _say(examined: Examined, row: int, bands: Sequence[Band], verdict: str) -> Iterator[str]:
    z = examined.sample.z[row].tolist()
    came = [
        f"{name.partition(':')[0]} {number(one, 1, sign=True)} σ"
        for name, one in zip(examined.sample.series, z, strict=True)
        if not math.isnan(one)
    ]
    yield ", ".join(came) or "no figure whose surprise can be scaled"
    primary = next(band for band in bands if band.seconds == examined.result.strategy.seconds)
    held = "within" if primary.lo <= primary.came <= primary.hi else "outside"
    yield (
        f"{verdict}: {number(primary.mean, 0, sign=True)} bp ({number(primary.lo, 0)} … {number(primary.hi, 0)}) over"
        f" {primary.seconds // 60} min; came {number(primary.came, 0, sign=True)}, {held}"
    )


def _say_recorded(recorded: Recorded, ts: Nanos) -> Iterator[str]:
    scored = next((one for one in recorded.said if one.kind == "release"), None)
    if scored is not None:
        confidence = "" if scored.confidence is None else f", confidence {percent(scored.confidence)}"
        yield f"said {_after(scored, ts)}: {scored.verdict or 'no verdict'}{confidence}{_flags(scored)}"
    name = recorded.instrument or (scored.instrument if scored is not None else None)
    steps = [one for one in recorded.said if one.kind == "guard" and one.instrument == name and one.desk is not None]
    if steps:
        yield "guard: " + ", ".join(f"{one.desk.state} {_after(one, ts)}" for one in steps if one.desk is not None)
    followed = [one for one in recorded.said if one.kind in {"reaction", "outcome"} and one.instrument == name]
    moved = [
        f"{number(one.realised_bps, 0, sign=True)} bp {_after(one, ts)}"
        for one in followed
        if isinstance(one.realised_bps, float)
    ]
    if moved:
        yield f"reaction: {', '.join(moved)}"


def _flags(signal: Signal) -> str:
    return f", {', '.join(signal.flags)}" if signal.flags else ""


def _after(signal: Signal, ts: Nanos) -> str:
    seconds = (signal.ts_ingest - ts) / NS_PER_S
    if abs(seconds) >= 120.0:  # noqa: PLR2004 - two minutes
        return f"{number(seconds / 60.0, 0, sign=True)} min"
    return f"{number(seconds, 1 if abs(seconds) >= 1.0 else 3, sign=True)} s"


def _latency(recorded: Mapping[Nanos, Recorded]) -> str:
    found = latencies_ms(recorded)
    if not found:
        return ""
    after, own = (np.quantile([one[place] for one in found], [0.5, 0.99]).tolist() for place in (0, 1))
    said = (
        f"Latency of the {len(found)} release times in the journals: the first figure was there"
        f" {number(after[0], 0)} ms after T0 in the middle and {number(after[1], 0)} ms at the worst hundredth;"
        f" after its source's own time {number(own[0], 0)} and {number(own[1], 0)} ms."
    )
    return f"<p>{escape(said)}</p>"
