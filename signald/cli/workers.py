"""Who does the work of a command that can be spread, and how far they are."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated, TypeAlias

import typer

from signald.cli.options import say_aside
from signald.errors import ConfigError
from signald.research.spread import IN_TURN, Workers

SchedulerOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="Who works: threads or processes of this machine, or a Dask scheduler's address; else this process."
    ),
]
WorkersOption: TypeAlias = Annotated[
    int | None, typer.Option("--workers", min=1, help="How many threads or processes.", show_default="one a core")
]

_LINES = 10
"""Lines of progress at most, where there is no terminal."""


@contextmanager
def spread_over(scheduler: str | None, count: int | None) -> Generator[Workers]:
    """Workers as told, their progress shown on standard error; raises as :func:`open_workers`."""
    if scheduler is None:
        if count is not None:
            where, problem = "--workers", "needs --scheduler threads or processes"
            raise ConfigError(where, problem)
        yield IN_TURN
        return
    from rich.console import Console  # noqa: PLC0415 - only who asks for it pays

    from signald.research.spread.cluster import open_workers  # noqa: PLC0415 - see above

    console = Console(stderr=True)
    if not console.is_terminal:
        with open_workers(scheduler, count=count, tell=_say) as workers:
            yield workers
        return
    from rich.progress import (  # noqa: PLC0415 - see above
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("working"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("working", total=None)

        def tell(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        with open_workers(scheduler, count=count, tell=tell) as workers:
            yield workers


def _say(done: int, total: int) -> None:
    if done and (done * _LINES) // total > ((done - 1) * _LINES) // total:
        say_aside(f"{done} of {total} done")
