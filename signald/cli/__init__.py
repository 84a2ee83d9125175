"""The command line: parses a command, has the app do it, prints what came of it."""

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import typer
from typer.main import get_command

from signald.cli import bench, control, feeds, gate, live, recordings, research, tools, trust
from signald.errors import CheckFailedError, ProcessEndedError, SignaldError, UnreachableError

_TAKES_SEVERAL = frozenset({"--calendar", "--prices", "--books", "--over"})

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_LASTING: Final = frozenset({"run", "feed", "record", "demo"})
_NO_NAME: Final = frozenset({"", "."})  # what names nothing, or all

_LONGEST_COMPLAINT: Final = 8_000

_INTERRUPTED = 130  # what typer makes of SIGINT: to us it is an orderly end

EXIT_DONE = 0
EXIT_USAGE = 2
EXIT_CHECK_FAILED = 3
EXIT_UNREACHABLE = 4
EXIT_BUG = 70

app = typer.Typer(
    name="signald",
    help="Scores macroeconomic releases within milliseconds and publishes trading signals.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _part in (live.app, control.app, feeds.app, recordings.app, research.app, gate.app, tools.app, trust.app):
    app.registered_commands.extend(_part.registered_commands)
    app.registered_groups.extend(_part.registered_groups)
app.add_typer(bench.app, name="bench", help="Measure, both sides in one run.")


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code of the contract. Errors are one line on standard error."""
    try:
        code = get_command(app)(args=spread(arguments), prog_name="signald", standalone_mode=False)
        sys.stdout.flush()  # here, and not while the interpreter ends, where a reader that left is a failure
    except typer.TyperException as error:
        _complain(error.format_message())
        return EXIT_USAGE
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_DONE
    except BrokenPipeError:
        return _reader_left()
    except SystemExit as end:  # what typer makes of a broken pipe while a command runs
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        return _reader_left()
    except SignaldError as error:
        _complain(str(error))
        return _code_of(error)
    except Exception as error:  # noqa: BLE001 - the last door: a bug must end the process with its own code
        return _uncaught(error, arguments)
    return code if isinstance(code, int) and code != _INTERRUPTED else EXIT_DONE


def _complain(problem: str) -> None:
    """Say what is wrong; of a value that is longer than any page only the beginning."""
    left = len(problem) - _LONGEST_COMPLAINT
    sys.stderr.write(f"signald: {problem}\n" if left <= 0 else f"signald: {problem[:-left]}… ({left} more)\n")


def _uncaught(error: Exception, arguments: Sequence[str]) -> int:
    if isinstance(error, OSError) and _is_theirs(error, arguments):
        _complain(f"{error.filename or 'what was to be written'}: {error.strerror}")
        return EXIT_USAGE
    traceback.print_exception(error)
    return EXIT_BUG


def _is_theirs(error: OSError, arguments: Sequence[str]) -> bool:
    """Whether the system refused a path that the command line names, or something below it, or the disk is full.

    What runs for ever has been told all that it needs before: if that gets so far it is a bug of ours.
    """
    if not isinstance(error.filename, str | bytes):
        return error.errno in _FULL and not _LASTING.intersection(arguments[:1])
    named = [word for argument in arguments for word in (argument, argument.partition("=")[2]) if word not in _NO_NAME]
    return any(Path(os.fsdecode(error.filename)).is_relative_to(word) for word in named)


def _reader_left() -> int:
    """Nothing more to say: what is still buffered goes nowhere, and to have been read in part is no failure."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return EXIT_DONE


def spread(arguments: Sequence[str]) -> list[str]:
    """``--prices A B`` as ``--prices A --prices B``: what a shell makes of ``--prices *.csv`` must be understood.

    Raises ``BadParameter`` for what is no UTF-8: it could neither be printed nor written into JSON.
    """
    out: list[str] = []
    flag = ""
    for argument in arguments:
        if argument.encode(errors="replace").decode() != argument:
            problem = f"{argument!r} is no UTF-8"
            raise typer.BadParameter(problem)
        if argument.startswith("-"):
            flag = argument if argument in _TAKES_SEVERAL else ""
            if not flag:
                out.append(argument)
        elif flag:
            out += [flag, argument]
        else:
            out.append(argument)
    return out


def _code_of(error: SignaldError) -> int:
    match error:
        case CheckFailedError():
            return EXIT_CHECK_FAILED
        case UnreachableError():
            return EXIT_UNREACHABLE
        case ProcessEndedError():
            return EXIT_BUG
        case _:
            return EXIT_USAGE
