"""Once a release is armed, what each plausible figure would mean is said; when one comes, that is what it means."""

import msgspec
import pytest

from signald.core.board import empty_rows
from signald.core.engine import Engine
from signald.model.macro import ReleaseKind, ScheduleState
from signald.model.signals import Rung, Signal
from signald.sinks.encoding import decode_data, encode_data
from tests.support.calendar import CORE_CPI_JANUARY, CPI_JANUARY, DAY, T0, figure, heartbeat, scheduled
from tests.support.engine import (
    ARM,
    INSTRUMENTS,
    PARAMETERS,
    build_engine,
    ladders,
    of_bitcoin,
    seconds,
    tell,
    those,
    wait,
)

ARMED = T0 - ARM


def armed(*events: object) -> tuple[Engine, list[Signal]]:
    """An engine at the moment of arming, and the ladders that it has given."""
    engine = build_engine()
    outputs = tell(engine, *(events or (scheduled(),)))  # pyright: ignore[reportArgumentType] - the test's own words
    return engine, ladders([*outputs, *wait(engine, ARMED)])


def rungs(signal: Signal) -> dict[str, Rung]:
    assert isinstance(signal.ladder, dict)
    return signal.ladder


def test_a_release_that_is_armed_has_a_ladder_for_each_instrument_that_the_model_speaks_of() -> None:
    _, said = armed()

    assert [(one.instrument, one.verdict, one.horizons, one.desk) for one in said] == [
        (INSTRUMENTS[0].id, None, (), None)
    ]
    assert list(rungs(said[0])) == ["2.5", "2.6", "2.7", "2.8", "2.9", "3.0", "3.1", "3.2", "3.3"]
    assert (said[0].ts_scheduled, said[0].ts_event, said[0].revision) == (T0, ARMED, 0)
    [cause] = said[0].causes
    assert (cause.release_id, cause.actual, cause.consensus, cause.prior) == (CPI_JANUARY, None, 2.9, 2.9)
    assert said[0].model is not None
    assert said[0].model.id == PARAMETERS.id


@pytest.mark.parametrize("actual", [2.5, 2.8, 2.9, 3.0, 3.2, 3.3])
@pytest.mark.parametrize("siblings", [(), (scheduled(CORE_CPI_JANUARY, consensus=3.1, prior=3.2),)])
def test_the_figure_that_comes_means_what_its_rung_said(actual: float, siblings: tuple[object, ...]) -> None:
    engine, said = armed(scheduled(), heartbeat(at=ARMED), *siblings)
    rung = rungs(said[0])[f"{actual:.1f}"]

    [signal] = of_bitcoin(tell(engine, figure(actual)))

    primary = signal.horizons[0]
    assert signal.desk is not None
    assert (rung.surprise_z, rung.verdict) == (signal.causes[0].surprise_z, signal.verdict)
    assert (rung.mean_bps, rung.std_bps, rung.lo_bps, rung.hi_bps, rung.p_up) == (
        *(primary.mean_bps, primary.std_bps, primary.lo_bps, primary.hi_bps, primary.p_up),
    )
    assert msgspec.structs.replace(rung.desk, ts_expires=0) == msgspec.structs.replace(signal.desk, ts_expires=0)


def test_every_sibling_has_a_ladder_of_its_own() -> None:
    _, said = armed(scheduled(), scheduled(CORE_CPI_JANUARY, consensus=3.1, prior=3.2))

    assert [one.causes[0].release_id for one in said] == [CORE_CPI_JANUARY, CPI_JANUARY]
    assert len({one.id for one in said}) == 2


def test_a_release_without_a_consensus_or_without_a_model_has_none() -> None:
    assert armed(scheduled(consensus=None))[1] == []
    assert armed(scheduled("us.gdp.qoq:2025-Q1"))[1] == []  # no response
    assert armed(scheduled("us.nfp:2025-01", consensus=None))[1] == []


def test_a_new_consensus_is_a_new_ladder_and_the_same_again_is_none() -> None:
    engine, first = armed()

    again = ladders(tell(engine, scheduled(sequence=2, ts_ingest=ARMED + 1)))
    moved = ladders(tell(engine, scheduled(sequence=3, consensus=3.0, ts_ingest=ARMED + 2)))
    back = ladders(tell(engine, scheduled(sequence=4, consensus=2.9, ts_ingest=ARMED + 3)))

    assert again == []
    assert list(rungs(moved[0]))[4] == "3.0"
    assert moved[0].id != first[0].id
    assert moved[0].ts_event > first[0].ts_event
    assert back == []  # an id is given once


def test_a_consensus_that_comes_after_the_figure_was_none() -> None:
    engine, _ = armed(scheduled(consensus=None))

    said = tell(engine, figure(), scheduled(sequence=2, consensus=3.0, ts_ingest=T0 + seconds(1)))

    assert ladders(said) == []


def test_a_tentative_or_cancelled_release_has_none() -> None:
    assert armed(scheduled(state=ScheduleState.TENTATIVE))[1] == []
    assert armed(scheduled(state=ScheduleState.CANCELLED))[1] == []


def test_a_release_that_is_put_off_with_its_consensus_keeps_its_ladder() -> None:
    engine, _ = armed()

    later = scheduled(sequence=2, ts_scheduled=T0 + DAY, state=ScheduleState.RESCHEDULED, ts_ingest=ARMED + 1)

    assert ladders([*tell(engine, later), *wait(engine, T0 + 2 * DAY)]) == []


def test_what_makes_a_ladder_weaker_is_flagged() -> None:
    engine = build_engine()
    tell(engine, scheduled())

    [said] = ladders(wait(engine, ARMED, rows=empty_rows(2)))

    assert said.flags == ("no_book", "silent_source")
    assert rungs(said)["3.0"].desk.max_size_usd is None


def test_a_ladder_is_the_same_after_encoding_and_its_figures_rise() -> None:
    _, [said] = armed()

    data = encode_data(said)

    assert decode_data(data) == said
    assert data.index(b'"2.5":') < data.index(b'"2.9":') < data.index(b'"3.3":')


def test_a_ladder_with_a_number_that_is_none_is_refused() -> None:
    _, [said] = armed()
    broken = {**rungs(said), "3.0": msgspec.structs.replace(rungs(said)["3.0"], lo_bps=float("-inf"))}

    with pytest.raises(ValueError, match=r"ladder\.3\.0\.lo_bps is not finite"):
        encode_data(msgspec.structs.replace(said, ladder=broken))


def test_ladders_are_no_documents_of_a_figure_and_are_not_retracted() -> None:
    engine, said = armed()

    outputs = tell(engine, figure(), figure(None, sequence=2, kind=ReleaseKind.RETRACTION, ts_ingest=T0 + seconds(1)))

    retracted = {one for signal in those(outputs, Signal) if signal.retracts for one in signal.retracts}
    assert said[0].id not in retracted
