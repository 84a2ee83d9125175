from collections.abc import Iterable

from signald.simulate.venues.faults import FrameFaults, HttpFaults


def through(faults: FrameFaults, frames: Iterable[str]) -> list[str]:
    return [sent for frame in frames for sent in faults(frame)]


def test_without_an_order_frames_pass() -> None:
    assert through(FrameFaults(), "abc") == ["a", "b", "c"]


def test_dropped_frames_are_lost_and_the_next_pass() -> None:
    faults = FrameFaults()

    faults.drop(2)

    assert through(faults, "abcd") == ["c", "d"]


def test_a_duplicated_frame_comes_twice() -> None:
    faults = FrameFaults()

    faults.duplicate()

    assert through(faults, "ab") == ["a", "a", "b"]


def test_a_reordered_frame_comes_after_the_next() -> None:
    faults = FrameFaults()

    faults.reorder()

    assert through(faults, "abc") == ["b", "a", "c"]


def test_delayed_frames_come_in_order_and_late() -> None:
    faults = FrameFaults()

    faults.delay(2)

    assert [faults(frame) for frame in "abcd"] == [[], [], ["a", "b", "c"], ["d"]]


def test_a_truncated_frame_ends_early() -> None:
    faults = FrameFaults()

    faults.truncate(keep=0.5)

    assert through(faults, ["0123456789", "x"]) == ["01234", "x"]


def test_a_replaced_frame_is_what_was_made_of_it() -> None:
    faults = FrameFaults()

    faults.replace(str.upper)

    assert through(faults, "ab") == ["A", "b"]


def test_orders_queue_up() -> None:
    faults = FrameFaults()

    faults.drop()
    faults.duplicate()

    assert through(faults, "abc") == ["b", "b", "c"]


def test_refusals_are_for_so_many_requests() -> None:
    faults = HttpFaults()

    faults.refuse(418, retry_after_s=7, times=2)

    assert [faults.next_refusal() for _ in range(3)] == [(418, 7), (418, 7), None]
