"""Commands about the calendar and its feeds: ``calendar``, ``status``, ``bridge``."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from signald.cli.journal import parse_time
from signald.cli.options import ConfigOption, JsonOption, configuration, say, say_json
from signald.errors import CheckFailedError
from signald.model.time import format_rfc3339

app = typer.Typer()


@app.command()
def calendar(
    *,
    config: ConfigOption = None,
    journal: Annotated[list[Path] | None, typer.Option(help="Read these, not the store of vintages.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="What was known then, RFC 3339.")] = None,
    keep: Annotated[
        bool, typer.Option(help="Write what the journals tell into the store, and answer from it.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Say what is, or was, known of every release, and how often something was wrong."""
    from signald.app.calendar import known_calendar  # noqa: PLC0415 - numba loads with it: only who needs it pays
    from signald.app.calendar_view import as_json, as_table  # noqa: PLC0415

    known = known_calendar(configuration(config), journals=journal or [], as_of=parse_time(as_of), keep=keep)
    if not json:
        say(as_table(known))
        return
    for vintage in known.releases:
        say_json(as_json(vintage))
    say_json({"releases": len(known.releases), "faults": known.faults})


@app.command()
def status(config: ConfigOption = None, *, json: JsonOption = False) -> None:
    """Say what is due next, who covers it and is alive, and whether it is armed; exit 3 if the daemon is not."""
    from rich.console import Console  # noqa: PLC0415 - only who needs it pays
    from rich.table import Table  # noqa: PLC0415

    from signald.app.status import as_lines, read_status  # noqa: PLC0415
    from signald.logs import configure_logs  # noqa: PLC0415

    configure_logs(level="warning")
    report = read_status(configuration(config))
    if json:
        say_json(msgspec.structs.asdict(report))
    else:
        table = Table("scheduled", "release", "state", "armed", "consensus", "sources")
        for one in report.calendar.releases:
            sources = ", ".join(f"{source.source} {'alive' if source.alive else 'SILENT'}" for source in one.sources)
            consensus = "MISSING" if one.consensus is None else f"{one.consensus:g}"
            armed = "yes" if one.armed else "no"
            when = format_rfc3339(one.ts_scheduled)
            table.add_row(when, one.release_id, one.state, armed, consensus, sources or "NONE")
        for line in as_lines(report):
            say(line)
        Console(width=140).print(table)
    if report.stale or not report.ready:
        msg = "the daemon is not running, or not ready"
        raise CheckFailedError(msg)


@app.command()
def bridge(
    name: Annotated[str, typer.Argument(help="tradingeconomics, forexfactory, ics or csv.")],
    config: ConfigOption = None,
) -> None:
    """Carry a real feed onto MQTT until SIGINT or SIGTERM."""
    from signald.app.bridging import run_bridge  # noqa: PLC0415 - only who needs it pays

    run_bridge(configuration(config), name)


@app.command("fed-funds")
def fed_funds(
    prices: Annotated[Path, typer.Argument(help="File of month,price: futures on the federal funds rate.")],
    meeting: Annotated[list[str], typer.Option(help="Last day of a meeting, 2025-03-19 for one; several times.")],
    *,
    rate: Annotated[float | None, typer.Option(help="Effective rate now, percent.")] = None,
    json: JsonOption = False,
) -> None:
    """Say what futures expect of the next decisions on the federal funds rate, by CME's method."""
    from signald.app.fed_funds import read_fed_funds  # noqa: PLC0415 - numba loads with the core

    found = read_fed_funds(prices, meeting, rate=rate)
    for one in found.meetings:
        odds = f"cut {one.p_cut:6.1%}  hold {one.p_hold:6.1%}  hike {one.p_hike:6.1%}"
        say(f"{one.meeting}  {odds}  {one.before:.3f} % to {one.after:.3f} %")
    for day, why in found.silent.items():
        say(f"{day}  nothing can be said: {why}")
    if found.implied_cuts_year_end is not None:
        say(f"{found.implied_cuts_year_end:.2f} cuts priced by the end of {found.meetings[0].meeting.year}")
    elif found.meetings:
        say("cuts by the end of the year cannot be told: that takes --rate, and prices to December")
    if json:
        say_json(found)
