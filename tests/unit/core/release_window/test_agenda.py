"""Moments come out in order; those of a plan that was replaced never do."""

from signald.core.release_window import Agenda


def drain(agenda: Agenda) -> list[tuple[int, str, str]]:
    out: list[tuple[int, str, str]] = []
    while agenda.next_ts() is not None:
        due = agenda.pop()
        out.append((due.ts, due.moment, due.release_id))
    return out


def test_moments_come_by_time_then_kind_then_release() -> None:
    agenda = Agenda()

    agenda.plan("b", {"close": 9, "arm": 5, "missed": 7})
    agenda.plan("a", {"missed": 7, "close": 7, "arm": 5})

    assert drain(agenda) == [
        (5, "arm", "a"),
        (5, "arm", "b"),
        (7, "missed", "a"),
        (7, "missed", "b"),
        (7, "close", "a"),
        (9, "close", "b"),
    ]


def test_a_new_plan_voids_the_old_one_even_if_it_is_the_same() -> None:
    agenda = Agenda()
    agenda.plan("a", {"arm": 5, "close": 9})

    agenda.plan("a", {"arm": 6, "close": 8})
    agenda.plan("a", {"arm": 5, "close": 9})

    assert drain(agenda) == [(5, "arm", "a"), (9, "close", "a")]


def test_a_moment_can_be_added_to_a_plan_and_goes_with_it() -> None:
    agenda = Agenda()
    agenda.plan("a", {"close": 9})

    agenda.add("a", "final", 3)

    assert agenda.next_ts() == 3
    agenda.drop("a")
    assert agenda.next_ts() is None
    agenda.drop("a")


def test_moments_that_are_put_off_come_later_and_the_others_at_their_time() -> None:
    agenda = Agenda()
    agenda.plan("a", {"arm": 5, "missed": 7, "close": 9})
    agenda.plan("b", {"missed": 20})
    agenda.plan("c", {"missed": 6})
    agenda.drop("c")

    agenda.postpone({"missed"}, 12)

    assert drain(agenda) == [(5, "arm", "a"), (9, "close", "a"), (12, "missed", "a"), (20, "missed", "b")]


def test_a_release_that_is_moved_to_and_fro_fills_no_memory() -> None:
    agenda = Agenda()

    for round_ in range(10_000):
        agenda.plan("a", {"arm": 1 + round_ % 2, "missed": 5, "close": 9})

    assert len(agenda) < 200
    assert drain(agenda) == [(2, "arm", "a"), (5, "missed", "a"), (9, "close", "a")]


def test_a_moment_that_is_put_off_again_and_again_is_noted_once_and_comes_at_the_first_and_the_last() -> None:
    agenda = Agenda()
    agenda.plan("a", {"close": 900})
    before = len(agenda)

    for ts in range(30, 130):
        agenda.extend("a", "confirm", ts)

    assert len(agenda) == before + 1
    assert drain(agenda) == [(30, "confirm", "a"), (129, "confirm", "a"), (900, "close", "a")]


def test_a_new_plan_ends_what_was_put_off() -> None:
    agenda = Agenda()
    agenda.plan("a", {"close": 9})
    agenda.extend("a", "confirm", 3)
    agenda.extend("a", "confirm", 5)

    agenda.plan("a", {"close": 9})
    agenda.extend("a", "confirm", 4)

    assert drain(agenda) == [(4, "confirm", "a"), (9, "close", "a")]
