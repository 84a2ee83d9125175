"""``signald import FORMAT SRC… --out JOURNAL``: recordings of others as journals."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from signald.cli.options import ConfigOption, JsonOption, configuration, say, say_json
from signald.cli.progress import reading_bar
from signald.replay.importers.recording import Imported

app = typer.Typer(no_args_is_help=True)

SourcesArgument = Annotated[list[Path], typer.Argument(help="Files, in order of time.")]
OutOption = Annotated[Path, typer.Option("--out", help="Directory of the new journal.")]


@app.command("binance-stream")
def binance_stream(
    sources: SourcesArgument,
    out: OutOption,
    *,
    symbol: Annotated[str | None, typer.Option(help="Whose the snapshots are, where there are several.")] = None,
    json: JsonOption = False,
) -> None:
    """Lines of `RECEIVE_NS FRAME` from Binance spot or USD-M, the REST snapshot among them."""
    from signald.replay.importers.binance_stream import import_binance_stream  # noqa: PLC0415 - one format a run

    with reading_bar(sources):
        imported = import_binance_stream(sources, out, snapshot_symbol=symbol)
    _report(imported, out, json=json)


@app.command("cryptofeed")
def cryptofeed(sources: SourcesArgument, out: OutOption, *, json: JsonOption = False) -> None:
    """Recordings of cryptofeed, of any venue: lines of JSON, plain or compressed, or the older text."""
    from signald.replay.importers.cryptofeed import import_cryptofeed  # noqa: PLC0415 - one format a run

    with reading_bar(sources):
        imported = import_cryptofeed(sources, out)
    _report(imported, out, json=json)


@app.command("frames")
def frames(
    sources: SourcesArgument,
    out: OutOption,
    *,
    venue: Annotated[str, typer.Option(help="Whose they are, as in the configuration: binance, kraken, …")],
    symbol: Annotated[str | None, typer.Option(help="Whose the snapshots are, where there are several.")] = None,
    derivative: Annotated[bool, typer.Option(help="Of derivatives, where symbols do not say so (bybit).")] = False,
    json: JsonOption = False,
) -> None:
    """One frame a line, with a receive time before it or not; also Tardis.dev's raw files."""
    from signald.replay.importers.frames import import_frames  # noqa: PLC0415 - one format a run

    with reading_bar(sources):
        imported = import_frames(sources, out, venue=venue, symbol=symbol, derivative=derivative)
    _report(imported, out, json=json)


@app.command("tardis")
def tardis(sources: SourcesArgument, out: OutOption, *, json: JsonOption = False) -> None:
    """Tardis.dev's CSV of books, `incremental_book_L2` or `book_snapshot_N`, of Binance, Bybit or OKX."""
    from signald.replay.importers.tardis import import_tardis  # noqa: PLC0415 - one format a run

    with reading_bar(sources):
        imported = import_tardis(sources, out)
    _report(imported, out, json=json)


@app.command("hftbacktest")
def hftbacktest(
    sources: SourcesArgument,
    out: OutOption,
    *,
    venue: Annotated[str, typer.Option(help="Whose book it is: binance, binance_usdm, okx, bybit.")],
    symbol: Annotated[str, typer.Option(help="In the venue's spelling: BTCUSDT.")],
    derivative: Annotated[bool, typer.Option(help="Of a derivative, where symbols do not say so (bybit).")] = False,
    json: JsonOption = False,
) -> None:
    """Events of one book as hftbacktest keeps them, `.npz` or `.npy`."""
    from signald.replay.importers.hftbacktest import import_hftbacktest  # noqa: PLC0415 - one format a run

    with reading_bar(sources):
        imported = import_hftbacktest(sources, out, venue=venue, symbol=symbol, derivative=derivative)
    _report(imported, out, json=json)


@app.command("binance-public")
def binance_public(
    sources: SourcesArgument,
    out: OutOption,
    *,
    market: Annotated[Literal["spot", "um"] | None, typer.Option(help="Of all files, if nothing else tells.")] = None,
    json: JsonOption = False,
) -> None:
    """Bars, aggTrades and bookDepth of data.binance.vision, zipped as they come."""
    from signald.replay.importers.binance_public import import_binance_public  # noqa: PLC0415 - one format a run

    with reading_bar(sources):
        imported = import_binance_public(sources, out, market=market)
    _report(imported, out, json=json)


@app.command("klines-csv")
def klines_csv(
    sources: SourcesArgument,
    out: OutOption,
    *,
    symbol: Annotated[str | None, typer.Option(help="Binance's; else told by the file's name: btc_5m.csv.")] = None,
    json: JsonOption = False,
) -> None:
    """Price bars `date,open,high,low,close,volume` as books whose mid is right."""
    from signald.replay.importers.klines_csv import import_klines_csv  # noqa: PLC0415 - one format a run

    with reading_bar(sources):
        imported = import_klines_csv(sources, out, symbol=symbol)
    _report(imported, out, json=json)


@app.command("calendar-csv")
def calendar_csv(
    sources: SourcesArgument,
    out: OutOption,
    *,
    config: ConfigOption = None,
    source: Annotated[str, typer.Option(help="Who is said to have sent it.")] = "csv",
    json: JsonOption = False,
) -> None:
    """A calendar of figures, as the messages that its source would have sent."""
    from signald.app.world import load_known_indicators  # noqa: PLC0415 - one format a run
    from signald.replay.importers.calendar_csv import CalendarImport, import_calendar_csv  # noqa: PLC0415

    indicators = load_known_indicators(configuration(config))
    with reading_bar(sources):
        imported = import_calendar_csv(sources, out, indicators, how=CalendarImport(source=source))
    _report(imported, out, json=json)


@app.command("investing-updates")
def investing_updates(
    sources: SourcesArgument,
    out: OutOption,
    *,
    config: ConfigOption = None,
    source: Annotated[str, typer.Option(help="Who is said to have sent it.")] = "investing",
    json: JsonOption = False,
) -> None:
    """Copies of investing.com's calendar, as CSV of updates or JSON of pages, without their faults."""
    from signald.app.world import load_known_indicators  # noqa: PLC0415 - one format a run
    from signald.replay.importers.investing_updates import (  # noqa: PLC0415
        UpdatesImport,
        import_investing_updates,
    )

    indicators = load_known_indicators(configuration(config))
    with reading_bar(sources):
        imported = import_investing_updates(sources, out, indicators, how=UpdatesImport(source=source))
    _report(imported, out, json=json)


def _report(imported: Imported, out: Path, *, json: bool) -> None:
    if json:
        say_json({**imported._asdict(), "journal": str(out)})
        return
    say(f"{imported.records} records of {', '.join(imported.instruments) or 'a calendar'} in {out}")
    for reason, count in sorted(imported.skipped.items()):
        say(f"left out: {count} {reason}")
