import sys

import pytest

from signald.errors import ConfigError, UnreachableError
from signald.research.spread import IN_TURN
from signald.research.spread.cluster import open_workers, running
from tests.support.spreading import square

pytestmark = pytest.mark.timeout(180)  # a machine that may be busy


def test_threads_give_what_is_given_in_turn_in_the_order_of_the_tasks() -> None:
    told: list[tuple[int, int]] = []

    with open_workers("threads", count=3, tell=lambda done, total: told.append((done, total))) as workers:
        found = workers.map(square, list(range(20)), 7)
        again = workers.map(square, [5], 0)

    assert found == IN_TURN.map(square, list(range(20)), 7) == [one * one + 7 for one in range(20)]
    assert again == [25]
    assert told[:21] == [(done, 20) for done in range(21)]


def test_an_error_of_a_worker_is_raised_here() -> None:
    with open_workers("threads", count=1) as workers, pytest.raises(ConfigError, match="task: -1 is negative"):
        workers.map(square, [1, -1, 2], 0)


@pytest.mark.parametrize("address", ["no-address", "tcp://host", "host:port"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="--scheduler"), open_workers(address):
        pass


def test_the_number_of_a_clusters_workers_is_not_ours_to_choose() -> None:
    with pytest.raises(ConfigError, match="--workers"), open_workers("tcp://127.0.0.1:1", count=2):
        pass


def test_nobody_at_an_address_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signald.research.spread.cluster._REACHED_WITHIN", "200ms")

    with pytest.raises(UnreachableError, match="dask scheduler"), open_workers("tcp://127.0.0.1:1"):
        pass


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(ConfigError, match="cluster"), open_workers("threads"):
        pass


def test_what_decides_the_bytes_is_known_by_name() -> None:
    assert [one.partition(" ")[0] for one in running()] == ["signald", "Python", "NumPy", "Numba"]
    assert running() == running()
