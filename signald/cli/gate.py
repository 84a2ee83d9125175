"""``signald ci``: replay, backtest and checks from one file, for a build."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from signald.cli.options import ConfigOption, JsonOption, configuration, say_json
from signald.errors import CheckFailedError

app = typer.Typer()


@app.command("ci")
def gate(
    plan: Annotated[Path, typer.Argument(help="TOML file: data, model, thresholds, golden digest.")],
    *,
    base: Annotated[Path | None, typer.Option(help="Another run's result to compare with.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Replay and backtest as a gate: a short table, JUnit XML, a summary in Markdown; exit 3 if a check fails."""
    from rich.console import Console  # noqa: PLC0415 - only who needs it pays
    from rich.table import Table  # noqa: PLC0415

    from signald.app.ci.gate import load_base, run_gate  # noqa: PLC0415 - numba and polars load with it
    from signald.app.ci.plan import load_plan  # noqa: PLC0415 - see above
    from signald.app.ci.summary import render_junit, render_markdown  # noqa: PLC0415 - see above

    told = load_plan(plan)
    other = load_base(base) if base is not None else None
    folder = plan.parent
    result = run_gate(configuration(config), told, folder, base=other)
    _write(folder, told.result, msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    _write(folder, told.junit, render_junit(result))
    _write(folder, told.summary, render_markdown(result, base=other).encode())
    table = Table("", "check", "seen")
    for check in result.checks:
        table.add_row("passed" if check.passed else "FAILED", f"{check.part}: {check.name}", check.said)
    console = Console(stderr=json)
    if not console.is_terminal:
        console.width = 160  # a file has no width: let digests stand whole
    console.print(table)
    if json:
        summed = {"passed": result.passed, "checks": result.checks, "compared": result.compared}
        say_json({**summed, "changed": result.changed, "result": str(folder / told.result)})
    failed = [f"{check.part}: {check.name}: {check.said}" for check in result.checks if not check.passed]
    if failed:
        raise CheckFailedError("; ".join(failed))


def _write(folder: Path, name: str, content: bytes) -> None:
    """Write one file below ``folder``; an empty name is none."""
    if name:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
