import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from signald.simulate.calendar import CalendarPublisher, Quarter, load_quarter
from signald.simulate.child import LOOPBACK, Server
from signald.transports.mqtt import MqttConnection, MqttMessage, Subscription
from signald.transports.settings import MqttConfig
from tests.support.clocks import HandClock


@pytest.fixture
def quarter() -> Quarter:
    return load_quarter()


@contextlib.asynccontextmanager
async def running(connection: MqttConnection) -> AsyncIterator[MqttConnection]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(connection.run())
        await connection.wait_connected(5)
        yield connection
        task.cancel()


async def test_schedules_wait_for_whoever_comes_and_figures_come_in_order(
    mqtt_server: Server, quarter: Quarter
) -> None:
    clock = HandClock(quarter.releases[0].ts_scheduled - 1)
    received: list[MqttMessage] = []
    complete = asyncio.Event()

    def take(message: MqttMessage) -> None:
        received.append(message)
        if len(received) == 2 * len(quarter.releases):
            complete.set()

    sender = MqttConnection(MqttConfig(port=mqtt_server.port, client_id="publisher"))
    receiver = MqttConnection(
        MqttConfig(host=LOOPBACK, port=mqtt_server.port, client_id="receiver"),
        subscriptions=[Subscription("signald/v1/calendar/#")],
        on_message=take,
    )
    async with running(sender):
        publisher = CalendarPublisher(sender, clock)
        for release in quarter.releases:
            await publisher.announce(release, with_consensus=True)
        async with running(receiver):
            for release in quarter.releases:
                await publisher.release(release)
            async with asyncio.timeout(10):
                await complete.wait()

    schedules = [message for message in received if "/schedule/" in message.topic]
    figures = [message.topic.split("/")[4] for message in received if "/release/" in message.topic]
    assert len(schedules) == 16
    assert all(message.retained for message in schedules)
    assert figures == [release.release_id for release in quarter.releases]
