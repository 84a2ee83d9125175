"""Commands that estimate and judge the model: ``calibrate``, ``backtest``."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer
from rich.console import Console, RenderableType

from signald.cli.journal import parse_time
from signald.cli.options import ConfigOption, JsonOption, configuration, say_json
from signald.errors import CheckFailedError

app = typer.Typer()

Variant: TypeAlias = Literal["size", "revisions", "basis-points", "family-scale"]
"""As in :mod:`signald.research.variants`, which need not be loaded to say so."""

CalendarOption = Annotated[list[Path], typer.Option(help="Calendar file, several times in order of trust.")]
PricesOption = Annotated[list[Path], typer.Option(help="Price file (date,open,high,low,close,volume), several times.")]


@app.command()
def calibrate(
    calendar: CalendarOption,
    prices: PricesOption,
    out: Annotated[Path, typer.Option(help="Where to write the model.")],
    *,
    asset: Annotated[str | None, typer.Option(help="What the prices are of, if their names do not tell.")] = None,
    report: Annotated[Path | None, typer.Option(help="Where to write a report in HTML.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Estimate the model from calendars and prices, and print its table."""
    from signald.app.research import run_calibration  # noqa: PLC0415 - polars, scipy and statsmodels load with it
    from signald.research.table import render_table  # noqa: PLC0415 - see above

    parameters = run_calibration(configuration(config), calendar, prices, out, asset=asset, report=report)
    _show(render_table(parameters), aside=json)
    if json:
        say_json({"model": parameters.id, "out": str(out), "series": len(parameters.series)})


@app.command()
def backtest(  # noqa: PLR0913 - what the contract lets one say
    calendar: CalendarOption,
    prices: PricesOption,
    *,
    since: Annotated[str | None, typer.Option("--from", help="First day or time that is scored.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Day or time from which on nothing is scored.")] = None,
    instrument: Annotated[str, typer.Option(help="Asset, or an instrument of it.")] = "BTC",
    indicators: Annotated[str, typer.Option(help="Only timestamps of these, with commas between them.")] = "",
    model: Annotated[Path | None, typer.Option(help="Score this model as it stands; else learn as one goes.")] = None,
    embargo: Annotated[int, typer.Option(min=0, help="Seconds after a move is over before it is learnt from.")] = 3600,
    cost_bps: Annotated[float, typer.Option(min=0.0, help="Of a round trip, basis points.")] = 10.0,
    variant: Annotated[Variant | None, typer.Option(help="A way to estimate that was weighed and left out.")] = None,
    report: Annotated[Path | None, typer.Option(help="Where to write a report in HTML.")] = None,
    fail_if: Annotated[list[str] | None, typer.Option(help="SCORE < NUMBER: exit 3 if it holds.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Evaluate the model out of sample, walking forward: everything before a release is learnt from, nothing after."""
    from signald.app.research import check_threshold, run_backtest  # noqa: PLC0415 - see calibrate
    from signald.app.world import asset_of  # noqa: PLC0415 - numba loads with it
    from signald.research.backtest import Scope  # noqa: PLC0415 - see calibrate
    from signald.research.score_table import render_scores  # noqa: PLC0415 - see calibrate

    told = configuration(config)
    scope = Scope(
        asset=asset_of(told, instrument),
        begin=parse_time(_whole(since)),
        end=parse_time(_whole(until)),
        indicators=tuple(name for name in indicators.split(",") if name),
        embargo_s=embargo,
        cost_bps=cost_bps,
        variant=variant,
    )
    result = run_backtest(told, calendar, prices, scope=scope, model=model, report=report).result
    _show(render_scores(result), aside=json)
    if json:
        say_json(result)
    failed = [sentence for expression in fail_if or () if (sentence := check_threshold(result, expression))]
    if failed:
        raise CheckFailedError("; ".join(failed))


@app.command()
def audit(
    claims: Annotated[Path, typer.Argument(help="File of claims, configs/claims-q1-2025.toml for one.")],
    *,
    prices: Annotated[list[Path] | None, typer.Option(help="Price file, several times.")] = None,
    calendar: Annotated[list[Path] | None, typer.Option(help="Calendar file, several times.")] = None,
    asset: Annotated[str | None, typer.Option(help="What the prices are of, if their names do not tell.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Test claims about prices: each supported, contradicted, or not testable with what is at hand."""
    from signald.app.audit import as_table, run_audit  # noqa: PLC0415 - polars and scipy load with it

    found = run_audit(configuration(config), claims, prices=prices or [], calendars=calendar or [], asset=asset)
    _show(as_table(found), aside=json)
    if json:
        say_json({"claims": found, "verdicts": dict(Counter(one.verdict for one in found))})


def _show(tables: RenderableType, *, aside: bool) -> None:
    """Print tables for people: where standard output is for programs, on standard error."""
    console = Console(stderr=aside)
    if not console.is_terminal:
        console.width = 120  # a file has no width: let names stand whole
    console.print(tables)


def _whole(text: str | None) -> str | None:
    """A day as the time it begins."""
    return f"{text}T00:00:00Z" if text is not None and "T" not in text else text
