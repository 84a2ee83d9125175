from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signald.core.scoring import figure_text, plausible_figures
from signald.core.scoring.ladder import MOST, REACH

ANYWHERE = (-1e9, 1e9)


def test_figures_are_those_the_agency_may_publish_within_four_standard_deviations() -> None:
    assert plausible_figures(2.9, sigma=0.08, step=0.1, bounds=ANYWHERE) == (2.6, 2.7, 2.8, 2.9, 3.0, 3.1, 3.2)


def test_a_consensus_between_two_steps_has_figures_on_either_side() -> None:
    assert plausible_figures(2.85, sigma=0.05, step=0.1, bounds=ANYWHERE) == (2.7, 2.8, 2.9, 3.0)


def test_a_figure_that_could_not_be_scored_is_not_among_them() -> None:
    assert plausible_figures(0.1, sigma=0.1, step=0.1, bounds=(0.0, 0.3)) == (0.0, 0.1, 0.2, 0.3)


def test_where_the_steps_are_many_every_fifth_is_taken_and_the_consensus_is_among_them() -> None:
    figures = plausible_figures(160.0, sigma=47.0, step=1.0, bounds=ANYWHERE)

    assert figures[0] == -25.0
    assert figures[-1] == 345.0
    assert 160.0 in figures
    assert {after - before for before, after in pairwise(figures)} == {5.0}


def test_no_figure_may_lie_within_reach() -> None:
    assert plausible_figures(2.85, sigma=0.001, step=0.1, bounds=ANYWHERE) == ()


@pytest.mark.parametrize(
    ("actual", "step", "text"),
    [
        *((2.9, 0.1, "2.9"), (3.0, 0.1, "3.0"), (-0.4, 0.1, "-0.4"), (256.0, 1.0, "256"), (4.5, 0.25, "4.50")),
        *((7.744, 0.001, "7.744"), (-0.05, 0.05, "-0.05"), (0.0, 0.1, "0.0")),
    ],
)
def test_a_figure_is_written_with_the_decimals_of_its_series(actual: float, step: float, text: str) -> None:
    assert figure_text(actual, step) == text


@given(
    st.floats(-500.0, 500.0),
    st.floats(0.01, 300.0),
    st.sampled_from([0.001, 0.01, 0.05, 0.1, 0.25, 1.0]),
    st.sampled_from([ANYWHERE, (-100.0, 100.0), (0.0, 20.0)]),
)
def test_figures_rise_on_steps_within_reach_and_bounds_and_have_different_texts(
    consensus: float, sigma: float, step: float, bounds: tuple[float, float]
) -> None:
    figures = plausible_figures(consensus, sigma=sigma, step=step, bounds=bounds)

    assert list(figures) == sorted({float(figure_text(one, step)) for one in figures})
    assert len(figures) <= MOST
    for one in figures:
        assert abs(one / step - round(one / step)) < 1e-4
        assert abs(one - consensus) <= REACH * sigma + 1e-6
        assert bounds[0] - 1e-9 <= one <= bounds[1] + 1e-9
