import pytest

from signald.errors import ConfigError
from signald.model.macro import ReleaseKind
from signald.simulate.calendar import load_quarter
from signald.simulate.scenarios import FAULTS, PLAIN, Words, scenario_called

RELEASES = {release.release_id: release for release in load_quarter().releases}


def test_without_a_fault_a_figure_is_said_once_as_it_is() -> None:
    cpi = RELEASES["us.cpi.yoy:2025-01"]

    assert PLAIN.at_first(cpi) == Words("demo", ReleaseKind.FIRST, 3.0)
    assert PLAIN.afterwards(cpi) is None
    assert PLAIN.shows == []


def test_every_fault_is_of_a_release_that_is_played() -> None:
    faulty = [release for release in RELEASES.values() if FAULTS.fault_of(release) is not None]

    assert [FAULTS.fault_of(release) for release in faulty] == [
        "correction",
        "retraction",
        "missed",
        "quarantined",
        "conflicting_sources",
    ]
    assert FAULTS.shows == sorted(
        ["correction", "retraction", "missed", "quarantined", "conflicting_sources", "partial_bundle"]
    )


@pytest.mark.parametrize(
    ("name", "first", "then"),
    [
        ("us.ppi.yoy:2024-12", Words("demo", ReleaseKind.FIRST, 3.3), Words("demo", ReleaseKind.CORRECTION, 3.4)),
        ("us.cpi.yoy:2024-12", Words("demo", ReleaseKind.FIRST, 2.9), Words("demo", ReleaseKind.RETRACTION, None)),
        ("us.nfp:2025-01", Words("demo", ReleaseKind.FIRST, 143_000.0), Words("demo", ReleaseKind.FIRST, 143.0)),
        ("us.cpi.yoy:2025-01", Words("demo", ReleaseKind.FIRST, 3.0), Words("wire", ReleaseKind.FIRST, 3.1)),
    ],
)
def test_a_faulty_figure_is_said_and_then_something_else(name: str, first: Words, then: Words) -> None:
    assert (FAULTS.at_first(RELEASES[name]), FAULTS.afterwards(RELEASES[name])) == (first, then)


def test_a_missed_figure_never_comes() -> None:
    missed = RELEASES["us.core_pce.yoy:2024-12"]

    assert FAULTS.comes([missed]) == []
    assert FAULTS.afterwards(missed) is None


def test_a_scenario_is_known_by_its_name() -> None:
    assert scenario_called("faults") is FAULTS
    with pytest.raises(ConfigError, match="q1-2025"):
        scenario_called("chaos")
