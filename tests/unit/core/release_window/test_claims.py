"""What several sources say is settled the same whoever is heard first."""

from itertools import permutations

import pytest

from signald.core.release_window import Claims
from signald.model.macro import Release, ReleaseKind
from tests.support.calendar import figure

ORDER = ("bls", "wire")
FIRST, CORRECTION, RETRACTION = ReleaseKind.FIRST, ReleaseKind.CORRECTION, ReleaseKind.RETRACTION


def say(source: str, actual: float | None, kind: ReleaseKind = FIRST, *, sound: bool = True) -> tuple[Release, bool]:
    return figure(actual, source=source, kind=kind), sound


def claims(*words: tuple[Release, bool]) -> Claims:
    made = Claims()
    for release, sound in words:
        if release.kind is RETRACTION:
            made.retract(release)
        else:
            made.take(release, sound=sound, flags=())
    return made


def counted(made: Claims, *, quorum: int = 1) -> float | None:
    settled = made.settle(ORDER, quorum=quorum)
    return None if settled is None else settled.claim.release.actual


def test_nothing_said_settles_nothing() -> None:
    assert counted(claims()) is None


def test_one_source_is_enough_for_what_is_sound() -> None:
    assert counted(claims(say("other", 3.0))) == 3.0


def test_two_sources_must_agree_on_what_is_surprising() -> None:
    assert counted(claims(say("bls", 4.4, sound=False))) is None
    assert counted(claims(say("bls", 4.4, sound=False), say("wire", 4.5, sound=False))) is None
    assert counted(claims(say("bls", 4.4, sound=False), say("wire", 4.4, sound=False))) == 4.4


def test_a_source_does_not_agree_with_itself() -> None:
    assert counted(claims(say("bls", 4.4, sound=False), say("bls", 4.4, sound=False))) is None


def test_where_two_must_agree_one_is_not_enough() -> None:
    assert counted(claims(say("bls", 3.0)), quorum=2) is None
    assert counted(claims(say("bls", 3.0), say("wire", 3.1)), quorum=2) is None
    assert counted(claims(say("bls", 3.0), say("wire", 3.1), say("other", 3.1)), quorum=2) == 3.1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([say("bls", 3.0), say("wire", 3.1)], 3.0),
        ([say("wire", 3.1), say("other", 3.0)], 3.1),
        ([say("alpha", 3.1), say("beta", 3.0)], 3.1),
        ([say("bls", 3.0), say("wire", 3.1), say("other", 3.1)], 3.1),
        ([say("bls", 3.0), say("wire", 3.1), say("other", 3.2)], 3.0),
        ([say("bls", 4.4, sound=False), say("wire", 3.1)], 3.1),
        ([say("bls", 4.4, sound=False), say("other", 4.4, sound=False), say("wire", 3.1)], 4.4),
        ([say("bls", 3.0), say("wire", 3.1, CORRECTION)], 3.1),
        ([say("bls", 3.0), say("other", 3.0), say("wire", 3.1, CORRECTION)], 3.1),
        ([say("bls", 3.2, CORRECTION), say("wire", 3.1, CORRECTION)], 3.2),
    ],
)
def test_majority_then_trust_decides_whatever_the_order(words: list[tuple[Release, bool]], expected: float) -> None:
    for order in permutations(words):
        assert counted(claims(*order)) == expected


def test_who_contradicts_is_named() -> None:
    made = claims(say("bls", 3.0), say("wire", 3.1), say("other", 3.0), say("alpha", 4.4, sound=False))
    settled = made.settle(ORDER, quorum=1)

    assert settled is not None
    assert settled.supporters == 2
    assert made.dissent(settled) == {"alpha": 4.4, "wire": 3.1}


def test_a_source_that_has_not_heard_of_the_correction_does_not_contradict_it() -> None:
    made = claims(say("bls", 3.0), say("wire", 3.0), say("bls", 3.1, CORRECTION))
    settled = made.settle(ORDER, quorum=1)

    assert settled is not None
    assert settled.edition == 1
    assert made.dissent(settled) == {}


def test_the_newer_of_two_corrections_counts_while_others_lag() -> None:
    made = claims(
        say("bls", 3.0),
        say("wire", 3.0),
        say("bls", 3.1, CORRECTION),
        say("wire", 3.1, CORRECTION),
        say("wire", 3.2, CORRECTION),
    )

    assert counted(made) == 3.2


def test_a_source_that_gives_two_first_figures_contradicts_itself() -> None:
    made = claims(say("bls", 3.0), say("bls", 3.1))
    settled = made.settle(ORDER, quorum=1)

    assert settled is not None
    assert settled.claim.release.actual == 3.0
    assert made.dissent(settled) == {"bls": 3.1}


def test_a_surprising_correction_does_not_unseat_what_its_source_said_before() -> None:
    assert counted(claims(say("bls", 3.0), say("bls", 4.4, CORRECTION, sound=False))) == 3.0


def test_what_a_source_took_back_counts_for_nobody() -> None:
    assert counted(claims(say("bls", 3.0), say("wire", 3.0), say("bls", None, RETRACTION))) is None
    assert counted(claims(say("bls", 3.0), say("bls", None, RETRACTION), say("wire", 3.0))) is None


def test_what_others_say_stands_when_a_source_takes_back_something_else() -> None:
    assert counted(claims(say("bls", 3.0), say("wire", 3.1), say("bls", None, RETRACTION))) == 3.1


def test_taking_back_a_correction_takes_back_the_first_figure_too() -> None:
    made = claims(say("bls", 3.0), say("wire", 3.0), say("bls", 3.1, CORRECTION), say("bls", None, RETRACTION))

    assert counted(made) is None


def test_a_retraction_may_name_the_figure() -> None:
    assert counted(claims(say("bls", 3.0), say("wire", 3.1), say("hand", 3.0, RETRACTION))) == 3.1


def test_one_who_said_nothing_takes_back_all_that_is_said() -> None:
    assert counted(claims(say("bls", 3.0), say("wire", 3.1), say("hand", None, RETRACTION))) is None


def test_a_retraction_of_nothing_says_so() -> None:
    assert not Claims().retract(figure(None, kind=RETRACTION))


def test_the_source_that_took_a_figure_back_may_give_it_again() -> None:
    made = claims(say("bls", 3.0), say("wire", 3.0), say("bls", None, RETRACTION), say("bls", 3.0))

    assert counted(made) == 3.0


def test_another_figure_may_come_after_a_retraction() -> None:
    made = claims(say("bls", 3.0), say("wire", 3.0), say("bls", None, RETRACTION), say("wire", 3.1, CORRECTION))

    assert counted(made) == 3.1
