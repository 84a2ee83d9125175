"""The hour before a release is looked at, and what is said is scaled to it."""

import msgspec
import pytest

from signald.core.board import BoardRows, empty_rows
from signald.core.documents import Documents
from signald.core.engine import Barometer, Engine
from signald.core.release_window import WindowRules
from signald.core.scoring import Scorer
from signald.model.parameters import identify
from signald.model.signals import Signal
from tests.support.calendar import CORE_CPI_JANUARY, INDICATORS, T0, figure, scheduled
from tests.support.engine import INSTRUMENTS, PARAMETERS, of_bitcoin, seconds, tell
from tests.support.models import build_pace
from tests.support.rows import BOOK, live_rows

_RESPONSES = tuple(msgspec.structs.replace(one, pace=build_pace(3)) for one in PARAMETERS.assets["BTC"])
_MODEL = identify(msgspec.structs.replace(PARAMETERS, assets={"BTC": _RESPONSES}))
_FIRST = T0 - seconds(3_630)


def _engine(*, depth_elasticity: float = 0.0) -> Engine:
    scorer = Scorer(_MODEL, INSTRUMENTS)
    return Engine(
        indicators=INDICATORS,
        documents=Documents(scorer=scorer, instruments=INSTRUMENTS),
        rules=WindowRules(),
        barometer=Barometer(scorer, depth_elasticity=depth_elasticity),
    )


def _rows(number: int, *, bps: float, depth: float = 600_000.0) -> BoardRows:
    """The board at each look: a mid that goes up and down by so many basis points."""
    mid = BOOK["mid"] * (1.0 + 1e-4 * bps * (number % 2))
    return live_rows(len(INSTRUMENTS), mid=mid, bid=mid, ask=mid, bid_depth_5=depth, ask_depth_5=depth)


def _said(engine: Engine, *, bps: float, depths: tuple[float, float] = (600_000.0, 600_000.0)) -> Signal:
    tell(engine, scheduled())
    number = 0
    while (due := engine.next_deadline()) is not None and due < T0:
        number += due >= _FIRST and (due - _FIRST) % seconds(300) == 0
        engine.advance(due, _rows(number, bps=bps, depth=depths[due > T0 - seconds(60)]))
    return of_bitcoin(tell(engine, figure()))[0]


def test_the_first_look_is_an_hour_before_the_release() -> None:
    engine = _engine()

    tell(engine, scheduled())

    assert engine.next_deadline() == _FIRST


def test_in_a_wild_hour_mean_and_interval_are_wider_and_the_probability_the_same() -> None:
    usual = _said(_engine(), bps=20.0 * 0.7979)
    wild = _said(_engine(), bps=80.0 * 0.7979)

    assert usual.model is not None
    assert wild.model is not None
    assert usual.model.volatility == pytest.approx(1.0, rel=0.01)
    assert wild.model.volatility == pytest.approx(2.0, rel=0.01)
    for one, other in zip(usual.horizons, wild.horizons, strict=True):
        assert other.mean_bps == pytest.approx(2.0 * one.mean_bps, rel=0.01)
        assert other.hi_bps - other.lo_bps == pytest.approx(2.0 * (one.hi_bps - one.lo_bps), rel=0.01)
        assert other.p_up == pytest.approx(one.p_up)
    (driver,) = wild.model.drivers
    assert driver.contribution_bps == pytest.approx(wild.horizons[0].mean_bps)


def test_an_hour_that_was_not_seen_is_said_to_be_unknown() -> None:
    engine = _engine()
    late = scheduled(ts_ingest=T0 - seconds(600))

    tell(engine, late, rows=empty_rows(len(INSTRUMENTS)))
    said = of_bitcoin(tell(engine, figure()))[0]

    assert said.model is not None
    assert said.model.volatility is None
    assert said.horizons[0].mean_bps == pytest.approx(_unscaled())


def test_looks_that_were_slept_over_are_no_calm() -> None:
    engine = _engine()
    tell(engine, scheduled())

    engine.advance(T0 - seconds(40), live_rows(len(INSTRUMENTS), ts_ingest=T0 - seconds(41)))
    said = of_bitcoin(tell(engine, figure()))[0]

    assert said.model is not None
    assert said.model.volatility is None
    assert said.horizons[0].mean_bps == pytest.approx(_unscaled())


@pytest.mark.parametrize("later_s", [300, 120])
def test_a_correction_is_scaled_to_the_hour_before_its_own_release(later_s: int) -> None:
    engine = _engine()
    later = scheduled(CORE_CPI_JANUARY, ts_scheduled=T0 + seconds(later_s), ts_ingest=T0 - 2 * seconds(3_600))
    tell(engine, later)
    first = _said(engine, bps=20.0 * 0.7979)
    number = 0
    while (due := engine.next_deadline()) is not None and due < T0 + seconds(later_s - 20):
        number += 1
        engine.advance(due, _rows(number, bps=400.0))

    again = of_bitcoin(tell(engine, figure(3.4, sequence=2, ts_ingest=T0 + seconds(later_s - 10))))[0]

    assert first.model is not None
    assert again.model is not None
    assert first.model.volatility == pytest.approx(1.0, rel=0.01)
    assert again.model.volatility == first.model.volatility
    assert again.horizons[0].hi_bps - again.horizons[0].lo_bps == pytest.approx(
        first.horizons[0].hi_bps - first.horizons[0].lo_bps, rel=0.05
    )


def test_a_thin_book_counts_only_where_it_is_told_to() -> None:
    thin = (600_000.0, 150_000.0)

    plain = _said(_engine(), bps=20.0, depths=thin)
    counted = _said(_engine(depth_elasticity=0.5), bps=20.0, depths=thin)

    assert plain.model is not None
    assert counted.model is not None
    assert plain.model.depth is msgspec.UNSET
    assert counted.model.depth == pytest.approx(2.0)
    assert counted.horizons[0].mean_bps == pytest.approx(2.0 * plain.horizons[0].mean_bps)


def test_a_release_scheduled_twice_is_looked_forward_to_once() -> None:
    scorer = Scorer(_MODEL, INSTRUMENTS)
    barometer = Barometer(scorer, depth_elasticity=0.0)

    for _ in range(3):
        barometer.expect(T0, T0 - seconds(600))
    looks = 0
    while barometer.next_ts() is not None:
        barometer.fire(live_rows(len(INSTRUMENTS)))
        looks += 1

    assert looks == 2


def _unscaled() -> float:
    scorer = Scorer(_MODEL, INSTRUMENTS)
    engine = Engine(
        indicators=INDICATORS, documents=Documents(scorer=scorer, instruments=INSTRUMENTS), rules=WindowRules()
    )
    tell(engine, scheduled())
    return of_bitcoin(tell(engine, figure()))[0].horizons[0].mean_bps
