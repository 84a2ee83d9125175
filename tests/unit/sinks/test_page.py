"""Numbers that one process writes are read by another, and nobody sees half of one."""

import pytest

from signald.sinks.page import Key, NumberPage, Sample

FRAMES = Key("signald_frames_total", "counter", "Frames.", (("venue", "binance"),))
UP = Key("signald_redis_up", "gauge", "Whether it is.")


def test_what_is_written_is_read_through_the_same_memory() -> None:
    memory = bytearray(NumberPage.SIZE)
    writer, reader = NumberPage(memory), NumberPage(memory)

    writer.put(FRAMES, 7)
    writer.put(UP, 1)
    writer.put(FRAMES, 8)

    assert list(reader.read()) == [Sample(FRAMES, 8.0), Sample(UP, 1.0)]


def test_whoever_begins_anew_goes_on_in_the_rows_that_are_there() -> None:
    memory = bytearray(NumberPage.SIZE)
    NumberPage(memory).put(UP, 1)

    NumberPage(memory).put(UP, 0)

    assert list(NumberPage(memory).read()) == [Sample(UP, 0.0)]


def test_a_page_that_was_cleared_tells_nothing() -> None:
    page = NumberPage()
    page.put(FRAMES, 7)

    page.clear()
    page.put(UP, 1)

    assert list(page.read()) == [Sample(UP, 1.0)]


@pytest.mark.parametrize(
    "key", [Key("signald_" + "x" * 600, "gauge", ""), Key("y", "gauge", "", (("label", "z" * 600),))]
)
def test_what_does_not_fit_is_counted_and_costs_nothing_else(key: Key) -> None:
    page = NumberPage()

    page.put(key, 1)
    page.put(key, 2)
    page.put(UP, 3)

    assert (page.dropped, list(page.read())) == (1, [Sample(UP, 3.0)])


def test_a_full_page_takes_no_more_numbers() -> None:
    page = NumberPage()

    for number in range(600):
        page.put(Key("signald_x", "gauge", "", (("n", str(number)),)), number)

    assert page.dropped == 600 - len(list(page.read())) > 0
