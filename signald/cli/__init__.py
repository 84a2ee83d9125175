"""The command line: parses a command, has the app do it, prints what came of it."""

import os
import sys
import traceback
from collections.abc import Sequence

import typer
from typer.main import get_command

from signald.cli import bench, control, feeds, gate, live, recordings, research, tools, trust
from signald.errors import CheckFailedError, ProcessEndedError, SignaldError, UnreachableError

_TAKES_SEVERAL = frozenset({"--calendar", "--prices", "--books", "--over"})

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
        sys.stderr.write(f"signald: {error.format_message()}\n")
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
        sys.stderr.write(f"signald: {error}\n")
        return _code_of(error)
    except Exception:  # noqa: BLE001 - the last door: a bug must end the process with its own code
        traceback.print_exc()
        return EXIT_BUG
    return code if isinstance(code, int) and code != _INTERRUPTED else EXIT_DONE


def _reader_left() -> int:
    """Nothing more to say: what is still buffered goes nowhere, and to have been read in part is no failure."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return EXIT_DONE


def spread(arguments: Sequence[str]) -> list[str]:
    """``--prices A B`` as ``--prices A --prices B``: what a shell makes of ``--prices *.csv`` must be understood."""
    out: list[str] = []
    flag = ""
    for argument in arguments:
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
