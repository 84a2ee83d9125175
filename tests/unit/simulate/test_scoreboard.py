from msgspec.structs import replace

from signald.model.time import NS_PER_US
from signald.simulate.calendar import PlannedRelease
from signald.simulate.scoreboard import Scoreboard
from tests.support.documents import scored_release

CPI = PlannedRelease(indicator="us.cpi.yoy", period="2025-01", ts_scheduled=0, actual=3.0, consensus=2.9, prior=2.9)
PPI = PlannedRelease(indicator="us.ppi.yoy", period="2025-01", ts_scheduled=1, actual=3.5, consensus=3.2, prior=3.3)
BTC, ETH = "BTCUSDT.BINANCE", "ETHUSDT.BINANCE"


def board() -> Scoreboard:
    return Scoreboard([CPI, PPI], BTC)


def test_latency_runs_from_the_sending_to_the_first_document() -> None:
    scoreboard = board()
    scoreboard.sent(CPI.release_id, monotonic=1_000)

    scoreboard.read(scored_release(CPI.release_id, instrument=ETH), monotonic=1_000 + 500 * NS_PER_US)
    scoreboard.read(scored_release(CPI.release_id, instrument=BTC), monotonic=1_000 + 900 * NS_PER_US)

    assert scoreboard.latencies_us() == [500.0]


def test_the_table_shows_its_own_instrument_in_the_newest_revision() -> None:
    scoreboard = board()
    scoreboard.sent(CPI.release_id, monotonic=0)

    for instrument, revision, mean_bps in ((BTC, 2, -70.0), (BTC, 1, -40.0), (ETH, 3, -99.0)):
        document = scored_release(CPI.release_id, instrument=instrument, revision=revision, mean_bps=mean_bps)
        scoreboard.read(document, monotonic=1)

    assert scoreboard.lines[CPI.release_id].predicted_bps == -70.0
    assert scoreboard.signals == 3


def test_a_bundle_is_answered_when_each_of_its_figures_is() -> None:
    scoreboard = board()
    for release in (CPI, PPI):
        scoreboard.sent(release.release_id, monotonic=0)

    scoreboard.read(scored_release(CPI.release_id, instrument=BTC), monotonic=1)
    half = scoreboard.is_answered([CPI, PPI])
    scoreboard.read(scored_release(PPI.release_id, instrument=BTC), monotonic=1)

    assert not half
    assert scoreboard.is_answered([CPI, PPI])


def test_documents_about_other_figures_are_counted_and_no_more() -> None:
    scoreboard = board()

    scoreboard.read(scored_release("us.gdp.qoq:2025-Q1:advance", instrument=BTC), monotonic=1)

    assert scoreboard.signals == 1
    assert scoreboard.latencies_us() == []


def test_what_the_market_did_stands_with_every_figure_of_the_bundle() -> None:
    scoreboard = board()

    scoreboard.realised([CPI, PPI], -12.5)

    assert [line.realised_bps for line in scoreboard.lines.values()] == [-12.5, -12.5]


def test_steps_of_the_guard_are_shown_and_are_no_signals_of_figures() -> None:
    scoreboard = board()
    step = replace(scored_release(CPI.release_id, instrument=BTC), kind="guard")

    scoreboard.read(step, monotonic=1)
    scoreboard.read(replace(step, instrument=ETH), monotonic=1)

    assert scoreboard.signals == 0
    assert scoreboard.documents["guard"] == 2
    assert scoreboard.guard == step
