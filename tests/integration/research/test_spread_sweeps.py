"""A sweep of real backtests gives the same bytes whoever works, and whoever of them dies."""

import multiprocessing

import msgspec
import pytest

from signald.bench.scale import invent
from signald.config import find_file
from signald.model.indicators import load_indicators
from signald.research.scope import Scope
from signald.research.spread import IN_TURN, Workers
from signald.research.spread.cluster import open_workers
from signald.research.sweep import SweepResult, sweep_samples

pytestmark = pytest.mark.timeout(240)  # processes that import Dask and NumPy, on a machine that may be busy

INDICATORS = load_indicators(find_file("configs/indicators.toml").read_bytes(), where="configs/indicators.toml")
SAMPLE = invent(INDICATORS, 60)
POINTS = [Scope(embargo_s=3_600 + 60 * number) for number in range(6)]


def swept(workers: Workers) -> SweepResult:
    return sweep_samples(SAMPLE, None, INDICATORS, points=POINTS, workers=workers)


def test_threads_and_processes_of_which_one_is_killed_give_the_bytes_of_one_process() -> None:
    told: list[tuple[int, int]] = []

    def kill_one(done: int, total: int) -> None:
        told.append((done, total))
        if done == 1:
            multiprocessing.active_children()[0].kill()

    alone = swept(IN_TURN)
    with open_workers("threads", count=3) as workers:
        by_threads = swept(workers)
    with open_workers("processes", count=2, tell=kill_one) as workers:
        by_survivors = swept(workers)

    encode = msgspec.json.encode
    assert encode(by_threads) == encode(by_survivors) == encode(alone)
    assert (len(POINTS), len(POINTS)) in told
    tried = [point.strategy.trials for point in alone.points]
    assert tried == [alone.trials] * len(POINTS)  # each Sharpe ratio is deflated by the trials of all points
