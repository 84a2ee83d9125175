"""A history of components beside a calendar: planted bridges are recovered, and nothing is known before its time."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from signald.errors import ConfigError, ImportFormatError
from signald.model.nowcast import Bridge
from signald.research.bridge import (
    as_known,
    bridge_to,
    estimate_bridges,
    lay_out,
    read_history,
    sentences,
    walk,
)
from tests.support.nowcasts import INDICATORS, PPI_FEES, SHELTER, TARGET, Planted, months, planted_past

HEAD = "ts_known,release_id,component,actual\n"


def full(past: Planted) -> Bridge:
    model = estimate_bridges(past.history, past.rows, INDICATORS)
    return next(one for one in model.bridges if one.regressors == (SHELTER, PPI_FEES))


def test_the_planted_bridge_is_recovered_within_its_standard_errors() -> None:
    found = full(planted_past(120, seed=1))

    assert found.target == TARGET
    assert (found.n, found.first_period) == (120, months(120)[0])
    for planted, estimated, error in zip((0.05, 0.45, 0.15), (found.constant, *found.beta), found.errors, strict=True):
        assert abs(estimated - planted) < 3.5 * error
        assert error < 0.05
    assert found.past_error == pytest.approx(0.04, rel=0.25)  # the noise that was planted
    assert found.consensus_error is not None
    assert found.past_error < found.consensus_error
    assert np.allclose(np.sqrt(np.diag(np.array(found.covariance))), found.errors, rtol=1e-5)
    assert found.right > found.beyond / 2 > 5


def test_a_report_alone_leads_to_a_bridge_of_its_own_that_errs_more() -> None:
    past = planted_past(120, seed=2)

    model = estimate_bridges(past.history, past.rows, INDICATORS)

    assert [one.regressors for one in model.bridges] == [(SHELTER,), (PPI_FEES,), (SHELTER, PPI_FEES)]
    assert model.bridges[2].past_error == min(one.past_error for one in model.bridges)
    assert list(model.silent) == ["us.core_pce.yoy"]
    told = list(sentences(model))
    assert any("us.core_pce.yoy: nothing can be said" in line for line in told)


def test_what_came_after_a_moment_changes_no_nowcast_before_it() -> None:
    past = planted_past(80, seed=3)
    rows = [row for row in past.rows if row.actual is not None]
    design = lay_out(TARGET, (SHELTER, PPI_FEES), past.history, rows)
    cut = design.complete[60]
    known = as_known(past.history, cut + 1)
    then = [row for row in rows if row.ts_scheduled < cut]
    spoiled = [row if row.ts_scheduled < cut else msgspec.structs.replace(row, actual=9.9) for row in rows]

    whole, early = walk(design, least=13), walk(lay_out(TARGET, (SHELTER, PPI_FEES), known, then), least=13)
    other = walk(lay_out(TARGET, (SHELTER, PPI_FEES), past.history, spoiled), least=13)

    assert whole.nowcast[: len(early.nowcast)].tolist() == early.nowcast.tolist()
    assert len(early.nowcast) == 60 - 13
    assert other.nowcast[: len(early.nowcast) + 1].tolist() == whole.nowcast[: len(early.nowcast) + 1].tolist()


def test_components_count_as_they_stood_before_the_figure_they_lead_to() -> None:
    past = planted_past(60, seed=4)
    period = months(60)[30]
    due = next(row.ts_scheduled for row in past.rows if row.period == period and row.indicator == TARGET)
    words = past.history.known[SHELTER, period]
    restated = {**past.history.known, (SHELTER, period): [*words, (due - 1, 0.77), (due, 0.99)]}

    design = lay_out(TARGET, (SHELTER, PPI_FEES), past.history._replace(known=restated), past.rows)

    assert design.first[30, 0] == words[0][1]
    assert design.last[30, 0] == 0.77


@pytest.mark.parametrize("count", [0, 5, 21])
def test_too_short_a_past_is_said_to_be(count: int) -> None:
    past = planted_past(count, seed=5)

    model = estimate_bridges(past.history, past.rows, INDICATORS)

    assert not any(one.regressors == (SHELTER, PPI_FEES) for one in model.bridges)
    if count < 21:
        why = model.silent[TARGET]
        assert ("periods have all of" in why) if count else ("no component" in why)


def test_components_that_move_as_one_are_said_to() -> None:
    past = planted_past(60, seed=6)
    twin = {
        (PPI_FEES if name == PPI_FEES else name, period): (
            past.history.known[SHELTER, period] if name == PPI_FEES else words
        )
        for (name, period), words in past.history.known.items()
    }

    found = bridge_to(TARGET, (SHELTER, PPI_FEES), past.history._replace(known=twin), past.rows)

    assert isinstance(found, str)
    assert "independently" in found


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    past = planted_past(60, seed=7)
    file = past.write_history(tmp_path / "components.csv")

    first, second = (estimate_bridges(read_history(file, INDICATORS), past.rows, INDICATORS) for _ in range(2))

    assert first == second
    assert first.bridges == estimate_bridges(past.history, past.rows, INDICATORS).bridges
    assert first.history == "components.csv"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("2025-01-15T13:30:00Z,us.cpi.mom:2024-12,shelter", "not enough values"),
        ("2025-01-15T13:30:00Z,us.nfp:2024-12,shelter,0.3", "no release of us.cpi or us.ppi"),
        ("2025-01-15T13:30:00Z,us.cpi.mom,shelter,0.3", "no release of"),
        ("2025-01-15T13:30:00Z,us.cpi.mom:2024-12,,0.3", "has no name"),
        ("2025-01-15T13:30:00Z,us.cpi.mom:2024-12,shelter,nan", "no change in percent"),
        ("2025-01-15T13:30:00Z,us.cpi.mom:2024-12,shelter,x", "could not convert"),
        ("yesterday,us.cpi.mom:2024-12,shelter,0.3", "yesterday"),
    ],
)
def test_a_line_that_is_none_is_refused_with_its_number(tmp_path: Path, line: str, problem: str) -> None:
    file = tmp_path / "components.csv"
    file.write_text(HEAD + line + "\n")

    with pytest.raises(ImportFormatError, match=problem) as caught:
        read_history(file, INDICATORS)

    assert "2" in str(caught.value)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n")

    with pytest.raises(ConfigError):
        read_history(tmp_path / "none.csv", INDICATORS)
    with pytest.raises(ImportFormatError, match="the header is not"):
        read_history(tmp_path / "other.csv", INDICATORS)
