import math

import numpy as np
import pytest

from signald.core.scoring.marks import StudentLaw, crps_mark, log_mark
from signald.research.scores import Law, crps, log_score


@pytest.mark.parametrize("df", [3.0, 4.0, 11.0, math.inf])
@pytest.mark.parametrize("move", [-250.0, -12.0, 0.0, 80.0])
def test_marks_are_the_scores_of_research(df: float, move: float) -> None:
    law = Law(np.array([-20.0]), np.array([45.0]), np.array([df]))

    assert log_mark(StudentLaw(-20.0, 45.0, df), move) == pytest.approx(float(log_score(law, np.array([move]))[0]))
    assert crps_mark(StudentLaw(-20.0, 45.0, df), move) == pytest.approx(float(crps(law, np.array([move]))[0]))


def test_crps_of_the_standard_normal_law_at_zero() -> None:
    assert crps_mark(StudentLaw(0.0, 1.0, math.inf), 0.0) == pytest.approx(0.2336949772510913, abs=1e-11)
