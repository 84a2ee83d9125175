"""Commands that run the pipeline on live input: ``demo``, ``run``, and ``check`` and ``config`` before them."""

import functools
import gc
from typing import Annotated

import typer

from signald.cli.options import ConfigOption, JsonOption, configuration, say, say_json
from signald.runtime.lean import without

app = typer.Typer()


@app.command()
def demo(  # noqa: PLR0913 - each is an option of the command line
    *,
    duration: Annotated[float | None, typer.Option(min=1, help="Seconds after ready, all releases together.")] = None,
    mqtt_port: Annotated[int | None, typer.Option(min=1, max=65_534, help="Of the broker; 3.1.1 on the next.")] = None,
    redis_port: Annotated[int | None, typer.Option(min=1, max=65_535, help="Of the Redis-compatible server.")] = None,
    metrics_port: Annotated[int | None, typer.Option(min=1, max=65_535, help="Of the daemon's metrics.")] = None,
    scenario: Annotated[
        str, typer.Option(help="q1-2025, or faults: figures that are wrong, late or missing.")
    ] = "q1-2025",
    replicas: Annotated[int, typer.Option(min=1, max=8, help="Daemons that run hot-hot.")] = 1,
    console: Annotated[bool, typer.Option(help="Serve the page for people.")] = True,
    console_port: Annotated[int | None, typer.Option(min=1, max=65_535, help="Of that page.")] = None,
    pools: Annotated[bool, typer.Option("--pools", help="Let two pools of bitcoin trade besides.")] = False,
    json: JsonOption = False,
) -> None:
    """Run the whole pipeline on this machine through the releases of early 2025."""
    from signald.simulate.demo import DemoOptions, run_demo  # noqa: PLC0415 - the servers' wheels are an extra

    options = DemoOptions(
        duration_s=duration,
        mqtt_port=mqtt_port,
        redis_port=redis_port,
        metrics_port=metrics_port,
        scenario=scenario,
        replicas=replicas,
        console=console,
        console_port=console_port,
        pools=pools,
        to_stderr=json,
    )
    result = run_demo(options)
    if json and result is not None:
        say_json(result)


@app.command()
def run(
    config: ConfigOption = None,
    *,
    single_process: Annotated[
        bool, typer.Option("--single-process", help="Books, signals and metrics in one process.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Run the daemon until SIGINT or SIGTERM; SIGHUP has it read its configuration again."""
    gc.disable()  # what loads now lives for ever: to look at it again and again is a tenth of the start
    with without("cffi", "coverage", "yaml"):  # numba serves them all, and we give it none
        from signald.app.daemon import run_daemon  # noqa: PLC0415 - numba loads with it: only who needs it pays

    gc.freeze()
    gc.enable()
    summary = run_daemon(functools.partial(configuration, config), single_process=single_process)
    if json:
        say_json(summary._asdict())


@app.command()
def feed(
    host: Annotated[str, typer.Argument(help="Which of board.hosts this is.")],
    *,
    board: Annotated[
        str | None, typer.Option(help="Redis over which the rows go.", show_default="board.url, or redis.url")
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Keep the books of some venues for a daemon on another host until SIGINT or SIGTERM."""
    from signald.app.feed_host import run_feed  # noqa: PLC0415 - see run

    run_feed(configuration(config), host, url=board)
    if json:
        say_json({"host": host})


@app.command()
def check(config: ConfigOption = None, *, json: JsonOption = False) -> None:
    """Validate the whole configuration and say what would run; connects to nothing."""
    from signald.app.daemon import describe  # noqa: PLC0415 - see run

    described = describe(configuration(config))
    if json:
        say_json(described._asdict())
        return
    for name, value in described._asdict().items():
        say(f"{name}: {value}")


@app.command("config")
def show_config(
    config: ConfigOption = None,
    *,
    effective: Annotated[
        bool, typer.Option("--effective", help="As it counts: file, environment and defaults in one.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Print the configuration with secrets masked: as it is in force, or what the file and the environment change."""
    from signald.app import configuration as shown  # noqa: PLC0415 - see run

    told = configuration(config)
    table = shown.effective(told) if effective else shown.changed(told)
    if json:
        say_json(table)
    else:
        say(shown.as_toml(table).rstrip())


@app.command()
def publish(
    file: Annotated[typer.FileBinaryRead, typer.Argument(help="JSON objects, one a line; - for standard input.")],
    *,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Publish schedules, figures, corrections or states of pools by hand, each checked before the first is sent."""
    from signald.app.publishing import publish_by_hand  # noqa: PLC0415 - see run
    from signald.logs import configure_logs  # noqa: PLC0415

    configure_logs(level="warning")
    count = publish_by_hand(configuration(config), file, name=getattr(file, "name", "-"))
    if json:
        say_json({"published": count})
    else:
        say(f"{count} messages published")
