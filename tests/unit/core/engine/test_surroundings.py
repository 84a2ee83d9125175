"""What moves the market beside the figures, at work in an engine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from signald.core.board import BoardRows, empty_rows
from signald.core.documents import Documents
from signald.core.engine import Engine, Output
from signald.core.guard.rules import GuardRules
from signald.core.movers.movers import Movers
from signald.core.movers.rules import MoverRules
from signald.core.scoring import Scorer
from signald.live.recall import remembered_payload
from signald.model.instruments import Instrument
from signald.model.movers import DriftView, QuoteView, Reference, Remembered, VenueView
from signald.model.notices import Rejected
from signald.model.signals import Liquidity, Regime, Signal
from signald.sources.calendars.mqtt.source import MqttCalendar
from tests.support.calendar import DAY, INDICATORS, T0, figure, heartbeat, scheduled
from tests.support.engine import PARAMETERS, RULES, seconds, tell, those, wait
from tests.support.instruments import BTCUSDT, COINBASE_BTC, HYPERLIQUID_BTC, spot
from tests.support.policy import policy_event
from tests.support.rows import live_rows

TETHER = spot("USDT", "USD", tick="0.0001", lot="0.01")
SPOKEN = (BTCUSDT, COINBASE_BTC, HYPERLIQUID_BTC)
BOARD = (*SPOKEN, TETHER)
GUARD = GuardRules(renew_every_ns=2 * DAY)


def build(board: Sequence[Instrument] = BOARD) -> Engine:
    spoken = tuple(one for one in board if one in SPOKEN)
    movers = Movers(spoken, board, MoverRules())
    documents = Documents(scorer=Scorer(PARAMETERS, spoken), instruments=spoken, movers=movers)
    return Engine(indicators=INDICATORS, documents=documents, rules=RULES, guard=GUARD)


def rows(*, usdt: float = 1.0, now: int = T0, mid: float = 95_700.0, **changes: float) -> BoardRows:
    """All books live at ``now``: bitcoin at ``mid`` dollars everywhere, tether at ``usdt``."""
    found = live_rows(len(BOARD), ts_ingest=now, flow_1s=1.0, bid_depth_25=4e6, ask_depth_25=4e6, **changes)
    found["mid"] = (mid / usdt, mid, mid, usdt)
    return found


def played(engine: Engine, *, before: BoardRows, after: BoardRows, until: float = 3_600.0) -> list[Output]:
    """A release with its reactions; rows are as they were before it, and as after it."""
    outputs = tell(engine, scheduled(ts_ingest=T0 - DAY), heartbeat(at=T0 - DAY), rows=before)
    outputs += wait(engine, T0 - 1, rows=before)
    outputs += tell(engine, figure(ts_ingest=T0 + seconds(0.1)), rows=before)
    return outputs + wait(engine, T0 + seconds(until), rows=after)


def of(outputs: Sequence[Output], kind: str, instrument: Instrument = BTCUSDT) -> list[Signal]:
    return [one for one in those(outputs, Signal) if one.kind == kind and one.instrument == instrument.id]


def test_pegs_are_not_spoken_of_and_depth_is_in_dollars() -> None:
    outputs = played(build(), before=rows(usdt=0.9990), after=rows(usdt=0.9990))

    assert {one.instrument for one in those(outputs, Signal)} == {one.id for one in SPOKEN}
    [told] = of(outputs, "release")
    assert isinstance(told.quote, QuoteView)
    assert (told.quote.currency, told.quote.usd, told.quote.state) == ("USDT", 0.9990, "live")
    assert told.book is not None
    assert told.book.depth_usd["5"].bid == pytest.approx(610_000.0 * 0.9990)
    assert told.desk is not None
    assert told.desk.max_size_usd is not None
    assert told.desk.max_size_usd <= 590_000.0 * 0.9990
    [in_dollars] = of(outputs, "release", COINBASE_BTC)
    assert not isinstance(in_dollars.quote, QuoteView)


def test_a_figure_that_may_not_be_scored_is_said_of_what_is_spoken_of_only() -> None:
    engine = build()
    outputs = tell(engine, scheduled(ts_ingest=T0 - DAY), heartbeat(at=T0 - DAY), rows=rows())

    outputs = tell(engine, figure(0.03, ts_ingest=T0 + seconds(0.1)), rows=rows())

    quarantined = [one for one in those(outputs, Signal) if one.verdict == "quarantined"]
    assert [one.instrument for one in quarantined] == [one.id for one in SPOKEN]


def test_a_depegged_quote_is_flagged_and_the_pegs_own_move_is_told() -> None:
    outputs = played(build(), before=rows(usdt=1.0), after=rows(usdt=0.99, now=T0 + seconds(900)))

    [outcome] = of(outputs, "outcome")
    assert "depegged_quote" in outcome.flags
    assert outcome.peg_bps == pytest.approx(-100.0)
    assert outcome.realised_bps == pytest.approx((1.0 / 0.99 - 1.0) * 1e4)
    assert outcome.realised_usd_bps == pytest.approx(0.0, abs=1e-6)
    [same] = of(outputs, "outcome", COINBASE_BTC)
    assert "depegged_quote" not in same.flags
    [release] = of(outputs, "release")
    assert "depegged_quote" not in release.flags


def test_a_peg_that_no_book_told_at_the_figure_has_no_move_since_then() -> None:
    silent = rows()
    silent["state"][3] = 0

    outputs = played(build(), before=silent, after=rows(usdt=0.99, now=T0 + seconds(900)))

    [outcome] = of(outputs, "outcome")
    assert isinstance(outcome.quote, QuoteView)
    assert outcome.quote.usd == 0.99
    assert outcome.peg_bps is None
    assert outcome.realised_usd_bps is None


def test_a_drift_beyond_quiet_days_is_told_before_the_release_and_with_it() -> None:
    engine = build()
    release = scheduled(ts_ingest=T0 - 45 * DAY, ts_scheduled=T0)
    outputs = tell(engine, release, heartbeat(at=T0 - 45 * DAY), rows=rows())
    random = np.random.default_rng(2)
    walk = 95_000.0
    while (due := engine.next_deadline()) is not None and due < T0:
        planted = -20.0 if T0 - seconds(35_999) <= due else random.normal(0.0, 3.0)
        walk *= 1.0 + planted * 1e-4
        outputs += engine.advance(due, rows(now=due, mid=walk))
    outputs += tell(engine, figure(ts_ingest=T0 + seconds(0.1)), rows=rows(mid=walk))

    drifts = of(outputs, "drift")
    assert drifts
    assert all(one.ts_scheduled == T0 and one.ts_event < T0 for one in drifts)
    assert isinstance(drifts[-1].realised_bps, float)
    assert isinstance(drifts[-1].band_bps, float)
    assert abs(drifts[-1].realised_bps) > drifts[-1].band_bps
    assert len({one.id for one in drifts}) == len(drifts)
    [told] = of(outputs, "release")
    assert isinstance(told.drift, DriftView)
    mean = told.horizons[0].mean_bps
    assert mean < 0.0
    assert told.drift.share == pytest.approx(told.drift.realised_bps / (told.drift.realised_bps + mean))


def test_a_drift_that_began_before_a_restart_is_told_with_the_release() -> None:
    began, ended, now = T0 - seconds(40_000), T0 - seconds(20_000), T0 - seconds(10_000)
    before, after = build(), build()
    tell(before, scheduled(ts_ingest=began), heartbeat(at=began), rows=rows(now=began))
    wait(before, ended, rows=rows(now=ended, mid=95_000.0))

    for memory in before.surroundings.memory():
        [told] = MqttCalendar(INDICATORS).on_recalled("movers/remembered", remembered_payload(memory), now).events
        tell(after, *those([told], Remembered), rows=rows(now=now, mid=94_000.0))
    tell(after, scheduled(ts_ingest=now), heartbeat(at=now), rows=rows(now=now, mid=94_000.0))
    wait(after, T0 - 1, rows=rows(mid=94_050.0))
    outputs = tell(after, figure(ts_ingest=T0 + seconds(0.1)), rows=rows(mid=94_050.0))

    [document] = of(outputs, "release")
    assert isinstance(document.drift, DriftView)
    assert document.drift.realised_bps == pytest.approx(-100.0)


def test_a_look_that_comes_after_the_figure_is_no_look_before_it() -> None:
    engine = build()
    tell(engine, scheduled(ts_ingest=T0 - 45 * DAY, ts_scheduled=T0), heartbeat(at=T0 - 45 * DAY), rows=rows())
    outputs: list[Output] = []
    walk = np.random.default_rng(2).normal(0.0, 3.0, 100_000) * 1e-4
    for move in walk:
        due = engine.next_deadline()
        if due is None or due >= T0 - seconds(120):
            break
        outputs += engine.advance(due, rows(now=due, mid=95_000.0 * (1.0 + move)))

    stopped = tell(engine, figure(ts_ingest=T0 + seconds(0.1)), rows=rows(mid=80_000.0))

    assert of(stopped, "drift") == []
    [told] = of(stopped, "release")
    assert not isinstance(told.drift, DriftView) or abs(told.drift.realised_bps) < 100.0


def test_the_reference_is_told_with_a_release_and_what_is_repeated_is_refused() -> None:
    engine = build()
    random = np.random.default_rng(6)
    price, mid = 21_000.0, 95_000.0
    heard = Reference(symbol="NQ", price=price, source="feed", sequence=-1, ts_event=0, ts_ingest=T0 - 2 * DAY)
    for bar in range(40):
        step = float(random.normal(0.0, 5e-4))
        price, mid = price * (1.0 + step), mid * (1.0 + 2.0 * step)
        ts = T0 - seconds(300 * (40 - bar))
        heard = Reference(symbol="NQ", price=price, source="feed", sequence=bar, ts_event=ts, ts_ingest=ts)
        tell(engine, heard, rows=rows(now=ts, mid=mid))
    again = tell(engine, heard, rows=rows())

    outputs = played(engine, before=rows(mid=mid), after=rows(mid=mid))

    assert [one.reason for one in those(again, Rejected)] == ["repeated"]
    [told] = of(outputs, "release")
    assert isinstance(told.regime, Regime)
    assert isinstance(told.regime.references, dict)
    assert told.regime.references["NQ"].correlation == pytest.approx(1.0)
    assert told.regime.references["NQ"].beta == pytest.approx(2.0, rel=1e-6)
    assert told.regime.references["NQ"].state == "stale"


def test_books_that_come_back_are_timed_and_the_next_release_knows_when_to_expect_them() -> None:
    engine = build()
    thin = rows(spread_bps=1.0, bid_depth_5=50_000.0, ask_depth_5=50_000.0)
    calm = rows()
    expected: list[object] = []
    for week in range(4):
        at = T0 + week * 7 * DAY
        name = f"us.cpi.yoy:2025-{week + 1:02}"
        tell(engine, scheduled(name, ts_scheduled=at, ts_ingest=at - DAY, ts_event=at - DAY), rows=calm)
        wait(engine, at - 1, rows=calm)
        outputs = tell(engine, figure(3.0, name, ts_event=at, ts_ingest=at + seconds(0.05)), rows=calm)
        outputs += wait(engine, at + seconds(4), rows=thin)
        outputs += wait(engine, at + seconds(3_600), rows=calm)
        [outcome] = of(outputs, "outcome")
        assert isinstance(outcome.liquidity, Liquidity)
        assert outcome.liquidity.recovered_s == pytest.approx(4.05, abs=0.11)
        expected.append(outcome.liquidity.expected_s)
        if week == 3:
            [back] = [one for one in of(outputs, "guard") if one.desk is not None and one.desk.state == "recover"]
            assert back.ts_event - at < seconds(5)

    assert expected[-1] == pytest.approx(4.05, abs=0.11)


def test_a_look_that_is_due_anyhow_is_taken_once() -> None:
    engine = build()
    told = Remembered(days={}, recoveries={BTCUSDT.id: (60.0, 60.0, 60.0)}, ts_ingest=T0 - DAY)
    tell(engine, told, rows=rows())

    outputs = played(engine, before=rows(), after=rows(now=T0 + seconds(300)))

    said = [one.id for one in those(outputs, Signal)]
    assert len(said) == len(set(said))
    assert of(outputs, "reaction")


def test_venues_are_told_apart_around_a_release() -> None:
    after = rows()
    after["mid"][2] *= 1.001

    outputs = played(build(), before=rows(), after=after)

    [dex] = of(outputs, "outcome", HYPERLIQUID_BTC)
    assert isinstance(dex.market, VenueView)
    assert dex.market.basis_bps == pytest.approx(10.0)
    assert dex.market.depth_share == pytest.approx(1.0 / 3.0)
    assert dex.market.dex_share == pytest.approx(1.0 / 3.0)


@dataclass(frozen=True)
class Feeds:
    """What the feeds beside the figures bring; by default what they should."""

    usdt: float = 1.0
    hyperliquid: float = 1.0
    cut: tuple[int, ...] = ()
    references: Callable[[int, float], float | None] = lambda _, price: price
    news: int = 0

    def rows(self, now: int, mid: float = 95_700.0) -> BoardRows:
        found = rows(now=now, mid=mid)
        found["mid"][2] *= self.hyperliquid
        found["mid"][3] = self.usdt
        for place in self.cut:
            found[place : place + 1] = empty_rows(1)
        return found


def surrounded(feeds: Feeds) -> list[Output]:
    """Forty bars of a reference that goes along with bitcoin, then a release with its reactions."""
    engine = build()
    random = np.random.default_rng(6)
    price, mid = 21_000.0, 95_000.0
    for bar in range(40):
        step = float(random.normal(0.0, 5e-4))
        price, mid = price * (1.0 + step), mid * (1.0 + 2.0 * step)
        ts = T0 - DAY - seconds(300 * (40 - bar))
        told = feeds.references(bar, price)
        if told is not None:
            heard = Reference(symbol="NQ", price=told, source="feed", sequence=bar, ts_event=ts, ts_ingest=ts)
            tell(engine, heard, rows=feeds.rows(ts, mid))
    for number in range(feeds.news):
        at = T0 - seconds(7_200 + number)
        event = policy_event(
            event_id=f"false-{number}",
            headline=f"word{number} other{number}",
            sequence=number,
            severity=1.0,
            ts_event=at,
            ts_ingest=at,
        )
        tell(engine, event, rows=feeds.rows(at))
    return played(engine, before=feeds.rows(T0), after=feeds.rows(T0 + seconds(900)))


PEG, OTHER = 3, 2
SAID = {
    "peg cut": Feeds(cut=(PEG,)),
    "peg worthless": Feeds(usdt=1e-9),
    "peg beyond all": Feeds(usdt=1e9),
    "reference cut": Feeds(references=lambda _, __: None),
    "reference cut on the way": Feeds(references=lambda bar, price: price if bar < 20 else None),
    "reference jumping": Feeds(references=lambda bar, _: 1e11 if bar % 2 else 1e-3),
    "reference of another asset": Feeds(references=lambda bar, _: 50.0 + bar % 3),
    "other venue cut": Feeds(cut=(OTHER,)),
    "other venue ten times too dear": Feeds(hyperliquid=10.0),
    "other venue at nothing": Feeds(hyperliquid=1e-9),
    "news made up": Feeds(news=40),
    "all of them": Feeds(1e-9, 10.0, (), lambda _, __: 1e11, 40),
}


@pytest.mark.parametrize("feeds", SAID.values(), ids=SAID.keys())
def test_with_any_one_feed_cut_or_lying_the_release_and_the_other_movers_go_on(feeds: Feeds) -> None:
    whole, broken = surrounded(Feeds()), surrounded(feeds)

    [before], [after] = of(whole, "release", COINBASE_BTC), of(broken, "release", COINBASE_BTC)
    assert (after.id, after.verdict, after.confidence, after.horizons) == (
        *(before.id, before.verdict, before.confidence),
        before.horizons,
    )
    assert after.desk == before.desk
    states = {one.desk.state for one in of(broken, "guard", COINBASE_BTC) if one.desk is not None}
    assert states == {"widen", "hold", "released", "recover", "normal"}
    [outcome] = of(broken, "outcome", COINBASE_BTC)[-1:]
    assert outcome.realised_bps == 0.0
    assert isinstance(outcome.market, VenueView)
    [told] = of(broken, "release")
    if feeds.usdt == 1.0 and PEG not in feeds.cut:
        assert isinstance(told.quote, QuoteView)
        assert (told.quote.usd, told.quote.state) == (1.0, "live")
    if feeds.references(1, 1.0) == 1.0 and feeds.references(30, 1.0) == 1.0:
        assert isinstance(told.regime, Regime)
        assert isinstance(told.regime.references, dict)
        assert told.regime.references["NQ"].beta == pytest.approx(2.0, rel=1e-3)
    if feeds is not SAID["all of them"]:
        assert outcome.market.basis_bps == pytest.approx(0.0, abs=1e-6)


def test_what_a_run_saw_is_known_to_the_next_one() -> None:
    before = build()
    played(before, before=rows(), after=rows())
    memory = list(before.surroundings.memory())

    after = build()
    calendar = MqttCalendar(INDICATORS)
    for remembered in memory:
        step = calendar.on_recalled("movers/remembered", remembered_payload(remembered), T0 + DAY)
        tell(after, *those(step.events, Remembered), rows=rows())

    assert list(after.surroundings.memory()) == memory
    assert memory
