"""What a report shows of the curve of cost against delay: the value of a millisecond."""

import math
from collections.abc import Sequence
from typing import Final

from signald.model.parameters import SourceFile
from signald.research.delay.curve import DelayCurve
from signald.research.report.charts import Axis, Chart, axis_over
from signald.research.report.page import charts, figure, key, number, page, section, table, tiles

_MARKS: Final = (0.0, 1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0)


def show_delay(curve: DelayCurve) -> str:
    """The section: what acting later costs an order, and what it costs a quote that rests meanwhile."""
    lead = (
        f"Each document with an edge buys or sells {curve.size_usd:,.0f} dollars in its direction at the depth that the"
        " recorded book shows once the latencies and the delay have passed. Cost is the average price against mid when"
        " the document was said; exposed is what a quote left at the touch of that moment has lost to mid by then."
        f" Feed latency: {curve.feed}; publication latency: {curve.publication}."
    )
    if not curve.quotes:
        return section("The value of a millisecond", lead, "<p>Nothing could be acted on.</p>")
    shown = [
        (number(curve.millisecond_bps, 4, sign=True), f"bp a millisecond more, up to {curve.within_ms:g} ms"),
        (number(curve.millisecond_usd, 3, sign=True), f"dollars of {curve.size_usd:,.0f}"),
        (number(curve.millisecond_exposed_bps, 4, sign=True), "bp a millisecond to a resting quote"),
        (number(curve.latency_ms["p50"], 1), "ms median latency from the source's time"),
    ]
    interval = f"{number(curve.millisecond_lo_bps, 4)} … {number(curve.millisecond_hi_bps, 4)}"
    left_out = ", ".join(f"{count} {reason}" for reason, count in curve.left_out.items())
    said = (
        f"{curve.orders} orders and {curve.quotes} quotes at {curve.releases} release times, each of {curve.draws}"
        f" draws of the latencies counted; left out: {left_out}. A millisecond's cost lies in {interval} bp in 90 of"
        " 100 samples of release times drawn anew."
    )
    head = ("delay, ms", "cost, bp", "90 %", "earned, bp", "exposed, bp", "bp a ms", "dollars a ms")
    rows = [
        (
            f"{one.delay_ms:g}",
            number(one.cost_bps, 3, sign=True),
            f"{number(one.cost_lo_bps)} … {number(one.cost_hi_bps)}",
            number(one.earned_bps, 2, sign=True),
            number(one.exposed_bps, 3),
            number(one.bps_per_ms, 4, sign=True),
            number(one.usd_per_ms, 3, sign=True),
        )
        for one in curve.points
    ]
    drawn = charts((_chart(curve),)) if len(curve.points) > 1 else ""
    return section("The value of a millisecond", lead, tiles(shown), f"<p>{said}</p>", drawn, table(head, rows))


def render_delay(curve: DelayCurve, sources: Sequence[SourceFile], *, what: str) -> str:
    """The same as a page of its own; ``sources`` are the files it rests on, ``what`` the journals in a few words."""
    files = "".join(f"<div>{one.name} <code>{one.sha256}</code></div>" for one in sources)
    return page("Cost against delay", what, [show_delay(curve)], foot=f"<p>SHA-256 of what this rests on:</p>{files}")


def _chart(curve: DelayCurve) -> str:
    delays = [_at(one.delay_ms) for one in curve.points]
    known = [one for one in curve.points if one.cost_bps is not None]
    ends = [end for one in known for end in (one.cost_lo_bps, one.cost_hi_bps) if end is not None]
    exposed = [one.exposed_bps or 0.0 for one in curve.points]
    last = curve.points[-1].delay_ms
    marks = [(_at(one), f"{one:g}") for one in _MARKS if curve.points[0].delay_ms <= one <= last]
    x = Axis(delays[0], delays[-1], "delay, ms (logarithmic above 1)", marks)
    chart = Chart(x, axis_over([*ends, *exposed], "basis points", zero=True), width=880.0, height=280.0)
    chart.level(0.0)
    if known:
        lows, highs = [one.cost_lo_bps or 0.0 for one in known], [one.cost_hi_bps or 0.0 for one in known]
        chart.band([_at(one.delay_ms) for one in known], lows, highs)
        chart.line([_at(one.delay_ms) for one in known], [one.cost_bps or 0.0 for one in known])
    chart.line(delays, exposed, of="b", dashed=True)
    caption = key("a", "cost of an order, with its 90 % interval") + key("b", "loss of a resting quote")
    return figure("Cost against delay", chart.render("cost against delay"), caption)


def _at(delay_ms: float) -> float:
    return math.log10(1.0 + delay_ms)
