"""How the calendar is shown: to programs as the contract has it, to people as a table."""

from signald.app.calendar import Calendar
from signald.model.time import format_rfc3339
from signald.vintages import Vintage

_HEAD = ("scheduled", "release", "state", "consensus", "prior", "actual", "revised prior")


def as_json(vintage: Vintage) -> dict[str, object]:
    """One release as the contract's line of JSON; times are nanoseconds."""
    return {
        "release_id": vintage.release_id,
        "indicator": vintage.indicator,
        "period": vintage.period,
        "ts_scheduled": vintage.ts_scheduled,
        "state": vintage.state,
        "consensus": vintage.consensus,
        "prior": vintage.prior,
        "actual": vintage.actual,
        "revised_prior": vintage.revised_prior,
        "current": vintage.current,
        "ts_known": vintage.ts_known,
    }


def as_table(known: Calendar) -> str:
    """The releases in columns, and what was wrong below."""
    rows = [_HEAD, *(_row(vintage) for vintage in known.releases)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines += [f"wrong: {count} {kind}" for kind, count in known.faults.items()]
    return "\n".join(lines)


def _row(vintage: Vintage) -> tuple[str, ...]:
    figures = (vintage.consensus, vintage.prior, vintage.actual, vintage.revised_prior)
    scheduled = "-" if vintage.ts_scheduled is None else format_rfc3339(vintage.ts_scheduled)
    return (scheduled, vintage.release_id, vintage.state, *("-" if one is None else f"{one:g}" for one in figures))
