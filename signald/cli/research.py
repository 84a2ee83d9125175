"""Commands that estimate and judge the model: ``calibrate``, ``backtest``, ``sweep``, ``delay``."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from signald.cli.journal import parse_time
from signald.cli.options import ConfigOption, JsonOption, configuration, say, say_json
from signald.cli.workers import SchedulerOption, WorkersOption, spread_over
from signald.errors import CheckFailedError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from signald.config import Config
    from signald.research.delay.acting import Plan
    from signald.research.scope import Scope

app = typer.Typer()

Variant: TypeAlias = Literal["size", "revisions", "basis-points", "family-scale", "drift", "drift-30m"]
"""As in :mod:`signald.research.variants`, which need not be loaded to say so."""

CalendarOption = Annotated[list[Path], typer.Option(help="Calendar file, several times in order of trust.")]
PricesOption = Annotated[list[Path], typer.Option(help="Price file (date,open,high,low,close,volume), several times.")]


PricedCutsOption = Annotated[
    Path | None,
    typer.Option("--expectations", help="History of ts,meeting,implied_cuts_year_end: explains moves, no prediction."),
]
ComponentsOption = Annotated[
    Path | None,
    typer.Option(help="History of ts_known,release_id,component,actual: bridges to the next core PCE."),
]
BooksOption = Annotated[
    list[Path] | None,
    typer.Option(help="Journal with releases over recorded books: what acting later costs, and strips."),
]
SizeOption = Annotated[float, typer.Option(min=1.0, help="US dollars of each order on recorded books.")]
FeedOption = Annotated[
    str, typer.Option(help="Latency of figures: 'recorded', milliseconds, or a file of seconds,latency_ms.")
]
PublicationOption = Annotated[
    str, typer.Option(help="From a document to its order at the venue: milliseconds, or a file as of --feed.")
]


@app.command()
def calibrate(  # noqa: PLR0913 - what one may want to say
    calendar: CalendarOption,
    prices: PricesOption,
    out: Annotated[Path, typer.Option(help="Where to write the model.")],
    *,
    asset: Annotated[str | None, typer.Option(help="What the prices are of, if their names do not tell.")] = None,
    report: Annotated[Path | None, typer.Option(help="Where to write a report in HTML.")] = None,
    expectations: PricedCutsOption = None,
    components: ComponentsOption = None,
    scheduler: SchedulerOption = None,
    workers: WorkersOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Estimate the model from calendars and prices, and print its table."""
    from signald.app.research import run_calibration  # noqa: PLC0415 - polars, scipy and statsmodels load with it
    from signald.research.table import render_table  # noqa: PLC0415 - see above

    told = configuration(config)
    with spread_over(scheduler, workers) as spread:
        parameters = run_calibration(
            told,
            calendar,
            prices,
            out,
            asset=asset,
            report=report,
            priced_cuts=expectations,
            components=components,
            workers=spread,
        )
    _show(render_table(parameters), aside=json)
    if json:
        say_json({"model": parameters.id, "out": str(out), "series": len(parameters.series)})


