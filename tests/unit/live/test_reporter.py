"""The intake's outlet: what is sent is sent at once, what is said of it comes when there is time."""

from structlog.testing import capture_logs

from signald.live.book_tally import BookTally
from signald.live.reporter import Reporter
from signald.model.notices import BookGap
from signald.runtime.clock import LiveClock
from signald.sinks.counts import Counts
from signald.sinks.encoding import document_of, encode_data
from signald.sinks.redis import Publisher
from signald.transports.settings import RedisConfig
from tests.support.recording import until
from tests.support.signals import sample_signal


def gap(instrument: str) -> BookGap:
    """One of a book that no other test speaks of: what is said twice is logged once."""
    return BookGap(channel="binance", instrument=instrument, reason="sequence", expected=1, received=3, ts_ingest=1)


async def test_a_signal_is_sent_and_counted_before_anything_is_said_of_it() -> None:
    publisher, counts = Publisher(RedisConfig(), LiveClock()), Counts()
    reporter = Reporter(publisher, counts, books=BookTally(["SENT.BINANCE"]))
    signal = sample_signal()

    with capture_logs() as said:
        reporter.publish([(signal, document_of(signal, ts_scored=1, data=encode_data(signal)))])
        reporter.tell(gap("SENT.BINANCE"))
        at_once = [*said]
        await until(lambda: said)

    assert publisher.depth == 1
    assert counts.signals == {("release", "down"): 1}
    assert reporter.books.gaps("SENT.BINANCE") == 1
    assert at_once == []
    assert said[-1]["event"] == "book_discarded"  # whether the signal's line is shown depends on the level in force


async def test_what_is_left_to_say_is_said_when_asked() -> None:
    reporter = Reporter(Publisher(RedisConfig(), LiveClock()), Counts())

    with capture_logs() as said:
        reporter.tell(gap("LEFT.BINANCE"))
        reporter.say()
        reporter.say()

    assert len(said) == 1


async def test_of_a_rehearsal_nothing_is_counted_or_said() -> None:
    publisher, counts = Publisher(RedisConfig(), LiveClock()), Counts()
    reporter = Reporter(publisher, counts)
    reporter.hushes = lambda signal: "test" in signal.flags
    signal = sample_signal(flags=("test",))

    with capture_logs() as said:
        reporter.publish([(signal, document_of(signal, ts_scored=1, data=encode_data(signal)))])
        reporter.say()

    assert said == []
    assert counts.signals == {}
