"""What holds for every test: no settings from outside, no blocking call in the event loop, time for real servers."""

import fcntl
import inspect
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from blockbuster import blockbuster_ctx
from hypothesis import settings

_TESTS = Path(__file__).parent
_SERVER_TEST_TIMEOUT_S = 60  # starting real servers as child processes, on a loaded machine
_NOT_IN_TIME = ["Timeout", "NotInTimeError", "Address already in use", "unraisable"]
"""What a machine that was too busy does to a test, which then gets a second chance; what is unraisable, such as the
socket of a loop that ended within a handshake, meets whichever test runs when it is collected. An assertion gets none,
but in CI that of a test of real processes: there one in thousands decides over a change that it knows nothing of. The
summary names each that needed it (``RERUN``); at home it fails and is looked into."""

# What logs before anything is set up; the richer tracebacks would read files inside the event loop.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)
_configure = structlog.configure


def _configure_uncached(*args: Any, **how: Any) -> None:  # noqa: ANN401 - as it is declared
    """As structlog's own; but no logger keeps for ever the stream of the test that used it first."""
    _configure(*args, **{**how, "cache_logger_on_first_use": False})


structlog.configure = _configure_uncached
# pytest-timeout bounds each test; a busy machine must not fail one. CI judges the change: at home the dice go on.
settings.register_profile("signald", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("signald")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in ``integration/`` and ``chaos/`` as such, with more time than the ten seconds of the rest."""
    for item in items:
        folder = item.path.relative_to(_TESTS).parts[0]
        has_processes = folder in {"integration", "chaos", "soak"}
        second_chance = None if has_processes and os.environ.get("CI") else _NOT_IN_TIME
        item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=second_chance))
        if has_processes:
            item.add_marker(getattr(pytest.mark, folder))
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(_SERVER_TEST_TIMEOUT_S))
        if item.get_closest_marker("compiled") and os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
            item.add_marker(pytest.mark.skip(reason="compares compiled code with its source, and compilation is off"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Compile the daemon's kernels before the first test that starts it: the first time in a clone takes a minute.

    Where tests run in several processes (pytest-xdist), one of them compiles while the others wait for it.
    """
    if not session.config.option.collectonly and any(item.get_closest_marker("integration") for item in session.items):
        with (Path(tempfile.gettempdir()) / f"signald-tests-{os.getuid()}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            subprocess.run([sys.executable, "-m", "signald", "check"], capture_output=True, check=False)


@pytest.fixture(autouse=True)
def _own_settings_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the user's ``SIGNALD_SECTION__KEY`` overrides: a test's configuration is what the test wrote."""
    for name in os.environ:
        if name.startswith("SIGNALD_") and "__" in name:
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _own_log_only() -> Iterator[None]:
    """Undo what a test that runs a command has set up: its standard error is closed by then."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter):
            root.removeHandler(handler)


@pytest.fixture(autouse=True)
def _no_blocking_call_in_the_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail an asynchronous test when signald blocks the event loop it runs on.

    Flushing the journal may: handing bytes to the page cache is what it promises before anything is sent (see
    ``signald/journal/writer.py``); waiting for the disk is a thread's business and may not.
    """
    if not inspect.iscoroutinefunction(getattr(request, "function", None)):
        yield
        return
    with blockbuster_ctx("signald") as blockbuster:
        blockbuster.functions["os.write"].can_block_in("signald/journal/appender.py", {"drain"})
        yield
