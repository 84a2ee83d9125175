"""Signals and notices are counted under the labels that dashboards know."""

from signald.model.notices import BookGap, BookLive, BookStale, Quarantined, Rejected, SourceAlive, WindowChanged
from signald.sinks.counts import Counts
from tests.support.signals import sample_signal

LIVE = BookLive(channel="binance", instrument="BTCUSDT.BINANCE", sequence=1, ts_ingest=1)


def test_the_first_time_a_book_is_live_is_no_resync() -> None:
    counts = Counts()

    counts.count_notice(LIVE)
    assert counts.resyncs["binance"] == 0

    counts.count_notice(LIVE)
    assert counts.resyncs["binance"] == 1


def test_each_notice_has_its_counter() -> None:
    counts = Counts()
    notices = [
        BookGap(
            channel="binance", instrument="BTCUSDT.BINANCE", reason="sequence", expected=1, received=3, ts_ingest=1
        ),
        BookStale(channel="binance", instrument="BTCUSDT.BINANCE", age_ms=1.0, ts_ingest=1),
        Rejected(channel="mqtt", reason="unknown_indicator", field="indicator", problem="us.x", ts_ingest=1),
        Quarantined(release_id="us.nfp:2025-01", source="bls", actual=1.0, reason="outlier", ts_ingest=1),
        WindowChanged(release_id="us.nfp:2025-01", state="armed", ts_ingest=1),
        SourceAlive(source="bls", covers=("us.*",), ts_ingest=1),
    ]

    for notice in notices:
        counts.count_notice(notice)

    assert counts.gaps == {"binance": 1}
    assert counts.stale == {("binance", "silent"): 1}
    assert +counts.rejected == {"unknown_indicator": 1}
    assert +counts.quarantined == {"outlier": 1}
    assert +counts.releases == {"armed": 1}
    assert +counts.notices == {type(notice).__name__: 1 for notice in notices}


def test_signals_are_counted_by_kind_and_verdict() -> None:
    counts = Counts()

    counts.count_signal(sample_signal())
    counts.count_signal(sample_signal(kind="missed", verdict=None))

    assert counts.signals == {("release", "down"): 1, ("missed", "none"): 1}
