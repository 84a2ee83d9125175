"""What feed workers say comes to the stream of notices, but not while a release is awaited."""

import asyncio

from signald.live.letters import deliver, post
from signald.logs import Said
from signald.runtime.letterbox import Letterbox
from tests.support.recording import until

GAP = Said("warning", "book_discarded", 7, {"channel": "binance", "expected": 1, "reason": "sequence"})


async def test_what_is_handed_over_is_told_when_nothing_strikes() -> None:
    first, second = Letterbox(), Letterbox()
    told: list[Said] = []
    asked: list[bool] = []

    def is_striking() -> bool:
        asked.append(len(asked) < 2)
        return asked[-1]

    post(first, GAP)
    post(second, GAP._replace(ts=8))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(deliver([first, second], told.append, is_striking=is_striking))
        await until(lambda: len(asked) > 1)
        early = list(told)
        await until(lambda: len(told) > 1)
        task.cancel()

    assert (early, told) == ([], [GAP, GAP._replace(ts=8)])


async def test_details_that_are_too_long_are_cut() -> None:
    box = Letterbox()
    told: list[Said] = []
    long = {"problem": "p" * 5_000, "field": "f"}
    many = {f"field {number}": "f" * 100 for number in range(100)}

    post(box, GAP._replace(details=long))
    post(box, GAP._replace(details=many))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(deliver([box], told.append, is_striking=lambda: False))
        await until(lambda: len(told) > 1)
        task.cancel()

    assert [one.details for one in told] == [{"problem": "p" * 200, "field": "f"}, {}]
