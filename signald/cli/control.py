"""``signald halt``, ``resume``, ``mute``, ``unmute``: the commands that stop signals and let them go on."""

from typing import Annotated

import typer

from signald.cli.options import ConfigOption, JsonOption, configuration, say, say_json
from signald.model.control import EVERYTHING, Command

app = typer.Typer()

BY = "command"
"""Who says what nobody puts a name to."""

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it goes on record.")]
ByOption = Annotated[str, typer.Option("--by", help="Who says it: the source of mqtt.sign_key_id, if there is one.")]
TargetArgument = Annotated[str, typer.Argument(help="An indicator or an instrument, which may have * in it.")]


@app.command()
def halt(
    config: ConfigOption = None, *, reason: ReasonOption = "", by: ByOption = BY, json: JsonOption = False
) -> None:
    """Stop all signals at once, until somebody resumes."""
    _send("halt", EVERYTHING, reason, by=by, config=config, json=json)


@app.command()
def resume(
    config: ConfigOption = None, *, reason: ReasonOption = "", by: ByOption = BY, json: JsonOption = False
) -> None:
    """Let signals go out again; needs a reason."""
    _send("resume", EVERYTHING, reason, by=by, config=config, json=json)


@app.command()
def mute(
    target: TargetArgument,
    *,
    config: ConfigOption = None,
    reason: ReasonOption = "",
    by: ByOption = BY,
    json: JsonOption = False,
) -> None:
    """Say nothing about an indicator or an instrument."""
    _send("mute", target, reason, by=by, config=config, json=json)


@app.command()
def unmute(
    target: TargetArgument,
    *,
    config: ConfigOption = None,
    reason: ReasonOption = "",
    by: ByOption = BY,
    json: JsonOption = False,
) -> None:
    """Say again what a mute withholds."""
    _send("unmute", target, reason, by=by, config=config, json=json)


def _send(command: Command, target: str, reason: str, *, by: str, config: ConfigOption, json: bool) -> None:
    from signald.app.control import send_control  # noqa: PLC0415 - the transports load with it

    told = send_control(configuration(config), command, target=target, reason=reason, by=by)
    if json:
        say_json({"command": command, "target": target, "reason": reason, "told": told})
    else:
        say(told)
