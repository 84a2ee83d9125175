"""One JSON object a line, with constant events; what is said again is counted instead."""

import errno
import io
import json
import logging
from collections.abc import Iterator
from typing import Any, get_args

import pytest
import structlog

from signald.logs import LINES, RepeatLimit, configure_logs, log_notice
from signald.model.notices import BookGap, Contradicted, Notice, Rejected, SourceAlive
from signald.runtime.clock import LiveClock

S = 1_000_000_000


class Clock(LiveClock):
    """A clock that stands at January's consumer prices."""

    def now(self) -> int:
        return 1_739_367_000_123_456_789


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the logs of a test go; logging is as it was afterwards."""
    root = logging.getLogger()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()
    written = io.StringIO()
    configure_logs(clock=Clock(), stream=written)
    yield written
    structlog.configure(**before)
    root.handlers[:], root.level = handlers, level


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def gap(ts_ingest: int, *, instrument: str = "BTCUSDT.BINANCE") -> Notice:
    return BookGap(
        channel="binance", instrument=instrument, reason="sequence", expected=5, received=9, ts_ingest=ts_ingest
    )


def test_a_line_is_json_with_event_level_time_and_fields(stream: io.StringIO) -> None:
    structlog.get_logger().warning("book_resynced", venue="kraken", missing=3, odd=object)

    assert lines(stream) == [
        {
            "venue": "kraken",
            "missing": 3,
            "odd": "<class 'object'>",
            "event": "book_resynced",
            "level": "warning",
            "ts": "2025-02-12T13:30:00.123Z",
        }
    ]


def test_what_is_below_the_level_is_not_written(stream: io.StringIO) -> None:
    structlog.get_logger().debug("frame_seen")

    assert stream.getvalue() == ""


def test_an_exception_is_a_field(stream: io.StringIO) -> None:
    try:
        raise ArithmeticError("boom")  # noqa: EM101, TRY301 - to have a traceback
    except ArithmeticError:
        structlog.get_logger().exception("task_failed")

    (line,) = lines(stream)
    assert "ArithmeticError: boom" in line["exception"]


def test_what_a_library_logs_goes_the_same_way(stream: io.StringIO) -> None:
    logging.getLogger("asyncio").error("Task %s was lost", "t1")

    (line,) = lines(stream)
    assert (line["event"], line["level"], line["logger"]) == ("Task t1 was lost", "error", "asyncio")


def test_people_get_lines_for_people(stream: io.StringIO) -> None:
    configure_logs(human=True, clock=Clock(), stream=stream)

    structlog.get_logger().info("release_moved", state="armed")

    assert "release_moved" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


class FullDisk(io.StringIO):
    """Takes nothing while it is full."""

    is_full = True

    def write(self, text: str) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)

    def flush(self) -> None:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")


def test_a_log_that_cannot_be_written_halts_nothing_and_goes_on_when_it_can(stream: io.StringIO) -> None:
    disk = FullDisk()
    configure_logs(clock=Clock(), stream=disk)
    log = structlog.get_logger()

    log.error("journal_failed")
    logging.getLogger("aiomqtt").error("as well")
    disk.is_full = False
    log.info("journal_resumed")

    assert [line["event"] for line in lines(disk)] == ["journal_resumed"]
    assert stream.getvalue() == ""


def test_a_notice_is_an_event_with_its_fields(stream: io.StringIO) -> None:
    log_notice(gap(1), RepeatLimit())

    (line,) = lines(stream)
    assert (line["event"], line["level"]) == ("book_discarded", "warning")
    assert (line["instrument"], line["expected"], line["received"]) == ("BTCUSDT.BINANCE", 5, 9)


def test_every_kind_of_notice_has_an_event_of_its_own() -> None:
    assert set(LINES) == set(get_args(Notice))
    assert len({line.event for line in LINES.values()}) == len(LINES)


def test_a_repetition_is_counted_and_said_ten_seconds_later(stream: io.StringIO) -> None:
    limit = RepeatLimit()

    for second in (0, 1, 9, 10, 11, 30):
        log_notice(gap(second * S), limit)

    assert [line.get("repetitions") for line in lines(stream)] == [None, 2, 1]


def test_another_subject_is_no_repetition(stream: io.StringIO) -> None:
    limit = RepeatLimit()

    for notice in (
        gap(0),
        gap(0, instrument="ETHUSDT.BINANCE"),
        Rejected(channel="binance", reason="malformed_frame", field="u", problem="not a number", ts_ingest=0),
        Contradicted(release_id="us.nfp:2025-01", source="bls", actual=1.0, others={"te": 2.0}, ts_ingest=0),
        SourceAlive(source="bls", covers=("us.*",), ts_ingest=0),
    ):
        log_notice(notice, limit)

    assert len(lines(stream)) == 5


def test_a_clock_that_was_set_back_silences_nothing() -> None:
    limit = RepeatLimit()
    limit.admit(("a",), 100 * S)

    assert limit.admit(("a",), 50 * S) == 0


def test_what_is_remembered_is_bounded() -> None:
    limit = RepeatLimit()

    for number in range(5_000):
        limit.admit((number,), 0)

    assert limit.admit((0,), 1) == 0
    assert limit.admit((4_999,), 1) is None


def test_complaints_about_differing_values_are_all_said() -> None:
    limit = RepeatLimit()

    assert [limit.admit(("input_rejected", "actual", value), 0) for value in ("n/a", "NaN", "true")] == [0, 0, 0]


def test_a_flood_of_differing_complaints_ends_at_a_hundred_lines_and_goes_on_after_ten_seconds() -> None:
    limit = RepeatLimit()

    said = [limit.admit(("input_rejected", number), 5 * S) for number in range(500)]

    assert said == [0] * 100 + [None] * 400
    assert limit.admit(("source_fell_silent",), 5 * S) == 0  # another event has lines of its own
    assert limit.admit(("input_rejected", 499), 15 * S) == 1


def test_a_traceback_for_people_shows_no_variables(stream: io.StringIO) -> None:
    configure_logs(human=True, clock=Clock(), stream=stream)

    def fail(password: str) -> None:
        raise ValueError(len(password))

    try:
        fail("horse" * 2)
    except ValueError:
        structlog.get_logger().exception("failed")

    assert "ValueError" in stream.getvalue()
    assert "horsehorse" not in stream.getvalue()
