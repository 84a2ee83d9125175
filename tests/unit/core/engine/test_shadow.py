"""A second model beside the published one: journalled and scored, heard by nobody."""

import msgspec
import pytest

from signald.core.documents import Documents
from signald.core.engine import Engine, Output, Shadow
from signald.core.guard.rules import GuardRules
from signald.core.release_window import WindowRules
from signald.core.scoring import Scorer
from signald.model.notices import ShadowPredicted, ShadowScored
from signald.model.parameters import Parameters, identify
from signald.model.signals import Signal
from signald.sinks.encoding import encode_data
from tests.support.calendar import CPI_JANUARY, INDICATORS, T0, figure, scheduled
from tests.support.engine import INSTRUMENTS, PARAMETERS, ROWS, seconds, tell, those, wait
from tests.support.rows import BOOK, live_rows

_HIGHER = live_rows(len(ROWS), bid=1.01 * BOOK["bid"], ask=1.01 * BOOK["ask"], mid=1.01 * BOOK["mid"])


def _other() -> Parameters:
    """It expects the opposite."""
    responses = tuple(
        msgspec.structs.replace(one, beta=tuple(-beta for beta in one.beta)) for one in PARAMETERS.assets["BTC"]
    )
    return identify(msgspec.structs.replace(PARAMETERS, assets={"BTC": responses}))


def _live_through(*, shadow: Parameters | None) -> list[Output]:
    scorer = Scorer(PARAMETERS, INSTRUMENTS)
    engine = Engine(
        indicators=INDICATORS,
        documents=Documents(scorer=scorer, instruments=INSTRUMENTS),
        rules=WindowRules(),
        guard=GuardRules(),
        shadow=Shadow(Scorer(shadow, INSTRUMENTS), scorer) if shadow else None,
    )
    outputs = tell(engine, scheduled()) + wait(engine, T0) + tell(engine, figure())
    return outputs + wait(engine, T0 + seconds(1_000), rows=_HIGHER)


def test_its_prediction_is_noted_before_the_outcome_is_known() -> None:
    outputs = _live_through(shadow=_other())

    (predicted,) = those(outputs, ShadowPredicted)
    published = next(one for one in those(outputs, Signal) if one.kind == "release")
    assert predicted.model == _other().id
    assert predicted.releases == (CPI_JANUARY,)
    assert predicted.ts_ingest == T0 + seconds(10)
    assert [one.mean_bps for one in predicted.horizons] == pytest.approx([-one.mean_bps for one in published.horizons])


def test_both_models_are_scored_at_each_horizon_and_the_better_one_scores_better() -> None:
    scored = those(_live_through(shadow=_other()), ShadowScored)

    assert [one.seconds for one in scored] == [300, 900]
    for one in scored:
        assert one.realised_bps == pytest.approx(100.0)
        assert one.log_score > one.log_score_against
        assert one.crps_bps < one.crps_bps_against


def test_a_shadow_of_the_same_model_scores_the_same() -> None:
    for one in those(_live_through(shadow=PARAMETERS), ShadowScored):
        assert one.log_score == one.log_score_against
        assert one.crps_bps == one.crps_bps_against


def test_what_is_published_is_the_same_with_and_without_it() -> None:
    with_it, without = (
        [encode_data(one) for one in those(_live_through(shadow=shadow), Signal)] for shadow in (_other(), None)
    )

    assert with_it == without
