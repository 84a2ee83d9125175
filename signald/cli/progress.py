"""A bar on a terminal for commands that read large files."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def reading_bar(sources: Sequence[Path]) -> Generator[None]:
    """Show on standard error, if that is a terminal, how far ``sources`` are read, pass by pass."""
    from rich.console import Console  # noqa: PLC0415 - only who needs it pays

    from signald.replay.importers.recording import watched  # noqa: PLC0415 - zstandard loads with it

    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    from rich.progress import (  # noqa: PLC0415 - see above
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    sizes = {path: path.stat().st_size for path in sources if path.is_file()}
    read = dict.fromkeys(sizes, 0)
    passes = dict.fromkeys(sizes, 0)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("reading", total=sum(sizes.values()))

        def watch(path: Path, done: int) -> None:
            if path not in sizes:
                return
            passes[path] += done == 0
            read[path] = done
            latest = max(passes.values())
            progress.update(
                task,
                description=f"reading, pass {latest}",
                completed=sum(one for name, one in read.items() if passes[name] == latest),
            )

        with watched(watch):
            yield
