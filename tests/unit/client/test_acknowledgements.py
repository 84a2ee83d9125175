"""What a desk has dealt with reaches the server, also where the server is lost on the way."""

import asyncio

from signald.client.acknowledgements import Acknowledgements
from signald.errors import SinkError
from signald.transports.redis import Reply


class Link:
    """A connection that fails as often as it is told to, and keeps what was sent on it."""

    def __init__(self, *, failures: int = 0) -> None:
        self.connected = asyncio.Event()
        self.connected.set()
        self.failures = failures
        self.sent: list[tuple[object, ...]] = []

    async def call(self, *command: object) -> Reply:
        if self.failures:
            self.failures -= 1
            msg = "is away"
            raise SinkError(msg)
        self.sent.append(command)
        return 1


def on(link: Link) -> Acknowledgements:
    return Acknowledgements(link, key="stream", group="desk")  # pyright: ignore[reportArgumentType] - is all that is used


async def test_what_waits_goes_out_together_and_waits_no_more() -> None:
    link = Link()
    acks = on(link)
    for entry in ("1-0", "2-0"):
        acks.add(entry)
    assert "1-0" in acks

    async with asyncio.TaskGroup() as group:
        sending = group.create_task(acks.run())
        assert await acks.flush(5.0)
        sending.cancel()

    assert link.sent == [("XACK", "stream", "desk", "1-0", "2-0")]
    assert "1-0" not in acks


async def test_what_a_lost_server_did_not_take_is_sent_again() -> None:
    link = Link(failures=2)
    acks = on(link)
    acks.add("1-0")

    async with asyncio.TaskGroup() as group:
        sending = group.create_task(acks.run())
        assert await acks.flush(5.0)
        sending.cancel()

    assert link.sent == [("XACK", "stream", "desk", "1-0")]


async def test_without_a_server_the_wait_for_the_last_words_ends() -> None:
    acks = on(Link())
    acks.add("1-0")

    assert not await acks.flush(0.01)
