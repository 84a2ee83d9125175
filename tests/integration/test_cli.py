"""The command line as a shell sees it: what the documents print works, and each end has its exit code."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from signald.cli import app, spread
from tests.support.journals import frames, write_journal

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CALENDAR = """\
ts_scheduled,indicator,period,actual,consensus,prior
2025-02-12T13:30:00Z,us.cpi.yoy,2025-01,3.0,2.9,2.9
"""
EXIT_USAGE = 2
EXIT_CHECK_FAILED = 3


def signald(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run one command in ``folder``."""
    command = [sys.executable, "-m", "signald", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - our own program


def done(folder: Path, *arguments: str) -> str:
    """What a command printed that must succeed."""
    ran = signald(folder, *arguments)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def printed_commands() -> list[str]:
    """Every command line of signald in README and docs, without what a shell does with its output."""
    found: dict[str, None] = {}
    for document in DOCUMENTS:
        for line in re.findall(r"uv run signald ([^`\n]+)", document.read_text(encoding="utf-8")):
            found[re.split(r" [|#<] | {2,}#| && ", line)[0].strip()] = None
    return list(found)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``calendar``, an imported journal."""
    folder = tmp_path_factory.mktemp("workshop")
    (folder / "calendar.csv").write_text(CALENDAR, encoding="utf-8")
    done(folder, "import", "calendar-csv", "calendar.csv", "--out", "calendar")
    return folder


@pytest.mark.parametrize("line", printed_commands())
def test_printed_command_is_one_that_there_is(line: str) -> None:
    command: Any = get_command(app)
    arguments = spread(shlex.split(line))

    while hasattr(command, "commands"):
        command = command.commands[arguments.pop(0)]
    context = command.make_context(line, arguments)

    assert context.params


def test_check_says_what_would_run_and_connects_to_nothing(tmp_path: Path) -> None:
    configuration = str(ROOT / "configs" / "signald.toml")

    said = json.loads(done(tmp_path, "check", "--config", configuration, "--json"))

    assert said["instruments"] == ["BTCUSDT.BINANCE"]
    assert (said["mqtt"], said["redis"]) == ("127.0.0.1:1883", "127.0.0.1:6379")
    assert list(tmp_path.iterdir()) == []


def test_schema_is_one_json_object(tmp_path: Path) -> None:
    schema = json.loads(done(tmp_path, "schema"))

    assert schema["asyncapi"]["asyncapi"].startswith("3.")


def test_imported_calendar_can_be_checked_counted_and_read(workshop: Path) -> None:
    checked = json.loads(done(workshop, "journal", "check", "calendar", "--json").splitlines()[-1])
    counted = json.loads(done(workshop, "journal", "stat", "calendar", "--json").splitlines()[-1])
    records = [json.loads(line) for line in done(workshop, "journal", "cat", "calendar").splitlines()]
    known = [json.loads(line) for line in done(workshop, "calendar", "--journal", "calendar", "--json").splitlines()]

    assert checked["fault"] is None
    assert checked["records"] == counted["records"] == len(records)
    assert (known[0]["release_id"], known[0]["actual"], known[-1]["releases"]) == ("us.cpi.yoy:2025-01", 3.0, 1)


def test_replay_writes_its_documents_where_it_is_told_to(workshop: Path) -> None:
    summary = json.loads(done(workshop, "replay", "calendar", "--out", "signals", "--json").splitlines()[-1])

    written = (workshop / "signals").read_text(encoding="utf-8").splitlines()

    assert summary["signals"] == len(written)
    assert summary["records"] > 0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["forecast"], "forecast"),
        (["replay"], "journals"),
        (["replay", "calendar", "--sped", "2"], "--sped"),
        (["replay", "calendar", "--from", "yesterday"], "yesterday"),
        (["replay", "missing"], "missing"),
        (["journal", "cat", "calendar", "--kind", "letter"], "letter"),
        (["check", "--config", "missing.toml"], "missing.toml"),
        (["calibrate", "--calendar", "missing.csv", "--prices", "missing.csv", "--out", "model"], "missing.csv"),
        (["verify", "calendar"], "calendar"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_usage_is_one_line_that_names_it(workshop: Path, arguments: list[str], word: str) -> None:
    ran = signald(workshop, *arguments)

    assert ran.returncode == EXIT_USAGE
    assert word in ran.stderr.lower()
    assert len(ran.stderr.splitlines()) == 1
    assert ran.stdout == ""


def test_damaged_journal_fails_its_check_and_the_place_is_named(tmp_path: Path) -> None:
    write_journal(tmp_path / "journal", frames(200), sync_every=50)
    segment = next(path for path in (tmp_path / "journal").iterdir() if path.stat().st_size > 1_000)
    damaged = bytearray(segment.read_bytes())
    damaged[1_000] ^= 0xFF
    segment.write_bytes(damaged)

    ran = signald(tmp_path, "journal", "check", "journal")

    assert ran.returncode == EXIT_CHECK_FAILED
    assert segment.name in ran.stderr
    assert "at byte" in ran.stderr


@pytest.mark.parametrize("command", [("journal", "cat", "calendar"), ("schema",), ("--help",)])
def test_reader_that_left_is_no_failure(workshop: Path, command: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)  # whatever is written breaks the pipe, at once and every time
    with os.fdopen(writing, "wb") as nobody:
        ran = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "signald", *command],
            cwd=workshop,
            stdout=nobody,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert (ran.returncode, ran.stderr) == (0, "")
