import asyncio

from signald.console.hub import Hub, frame_of


async def test_page_gets_the_snapshot_and_then_every_event_in_order() -> None:
    hub = Hub()
    page = hub.follow(lambda: frame_of("hello", {}))
    first = await anext(page)

    hub.send("signal", {"id": 1})
    hub.send("signal", {"id": 2})
    rest = await anext(page)

    assert first == b"event: hello\ndata: {}\n\n"
    assert rest == b'event: signal\ndata: {"id":1}\n\nevent: signal\ndata: {"id":2}\n\n'
    await page.aclose()
    assert hub.pages == 0


async def test_page_that_does_not_keep_up_is_sent_away() -> None:
    hub = Hub()
    page = hub.follow(lambda: b"")
    await anext(page)

    for number in range(2_001):
        hub.send("signal", number)
    hub.send("signal", "after it was sent away")

    assert [frames async for frames in page] == []
    assert hub.sent_away == 1


async def test_page_is_sent_away_for_bytes_as_for_events() -> None:
    hub = Hub()
    page = hub.follow(lambda: b"")
    await anext(page)

    for _ in range(8):
        hub.send("signal", "x" * (1 << 20))
    hub.send("signal", "after it was sent away")

    assert [frames async for frames in page] == []


async def test_page_that_keeps_up_may_get_any_number_of_bytes() -> None:
    hub = Hub()
    page = hub.follow(lambda: b"")
    await anext(page)

    for size in (9 << 20, 5 << 20, 5 << 20):
        hub.send("signal", "x" * size)
        assert len(await anext(page)) > size


async def test_closing_ends_every_page() -> None:
    hub = Hub()
    pages = [hub.follow(lambda: b"") for _ in range(3)]
    for page in pages:
        await anext(page)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        ends = [group.create_task(anext(page, b"end")) for page in pages]
        await asyncio.sleep(0)
        hub.close()

    assert [end.result() for end in ends] == [b"end"] * 3
