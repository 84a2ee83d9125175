"""Commands that estimate and judge the model: ``calibrate``."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from signald.cli.options import ConfigOption, JsonOption, configuration, say_json

app = typer.Typer()


@app.command()
def calibrate(
    calendar: Annotated[list[Path], typer.Option(help="Calendar file, several times in order of trust.")],
    prices: Annotated[list[Path], typer.Option(help="Price file (date,open,high,low,close,volume), several times.")],
    out: Annotated[Path, typer.Option(help="Where to write the model.")],
    *,
    asset: Annotated[str | None, typer.Option(help="What the prices are of, if their names do not tell.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Estimate the model from calendars and prices, and print its table."""
    from signald.app.research import run_calibration  # noqa: PLC0415 - polars, scipy and statsmodels load with it
    from signald.research.table import render_table  # noqa: PLC0415 - see above

    parameters = run_calibration(configuration(config), calendar, prices, out, asset=asset)
    console = Console(stderr=json)
    if not console.is_terminal:
        console.width = 120  # a file has no width: let names stand whole
    console.print(render_table(parameters))
    if json:
        say_json({"model": parameters.id, "out": str(out), "series": len(parameters.series)})
