"""Follows a page as its reader does: types its commands in a shell, in order, in the folder that the page speaks of.

A block that does not end by itself has ``runs on`` in the comment before it (see :mod:`tests.support.pages`), with what
it says once the next may be typed::

    <!-- runs on: ready in -->
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from signald.model.time import NS_PER_S
from signald.runtime.clock import LiveClock
from tests.support.pages import ALL, ROOT, RUNS_ON, SHELL, Block
from tests.support.quant_files import write_quant_files
from tests.support.waiting import eventually

PAGES_TO_TYPE: Final = tuple(sorted({block.page for block in ALL if block.language in SHELL and block.is_typed}))

_SHIMS: Final = {
    # what is installed is what is tested: nothing is fetched
    "uv": '#!/bin/sh\n[ "$1" = run ] && shift\nexec "$@"\n',
    "pip": "#!/bin/sh\n",
    # a test's Redis is on a port of its own
    "redis-cli": '#!/bin/sh\nexec /usr/bin/redis-cli -p "$REDIS_PORT" "$@"\n',
}
_WORKS_WITHIN_S: Final = 120.0
_ENDS_WITHIN_S: Final = 60.0


def blocks_to_type(page: str) -> list[Block]:
    """What its reader types, in order; blocks that say who else runs them, or why nobody does, are not among it."""
    return [block for block in ALL if block.page == page and block.language in SHELL and block.is_typed]


def shimmed(folder: Path, programs: Path) -> dict[str, str]:
    """An environment in which ``uv run`` runs what is in ``programs`` and ``pip`` installs nothing."""
    shims = folder / ".shims"
    shims.mkdir()
    for name, text in _SHIMS.items():
        (shims / name).write_text(text, encoding="utf-8")
        (shims / name).chmod(0o755)
    ours = {name: value for name, value in os.environ.items() if not (name.startswith("SIGNALD_") and "__" in name)}
    return ours | {"PATH": f"{shims}:{programs}:{os.environ['PATH']}"}


def fill(folder: Path) -> None:
    """What a reader has: the checkout, a consumer in its configuration, journals, calendar, bars, a page's ci.toml."""
    for name in ("docs", "examples", "tests"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "configs", folder / "configs")
    with (folder / "configs/signald.toml").open("a", encoding="utf-8") as config:
        config.write('\n[[consumers]]\nname = "otc-desk-1"\njurisdiction = "SG"\n')
    files = write_quant_files(folder)
    with (folder / "btc_5m_2023.csv.gz").open("wb") as packed:
        subprocess.run(["gzip", "--stdout", files.prices], check=True, stdout=packed)  # noqa: S603, S607 - a file of ours
    for name in ("JOURNAL", "journals/books", "journals/live-2025-02-12"):
        shutil.copytree(ROOT / "tests/golden/demo/journal", folder / name)
    [gate] = [block.text for block in ALL if block.page.endswith("backtest-in-ci.md") and block.language == "toml"]
    (folder / "ci.toml").write_text(gate, encoding="utf-8")


def shell(text: str, folder: Path, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run lines as a careful shell does: the first that fails ends it."""
    return subprocess.run(  # noqa: S603 - the project's own pages
        ["bash", "-euo", "pipefail", "-c", text],  # noqa: S607 - the system's shell
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def follow(
    page: str, folder: Path, environment: Mapping[str, str], *, spelled: Callable[[str], str] = lambda text: text
) -> str:
    """Type all of a page; what its last block printed.

    What is typed while something runs on is tried until it works and prints something: a reader looks again, too.

    Args:
        page: Where it is, from the root.
        folder: Where it is typed.
        environment: Of the shell.
        spelled: What to type for a block's text, where a port is another.
    """
    running: list[subprocess.Popen[bytes]] = []
    printed = ""
    try:
        for block in blocks_to_type(page):
            text = spelled(block.text)
            if block.note.startswith(RUNS_ON):
                running.append(_terminal(text, folder, environment, said=block.note.removeprefix(RUNS_ON).lstrip(": ")))
            elif running:
                printed = _once_it_works(text, folder, environment)
            else:
                printed = done(text, folder, environment)
    finally:
        for one in reversed(running):
            os.killpg(one.pid, signal.SIGINT)
            one.wait(_ENDS_WITHIN_S)
    return printed


def done(text: str, folder: Path, environment: Mapping[str, str]) -> str:
    """What lines print, which all must work."""
    ran = shell(text, folder, environment)
    assert ran.returncode == 0, f"{text}\n{ran.stdout[-2_000:]}\n{ran.stderr[-4_000:]}"
    return ran.stdout


def _once_it_works(text: str, folder: Path, environment: Mapping[str, str]) -> str:
    """What lines print that wait for what runs beside them; as they fail at last."""
    ends = LiveClock.monotonic() + round(_WORKS_WITHIN_S * NS_PER_S)
    while LiveClock.monotonic() < ends:
        ran = shell(text, folder, environment)
        if ran.returncode == 0 and ran.stdout:
            return ran.stdout
    return done(text, folder, environment)


def _terminal(text: str, folder: Path, environment: Mapping[str, str], *, said: str) -> "subprocess.Popen[bytes]":
    """Lines in a terminal of their own, once they have said something."""
    path = folder / f"terminal-{len(list(folder.glob('terminal-*')))}"
    with path.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - see above
            ["bash", "-c", text],  # noqa: S607 - see above
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    eventually(lambda: process.poll() is not None or said.encode() in path.read_bytes(), within_s=_WORKS_WITHIN_S)
    assert process.poll() is None, path.read_text(encoding="utf-8")
    return process
