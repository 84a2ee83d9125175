"""The archives as somebody gets them who has only Python and pip: they install, play the demo, bear their types."""

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RELEASES_OF_Q1_2025 = 16
VERSIONS = ("3.11", "3.12", "3.13", "3.14")

pytestmark = pytest.mark.timeout(900)

CONSUMER = """
from typing_extensions import assert_type
from signald.client import Desk, Received

async def consume(url: str) -> None:
    async with Desk(url, consumer="otc") as desk:
        async for received in desk:
            assert_type(received, Received)
            desk.ack(received)
"""


def run(command: Sequence[str | Path], folder: Path, **environment: str) -> str:
    """Standard output of a command that sees nothing of this project's own environment."""
    done = subprocess.run(  # noqa: S603 - our own programs
        [str(word) for word in command],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **_of_pip(os.environ), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-4_000:]
    return done.stdout


def _of_pip(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(("PIP_", "UV_", "SSL_"))}


def interpreter(version: str) -> str:
    """Where this machine has that Python; skips where it has none."""
    installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    found = shutil.which(f"python{version}") if not installed else str(installed[-1])
    works = found is not None and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0  # noqa: S603
    if found is None or not works:
        pytest.skip(f"this machine has no Python {version}")
    return found


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source archive."""
    folder = tmp_path_factory.mktemp("archives")
    run(["uv", "build", "--quiet", "--out-dir", folder], ROOT)
    return folder


@pytest.mark.parametrize("version", VERSIONS)
def test_the_wheel_plays_the_demo_where_nothing_else_is(archives: Path, tmp_path: Path, version: str) -> None:
    python = tmp_path / "empty" / "bin" / "python"
    run([interpreter(version), "-m", "venv", tmp_path / "empty"], tmp_path)
    (wheel,) = archives.glob("*.whl")

    run([python, "-m", "pip", "install", "--quiet", f"{wheel}[demo]"], tmp_path)
    printed = run([python.with_name("signald"), "demo", "--duration", "20", "--json"], tmp_path)

    result = json.loads(printed.splitlines()[-1])
    assert result["releases"] == RELEASES_OF_Q1_2025
    assert result["compilations_after_ready"] == 0
    run([python.with_name("signald"), "verify", "var/demo-journal"], tmp_path)


def test_the_source_archive_builds_the_same_wheel(archives: Path, tmp_path: Path) -> None:
    (wheel,) = archives.glob("*.whl")
    (source,) = archives.glob("*.tar.gz")

    run(["uv", "build", "--quiet", "--wheel", "--out-dir", tmp_path, source], tmp_path)

    (again,) = tmp_path.glob("*.whl")
    listing = [sys.executable, "-m", "zipfile", "--list"]
    assert again.name == wheel.name
    assert _names(run([*listing, again], tmp_path)) == _names(run([*listing, wheel], tmp_path))


def _names(listing: str) -> set[str]:
    return {line.split()[0] for line in listing.splitlines()[1:]}


def test_types_of_what_others_import_are_seen(archives: Path, tmp_path: Path) -> None:
    (wheel,) = archives.glob("*.whl")
    venv.create(tmp_path / "empty", with_pip=True)
    python = tmp_path / "empty" / "bin" / "python"
    (tmp_path / "consumer.py").write_text(CONSUMER, encoding="utf-8")

    run([python, "-m", "pip", "install", "--quiet", f"{wheel}[research]", "pyright", "typing_extensions"], tmp_path)

    path = f"{python.parent}:{os.environ['PATH']}"  # pyright looks at the first Python there
    run([python.with_name("pyright"), "consumer.py"], tmp_path, PATH=path)
    for package in ("signald.client", "signald.research"):
        run([python.with_name("pyright"), "--verifytypes", package, "--ignoreexternal"], tmp_path, PATH=path)
