from typing import Any

from signald.client.entries import Received
from signald.console.state import SIGNALS_KEPT, ConsoleState
from signald.model.signals import Signal
from signald.model.time import NS_PER_S
from tests.support.signals import T0, sample_signal

INSTRUMENT = "BTCUSDT-PERP.BINANCE"


def tell(state: ConsoleState, signal: Signal, *, entry: str = "1-0") -> list[tuple[str, Any]]:
    received = Received(entry, signal.id, signal.kind, signal.instrument, 1, T0, T0, 0, signal, is_redelivered=False)
    return [(news.event, news.payload) for news in state.take_signal(received)]


def books(*, after_s: float, mid: float, state: str = "live") -> dict[str, Any]:
    return {"ts": T0 / 1e6 + after_s * 1_000, "books": [{"instrument": INSTRUMENT, "mid": mid, "state": state}]}


def test_market_is_followed_from_a_score_on() -> None:
    state = ConsoleState({})
    signal = sample_signal(ts_ingest=T0)
    tell(state, signal)
    assert signal.book is not None

    news = list(state.take_part("books", books(after_s=2.0, mid=signal.book.mid * 0.999)))

    assert tuple(news[-1]) == ("path", {"id": signal.id, "points": [(2.0, -10.0)]})
    assert state.snapshot()["paths"] == [{"id": signal.id, "points": [(0.0, 0.0), (2.0, -10.0)]}]


def test_market_is_not_followed_beyond_the_longest_horizon_nor_by_a_book_that_is_wrong() -> None:
    state = ConsoleState({})
    tell(state, sample_signal(ts_ingest=T0))

    late = list(state.take_part("books", books(after_s=901.0, mid=1.0)))
    wrong = list(state.take_part("books", books(after_s=3.0, mid=1.0, state="gap")))

    assert [news.event for news in (*late, *wrong)] == ["books", "books"]


def test_reaction_is_a_point_of_the_path() -> None:
    state = ConsoleState({})
    tell(state, sample_signal(ts_ingest=T0))

    news = tell(state, sample_signal(id="2", kind="reaction", realised_bps=-31.5, ts_ingest=T0 + 60 * NS_PER_S))

    assert news[-1] == ("path", {"id": "0f" * 16, "points": [(60.0, -31.5)]})


def test_correction_goes_on_with_the_path_that_its_figure_began() -> None:
    state = ConsoleState({})
    tell(state, sample_signal(ts_ingest=T0))
    tell(state, sample_signal(id="2", kind="correction", revision=2, ts_ingest=T0 + 5 * NS_PER_S))

    assert [path["id"] for path in state.snapshot()["paths"]] == ["2"]


def test_steps_of_the_guard_and_signals_are_told_apart() -> None:
    state = ConsoleState({})

    told = [*tell(state, sample_signal(kind="guard")), *tell(state, sample_signal())]

    assert [event for event, _ in told] == ["guard", "signal"]
    snapshot = state.snapshot()
    assert (len(snapshot["guards"]), len(snapshot["signals"])) == (1, 1)


def test_no_more_than_a_thousand_documents_are_kept() -> None:
    state = ConsoleState({})
    for number in range(SIGNALS_KEPT + 5):
        tell(state, sample_signal(kind="missed", horizons=(), book=None), entry=f"{number}-0")

    kept = state.snapshot()["signals"]

    assert len(kept) == SIGNALS_KEPT
    assert kept[-1]["entry"] == f"{SIGNALS_KEPT + 4}-0"


def test_what_has_not_changed_is_not_told_again() -> None:
    state = ConsoleState({})

    first = list(state.take_part("daemon", {"ready": True}))
    again = list(state.take_part("daemon", {"ready": True}))

    assert ([one.event for one in first], again) == (["daemon"], [])
