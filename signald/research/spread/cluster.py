"""Workers of Dask distributed: threads or processes of this machine, or those of a cluster.

What a worker that is lost had to do, or had done and not handed over, is done again by another: Dask keeps the graph.
Tasks are functions of their arguments and results are put together in the order of the tasks, so that the bytes are the
same whoever did what. https://distributed.dask.org/en/stable/resilience.html
"""

# Dask's types are incomplete: what comes out of it is given its type here, once, and nowhere else.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import logging
import os
import pickle
import platform
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar, cast

import numpy as np

import signald
from signald.core.kernels.store import digest_of
from signald.errors import ConfigError, ProcessEndedError, SignaldError, UnreachableError
from signald.research.spread import Workers

T = TypeVar("T")
C = TypeVar("C")
R = TypeVar("R")
Tell: TypeAlias = Callable[[int, int], object]
"""Told how many tasks are done, and of how many."""

THREADS: Final = "threads"
PROCESSES: Final = "processes"

_WHERE: Final = "--scheduler"
_REACHED_WITHIN: Final = "10s"
_DEATHS: Final = 3
"""Workers that may be lost over one task before the task is held to be why."""


class _Failed(NamedTuple):
    """An error of ours, in parts: exceptions with arguments of their own do not survive pickling."""

    kind: type[SignaldError]
    fields: Mapping[str, object]
    words: tuple[object, ...]

    def error(self) -> SignaldError:
        return self.kind(**self.fields) if self.fields else self.kind(*self.words)


class _OnDask:
    """A client's workers."""

    def __init__(self, client: Any, tell: Tell) -> None:  # noqa: ANN401 - Dask's
        self._client = client
        self._tell = tell

    def map(self, function: Callable[[T, C], R], tasks: Sequence[T], common: C) -> list[R]:
        """See :class:`signald.research.spread.Workers`."""
        import distributed  # noqa: PLC0415 - an extra
        from distributed.scheduler import KilledWorker  # noqa: PLC0415 - see above

        # As bytes, which Dask neither looks into nor takes for keys; what a lost worker kept of them is made again.
        held = self._client.submit(bytes, pickle.dumps(common), pure=False)
        work = [pickle.dumps((function, task)) for task in tasks]
        futures = self._client.map(_work, work, common=held, pure=False)
        self._tell(0, len(futures))
        try:
            for done, _ in enumerate(distributed.as_completed(futures), start=1):
                self._tell(done, len(futures))
            found = cast("list[R | _Failed]", self._client.gather(futures))
        except KilledWorker as error:
            name = f"{error.last_worker.address}, the last of {_DEATHS + 1} that were lost over one task,"
            raise ProcessEndedError(name, -9) from error
        finally:
            self._client.cancel([*futures, held], force=True)
        results: list[R] = []
        for one in found:
            if isinstance(one, _Failed):
                raise one.error()
            results.append(one)
        return results


def _keep_quiet(done: int, total: int) -> None:
    """Nobody wants to know."""
    del done, total


@contextmanager
def open_workers(scheduler: str, *, count: int | None = None, tell: Tell = _keep_quiet) -> Generator[Workers]:
    """Workers until the block ends.

    Args:
        scheduler: ``threads`` or ``processes`` of this machine, or the address of a cluster's scheduler.
        count: How many, on this machine; ``None``: one for each core.
        tell: Told of progress.

    Raises:
        ConfigError: The extra is not installed, the address is none, or a worker there runs another code.
        UnreachableError: Nobody answers at the address.
    """
    try:
        from dask import config  # noqa: PLC0415 - an extra
        from distributed import Client, LocalCluster  # noqa: PLC0415 - see above
    except ImportError as error:
        raise ConfigError(_WHERE, "needs Dask: pip install signald[cluster]") from error
    settings = {
        "distributed.scheduler.allowed-failures": _DEATHS,
        "distributed.admin.large-graph-warning-threshold": "1GB",
        "distributed.comm.timeouts.connect": _REACHED_WITHIN,
    }
    workers = count or os.cpu_count() or 1
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is raised
    with config.set(settings):
        if scheduler in {THREADS, PROCESSES}:
            threads = scheduler == THREADS
            with (
                LocalCluster(
                    n_workers=1 if threads else workers,
                    threads_per_worker=workers if threads else 1,
                    processes=not threads,
                    host="127.0.0.1" if not threads else None,
                    dashboard_address="127.0.0.1:0",  # nobody looks at it; a fixed port could be taken
                    silence_logs=50,
                ) as cluster,
                Client(cluster) as client,
            ):
                yield _OnDask(client, tell)
            return
        if count is not None:
            where, problem = "--workers", "is for this machine: a cluster has those that it has"
            raise ConfigError(where, problem)
        with _connect(scheduler, Client) as client:
            _require_same(client)
            yield _OnDask(client, tell)


def _connect(address: str, client: Any) -> Any:  # noqa: ANN401 - Dask's
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        problem = f"{address!r} is neither {THREADS!r} nor {PROCESSES!r} nor an address such as tcp://host:8786"
        raise ConfigError(_WHERE, problem)
    try:
        return client(address, timeout=_REACHED_WITHIN)
    except (OSError, TimeoutError) as error:
        server = "dask scheduler"
        raise UnreachableError(server, address, str(error)) from error


def _require_same(client: Any) -> None:  # noqa: ANN401 - Dask's
    """Refuse workers with another code than ours: their bytes could differ."""
    ours = running()
    for worker, theirs in sorted(cast("dict[str, tuple[str, ...]]", client.run(running)).items()):
        if theirs != ours:
            problem = f"the worker {worker} runs {' '.join(theirs)}, and this is {' '.join(ours)}"
            raise ConfigError(_WHERE, problem)


def running() -> tuple[str, ...]:
    """What decides the bytes of a result: versions, and a digest of our sources."""
    sources = digest_of(path.read_bytes() for path in sorted(Path(signald.__file__).parent.rglob("*.py")))
    return (
        f"signald {sources[:12]}",
        f"Python {platform.python_version()}",
        f"NumPy {np.__version__}",
        f"Numba {version('numba')}",
    )


def _work(work: bytes, *, common: bytes) -> object:
    function, task = pickle.loads(work)  # noqa: S301 - our own, as is whatever a cluster's scheduler is trusted with
    try:
        return function(task, pickle.loads(common))  # noqa: S301 - see above
    except SignaldError as error:
        return _Failed(type(error), vars(error), error.args)
