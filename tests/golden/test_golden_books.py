"""Recorded frames of every venue build the golden books, with no configuration of one's own."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from signald.cli import app
from tests.support.golden_books import RECORDINGS, Recording, compare

pytestmark = pytest.mark.timeout(120)  # minutes of a market, replayed once for each step of its traces


def signald(*arguments: object) -> None:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.file)
def test_a_recording_builds_its_golden_books(tmp_path: Path, recording: Recording) -> None:
    compared = list(compare(recording, tmp_path, signald))

    assert {each.name: each.difference for each in compared} == dict.fromkeys(recording.books.values(), "")
    assert all(each.checkpoints > 1 for each in compared)
