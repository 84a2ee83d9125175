"""The hunt of tests/fuzz/commands.py, a little of it: some bad files for each command, and what was ever found."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from signald.cli import app
from tests.support.bad_files import COMMANDS, Workshop, bad_files_for, load_all, outcome_of, problem_with

EACH = 2
FOUND = [
    ("import cryptofeed", "deep-object.json"),
    ("import calendar-csv", "nul.csv"),
    ("import hftbacktest", "a disk that is full"),
    ("fed-funds", "a disk that is full"),
    ("ci", "a disk that is full"),
    ("ci --base", "a disk that is full"),
    ("audit --prices", "bomb.csv.gz"),
    ("calibrate --out", "no name"),
    ("import --out", "a name that is no UTF-8"),
    ("report --page", "a folder"),
    ("verify", "a name that is too long"),
]
ELSEWHERE = ("bench", "record", "import")
"""What measures, what needs venues, and importers: their ``--out`` is one."""


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    load_all()
    return Workshop(tmp_path_factory.mktemp("workshop"), size=200_000)


def some(command: str) -> list[tuple[str, str]]:
    return [(command, bad) for bad in random.Random(command).sample(bad_files_for(command), EACH)]


def takes_files() -> Iterator[str]:
    """Every option and argument of a command that is a path, as COMMAND OPTION."""
    waiting = [("", get_command(app))]
    while waiting:
        words, command = waiting.pop()
        waiting += [(f"{words} {name}".strip(), one) for name, one in getattr(command, "commands", {}).items()]
        for parameter in command.params:
            told = getattr(parameter, "type_descriptor", None)
            if words.split()[:1] not in [[one] for one in ELSEWHERE] and "Path" in repr(told):
                yield f"{words} {parameter.opts[0]}" if parameter.param_type_name == "option" else words


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("command", "bad"), [*FOUND, *(case for command in COMMANDS for case in some(command))])
def test_a_file_that_makes_no_sense_is_one_line_that_names_it(workshop: Workshop, command: str, bad: str) -> None:
    outcome = outcome_of(workshop.arguments(command, bad))

    assert problem_with(outcome, workshop.path_of(bad)) == "", outcome.said


def test_every_option_that_takes_a_file_is_tried() -> None:
    tried = {name for words in COMMANDS.values() for name in _tried(words.split())}

    missing = {one for one in takes_files() if not one.endswith("--config")} - tried

    assert missing == set()


def _tried(words: list[str]) -> Iterator[str]:
    at = words.index("BAD")
    command = " ".join(words[: 2 if words[0] == "journal" else 1])
    yield f"{command} {words[at - 1]}" if words[at - 1].startswith("--") else command


@pytest.mark.parametrize("command", ["import --out", "replay --out", "history --page", "report --page"])
def test_what_can_be_written_is_written(workshop: Workshop, tmp_path: Path, command: str) -> None:
    bad = workshop.path_of("a folder")
    arguments = [str(tmp_path / "new") if word == bad else word for word in workshop.arguments(command, "a folder")]

    assert outcome_of(arguments).code == 0
