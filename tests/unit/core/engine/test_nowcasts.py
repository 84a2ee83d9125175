"""What components make of the next core PCE, at work in an engine: told, beside the consensus, recovered."""

from collections.abc import Sequence

import msgspec
import pytest

from signald.core.engine import Engine, Output
from signald.live.recall import settled_message
from signald.model.macro import Release, ReleaseKind, ScheduledRelease, SettledFigure
from signald.model.notices import NoNowcast
from signald.model.nowcast import NowcastView
from signald.model.parameters import decode_parameters, encode_parameters
from signald.model.signals import Signal
from signald.sinks.encoding import encode_data
from signald.sources.calendars.mqtt.source import MqttCalendar
from tests.support.calendar import DAY, figure, scheduled
from tests.support.engine import INSTRUMENTS, PARAMETERS, build_engine, seconds, tell, those, wait
from tests.support.nowcasts import (
    CPI_DUE,
    CPI_RELEASE,
    INDICATORS,
    PCE_DUE,
    PCE_RELEASE,
    PPI_DUE,
    PPI_FEES,
    PPI_RELEASE,
    SHELTER,
    build_bridge,
    build_bridged,
)

BRIDGED = build_bridged(build_bridge((SHELTER,), error=0.1), build_bridge())
DUE = {CPI_RELEASE: CPI_DUE, PPI_RELEASE: PPI_DUE, PCE_RELEASE: PCE_DUE}


def build(parameters: object = BRIDGED) -> Engine:
    return build_engine(indicators=INDICATORS, parameters=parameters)  # pyright: ignore[reportArgumentType]


def due(release_id: str, **changes: object) -> ScheduledRelease:
    fields: dict[str, object] = {"ts_scheduled": DUE[release_id], "consensus": 0.3, "ts_ingest": CPI_DUE - DAY}
    return scheduled(release_id, **(fields | {"prior": 0.3} | changes))


def came(release_id: str, components: dict[str, float], actual: float | None = 0.3, **changes: object) -> Release:
    at = DUE[release_id] + seconds(0.2)
    fields: dict[str, object] = {"ts_event": DUE[release_id], "ts_ingest": at, "components": components}
    return figure(actual, release_id, **(fields | changes))


def said(outputs: Sequence[Output], kind: str = "nowcast") -> list[Signal]:
    return [one for one in those(outputs, Signal) if one.kind == kind]


def view_of(signal: Signal) -> NowcastView:
    assert isinstance(signal.nowcast, NowcastView)
    return signal.nowcast


def after(engine: Engine, *events: Release | ScheduledRelease) -> list[Output]:
    """What is said until two seconds after the last of ``events``."""
    outputs = tell(engine, *events)
    return outputs + wait(engine, events[-1].ts_ingest + seconds(2.0))


def known(engine: Engine) -> Engine:
    """With all three releases announced."""
    tell(engine, *(due(one) for one in DUE))
    return engine


def test_components_give_a_nowcast_beside_the_consensus_for_each_instrument() -> None:
    engine = known(build())

    told = said(after(engine, came(CPI_RELEASE, {"shelter": 0.4})))

    assert [one.instrument for one in told] == [one.id for one in INSTRUMENTS]
    view = view_of(told[0])
    assert (view.release_id, view.ts_scheduled) == (PCE_RELEASE, PCE_DUE)
    assert view.nowcast == pytest.approx(0.05 + 0.5 * 0.4)
    assert (view.consensus, view.error, view.is_beyond) == (0.3, 0.1, False)
    assert view.difference == pytest.approx(-0.05)
    assert (view.lo, view.hi) == pytest.approx((0.16, 0.34))
    assert view.components == {SHELTER: 0.4}
    assert sum(view.contributions.values()) == pytest.approx(view.nowcast)
    assert (told[0].verdict, told[0].ts_scheduled, told[0].desk) == ("no_edge", CPI_DUE, None)
    assert [cause.release_id for cause in told[0].causes] == [CPI_RELEASE]
    assert told[0].ts_event == CPI_DUE + seconds(1.2)


def test_more_components_make_it_surer_and_a_difference_beyond_the_error_gives_a_direction() -> None:
    engine = known(build())
    after(engine, came(CPI_RELEASE, {"shelter": 0.4}))

    bitcoin, ether = said(after(engine, came(PPI_RELEASE, {"portfolio_management": 0.6})))

    view = view_of(bitcoin)
    assert view.nowcast == pytest.approx(0.05 + 0.5 * (0.4 + 0.6))
    assert (view.error, view.is_beyond) == (0.05, True)
    assert view.components == {SHELTER: 0.4, PPI_FEES: 0.6}
    assert bitcoin.verdict == "down"  # core PCE above consensus
    assert {cause.release_id for cause in bitcoin.causes} == {CPI_RELEASE, PPI_RELEASE}
    assert (ether.verdict, ether.horizons) == ("no_edge", ())  # the model knows no response of it
    first = bitcoin.horizons[0]
    assert first.mean_bps == pytest.approx(-30.0 * 2.5, rel=1e-6)  # a quarter of a percent is 2.5 σ
    assert first.std_bps > 50.0
    assert first.lo_bps < first.mean_bps < first.hi_bps
    assert bitcoin.confidence == pytest.approx(1.0 - first.p_up)


