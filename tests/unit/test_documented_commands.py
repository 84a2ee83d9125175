"""Every command that a page prints exists as it stands there: sub-commands, options, targets, modules, files."""

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import typer
from typer.core import TyperGroup

from signald.cli import app
from tests.support.pages import PAGES, ROOT, SHELL, blocks_of

pytestmark = pytest.mark.timeout(60)  # every command's module is loaded

INLINE = re.compile(r"`((?:uv run |make |signald |python -m |pytest )[^`]*)`")
ENDS = {"|", "<", ">", "&&", "||", ";", "&", ">>", "2>&1"}


class Printed(NamedTuple):
    """A command on a page."""

    page: Path
    words: tuple[str, ...]


def commands_of(page: Path) -> Iterator[Printed]:
    """What stands in blocks of shell, and in line; what follows a pipe is a command of its own."""
    text = page.read_text()
    blocks = [block.text for block in blocks_of(page) if block.language in SHELL]
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    for line in [*lines, *INLINE.findall(text)]:
        try:
            words = shlex.split(line.replace("…", ""), comments=True)
        except ValueError:  # a line that is no shell
            continue
        yield from _commands_in(page, words)


def _commands_in(page: Path, words: list[str]) -> Iterator[Printed]:
    command: list[str] = []
    for word in [*words, ";"]:
        if word not in ENDS:
            command.append(word)
            continue
        if found := _plain(command):
            yield Printed(page, tuple(found))
        command = []


def _plain(words: list[str]) -> list[str]:
    """Without the environment and ``uv run`` with its own options."""
    while words and (re.fullmatch(r"[A-Z_]+=.*", words[0]) or words[0] in {"$", "sudo"}):
        words = words[1:]
    if words[:2] == ["uv", "run"]:
        words = words[2:]
        while words and words[0].startswith("--"):
            words = words[2:] if words[0] in {"--group", "--extra", "--python"} else words[1:]
    return words


PROGRAM = typer.main.get_command(app)
ALL = [printed for page in PAGES for printed in commands_of(page)]


def named(program: str) -> list[Printed]:
    """Commands of a program."""
    return [printed for printed in ALL if printed.words[0] == program]


def problem_of(words: tuple[str, ...]) -> str | None:
    """What is wrong with a command of ours, as its own parser would find."""
    group = PROGRAM
    at = 1
    while isinstance(group, TyperGroup):
        name = words[at] if at < len(words) else ""
        if name.startswith("--") or not name or name.isupper():
            return None  # options of signald itself, or the command as such
        if (found := group.commands.get(name)) is None:
            return f"no command {name}"
        group, at = found, at + 1
    known = {option for parameter in group.params for option in (*parameter.opts, *parameter.secondary_opts)} | {
        "--help"
    }
    used = {word.partition("=")[0] for word in words[at:] if re.match(r"--?[a-z]", word)}
    return f"no option {sorted(used - known)}" if used - known else None


def test_commands_of_ours_have_the_options_that_pages_print() -> None:
    wrong = [(printed.page.name, " ".join(printed.words), problem_of(printed.words)) for printed in named("signald")]

    assert len(wrong) > 100
    assert [each for each in wrong if each[2] is not None] == []


def test_targets_of_make_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    used = {(printed.page.name, word) for printed in named("make") for word in printed.words[1:] if "=" not in word}

    assert used
    assert {each for each in used if each[1] not in targets} == set()


def test_modules_and_files_that_are_run_exist() -> None:
    modules = {printed.words[2] for printed in [*named("python"), *named("python3")] if printed.words[1:2] == ("-m",)}
    files = {word for program in ("pytest", "python", "node") for each in named(program) for word in each.words}

    assert {name for name in modules if "." in name and importlib.util.find_spec(name) is None} == set()
    assert {
        name for name in files if re.fullmatch(r"(tests|examples|signald)/\S+", name) and not (ROOT / name).exists()
    } == set()


@pytest.mark.parametrize(
    "words", [("signald", "clibrate"), ("signald", "demo", "--durations", "3"), ("signald", "import", "nothing")]
)
def test_a_command_that_is_misspelt_is_found(words: tuple[str, ...]) -> None:
    assert problem_of(words) is not None
