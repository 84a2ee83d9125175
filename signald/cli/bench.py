"""``signald bench NAME``: measurements that print JSON."""

import runpy
from pathlib import Path
from typing import Annotated

import typer

from signald.cli.options import ConfigOption, JsonOption, configuration, say, say_json

app = typer.Typer(no_args_is_help=True)

DataOption = Annotated[
    Path | None,
    typer.Option("--data", envvar="SIGNALD_DATA", help="Folder of recordings.", show_default="as for the tests"),
]


@app.command()
def books(config: ConfigOption = None, data: DataOption = None, *, json: JsonOption = False) -> None:
    """Bytes to book to board row, beside decoding alone and beside what one would use instead."""
    from signald.app.world import load_world  # noqa: PLC0415 - numba loads with it
    from signald.bench.books import bench_books, sections  # noqa: PLC0415 - see above

    result = bench_books(load_world(configuration(config)).instruments, data or _data_of_checkout())
    for name, value in sections(result):
        say(f"{name:<32} {value}")
    if json:
        say_json(result)


def _data_of_checkout() -> Path | None:
    """Where this checkout's tests find the recordings; ``None`` outside of a checkout, or where there are none."""
    place = Path("tests/support/data_root.py")
    root = runpy.run_path(str(place))["DEFAULT"] if place.is_file() else None
    return root if isinstance(root, Path) and root.is_dir() else None
