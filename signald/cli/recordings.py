"""Commands over recordings: ``record``, ``import``, ``replay``, ``verify``, ``journal``, ``history``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from signald.cli import imports, journal
from signald.cli.journal import FromOption, JournalArgument, ToOption, parse_time
from signald.cli.options import ConfigOption, JsonOption, configuration, say, say_json
from signald.cli.workers import SchedulerOption, WorkersOption, spread_over
from signald.errors import CheckFailedError, ConfigError

app = typer.Typer()
app.add_typer(journal.app, name="journal", help="What a journal holds and whether it is sound.")
app.add_typer(imports.app, name="import", help="Turn recordings of others into journals.")


@app.command()
def record(
    *,
    config: ConfigOption = None,
    out: Annotated[Path, typer.Option(help="Directory of the journal.")] = Path("var/recording"),
    instrument: Annotated[
        list[str] | None, typer.Option(help="Whose books, of any venue; by default those of the configuration.")
    ] = None,
    topic: Annotated[list[str] | None, typer.Option(help="Topics below the prefix; by default all we read.")] = None,
    broker: Annotated[bool, typer.Option(help="Record the broker's topics too.")] = True,
    json: JsonOption = False,
) -> None:
    """Record books and messages until SIGINT or SIGTERM, and do nothing else."""
    from signald.app.recording import Wanted, run_record  # noqa: PLC0415 - see replay
    from signald.sources.calendars.mqtt.source import TOPICS  # noqa: PLC0415

    topics = (topic or TOPICS) if broker else ()
    summary = run_record(configuration(config), Wanted(out=out, instruments=instrument or (), topics=topics))
    if json:
        say_json(summary._asdict())


@app.command()
def replay(  # noqa: PLR0913 - what one may want to say
    journals: Annotated[list[Path], typer.Argument(help="Journals, merged by time.")],
    *,
    config: ConfigOption = None,
    since: FromOption = None,
    until: ToOption = None,
    out: Annotated[Path | None, typer.Option(help="Write documents there, not to standard output.")] = None,
    checkpoints: Annotated[Path | None, typer.Option(help="Write books at checkpoints there.")] = None,
    every: Annotated[int, typer.Option(min=1, help="Frames from one checkpoint of a book to the next.")] = 100,
    each: Annotated[bool, typer.Option("--each", help="Each journal as a run of its own: many days.")] = False,
    beside: Annotated[list[Path] | None, typer.Option(help="With --each: laid over every one, as a calendar.")] = None,
    scheduler: SchedulerOption = None,
    workers: WorkersOption = None,
    json: JsonOption = False,
) -> None:
    """Run journals through the engine as fast as it goes; documents as JSON lines."""
    from signald.app.days import run_days  # noqa: PLC0415 - numba loads with it: only who needs it pays
    from signald.app.recordings import run_replay  # noqa: PLC0415 - see above

    if each:
        if since is not None or until is not None or checkpoints is not None:
            where, problem = "--each", "takes whole journals: no --from, --to or --checkpoints"
            raise ConfigError(where, problem)
        with spread_over(scheduler, workers) as spread:
            days = run_days(configuration(config), journals, beside=beside or (), out=out, workers=spread)
        if json:
            say_json(days._asdict())
        return
    if scheduler is not None or workers is not None or beside:
        where, problem = "--scheduler, --workers, --beside", "are for --each: journals merged by time are one run"
        raise ConfigError(where, problem)
    summary = run_replay(
        configuration(config),
        journals,
        from_ts=parse_time(since),
        to_ts=parse_time(until),
        out=out,
        checkpoints=checkpoints,
        every=every,
    )
    if json:
        say_json(summary._asdict())


@app.command()
def serve(
    journals: Annotated[list[Path], typer.Argument(help="Journals, merged by time.")],
    *,
    config: ConfigOption = None,
    speed: Annotated[float, typer.Option(min=0.001, help="So many times as fast as it was.")] = 1.0,
    since: FromOption = None,
    until: ToOption = None,
    broker_port: Annotated[
        int | None, typer.Option(min=1, max=65_534, help="Start a broker there, instead of using the configured one.")
    ] = None,
    readers: Annotated[int, typer.Option(min=0, help="Begin when each exchange has so many.")] = 0,
    json: JsonOption = False,
) -> None:
    """Play journals onto a broker and onto simulated exchanges, at their own pace, times moved to now."""
    from signald.app.serving import Playing, run_serve  # noqa: PLC0415 - see replay
    from signald.simulate.stage import Place  # noqa: PLC0415

    def tell(broker: str, places: Sequence[Place]) -> None:
        if json:
            say_json({"broker": broker, "venues": [place._asdict() for place in places]})
        else:
            say(f"broker: {broker}")
            for place in places:
                say(f"{place.venue}: {place.ws_url} and {place.rest_url}, {', '.join(place.instruments)}")
        sys.stdout.flush()

    playing = Playing(speed, parse_time(since), parse_time(until), readers, broker_port)
    summary = run_serve(configuration(config), journals, playing, tell)
    if json:
        say_json(summary._asdict())
    else:
        say(f"{summary.frames} frames and {summary.messages} messages played")


@app.command()
def verify(journal: JournalArgument, *, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Replay a live run's journal and compare with what it published: the first difference, or none."""
    from signald.app.recordings import run_verify  # noqa: PLC0415 - see replay

    result = run_verify(configuration(config), journal)
    if json:
        say_json(result._asdict())
    else:
        say(f"{result.documents} documents and {result.rows} board rows are the same")
        if result.lost:
            say(f"{result.lost} records were lost while the disk was full: rows after them were not compared")
    if result.difference is not None:
        where = result.difference
        problem = f"{where.what} differs at {where.where}: on record {where.expected!r}, replayed {where.actual!r}"
        raise CheckFailedError(problem)


