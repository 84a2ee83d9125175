"""Messages between processes: in order, each once, and the newest where there are too many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signald.runtime.letterbox import Letterbox


@pytest.fixture
def memory() -> bytearray:
    return bytearray(Letterbox.SIZE)


def test_what_is_posted_is_taken_once_and_in_order(memory: bytearray) -> None:
    writer, reader = Letterbox(memory), Letterbox(memory)

    writer.post(b"first")
    writer.post(b"")
    first = list(reader.take())
    writer.post(b"third")

    assert (first, list(reader.take()), list(reader.take())) == ([b"first", b""], [b"third"], [])


def test_who_comes_after_a_reader_goes_on_where_it_ended(memory: bytearray) -> None:
    writer = Letterbox(memory)
    writer.post(b"read")
    list(Letterbox(memory).take())

    writer.post(b"not read")

    assert list(Letterbox(memory).take()) == [b"not read"]


def test_the_oldest_give_way_and_are_counted(memory: bytearray) -> None:
    writer, reader = Letterbox(memory), Letterbox(memory)

    for number in range(1_000):
        writer.post(b"%d" % number)
    taken = [int(one) for one in reader.take()]

    assert taken == list(range(1_000 - len(taken), 1_000))
    assert len(taken) + reader.lost == 1_000


def test_a_message_that_is_too_long_is_refused(memory: bytearray) -> None:
    writer = Letterbox(memory)

    with pytest.raises(ValueError, match="more than"):
        writer.post(bytes(writer.LONGEST + 1))

    assert list(writer.take()) == []


@given(st.lists(st.one_of(st.none(), st.binary(max_size=Letterbox.LONGEST)), max_size=300))
def test_whatever_the_turns_nothing_comes_twice_or_out_of_order(turns: list[bytes | None]) -> None:
    writer = reader = Letterbox()
    posted: list[bytes] = []
    taken: list[bytes] = []

    for turn in turns:
        if turn is None:
            taken += reader.take()
        else:
            writer.post(turn)
            posted.append(turn)
    taken += reader.take()

    assert len(taken) + reader.lost == len(posted)
    assert reader.lost or taken == posted
