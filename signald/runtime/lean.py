"""Loads other people's packages without what they would load beside themselves if it is there, and we do not use."""

import sys
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def without(*names: str) -> Generator[None]:
    """Whoever imports one of ``names`` meanwhile finds that it is not installed, unless it is loaded already.

    ``None`` in ``sys.modules`` is Python's own way to say so (the language reference, 5.3.1 "The module cache").
    Afterwards each can be imported as ever; who looked for it meanwhile goes on without.
    """
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # pyright: ignore[reportArgumentType, reportCallIssue] - it may be None
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
