"""Commands about signald itself: what its payloads look like, what venues trade."""

from typing import Annotated

import typer

from signald.cli.options import ConfigOption, JsonOption, configuration, say, say_json

app = typer.Typer()


@app.command()
def schema(config: ConfigOption = None, *, json: JsonOption = False) -> None:
    """Print the JSON Schema of every payload, with the AsyncAPI document under ``asyncapi``: JSON in any case."""
    del json
    from signald import __version__  # noqa: PLC0415
    from signald.sinks.schema import asyncapi, json_schema  # noqa: PLC0415 - only who needs it pays

    prefix = configuration(config).mqtt.prefix
    say_json({**json_schema(), "asyncapi": asyncapi(version=__version__, prefix=prefix)})


@app.command()
def instruments(config: ConfigOption = None, *, json: JsonOption = False) -> None:
    """Ask the configured venues for tick and lot sizes and write them to the instruments file."""
    from signald.app.instruments import update_instruments  # noqa: PLC0415 - ccxt loads with it

    written = update_instruments(configuration(config))
    if json:
        say_json({"path": str(written.path), "instruments": list(written.instruments)})
        return
    say(f"{len(written.instruments)} instruments written to {written.path}")


@app.command()
def tail(
    config: ConfigOption = None,
    *,
    instrument: Annotated[str | None, typer.Option(help="Only of this one.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind, such as release or guard.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="End after so many.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those too that are on the stream already.")] = False,
    json: JsonOption = False,
) -> None:
    """Show signals as they come, a scenario as its ladder, and on a terminal what is due next."""
    from signald.app.tail import run_tail  # noqa: PLC0415 - the transports load with it

    shown = run_tail(
        configuration(config), instrument=instrument, kind=kind, count=count, everything=everything, to_stderr=json
    )
    if json:
        say_json({"signals": shown})
