"""Worker processes of Dask that die: what they had to do is done by others."""

from pathlib import Path

import pytest

from signald.errors import ProcessEndedError
from signald.research.spread.cluster import open_workers
from tests.support.spreading import die, die_once, square

pytestmark = pytest.mark.timeout(180)  # processes that import Dask, on a machine that may be busy


def test_what_a_killed_worker_had_to_do_is_done_again_with_the_same_result(tmp_path: Path) -> None:
    with open_workers("processes", count=2) as workers:
        found = workers.map(die_once, list(range(12)), tmp_path / "died")

    assert (tmp_path / "died").exists()
    assert [result for result, _ in found] == [one * one for one in range(12)]


def test_a_task_that_kills_its_workers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signald.research.spread.cluster._DEATHS", 0)

    with open_workers("processes", count=1) as workers:
        assert workers.map(square, [2], 0) == [4]

        with pytest.raises(ProcessEndedError, match="lost over one task"):
            workers.map(die, [7], 0)