@app.command()
def history(
    journal: Annotated[Path | None, typer.Argument(help="A journal; by default the configured one.")] = None,
    *,
    config: ConfigOption = None,
    since: FromOption = None,
    until: ToOption = None,
    notices: Annotated[bool, typer.Option(help="Notices too.")] = False,
    page: Annotated[Path | None, typer.Option(help="Write a page for people there, not JSON lines.")] = None,
    json: JsonOption = False,
) -> None:
    """Print what was said, as JSON lines in the order it was published, or as a page with the grounds of each."""
    from signald.journal.history import history as said  # noqa: PLC0415 - a name of its own here

    source = journal if journal is not None else Path(configuration(config).journal.path)
    from_ts, to_ts = parse_time(since), parse_time(until)
    if page is not None:
        from signald.app.history_page import write_history  # noqa: PLC0415 - see replay

        printed = write_history(source, page, from_ts=from_ts, to_ts=to_ts)
        if not json:
            say(f"{printed} documents written to {page}")
    else:
        printed = 0
        for each in said(source, from_ts=from_ts, to_ts=to_ts, notices=notices):
            say(each.data.decode())
            printed += 1
    if json:
        say_json({"documents": printed})


@app.command()
def report(
    journal: Annotated[Path | None, typer.Argument(help="A journal; by default the configured one.")] = None,
    *,
    release: Annotated[str, typer.Option(help="Which release, us.cpi.yoy:2025-01 for one.")],
    config: ConfigOption = None,
    page: Annotated[Path | None, typer.Option(help="Write a page for people there.")] = None,
    json: JsonOption = False,
) -> None:
    """Print a release's report card: foretold against realised, latency, liquidity, and what the guard was worth."""
    from rich.console import Console  # noqa: PLC0415 - see replay

    from signald.app.report_card import report_card  # noqa: PLC0415 - see replay
    from signald.app.report_page import as_page, as_text  # noqa: PLC0415 - see replay
    from signald.research.report.page import write_page  # noqa: PLC0415 - see replay

    card = report_card(journal if journal is not None else Path(configuration(config).journal.path), release)
    if page is not None:
        write_page(page, as_page(card))
    Console(stderr=json).print(as_text(card))
    if json:
        say_json(card)
