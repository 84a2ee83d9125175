"""How the bench talks to its processes: a line of JSON in, a line of JSON out, and the end of the pipe is the end."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from signald.errors import CheckFailedError

Order: TypeAlias = dict[str, Any]

_PATIENCE_S: Final = 5.0


def orders() -> Iterator[Order]:
    """What we are told, until whoever tells us is gone."""
    for line in sys.stdin:
        yield json.loads(line)


def report(**facts: object) -> None:
    """Answer."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


class Helper:
    """A process of the bench: ``python -m signald.bench.path.NAME``; a context manager."""

    def __init__(self, name: str, **settings: object) -> None:
        """Keep what it will be told first; nothing is started."""
        self.name = name
        self._settings = settings
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start it, and wait until it is ready."""
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", f"signald.bench.path.{self.name}", json.dumps(self._settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.hear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        process = self._process
        assert process is not None
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def tell(self, **order: object) -> None:
        """Give an order."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def hear(self) -> Order:
        """Wait for the answer; raises :class:`CheckFailedError` if the process has ended instead."""
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            problem = f"the bench's {self.name} ended with code {self._process.wait()}"
            raise CheckFailedError(problem)
        return json.loads(line)

    def do(self, **order: object) -> Order:
        """Give an order and wait for the answer."""
        self.tell(**order)
        return self.hear()


def settings() -> Order:
    """What a helper was told when it was started."""
    return json.loads(sys.argv[1])


def serve(handle: Callable[[Order], None]) -> None:
    """Say that we are ready, and follow orders until the end."""
    report(ready=True)
    for order in orders():
        handle(order)
