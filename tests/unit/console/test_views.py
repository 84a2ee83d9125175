import math

import msgspec
import numpy as np

from signald.client.entries import Received
from signald.console.views import books_view, calendar_view, guard_view, ladder_view, notice_view, signal_view
from signald.core.board import empty_rows
from signald.core.composite import Composites
from signald.core.kernels.rows import FLAG_STALE, STATE_LIVE
from signald.live.agenda import CalendarState, Coverage, DueRelease
from signald.live.book_columns import book_columns
from signald.model.signals import PolicyView, Regime, Rung, Signal
from tests.support.rows import live_rows
from tests.support.signals import T0, sample_signal
from tests.support.venues import traded

NAMES = {"us.cpi.yoy": "Consumer prices, year on year"}


def received(signal: Signal, *, entry: str = "1-0") -> Received:
    return Received(
        entry=entry,
        id=signal.id,
        kind=signal.kind,
        instrument=signal.instrument,
        sequence=1,
        ts_scored=T0,
        ts_publish=T0 + 2_500_000,
        late_ms=0,
        signal=signal,
        is_redelivered=False,
    )


def test_news_are_shown_in_their_own_words_and_beside_the_figures_that_come_meanwhile() -> None:
    news = PolicyView(
        event_id="a",
        category="executive_order",
        stance=-1.0,
        severity=0.5,
        headline="An order",
        source="wire",
        novelty=1.0,
        ts_expires=T0,
    )

    policy = signal_view(received(sample_signal(kind="policy", causes=(), policy=news)), NAMES)
    figure = signal_view(received(sample_signal(regime=Regime(policy=("tariff", "reserve")))), NAMES)

    assert policy["reason"] == "An order"
    assert policy["movers"] == ["executive order, severity 0.5"]
    assert figure["movers"] == ["in the news: tariff, reserve"]


def test_times_are_milliseconds_that_a_browser_can_count_in() -> None:
    view = signal_view(received(sample_signal(ts_ingest=T0 + 1_234_567)), NAMES)

    assert (view["ts"], view["scheduled"]) == (T0 / 1e6 + 1.235, T0 / 1e6)
    assert view["published"] == T0 / 1e6 + 2.5


def test_figure_has_its_indicators_name() -> None:
    view = signal_view(received(sample_signal()), NAMES)

    assert [cause["name"] for cause in view["causes"]] == ["Consumer prices, year on year"]
    assert signal_view(received(sample_signal()), {})["causes"][0]["name"] == "us.cpi.yoy:2025-01"


def test_what_a_kind_does_not_have_is_null() -> None:
    view = signal_view(received(sample_signal()), NAMES)

    assert (view["realised"], view["by"], view["reason"]) == (None, None, None)
    msgspec.json.encode(view)


def test_ladder_stands_in_the_order_of_its_figures() -> None:
    desk = sample_signal().desk
    assert desk is not None
    rung = Rung(
        surprise_z=1.0, verdict="down", mean_bps=-60.0, std_bps=9.0, lo_bps=-90.0, hi_bps=9.0, p_up=0.2, desk=desk
    )
    signal = sample_signal(kind="scenario", ladder={"2.9": rung, "3.0": rung})

    view = ladder_view(signal)

    assert view is not None
    assert [one["actual"] for one in view["rungs"]] == ["2.9", "3.0"]
    assert ladder_view(sample_signal()) is None


def test_step_of_the_guard_has_its_end() -> None:
    view = guard_view(sample_signal(kind="guard"))

    assert view is not None
    assert (view["state"], view["expires"]) == ("released", (T0 + 900_000_000_000) / 1e6)
    assert guard_view(sample_signal()) is None


def test_books_are_read_out_of_their_columns() -> None:
    rows = empty_rows(2).copy()
    rows["state"][0], rows["flags"][0], rows["bid"][0] = STATE_LIVE, FLAG_STALE, 95_700.1
    rows["ts_ingest"][0] = T0 - 12_000_000
    columns = book_columns(["BTCUSDT.BINANCE", "BTC-USDT.OKX"], rows, T0)

    view = books_view(msgspec.json.decode(msgspec.json.encode(columns)), {"BTCUSDT.BINANCE": "binance"})

    known, unknown = view["books"]
    assert (known["venue"], known["state"], known["flags"], known["bid"]) == ("binance", "live", ["stale"], 95_700.1)
    assert known["age_ms"] == 12.0
    assert (unknown["venue"], unknown["state"], unknown["bid"], unknown["age_ms"]) == (
        "okx",
        "disconnected",
        None,
        None,
    )


def test_books_show_their_basis_and_composites_what_they_are_made_of() -> None:
    traded_there = [traded("BTC", "ONE"), traded("BTC", "TWO")]
    composites = Composites(traded_there, ["BTC"], dex=["two"])
    names = [*(one.id for one in traded_there), "BTC-USD.COMPOSITE"]
    rows = live_rows(3, ts_ingest=T0)
    views = composites.look(np.frombuffer(bytearray(rows.tobytes()), np.int64))
    columns = book_columns(names, rows, T0, composites=views)

    view = books_view(msgspec.json.decode(msgspec.json.encode(columns)), {})

    one, _, composite = view["books"]
    assert (one["share"], one["venues"], one["dex_share"]) == (0.5, None, None)
    assert abs(one["basis_bps"]) < 1e-6
    assert (composite["venue"], composite["venues"], composite["share"]) == ("composite", 2, None)
    assert composite["dex_share"] == 0.5


def test_columns_are_as_long_as_there_are_books() -> None:
    columns = book_columns(["A.X"] * 40, empty_rows(40), T0)

    assert {len(column) for name, column in columns.items() if name != "now"} == {40}
    assert all(math.isnan(bid) for bid in np.asarray(columns["bid"]))


def test_calendar_tells_what_is_due_and_who_covers_it() -> None:
    source = Coverage(source="bls", alive=True, ts_heard=T0)
    due = DueRelease(
        release_id="us.cpi.yoy:2025-01",
        ts_scheduled=T0,
        state="armed",
        armed=True,
        consensus=2.9,
        prior=2.9,
        sources=(source,),
    )

    view = calendar_view(CalendarState(releases=(due,), sources=(source,)), NAMES)

    assert view["releases"][0]["name"] == "Consumer prices, year on year"
    assert view["releases"][0]["sources"] == [{"source": "bls", "alive": True, "heard": T0 / 1e6}]


def test_notice_leaves_out_what_says_nothing() -> None:
    details = msgspec.json.encode(
        {"instrument": "BTCUSDT.BINANCE", "source": "", "covers": ["us.*"], "age_ms": 5000.25}
    )
    fields = {b"ts": str(T0).encode(), b"level": b"warning", b"event": b"book_went_stale", b"details": details}

    view = notice_view("1-0", fields)

    assert view["details"] == {"instrument": "BTCUSDT.BINANCE", "covers": "us.*", "age_ms": "5000.25"}
    assert (view["ts"], view["level"], view["event"]) == (T0 / 1e6, "warning", "book_went_stale")
