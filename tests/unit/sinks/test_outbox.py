"""What is sent next, what comes back, and what is given up."""

from collections.abc import Sequence

from signald.sinks.outbox import Item, Outbox
from tests.support.redis_reading import document


def outbox(*, window: int = 10, capacity: int = 10, tail_length: int = 10) -> Outbox:
    built = Outbox(window=window, capacity=capacity, tail_length=tail_length)
    built.connect([])
    return built


def add(box: Outbox, *numbers: int, test: bool = False) -> list[tuple[int, int | None, bool]]:
    """Add the documents one by one; what may go goes at once, as it does live."""
    gone: list[tuple[int, int | None, bool]] = []
    for number in numbers:
        box.add(Item(document(number, test=test), queued=number))
        gone += take_all(box)
    return gone


def take_all(box: Outbox) -> list[tuple[int, int | None, bool]]:
    """Number, number before it, and lateness of everything that may go."""
    taken: list[tuple[int, int | None, bool]] = []
    while (found := box.take()) is not None:
        (item,), after = found
        taken.append((int(item.document.id, 16), int(after, 16) if after else None, item.is_late))
    return taken


def numbers_of(items: Sequence[Item]) -> list[int]:
    return [int(item.document.id, 16) for item in items]


def test_each_in_flight_names_the_one_before_it() -> None:
    box = outbox()

    assert add(box, 1, 2, 3) == [(1, None, False), (2, 1, False), (3, 2, False)]


def test_what_waits_goes_together_as_far_as_the_window_goes_and_never_tests_with_others() -> None:
    box = outbox(window=6)
    documents = [document(1), document(2), document(3), document(4, test=True), document(5), document(6), document(7)]
    box.add(*[Item(one, queued=1) for one in documents])

    calls = [box.take(most=2), box.take(most=2), box.take(most=2), box.take(most=2), box.take(most=2)]

    together = [call and (numbers_of(call[0]), int(call[1] or "0", 16)) for call in calls]
    assert together == [([1, 2], 0), ([3], 2), ([4], 3), ([5, 6], 3), None]


def test_nothing_in_flight_means_nothing_to_wait_for() -> None:
    box = outbox()
    add(box, 1)
    box.confirm()

    assert add(box, 2) == [(2, None, False)]


def test_a_test_is_nobodys_predecessor() -> None:
    box = outbox()

    gone = [*add(box, 1), *add(box, 2, test=True), *add(box, 3)]

    assert gone == [(1, None, False), (2, 1, False), (3, 1, False)]


def test_what_came_in_one_instant_is_in_time_as_far_as_the_window_goes() -> None:
    box = outbox(window=3)
    add(box, 1)

    items = [Item(document(number), queued=number) for number in (2, 3, 4)]
    box.add(*items)

    assert [item.is_late for item in items] == [False, False, True]


def test_beyond_the_window_documents_wait_and_are_late() -> None:
    box = outbox(window=2)

    assert add(box, 1, 2, 3) == [(1, None, False), (2, 1, False)]

    box.confirm()
    assert take_all(box) == [(3, 2, True)]


def test_a_refusal_holds_the_line_until_all_came_back() -> None:
    box = outbox()
    add(box, 1, 2)

    box.refuse()
    assert add(box, 3) == []
    assert (box.has_come_back(), box.is_held_up) == (False, True)

    box.refuse()
    assert (take_all(box), box.has_come_back()) == ([], True)

    box.reopen()
    assert take_all(box) == [(1, None, True), (2, 1, True), (3, 2, True)]


def test_a_lost_connection_brings_everything_back_in_order() -> None:
    box = outbox()
    add(box, 1, 2, 3)
    box.confirm()
    box.refuse()

    box.disconnect()
    assert add(box, 4) == []

    box.connect([])
    assert take_all(box) == [(2, None, True), (3, 2, True), (4, 3, True)]


def test_what_the_server_lacks_goes_first() -> None:
    box = outbox()
    add(box, 1, 2)
    box.confirm()
    box.confirm()
    box.disconnect()
    add(box, 3)

    box.connect([document(2)])

    assert box.tail() == (document(1),)
    assert take_all(box) == [(2, None, True), (3, 2, True)]


def test_what_the_server_lacks_goes_after_what_was_refused_before_it() -> None:
    box = outbox()
    add(box, 1, 2)
    box.refuse()  # a replica writes 1 meanwhile, so that 2 has what must come before it
    box.confirm()
    box.disconnect()

    box.connect([document(2)])  # and a failover loses both

    assert [number for number, _, _ in take_all(box)] == [1, 2]


def test_a_test_that_cannot_go_now_is_given_up() -> None:
    box = outbox()
    add(box, 1, test=True)
    box.disconnect()
    add(box, 2, test=True)
    box.connect([])

    assert take_all(box) == []
    assert (len(box), box.dropped) == (0, 2)


def test_a_test_that_is_refused_holds_nothing_up() -> None:
    box = outbox()
    add(box, 1, test=True)
    add(box, 2)

    box.refuse()

    assert add(box, 3) == [(3, 2, False)]
    assert (box.dropped, box.is_held_up) == (1, False)


def test_when_too_many_wait_the_oldest_is_given_up() -> None:
    box = Outbox(window=1, capacity=2, tail_length=1)
    add(box, 1, 2, 3)
    box.connect([])

    assert box.dropped == 1
    assert take_all(box) == [(2, None, True)]


def test_only_the_last_confirmed_are_remembered() -> None:
    box = outbox(tail_length=2)
    box.remember([document(1), document(2)])
    add(box, 3)
    box.confirm()

    assert box.tail() == (document(2), document(3))


def test_the_oldest_is_the_one_longest_on_its_way() -> None:
    box = outbox(window=1)
    assert box.oldest() is None

    add(box, 1, 2)

    oldest = box.oldest()
    assert oldest is not None
    assert oldest.queued == 1


def test_while_halted_only_the_word_of_it_goes_and_the_rest_waits_in_order() -> None:
    box = outbox()
    for number, kind in ((1, "release"), (2, "halt"), (3, "release")):
        box.add(Item(document(number, kind=kind), queued=number))

    halted = [box.take(is_halted=True), box.take(is_halted=True)]
    resumed = take_all(box)

    assert [found and numbers_of(found[0]) for found in halted] == [[2], None]
    assert [number for number, _, _ in resumed] == [1, 3]


def test_what_waited_for_the_end_of_a_halt_is_late() -> None:
    box = outbox()
    for number, kind in ((1, "release"), (2, "halt")):
        box.add(Item(document(number, kind=kind), queued=number))

    halted = [box.take(is_halted=True), box.take(is_halted=True)]

    assert [found and numbers_of(found[0]) for found in halted] == [[2], None]
    assert take_all(box) == [(1, 2, True)]


def test_a_test_does_not_wait_for_the_end_of_a_halt() -> None:
    box = outbox()
    box.add(Item(document(1, test=True), queued=1))

    assert box.take(is_halted=True) is None
    assert (take_all(box), len(box), box.dropped) == ([], 0, 1)
