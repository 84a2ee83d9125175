"""A figure is judged by its time and by its size before anything is scored."""

import pytest

from signald.core.release_window import Expectation, Judgement, ReleaseWindow, WindowRules, is_unit_slip, judge
from signald.model.macro import Indicator, ReleaseKind
from tests.support.calendar import CPI, CPI_JANUARY, NFP, NFP_JANUARY, T0, figure, scheduled
from tests.support.engine import seconds

RULES = WindowRules()


def window(
    indicator: Indicator = CPI, release_id: str = CPI_JANUARY, consensus: float | None = 2.9, prior: float | None = 2.9
) -> ReleaseWindow:
    made = ReleaseWindow(release_id, indicator)
    made.schedule(scheduled(release_id), consensus=consensus, prior=prior)
    made.ts_scheduled = T0
    return made


@pytest.mark.parametrize("actual", [2.1, 2.9, 3.0, 3.7])
def test_a_plausible_figure_in_time_is_scored(actual: float) -> None:
    assert judge(window(), figure(actual), RULES, farthest=0.8) == Judgement("score", "", ())


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (-1_800.0, Judgement("quarantine", "early_release", ("early_release",))),
        (-2.000000001, Judgement("quarantine", "early_release", ("early_release",))),
        (-2.0, Judgement("score", "", ())),
        (0.0, Judgement("score", "", ())),
        (59.999999999, Judgement("score", "", ())),
        (60.0, Judgement("score", "", ("late_release",))),
        (299.999999999, Judgement("score", "", ("late_release",))),
        (300.0, Judgement("quarantine", "late_release", ("late_release",))),
        (86_400.0, Judgement("quarantine", "late_release", ("late_release",))),
    ],
)
def test_time_is_judged_by_ingestion_not_by_what_the_figure_says_of_itself(offset: float, expected: Judgement) -> None:
    for ts_event in (T0 - seconds(3_600), T0, T0 + seconds(3_600)):
        release = figure(ts_ingest=T0 + seconds(offset), ts_event=ts_event)

        assert judge(window(), release, RULES, farthest=0.8) == expected


def test_a_figure_that_nobody_scheduled_is_unscheduled() -> None:
    unknown = ReleaseWindow(CPI_JANUARY, CPI)

    assert judge(unknown, figure(), RULES, farthest=0.8) == Judgement("quarantine", "unscheduled", ("unconfirmed",))


@pytest.mark.parametrize("actual", [3.8, 2.0, -4.0, 19.0])
def test_a_figure_farther_from_consensus_than_any_before_is_an_outlier(actual: float) -> None:
    expected = Judgement("quarantine", "outlier", ("outlier",))

    assert judge(window(), figure(actual), RULES, farthest=0.8) == expected


@pytest.mark.parametrize("actual", [-5.1, 20.1])
def test_a_figure_outside_the_plausible_range_is_an_outlier_even_without_consensus(actual: float) -> None:
    unexpected = window(consensus=None, prior=None)

    assert judge(unexpected, figure(actual), RULES, farthest=None) == Judgement("quarantine", "outlier", ("outlier",))


def test_without_consensus_or_scale_any_plausible_figure_is_scored() -> None:
    assert judge(window(consensus=None), figure(19.0), RULES, farthest=0.8).verdict == "score"
    assert judge(window(), figure(19.0), RULES, farthest=None).verdict == "score"


def test_a_slip_is_named_before_an_outlier_and_before_lateness() -> None:
    slipped = figure(256_000.0, NFP_JANUARY, ts_ingest=T0 + seconds(400))

    judgement = judge(window(NFP, NFP_JANUARY, consensus=160.0), slipped, RULES, farthest=480.0)

    assert judgement == Judgement("quarantine", "unit_slip", ("unit_slip", "late_release"))


@pytest.mark.parametrize("kind", [ReleaseKind.FIRST, ReleaseKind.CORRECTION])
def test_a_correction_is_judged_like_a_first_figure(kind: ReleaseKind) -> None:
    assert judge(window(), figure(3.8, kind=kind), RULES, farthest=0.8).reason == "outlier"


@pytest.mark.parametrize(
    ("indicator", "actual", "consensus", "prior", "expected"),
    [
        (NFP, 256_000.0, 160.0, 227.0, True),
        (NFP, 256_000.0, None, None, True),
        (NFP, -256_000.0, 160.0, 227.0, True),
        (NFP, 0.256, 160.0, 227.0, True),
        (NFP, 256.0, 160.0, 227.0, False),
        (NFP, 0.0, 160.0, 227.0, False),
        (NFP, 9_999.0, 160.0, 227.0, False),
        (NFP, -20_537.0, -22_000.0, -881.0, False),
        (CPI, 0.029, 2.9, 2.9, True),
        (CPI, 0.029, None, 2.9, True),
        (CPI, 0.029, None, None, True),
        (CPI, 290.0, 2.9, 2.9, True),
        (CPI, 2.9, 2.9, 2.9, False),
        (CPI, 2.95, 2.9, 2.9, False),
        (CPI, -0.4, 0.1, 0.2, False),
        (CPI, 0.0, 0.1, 0.2, False),
        (CPI, 0.1, 0.1, 10.0, False),
        (CPI, 1e300, 2.9, 2.9, False),
    ],
)
def test_a_slip_of_unit_is_a_figure_that_only_another_unit_makes_sense_of(
    indicator: Indicator, actual: float, consensus: float | None, prior: float | None, *, expected: bool
) -> None:
    assert is_unit_slip(actual, indicator, Expectation(consensus, prior)) is expected
