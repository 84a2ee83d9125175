"""``signald acl``: who may read, as Redis users."""

from pathlib import Path
from typing import Annotated

import typer

from signald.cli.options import ConfigOption, JsonOption, configuration, say, say_json

app = typer.Typer()


@app.command()
def acl(
    config: ConfigOption = None,
    *,
    file: Annotated[
        Path | None, typer.Option(help="Write the users into this aclfile, and leave the server alone.")
    ] = None,
    rotate: Annotated[
        str | None, typer.Option(metavar="CONSUMER", help="Give it a new password; the old one is good meanwhile.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Make and apply each entitled consumer's Redis user, and take away those of all others."""
    from signald.app.acl import make_access  # noqa: PLC0415 - the transports load with it

    access = make_access(configuration(config), file=file, rotate=rotate)
    if json:
        say_json(
            {
                "consumers": [decision._asdict() for decision in access.decisions],
                "users": access.lines,
                "applied": access.applied is not None,
                "removed": access.applied.removed if access.applied else (),
                "saved": access.applied.is_saved if access.applied else False,
                "default_user_open": access.applied.is_open if access.applied else None,
            }
        )
        return
    for decision in access.decisions:
        say(f"{decision.name}: {'granted' if decision.granted else 'REFUSED'}, {decision.reason}")
    if access.applied is None:
        say(f"{len(access.lines)} users written to {file}")
        return
    if not access.applied.is_saved:
        say("applied; the server has no aclfile, and forgets it at its next start: see --file")
    if access.applied.is_open:
        say("the server's user 'default' needs no password: whoever reaches it can do everything, consumers too")
