"""``signald journal check|cat|stat|unpack|pack``: what a journal holds, whether it is sound, how it lies on disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from signald.cli.options import JsonOption, say, say_json
from signald.errors import CheckFailedError, JournalError
from signald.journal import check as checking
from signald.journal import compression, reader
from signald.journal import stat as counting
from signald.journal.parts import parts
from signald.model.records import RecordKind
from signald.model.time import format_rfc3339, parse_rfc3339

app = typer.Typer(no_args_is_help=True)

JournalArgument = Annotated[Path, typer.Argument(help="A journal's directory, or one segment of it.")]
FromOption = Annotated[str | None, typer.Option("--from", help="Earliest time, RFC 3339.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Latest time, RFC 3339, not included.")]


def parse_time(text: str | None) -> int | None:
    """Nanoseconds of a ``--from`` or ``--to``; raises ``BadParameter`` (exit 2)."""
    if text is None:
        return None
    try:
        return parse_rfc3339(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@app.command()
def check(journal: JournalArgument, *, json: JsonOption = False) -> None:
    """Verify every record, every block and the chain through all segments."""
    result = checking.check_all(parts(journal))
    if json:
        say_json(result._asdict())
    else:
        say(
            f"{result.records} records in {result.segments} segments, {result.blocks} blocks sealed, "
            f"{result.unsealed} records after the last seal, {result.lost} lost while the disk was full"
        )
        say(f"chain {result.chain}")
    if result.fault is not None:
        problem = f"{result.fault.segment} at byte {result.fault.offset}: {result.fault.problem}"
        raise CheckFailedError(problem)


@app.command()
def stat(journal: JournalArgument, *, json: JsonOption = False) -> None:
    """Count what a journal holds."""
    result = counting.stat_all(parts(journal))
    if json:
        counts = [{**count._asdict(), "kind": count.kind.name} for count in result.counts]
        say_json({**result._asdict(), "mb_per_day": result.mb_per_day, "counts": counts})
        return
    span = "no records"
    if result.ts_first is not None and result.ts_last is not None:
        span = f"{format_rfc3339(result.ts_first)} … {format_rfc3339(result.ts_last)}"
    say(f"{result.records} records, {result.disk_bytes} bytes in {result.segments} segments, {span}")
    if result.mb_per_day is not None:
        say(f"{result.mb_per_day} MB a day at this rate, compressed")
    for count in result.counts:
        say(f"{count.kind.name:<13} {count.channel or '-':<16} {count.records:>10} {count.payload_bytes:>14} bytes")


@app.command()
def cat(
    journal: JournalArgument,
    *,
    kind: Annotated[str | None, typer.Option(help="Only records of this kind, such as MESSAGE or SIGNAL.")] = None,
    since: FromOption = None,
    until: ToOption = None,
    json: JsonOption = False,
) -> None:
    """Print records as JSON lines."""
    from signald.journal.history import record_as_json  # noqa: PLC0415 - it knows board rows, and so loads numba

    wanted = _kind(kind)
    printed = 0
    for record in reader.merge(parts(journal), from_ts=parse_time(since), to_ts=parse_time(until)):
        if wanted is None or record.kind is wanted:
            say(record_as_json(record).decode())
            printed += 1
    if json:
        say_json({"records": printed})


@app.command()
def unpack(journal: JournalArgument, *, json: JsonOption = False) -> None:
    """Decompress a journal's closed segments where they lie: several times the size, and faster to replay."""
    _rewrite(journal, compression.unpack, "unpacked", json=json)


@app.command()
def pack(journal: JournalArgument, *, json: JsonOption = False) -> None:
    """Compress a journal's closed segments, as a run does by itself."""
    _rewrite(journal, compression.pack, "packed", json=json)


def _rewrite(journal: Path, rewrite: Callable[[Path], int], done: str, *, json: bool) -> None:
    if not journal.is_dir():
        problem = f"{journal} is no journal's directory"
        raise typer.BadParameter(problem)
    try:
        count = sum(map(rewrite, parts(journal)))
    except OSError as error:
        msg = f"{journal}: {error.strerror}"
        raise JournalError(msg) from error
    say_json({"segments": count}) if json else say(f"{count} segments {done}")


def _kind(name: str | None) -> RecordKind | None:
    if name is None:
        return None
    try:
        return RecordKind[name.upper()]
    except KeyError as error:
        known = ", ".join(RecordKind.__members__)
        problem = f"{name!r} is not one of {known}"
        raise typer.BadParameter(problem) from error
