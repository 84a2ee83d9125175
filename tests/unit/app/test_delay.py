import math
from pathlib import Path

import msgspec
import pytest

from signald.app.delay import read_delays, run_delay
from signald.config import find_file, load_config
from signald.errors import ConfigError
from signald.research.delay.acting import Plan
from signald.research.delay.latencies import read_latencies
from tests.support.moving_market import write_market

pytestmark = pytest.mark.timeout(180)  # the first to replay loads the kernels

CONFIG = load_config(find_file("configs/signald.toml"), {})
MARKET = {
    2.0: ((("95000.00", "0"),), (("95010.00", "0"),)),
    50.0: ((("94990.00", "0"), ("94800.00", "9")), (("95020.00", "0"), ("94820.00", "9"))),
    400_000.0: ((), ()),
}


def test_quotes_are_exposed_to_the_books_own_fall_and_a_run_gives_the_same_bytes_again(tmp_path: Path) -> None:
    journals = write_market(tmp_path, MARKET)
    (tmp_path / "seen.csv").write_text("seconds,latency_ms\n0.04,0\n0.04,1\n0.04,60\n")
    publication = read_latencies(str(tmp_path / "seen.csv"), where="--publication")
    plan = Plan(size_usd=50_000.0, delays_ms=(0.0, 100.0), publication=publication)

    curve = run_delay(CONFIG, journals, plan, report=tmp_path / "page.html", news=tmp_path / "news.csv")

    assert (curve.releases, curve.quotes, curve.draws) == (1, 20, 20)
    assert curve.points[1].exposed_bps == pytest.approx((95_000.0 - 94_810.0) / 95_005.0 * 1e4)
    early = curve.points[0].exposed_bps
    assert early is not None
    assert 0.0 < early < (95_000.0 - 94_810.0) / 95_005.0 * 1e4
    assert "The value of a millisecond" in (tmp_path / "page.html").read_text()
    assert len((tmp_path / "news.csv").read_text().splitlines()) == 5
    assert msgspec.json.encode(run_delay(CONFIG, journals, plan)) == msgspec.json.encode(curve)


@pytest.mark.parametrize(
    "delays",
    [(), (3.0,), (-1.0, 2.0), (2.0, 1.0), (1.0, 1.0), (0.0, math.nan), (math.nan, 1.0), (0.0, math.inf)],
)
def test_delays_without_a_slope_are_refused(tmp_path: Path, delays: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="--delays-ms"):
        run_delay(CONFIG, [tmp_path], Plan(delays_ms=delays))


def test_delays_are_numbers_with_commas() -> None:
    assert read_delays("0,1.5,20") == (0.0, 1.5, 20.0)
    with pytest.raises(ConfigError, match="--delays-ms"):
        read_delays("0,fast")


def test_a_report_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    journals = write_market(tmp_path, MARKET)

    with pytest.raises(ConfigError, match="no-folder"):
        run_delay(CONFIG, journals, Plan(), report=tmp_path / "no-folder" / "page.html")
    with pytest.raises(ConfigError, match="no-folder"):
        run_delay(CONFIG, journals, Plan(), news=tmp_path / "no-folder" / "news.csv")
