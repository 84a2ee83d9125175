"""Follows a page as its reader does: in a shell, from the folder that the page speaks of."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from signald.simulate.child import free_port
from tests.support.pages import Block
from tests.support.waiting import eventually

_SHIMS: Final = {
    # what is installed is what is tested: nothing is fetched
    "uv": '#!/bin/sh\n[ "$1" = run ] && shift\nexec "$@"\n',
    "pip": "#!/bin/sh\n",
    # a test's Redis is on a port of its own
    "redis-cli": '#!/bin/sh\nexec /usr/bin/redis-cli -p "$REDIS_PORT" "$@"\n',
}
_STARTS_WITHIN_S: Final = 60.0
_ENDS_WITHIN_S: Final = 30.0


def shims(folder: Path, programs: Path) -> dict[str, str]:
    """An environment in which ``uv run`` runs what is in ``programs`` and ``pip`` installs nothing."""
    shim_folder = folder / ".shims"
    shim_folder.mkdir()
    for name, text in _SHIMS.items():
        path = shim_folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
    ours = {name: value for name, value in os.environ.items() if not (name.startswith("SIGNALD_") and "__" in name)}
    return ours | {"PATH": f"{shim_folder}:{programs}:{os.environ['PATH']}"}


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


def follow_tutorial(blocks: Sequence[Block], folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Do what the tutorial says, its two terminals included; what the desk noted.

    The port that it names is exchanged for a free one.
    """
    *alone, demo, desk, look = [block.text.replace("6390", "PORT") for block in blocks]
    port = str(free_port())
    for text in alone:
        done = shell(text, folder, environment)
        assert done.returncode == 0, f"{text}\n{done.stdout[-2_000:]}\n{done.stderr[-4_000:]}"
    running: list[subprocess.Popen[bytes]] = []
    try:
        running.append(_terminal(demo.replace("PORT", port), folder, environment))
        eventually(lambda: _is_ready(folder), within_s=_STARTS_WITHIN_S)
        running.append(_terminal(desk.replace("PORT", port), folder, environment))
        return eventually(lambda: _lines(look, folder, environment), within_s=_STARTS_WITHIN_S)
    finally:
        for one in reversed(running):
            os.killpg(one.pid, signal.SIGINT)
            one.wait(_ENDS_WITHIN_S)


def _terminal(text: str, folder: Path, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    with (folder / "terminal.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - see above
            ["bash", "-c", text],  # noqa: S607 - see above
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _is_ready(folder: Path) -> bool:
    return b"ready in" in (folder / "terminal.log").read_bytes()


def _lines(look: str, folder: Path, environment: Mapping[str, str]) -> list[str]:
    """What the desk has noted so far; nothing while there is too little to see, or no file yet."""
    if not (folder / "desk-state").exists():
        return []
    seen = shell(look, folder, environment).stdout.splitlines()
    return seen if len(seen) > 1 else []
