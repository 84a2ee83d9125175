"""A mailbox is bounded, does what it says when full, and counts what it dropped."""

import asyncio

import pytest

from signald.runtime.mailbox import Mailbox, Overflow


async def test_items_come_out_in_the_order_they_went_in() -> None:
    mailbox = Mailbox[str](capacity=3, when_full=Overflow.WAIT)
    for item in "abc":
        await mailbox.put(item)

    taken = [await mailbox.get() for _ in range(3)]

    assert taken == ["a", "b", "c"]
    assert mailbox.take() is None


async def test_equal_items_are_not_merged() -> None:
    mailbox = Mailbox[str](capacity=3, when_full=Overflow.DROP_OLDEST)
    mailbox.offer("a")
    mailbox.offer("a")

    assert len(mailbox) == 2


async def test_a_full_mailbox_that_waits_loses_nothing() -> None:
    mailbox = Mailbox[int](capacity=1, when_full=Overflow.WAIT)
    received: list[int] = []

    async def send() -> None:
        for number in range(5):
            await mailbox.put(number)

    async with asyncio.TaskGroup() as group:
        group.create_task(send())
        while len(received) < 5:
            received.append(await mailbox.get())

    assert received == [0, 1, 2, 3, 4]
    assert mailbox.dropped == 0


async def test_offering_to_a_full_mailbox_that_waits_is_refused() -> None:
    mailbox = Mailbox[int](capacity=1, when_full=Overflow.WAIT)
    mailbox.offer(1)

    assert not mailbox.offer(2)
    assert await mailbox.get() == 1


async def test_drop_oldest_makes_room_and_counts() -> None:
    mailbox = Mailbox[int](capacity=2, when_full=Overflow.DROP_OLDEST)
    for number in range(5):
        await mailbox.put(number)

    assert [mailbox.take(), mailbox.take(), mailbox.take()] == [3, 4, None]
    assert mailbox.dropped == 3


async def test_keep_latest_replaces_in_place_and_counts() -> None:
    mailbox = Mailbox[tuple[str, int]](capacity=2, when_full=Overflow.KEEP_LATEST, key=lambda item: item[0])
    for item in [("a", 1), ("b", 1), ("a", 2)]:
        mailbox.offer(item)

    assert [mailbox.take(), mailbox.take()] == [("a", 2), ("b", 1)]
    assert mailbox.dropped == 1


async def test_keep_latest_pushes_the_oldest_key_out_when_full() -> None:
    mailbox = Mailbox[tuple[str, int]](capacity=2, when_full=Overflow.KEEP_LATEST, key=lambda item: item[0])
    for item in [("a", 1), ("b", 1), ("c", 1)]:
        mailbox.offer(item)

    assert [mailbox.take(), mailbox.take()] == [("b", 1), ("c", 1)]
    assert mailbox.dropped == 1


async def test_a_waiting_reader_is_woken() -> None:
    mailbox = Mailbox[int](capacity=2, when_full=Overflow.WAIT)

    async with asyncio.TaskGroup() as group:
        reader = group.create_task(mailbox.get())
        group.create_task(mailbox.put(7))

    assert reader.result() == 7


def test_a_capacity_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="capacity"):
        Mailbox[int](capacity=0, when_full=Overflow.WAIT)


def test_a_key_belongs_to_keep_latest_only() -> None:
    with pytest.raises(ValueError, match="KEEP_LATEST"):
        Mailbox[int](capacity=1, when_full=Overflow.KEEP_LATEST)