def test_what_is_not_known_of_the_figure_makes_the_prediction_wider() -> None:
    sure, unsure = (
        said(
            after(
                known(build(build_bridged(build_bridge((SHELTER,), error=error)))), came(CPI_RELEASE, {"shelter": 0.9})
            )
        )
        for error in (1e-9, 0.15)
    )

    narrow, wide = sure[0].horizons[0], unsure[0].horizons[0]
    assert wide.mean_bps == narrow.mean_bps
    assert wide.std_bps**2 - narrow.std_bps**2 == pytest.approx((30.0 * 1.5) ** 2, rel=1e-6)
    assert narrow.p_up < wide.p_up < 0.5


def test_a_new_consensus_is_set_beside_the_nowcast_and_the_same_again_is_not_told() -> None:
    engine = known(build())
    after(engine, came(CPI_RELEASE, {"shelter": 0.4}))

    same = after(engine, due(PCE_RELEASE, sequence=2, ts_ingest=PPI_DUE))
    changed = said(after(engine, due(PCE_RELEASE, sequence=3, consensus=0.1, ts_ingest=PPI_DUE + DAY)))

    assert said(same) == []
    assert [view_of(one).consensus for one in changed] == [0.1, 0.1]
    assert view_of(changed[0]).is_beyond


def test_a_source_that_repeats_itself_does_not_put_a_nowcast_off() -> None:
    engine = known(build())
    figure_with = came(CPI_RELEASE, {"shelter": 0.4})

    outputs: list[Output] = []
    for number in range(10):
        again = msgspec.structs.replace(figure_with, ts_ingest=figure_with.ts_ingest + number * seconds(0.9))
        outputs += wait(engine, again.ts_ingest) + tell(engine, again)

    assert len(said(outputs)) == len(INSTRUMENTS)


def test_a_consensus_that_never_rests_does_not_silence_what_other_components_make_of_it() -> None:
    engine = known(build())
    after(engine, came(CPI_RELEASE, {"shelter": 0.4}))

    for number in range(70):
        at = CPI_DUE + seconds(10.0 + 2 * number)
        after(engine, due(PCE_RELEASE, consensus=0.1 + 0.01 * (number % 2), sequence=100 + number, ts_ingest=at))
    told = after(engine, came(PPI_RELEASE, {"portfolio_management": 1.0}))

    assert len(said(told)) == len(INSTRUMENTS)


def test_without_a_consensus_the_nowcast_stands_alone() -> None:
    engine = build()
    tell(engine, due(CPI_RELEASE))

    told = said(after(engine, came(CPI_RELEASE, {"shelter": 0.4})))

    view = view_of(told[0])
    assert (view.consensus, view.difference, view.is_beyond, view.ts_scheduled) == (None, None, False, None)
    assert (told[0].verdict, told[0].confidence, told[0].horizons) == ("no_edge", None, ())


def test_the_ladder_of_the_figure_has_the_nowcast_beside_the_consensus() -> None:
    engine = known(build())
    after(engine, came(CPI_RELEASE, {"shelter": 0.4}))

    outputs = wait(engine, PCE_DUE - seconds(1.0))

    ladders = [one for one in said(outputs, "scenario") if one.causes[0].release_id == PCE_RELEASE]
    assert ladders
    assert view_of(ladders[0]).nowcast == pytest.approx(0.25)
    assert all(one.nowcast is msgspec.UNSET for one in said(outputs, "scenario") if one not in ladders)


def test_nothing_is_said_any_more_once_the_figure_is_out() -> None:
    engine = known(build())
    after(engine, came(PCE_RELEASE, {}, ts_ingest=PCE_DUE + seconds(0.1)))

    late = after(engine, came(CPI_RELEASE, {"shelter": 0.4}, ts_ingest=PCE_DUE + DAY))

    assert said(late) == []


