"""What is measured of our clock goes the way of every arrival, so that a replay judges by it too."""

from pathlib import Path

from signald.model.notices import ClockOff
from signald.model.records import RecordKind
from signald.model.time import NS_PER_S
from signald.pipeline import CLOCK
from signald.replay.compare import compare
from tests.support.calendar import CPI_JANUARY, T0, release_payload, schedule_payload
from tests.support.pipelines import LiveRun, build_pipeline


def test_a_measurement_in_the_journal_is_judged_by_in_replay(tmp_path: Path) -> None:
    run = LiveRun(tmp_path)
    run.begin(T0 - 60 * NS_PER_S)
    calendar = {"channel": "mqtt", "key": f"calendar/schedule/{CPI_JANUARY}/bls"}
    run.take(RecordKind.MESSAGE, T0 - 60 * NS_PER_S, **calendar, payload=schedule_payload())
    measured = run.take(
        RecordKind.MESSAGE,
        T0 - 50 * NS_PER_S,
        channel=CLOCK,
        key=CLOCK,
        payload=b'{"offset_ns":-20000000000,"error_ns":1000}',
    )
    figure = {"channel": "mqtt", "key": f"calendar/release/{CPI_JANUARY}/bls"}
    run.take(RecordKind.MESSAGE, T0 - 19 * NS_PER_S, **figure, payload=release_payload())
    run.writer.close()

    comparison = compare([tmp_path], build_pipeline)

    assert [type(output) for output in measured.outputs] == [ClockOff]
    assert b'"clock_offset"' in run.published[-1]
    assert b"early_release" not in b"".join(run.published)
    assert comparison.difference is None
