from pathlib import Path

import pytest

from signald.app.days import run_days
from signald.app.recordings import run_replay
from signald.config import find_file, load_config
from signald.research.spread import IN_TURN
from signald.research.spread.cluster import open_workers
from tests.support.moving_market import write_market

pytestmark = pytest.mark.timeout(180)  # the first to replay loads the kernels

CONFIG = load_config(find_file("configs/signald.toml"), {})


def test_days_are_runs_of_their_own_and_the_same_bytes_on_any_workers(tmp_path: Path) -> None:
    days: list[Path] = []
    for number in range(3):
        (tmp_path / str(number)).mkdir()
        books, calendar = write_market(tmp_path / str(number), {2.0 + number: ((("95000.00", "0"),), ())})
        days.append(books)
    alone = b""
    for number, day in enumerate(days):
        run_replay(
            CONFIG, [day, calendar], from_ts=None, to_ts=None, out=tmp_path / f"{number}.out", checkpoints=None, every=1
        )
        alone += (tmp_path / f"{number}.out").read_bytes()

    here = run_days(CONFIG, days, beside=[calendar], out=tmp_path / "here", workers=IN_TURN)
    with open_workers("threads", count=2) as workers:
        there = run_days(CONFIG, days, beside=[calendar], out=tmp_path / "there", workers=workers)

    assert (tmp_path / "here").read_bytes() == (tmp_path / "there").read_bytes() == alone
    assert here == there
    assert here.signals == len(alone.splitlines()) >= 3
