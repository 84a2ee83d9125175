"""Ten looks a second after a figure, none of them late."""

import numpy as np

from signald.core.board import empty_rows
from signald.core.movers.sampler import EVERY_NS, Sampler
from signald.model.time import NS_PER_S
from tests.support.calendar import T0
from tests.support.rows import live_rows


def run(sampler: Sampler, *, late: dict[int, int] | None = None) -> list[int]:
    """Fire all that is due, some of it late; returns when each look was."""
    while (due := sampler.next_ts()) is not None:
        sampler.fire(live_rows(1), due + (late or {}).get(due - T0, 0))
    return [one.ts - T0 for one in sampler.seen]


def test_books_are_looked_at_ten_times_a_second_for_so_long() -> None:
    sampler = Sampler(1, for_ns=2 * NS_PER_S)
    sampler.begin(T0)

    assert run(sampler) == [EVERY_NS * n for n in range(1, 21)]


def test_a_late_look_is_a_hole_and_nobody_waits_for_it() -> None:
    sampler = Sampler(1, for_ns=NS_PER_S)
    sampler.begin(T0)

    times = run(sampler, late={3 * EVERY_NS: 450_000_000})

    assert times == [EVERY_NS * n for n in (1, 2, 7, 7, 8, 9, 10)]
    assert np.isnan(sampler.seen[2].mid).all()


def test_who_comes_hours_late_ends_it_at_once() -> None:
    sampler = Sampler(1, for_ns=NS_PER_S)
    sampler.begin(T0)

    sampler.fire(live_rows(1), T0 + 3_600 * NS_PER_S)

    assert sampler.next_ts() is None


def test_what_cannot_be_believed_is_not_a_number() -> None:
    sampler = Sampler(1, for_ns=NS_PER_S)
    sampler.begin(T0)

    sampler.fire(empty_rows(1), T0 + EVERY_NS)
    sampler.fire(live_rows(1, flags=8), T0 + 2 * EVERY_NS)
    sampler.fire(live_rows(1), T0 + 3 * EVERY_NS)

    assert [bool(np.isnan(one.mid[0])) for one in sampler.seen] == [True, True, False]


def test_without_a_length_nothing_is_looked_at() -> None:
    sampler = Sampler(1, for_ns=0)
    sampler.begin(T0)

    assert sampler.next_ts() is None
