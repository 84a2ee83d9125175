"""Commands about the calendar and its feeds: ``calendar``, ``status``, ``bridge``."""

from pathlib import Path
from typing import Annotated

import typer

from signald.cli.journal import parse_time
from signald.cli.options import ConfigOption, JsonOption, configuration, say, say_json

app = typer.Typer()


@app.command()
def calendar(
    *,
    config: ConfigOption = None,
    journal: Annotated[list[Path] | None, typer.Option(help="Read these, not the store of vintages.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="What was known then, RFC 3339.")] = None,
    json: JsonOption = False,
) -> None:
    """Say what is, or was, known of every release, and how often something was wrong."""
    from signald.app.calendar import known_calendar  # noqa: PLC0415 - numba loads with it: only who needs it pays
    from signald.app.calendar_view import as_json, as_table  # noqa: PLC0415

    known = known_calendar(configuration(config), journals=journal or [], as_of=parse_time(as_of))
    if not json:
        say(as_table(known))
        return
    for vintage in known.releases:
        say_json(as_json(vintage))
    say_json({"releases": len(known.releases), "faults": known.faults})
