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

HtmlOption = Annotated[Path | None, typer.Option("--html", help="Write the figures and a plot to this file.")]


@app.callback()
def quiet() -> None:
    """Measurements that print JSON, both sides in one go, with machine, versions and sample size."""
    from signald.logs import configure_logs  # noqa: PLC0415 - only what is asked for is loaded

    configure_logs(level="warning")  # standard output belongs to the figures


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


@app.command()
def path(  # noqa: PLR0913 - what one may want to measure
    releases: Annotated[int, typer.Option("--releases", min=1, help="Of each side of each case.")] = 20_000,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="In which the sides take turns.")] = 10,
    rate: Annotated[float, typer.Option("--rate", min=1.0, help="Releases a second.")] = 500.0,
    html: HtmlOption = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", help="Write the figures as a page of the documentation.")
    ] = None,
    *,
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.0, help="Also a run as long, of 20 releases a second.")
    ] = 0,
    with_console: Annotated[bool, typer.Option("--with-console", help="Also with twenty pages open.")] = False,
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Also with each key of [live] that asks something of the machine.")
    ] = False,
    without_movers: Annotated[
        bool, typer.Option("--without-movers", help="Also one that looks at figures only ([movers] enabled = false).")
    ] = False,
    json: JsonOption = False,
) -> None:
    """From a release's publication to a consumer's hands, beside an idiomatic program and beside the least there is."""
    from signald.bench.path.endure import endure  # noqa: PLC0415 - see above
    from signald.bench.path.markdown import write_markdown  # noqa: PLC0415 - see above
    from signald.bench.path.measure import bench_path, sections  # noqa: PLC0415 - only what is asked for is loaded
    from signald.bench.path.page import write_page  # noqa: PLC0415 - see above
    from signald.bench.path.weigh import weigh_keys  # noqa: PLC0415 - see above

    result = bench_path(
        releases=releases,
        rounds=rounds,
        rate=rate,
        with_console=with_console,
        without_movers=without_movers,
    )
    main: str = result["runs"][0]["servers"]
    if with_keys:
        result["runs"] += weigh_keys(main, result["missing"], releases=releases, rounds=rounds, rate=rate)
    if minutes:
        result |= {"long_run": endure(main, minutes=minutes)}
    for name, value in sections(result):
        say(f"{name:<56} {value}")
    if html is not None:
        write_page(result, html)
    if markdown is not None:
        write_markdown(result, markdown)
    if json:
        say_json(result)


@app.command("replay")
def bench_replay(config: ConfigOption = None, data: DataOption = None, *, json: JsonOption = False) -> None:
    """From a journal on disk to signals, beside the bare kernel and beside other backtesters."""
    from signald.app.world import load_world  # noqa: PLC0415 - numba loads with it
    from signald.bench import replay as bench  # noqa: PLC0415 - see above

    result = bench.bench_replay(load_world(configuration(config)), data or _data_of_checkout())
    for name, value in bench.sections(result):
        say(f"{name:<40} {value}")
    if json:
        say_json(result)


@app.command()
def score(config: ConfigOption = None, *, json: JsonOption = False) -> None:
    """From figures to filled document arrays, beside the same in vectorised NumPy."""
    from signald.app.world import load_world  # noqa: PLC0415 - numba loads with it
    from signald.bench import score as bench  # noqa: PLC0415 - see above

    result = bench.bench_score(load_world(configuration(config)).parameters)
    for name, value in bench.sections(result):
        say(f"{name:<32} {value}")
    if json:
        say_json(result)


@app.command()
def scale(config: ConfigOption = None, *, json: JsonOption = False) -> None:
    """One sweep of backtests on one worker process and on two; needs the extra `cluster`."""
    from signald.app.world import load_known_indicators  # noqa: PLC0415 - numba loads with it
    from signald.bench import scale as bench  # noqa: PLC0415 - see above

    result = bench.bench_scale(load_known_indicators(configuration(config)))
    for name, value in bench.sections(result):
        say(f"{name:<64} {value}")
    if json:
        say_json(result)


@app.command()
def year(
    *,
    releases: Annotated[int, typer.Option(min=1, max=260, help="How many of the year's 260 are played.")] = 260,
    seconds: Annotated[int, typer.Option(min=2, max=600, help="How many of the ten minutes of each.")] = 600,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes of this machine.")] = 2,
    core_hour_usd: Annotated[float, typer.Option(min=0.0, help="Price of one core for an hour.")] = 0.05,
    gb_month_usd: Annotated[float, typer.Option(min=0.0, help="Price of a gigabyte kept for a month.")] = 0.025,
    report: Annotated[Path | None, typer.Option(help="Where to write the calibration's report in HTML.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """A year's releases over eight simulated books, made and replayed as a stream; and more of them on paper."""
    from signald.bench import year as bench  # noqa: PLC0415 - numba loads with it
    from signald.bench.on_paper import Prices  # noqa: PLC0415 - see above

    prices = Prices(core_hour_usd=core_hour_usd, gb_month_usd=gb_month_usd)
    result = bench.bench_year(
        configuration(config), releases=releases, window_s=seconds, count=workers, prices=prices, report=report
    )
    for name, value in bench.sections(result):
        say(f"{name:<48} {value}")
    for line in result.sums:
        say(line)
    if json:
        say_json(result)


@app.command("board")
def bench_board(*, json: JsonOption = False) -> None:
    """Age of a board row over Redis from another host, beside shared memory and a Redis round trip."""
    from signald.bench import board as bench  # noqa: PLC0415 - numba loads with it

    result = bench.bench_board()
    for name, value in bench.sections(result):
        say(f"{name:<44} {value}")
    if json:
        say_json(result)


def _data_of_checkout() -> Path | None:
    """Where this checkout's tests find the recordings; ``None`` outside of a checkout, or where there are none."""
    place = Path("tests/support/data_root.py")
    root = runpy.run_path(str(place))["DEFAULT"] if place.is_file() else None
    return root if isinstance(root, Path) and root.is_dir() else None
