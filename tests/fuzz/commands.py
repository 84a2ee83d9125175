"""Every command with every file that makes no sense: ``python -m tests.fuzz.commands [--size BYTES] [--only COMMAND]``.

Each is run in a process of its own that may have so much memory and so long. It has to say in one line what is wrong
with which file and to end with a code of the contract, soon and without much memory: what does not is printed, and the
run ends with code 1. `tests/property/test_commands.py` runs some of it.
"""

import argparse
import json
import os
import resource
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.support.bad_files import COMMANDS, Outcome, Workshop, bad_files_for, load_all, outcome_of, problem_with

_MOST_BYTES: Final = 4 << 30
_MOST_S: Final = 120
_KILLED: Final = -1


def outcome_apart(arguments: Sequence[str]) -> Outcome:
    """Run a command line in a process of its own, which is killed beyond the limits."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
        signal.alarm(_MOST_S)
        outcome = outcome_of(arguments)
        os.write(writer, json.dumps(outcome._replace(said=outcome.said[-20_000:])).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        told = answer.read()
    os.waitpid(child, 0)
    return Outcome(*json.loads(told)) if told else Outcome(_KILLED, "", 0.0, 0)


def run(workshop: Workshop, commands: Sequence[str]) -> Iterator[tuple[str, str, Outcome, str]]:
    """Command, bad file, what came of it and what is wrong with that, of each of ``commands``."""
    for command in commands:
        for bad in bad_files_for(command):
            outcome = outcome_apart(workshop.arguments(command, bad))
            yield command, bad, outcome, problem_with(outcome, workshop.path_of(bad))


def main(arguments: Sequence[str]) -> int:
    """Run all, print what is wrong as it comes, and one JSON object."""
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument(
        "--size", type=int, default=20_000_000, help="bytes of what is long; a bomb has twenty times that"
    )
    read.add_argument("--only", choices=sorted(COMMANDS), action="append")
    read.add_argument("--verbose", action="store_true", help="say what each case came to")
    told = read.parse_args(arguments)
    counts: Counter[int] = Counter()
    wrong, slowest, largest = 0, 0.0, 0
    load_all()
    with tempfile.TemporaryDirectory() as folder:
        for command, bad, outcome, problem in run(Workshop(Path(folder), size=told.size), told.only or list(COMMANDS)):
            counts[outcome.code] += 1
            wrong += bool(problem)
            slowest, largest = max(slowest, outcome.cpu_s), max(largest, outcome.grown_kb)
            if problem or told.verbose:
                last = outcome.said.strip().splitlines()[-1:] or [""]
                sys.stdout.write(f"{command} | {bad} | {outcome.code} | {problem or 'ok'} | {last[0][:200]}\n")
                sys.stdout.flush()
    codes = {str(code): count for code, count in sorted(counts.items())}
    summary = {"cases": counts.total(), "wrong": wrong, "codes": codes, "slowest_s": round(slowest, 2)}
    sys.stdout.write(json.dumps({**summary, "most_mb": largest >> 10}) + "\n")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