@pytest.mark.parametrize(
    ("parameters", "components", "reason", "missing"),
    [
        (PARAMETERS, {"shelter": 0.4}, "no_bridge", ()),
        (build_bridged(), {"shelter": 0.4}, "no_bridge", ()),
        (BRIDGED, {}, "no_components", (SHELTER,)),
        (BRIDGED, {"energy": 0.4}, "no_components", (SHELTER,)),
        (BRIDGED, {"shelter": 1e300}, "no_components", (SHELTER,)),
    ],
)
def test_without_data_it_says_so(
    parameters: object, components: dict[str, float], reason: str, missing: tuple[str, ...]
) -> None:
    engine = known(build(parameters))

    outputs = after(engine, came(CPI_RELEASE, components))

    notices = those(outputs, NoNowcast)
    assert [(one.release_id, one.reason, one.missing) for one in notices] == [(PCE_RELEASE, reason, missing)]
    assert said(outputs) == []


def test_a_feed_without_components_is_not_asked_for_any_where_no_bridge_wants_them() -> None:
    engine = known(build(PARAMETERS))

    outputs = after(engine, came(CPI_RELEASE, {}))

    assert those(outputs, NoNowcast) == []


def test_the_figure_s_own_documents_do_not_wait_and_are_the_same() -> None:
    engine, without = known(build()), known(build())

    told = tell(engine, came(CPI_RELEASE, {"shelter": 0.4}))
    plain = tell(without, came(CPI_RELEASE, {}))

    assert said(told) == []
    assert [*map(encode_data, said(told, "release"))] == [*map(encode_data, said(plain, "release"))] != []


def test_a_second_source_may_bring_the_components() -> None:
    engine = known(build())
    after(engine, came(CPI_RELEASE, {}))

    told = said(after(engine, came(CPI_RELEASE, {"shelter": 0.4}, source="bls2", ts_ingest=CPI_DUE + seconds(20.0))))

    assert view_of(told[0]).nowcast == pytest.approx(0.25)


def test_a_correction_has_its_own_components_and_a_retraction_none() -> None:
    engine = known(build())
    after(engine, came(CPI_RELEASE, {"shelter": 0.4}))
    correction = came(
        CPI_RELEASE, {"shelter": 0.6}, 0.4, kind=ReleaseKind.CORRECTION, sequence=2, ts_ingest=CPI_DUE + seconds(60.0)
    )
    retraction = came(
        CPI_RELEASE, {}, None, kind=ReleaseKind.RETRACTION, sequence=3, ts_ingest=CPI_DUE + seconds(120.0)
    )

    corrected = said(after(engine, correction))
    retracted = after(engine, retraction)

    assert view_of(corrected[0]).nowcast == pytest.approx(0.35)
    assert [one.reason for one in those(retracted, NoNowcast)] == ["no_components"]
    assert said(retracted) == []


def test_a_component_far_from_all_that_is_known_is_doubted() -> None:
    engine = known(build())

    told = said(after(engine, came(CPI_RELEASE, {"shelter": 40.0})))

    assert view_of(told[0]).is_beyond
    assert "outlier" in told[0].flags
    assert told[0].verdict == "no_edge"


def test_a_short_past_is_flagged() -> None:
    engine = known(build(build_bridged(build_bridge((SHELTER,), past_n=12))))

    told = said(after(engine, came(CPI_RELEASE, {"shelter": 0.4})))

    assert "thin_history" in told[0].flags


def test_components_of_days_ago_are_known_after_a_restart() -> None:
    engine, restarted = known(build()), known(build())
    after(engine, came(CPI_RELEASE, {"shelter": 0.4}))
    calendar = MqttCalendar(INDICATORS)
    for settled in engine.settled:
        key, payload = settled_message(settled)
        topic = key[key.index("calendar/") :]
        step = calendar.on_recalled(topic, payload, settled.ts_known + seconds(10.0))
        tell(restarted, *those(step.events, SettledFigure))

    told, retold = (said(after(one, came(PPI_RELEASE, {"portfolio_management": 0.6}))) for one in (engine, restarted))

    assert told
    assert [one.id for one in told] == [one.id for one in retold]
    assert [one.nowcast for one in told] == [one.nowcast for one in retold]
    assert [one.horizons for one in told] == [one.horizons for one in retold]


def test_identity_is_what_is_nowcast_beside_what_not_who_says_it() -> None:
    other = build_bridged(build_bridge((SHELTER,), error=0.2))

    ids = [
        [one.id for one in said(after(known(build(model)), came(CPI_RELEASE, {"shelter": 0.4})))]
        for model in (BRIDGED, other)
    ]
    more = said(after(known(build()), came(CPI_RELEASE, {"shelter": 0.41})))

    assert ids[0] == ids[1]
    assert more[0].id != ids[0][0]


def test_a_model_with_bridges_is_the_same_after_its_file() -> None:
    read = decode_parameters(encode_parameters(BRIDGED))

    assert read == BRIDGED
    assert read.id != PARAMETERS.id
