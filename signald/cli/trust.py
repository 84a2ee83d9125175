"""``signald acl``: who may read, as Redis users."""

from pathlib import Path
from typing import Annotated

import typer

from signald.cli.options import ConfigOption, JsonOption, configuration, say, say_json

app = typer.Typer()


@app.command()
def key(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's name in messages.")],
    *,
    source: Annotated[str, typer.Option(help="Who will sign with it: the source of its messages.")],
    out: Annotated[Path | None, typer.Option(help="Where the private key goes.", show_default="ID.pem")] = None,
    json: JsonOption = False,
) -> None:
    """Make a key to sign messages with; prints what whoever is to believe it adds to the configuration."""
    from signald.transports.ed25519 import make_key  # noqa: PLC0415 - cryptography loads with it

    path = out if out is not None else Path(f"{key_id}.pem")
    public_key = make_key(path)
    if json:
        say_json({"id": key_id, "source": source, "public_key": public_key, "file": str(path)})
        return
    say(
        f"# The private key is in {path}: mqtt.sign_key_id and mqtt.sign_key_file of {source}. Of those who believe it:"
    )
    say(f'[[signatures.keys]]\nid = "{key_id}"\nsource = "{source}"\npublic_key = "{public_key}"')


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
