"""What a command came to, as an exit code."""

import errno
import signal
from pathlib import Path

import pytest
import typer

from signald import cli
from signald.errors import CheckFailedError, ConfigError, JournalError, SignaldError, UnreachableError

EXIT_DONE, EXIT_USAGE, EXIT_CHECK_FAILED, EXIT_UNREACHABLE, EXIT_BUG = 0, 2, 3, 4, 70


def ends_with(failure: BaseException | None, monkeypatch: pytest.MonkeyPatch, *, command: str = "work") -> int:
    """The exit code of a command that fails so; None: that does not fail."""
    failing = typer.Typer()

    @failing.command(command)
    def work() -> None:
        if failure is not None:
            raise failure

    @failing.command()
    def rest() -> None:
        pass

    monkeypatch.setattr(cli, "app", failing)
    return cli.run([command])


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (None, EXIT_DONE),
        (KeyboardInterrupt(), EXIT_DONE),
        (typer.Exit(), EXIT_DONE),
        (ConfigError("mqtt.port", "no port"), EXIT_USAGE),
        (typer.BadParameter("no time"), EXIT_USAGE),
        (JournalError("no journal"), EXIT_USAGE),
        (CheckFailedError("not the same"), EXIT_CHECK_FAILED),
        (UnreachableError("redis", "127.0.0.1:1", "refused"), EXIT_UNREACHABLE),
        (ZeroDivisionError("a bug"), EXIT_BUG),
        (PermissionError(errno.EACCES, "Permission denied", "/proc/version"), EXIT_BUG),
        (OSError(errno.EBADF, "Bad file descriptor"), EXIT_BUG),
        (OSError(errno.ENOSPC, "No space left on device"), EXIT_USAGE),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_end_has_the_contracts_code(
    failure: BaseException | None, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGINT)

    actual = ends_with(failure, monkeypatch)

    said = capsys.readouterr().err
    assert actual == code
    assert ("Traceback" in said) is (code == EXIT_BUG)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_full_disk_that_nobody_caught_in_a_daemon_is_a_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = ends_with(OSError(errno.ENOSPC, "No space left on device"), monkeypatch, command="run")

    assert code == EXIT_BUG
    assert "Traceback" in capsys.readouterr().err


def test_failure_of_ours_is_one_line_that_says_whose_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends_with(SignaldError("the words"), monkeypatch)

    assert capsys.readouterr().err == "signald: the words\n"


def test_of_a_value_without_end_only_the_beginning_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends_with(SignaldError("x" * 1_000_000), monkeypatch)

    said = capsys.readouterr().err
    assert said.startswith("signald: xxx")
    assert said.endswith("… (992000 more)\n")


def test_an_argument_that_is_no_text_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.run(["history", "\udcff"])

    assert code == EXIT_USAGE
    assert capsys.readouterr().err == "signald: Invalid value: '\\udcff' is no UTF-8\n"


@pytest.mark.parametrize("told", ["{}", "--out={}"])
@pytest.mark.parametrize("below", ["", "/journal"])
def test_path_that_the_command_line_names_is_whose_it_is(
    told: str, below: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "file"
    taken.touch()
    writing = typer.Typer()

    @writing.command()
    def write(where: str, out: str = "") -> None:
        Path((out or where) + below).mkdir()

    monkeypatch.setattr(cli, "app", writing)
    code = cli.run(["x"] * told.startswith("--") + [told.format(taken)])

    assert code == EXIT_USAGE
    assert capsys.readouterr().err.startswith(f"signald: {taken}{below}: ")


@pytest.mark.parametrize(
    ("given", "spread"),
    [
        ("calibrate --prices a b --out m", "calibrate --prices a --prices b --out m"),
        ("calibrate --calendar a --prices b c", "calibrate --calendar a --prices b --prices c"),
        ("replay a b --out m", "replay a b --out m"),
        ("calibrate --prices=a --out m", "calibrate --prices=a --out m"),
    ],
)
def test_option_that_takes_several_takes_them_as_a_shell_lists_them(given: str, spread: str) -> None:
    assert cli.spread(given.split()) == spread.split()
