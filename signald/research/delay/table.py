"""The curve of cost against delay as a table for a terminal."""

from collections.abc import Iterator

from rich.console import Group
from rich.table import Table
from rich.text import Text

from signald.research.delay.curve import DelayCurve

_COLUMNS = ("delay, ms", "cost, bp", "90 %", "earned, bp", "exposed, bp", "bp a ms", "dollars a ms")


def render_delays(curve: DelayCurve) -> Group:
    """Each delay with what it costs, then in sentences what that rests on."""
    table = Table(title=f"Cost against delay: {curve.size_usd:,.0f} dollars an order", title_justify="left")
    for name in _COLUMNS:
        table.add_column(name, justify="right")
    for one in curve.points:
        table.add_row(
            f"{one.delay_ms:g}",
            _number(one.cost_bps, 3),
            f"{_number(one.cost_lo_bps, 2)} … {_number(one.cost_hi_bps, 2)}",
            _number(one.earned_bps, 2),
            _number(one.exposed_bps, 3),
            _number(one.bps_per_ms, 4),
            _number(one.usd_per_ms, 3),
        )
    return Group(table, *(Text(line) for line in _say(curve)))


def _say(curve: DelayCurve) -> Iterator[str]:
    left_out = ", ".join(f"{reason} {count}" for reason, count in curve.left_out.items())
    yield (
        f"{curve.orders} orders and {curve.quotes} quotes at {curve.releases} release times; left out: {left_out}."
        f" Feed latency {curve.feed}, publication latency {curve.publication}."
    )
    if curve.millisecond_bps is not None:
        yield (
            f"Up to {curve.within_ms:g} ms a millisecond more costs an order {curve.millisecond_bps:+.4f} bp"
            f" [{_number(curve.millisecond_lo_bps, 4)}, {_number(curve.millisecond_hi_bps, 4)}],"
            f" {curve.millisecond_usd:+.3f} dollars."
        )


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