@app.command()
def nowcast(
    calendar: CalendarOption,
    components: Annotated[Path, typer.Option(help="History of ts_known,release_id,component,actual.")],
    *,
    as_of: Annotated[str | None, typer.Option(help="Day or time from which on nothing is known.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Say what components of consumer and producer prices make of the next core PCE, and how good that was."""
    from signald.app.nowcast import run_nowcast, told_of  # noqa: PLC0415 - see calibrate

    known_before = parse_time(as_of) if as_of else None
    found = run_nowcast(configuration(config), calendar, components, known_before=known_before)
    for line in told_of(found):
        say(line)
    if json:
        say_json(found)


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
    books: BooksOption = None,
    size_usd: SizeOption = 100_000.0,
    feed: FeedOption = "recorded",
    publication: PublicationOption = "0",
    expectations: PricedCutsOption = None,
    report: Annotated[Path | None, typer.Option(help="Where to write a report in HTML.")] = None,
    fail_if: Annotated[list[str] | None, typer.Option(help="SCORE < NUMBER: exit 3 if it holds.")] = None,
    scheduler: SchedulerOption = None,
    workers: WorkersOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Evaluate the model out of sample, walking forward: everything before a release is learnt from, nothing after."""
    from signald.app.delay import OnBooks  # noqa: PLC0415 - see calibrate
    from signald.app.research import check_threshold, run_backtest  # noqa: PLC0415 - see calibrate
    from signald.research.delay.table import render_delays  # noqa: PLC0415 - see calibrate
    from signald.research.score_table import render_drift, render_scores  # noqa: PLC0415 - see calibrate

    told = configuration(config)
    scope = _scope(told, instrument, since=since, until=until, indicators=indicators)._replace(
        embargo_s=embargo, cost_bps=cost_bps, variant=variant
    )
    on_books = OnBooks(books, _plan(size_usd, feed=feed, publication=publication)) if books else None
    with spread_over(scheduler, workers) as spread:
        found = run_backtest(
            told,
            calendar,
            prices,
            scope=scope,
            model=model,
            report=report,
            books=on_books,
            priced_cuts=expectations,
            workers=spread,
        )
    result = found.result
    _show(render_scores(result), aside=json)
    if result.delay is not None:
        _show(render_delays(result.delay), aside=json)
    if result.drift is not None:
        _show(render_drift(result.drift), aside=json)
    if json:
        say_json(result)
    failed = [sentence for expression in fail_if or () if (sentence := check_threshold(result, expression))]
    if failed:
        raise CheckFailedError("; ".join(failed))


@app.command()
def sweep(  # noqa: PLR0913 - see calibrate
    calendar: CalendarOption,
    prices: PricesOption,
    over: Annotated[
        list[str], typer.Option(help="NAME=VALUE,… with asset, variant, embargo_s or cost_bps; several times.")
    ],
    *,
    since: Annotated[str | None, typer.Option("--from", help="First day or time that is scored.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Day or time from which on nothing is scored.")] = None,
    instrument: Annotated[str, typer.Option(help="Asset, or an instrument of it.")] = "BTC",
    indicators: Annotated[str, typer.Option(help="Only timestamps of these, with commas between them.")] = "",
    scheduler: SchedulerOption = None,
    workers: WorkersOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Backtest every combination of settings; each Sharpe ratio is deflated by all that were tried."""
    from signald.app.research import run_sweep  # noqa: PLC0415 - see calibrate
    from signald.research.score_table import render_sweep  # noqa: PLC0415 - see calibrate
    from signald.research.sweep import grid  # noqa: PLC0415 - see calibrate

    told = configuration(config)
    points = grid(_scope(told, instrument, since=since, until=until, indicators=indicators), over)
    with spread_over(scheduler, workers) as spread:
        result = run_sweep(told, calendar, prices, points=points, workers=spread)
    _show(render_sweep(result), aside=json)
    if json:
        say_json(result)


@app.command()
def delay(  # noqa: PLR0913 - what one may want to weigh
    journals: Annotated[list[Path], typer.Argument(help="Journals with releases over recorded books, merged by time.")],
    *,
    size_usd: SizeOption = 100_000.0,
    feed: FeedOption = "recorded",
    publication: PublicationOption = "0",
    delays_ms: Annotated[
        str | None, typer.Option(help="Delays beyond the latencies, with commas.", show_default="0 … 5000")
    ] = None,
    exit_s: Annotated[int, typer.Option(min=1, help="Seconds after which an order is closed.")] = 300,
    fee_bps: Annotated[float, typer.Option(min=0.0, help="Of each side, basis points.")] = 5.0,
    draws: Annotated[int, typer.Option(min=1, help="How often latencies that vary are drawn.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    report: Annotated[Path | None, typer.Option(help="Where to write a report in HTML.")] = None,
    latencies_out: Annotated[
        Path | None, typer.Option(help="Write the latencies of the books' frames there, for --feed or --publication.")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Act on each document a latency later, at the depth that recorded books show then: the value of a millisecond."""
    from signald.app.delay import read_delays, run_delay  # noqa: PLC0415 - see calibrate
    from signald.research.delay.table import render_delays  # noqa: PLC0415 - see calibrate

    plan = _plan(size_usd, feed=feed, publication=publication)._replace(
        exit_s=exit_s, fee_bps=fee_bps, draws=draws, seed=seed
    )
    if delays_ms is not None:
        plan = plan._replace(delays_ms=read_delays(delays_ms))
    curve = run_delay(configuration(config), journals, plan, report=report, news=latencies_out)
    _show(render_delays(curve), aside=json)
    if json:
        say_json(curve)


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


def _show(tables: "RenderableType", *, aside: bool) -> None:
    """Print tables for people: where standard output is for programs, on standard error."""
    from rich.console import Console  # noqa: PLC0415 - only who needs it pays

    console = Console(stderr=aside)
    if not console.is_terminal:
        console.width = 120  # a file has no width: let names stand whole
    console.print(tables)


def _plan(size_usd: float, *, feed: str, publication: str) -> "Plan":
    from signald.research.delay.acting import Plan  # noqa: PLC0415 - see calibrate
    from signald.research.delay.latencies import read_latencies  # noqa: PLC0415 - see calibrate

    return Plan(
        size_usd=size_usd,
        feed=None if feed == "recorded" else read_latencies(feed, where="--feed"),
        publication=read_latencies(publication, where="--publication"),
    )


def _scope(config: "Config", instrument: str, *, since: str | None, until: str | None, indicators: str) -> "Scope":
    """What is scored, as options say it."""
    from signald.app.world import asset_of  # noqa: PLC0415 - numba loads with it
    from signald.research.scope import Scope  # noqa: PLC0415 - see calibrate

    return Scope(
        asset=asset_of(config, instrument),
        begin=parse_time(_whole(since)),
        end=parse_time(_whole(until)),
        indicators=tuple(name for name in indicators.split(",") if name),
    )


def _whole(text: str | None) -> str | None:
    """A day as the time it begins."""
    return f"{text}T00:00:00Z" if text is not None and "T" not in text else text
