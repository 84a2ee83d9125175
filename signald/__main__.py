"""``python -m signald`` and the command ``signald``."""

import signal
import sys
from importlib import import_module
from types import FrameType

from signald.runtime.lean import without

_LATER = {"run": (signal.SIGHUP, signal.SIGUSR1)}
"""Signals that wait until the command has said what they do: before that they would end it."""


def main() -> None:
    """Run the command line and exit with its code. To be asked to end is no failure, from the first moment on."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.pthread_sigmask(signal.SIG_BLOCK, _LATER.get("".join(sys.argv[1:2]), ()))
    try:
        with without("rich"):
            import_module("structlog")  # it would draw tracebacks with that, which takes a fifth of a second to load
        from signald.cli import run  # noqa: PLC0415 - loading takes a second in which we may be asked to end

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 0
    sys.exit(code)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
