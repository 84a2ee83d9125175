"""A whole bridge: a file on one side, a broker on the other."""

import asyncio
from pathlib import Path

import pytest

from signald.bridges import Bridge
from signald.bridges.csv import CsvFile
from signald.model.macro import Heartbeat, Release, ScheduledRelease
from signald.model.time import NS_PER_S, format_rfc3339
from signald.runtime.clock import LiveClock
from signald.simulate.child import Server
from signald.sources.calendars.files.config import CsvFeedConfig
from signald.transports.mqtt import MqttConnection, Subscription
from signald.transports.settings import MqttConfig
from tests.support.feed_truth import INDICATORS
from tests.support.hearing import Listener


async def test_a_file_becomes_messages_that_the_daemon_understands(mqtt_server: Server, tmp_path: Path) -> None:
    due = format_rfc3339(LiveClock.now() // NS_PER_S * NS_PER_S)
    path = tmp_path / "calendar.csv"
    path.write_text(
        "ts_scheduled,indicator,period,actual,consensus,prior\n"
        f"{due},us.cpi.yoy,2025-01,3.0,2.9,2.9\n{due},us.nfp,2025-01,,170,256\n"
    )
    config = MqttConfig(port=mqtt_server.port, client_id="bridge")
    listener = Listener()
    hearing = MqttConnection(
        MqttConfig(port=mqtt_server.port, client_id="hearing"),
        subscriptions=[Subscription("signald/v1/#")],
        on_message=listener,
    )
    feed = CsvFile(CsvFeedConfig(path=str(path), poll_s=0.05), INDICATORS, LiveClock())
    bridge = Bridge(feed, MqttConnection(config), LiveClock(), prefix="signald/v1")

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(hearing.run())]
        await hearing.wait_connected(5)
        tasks.append(group.create_task(bridge.run(startup_timeout_s=5)))
        await listener.until(ScheduledRelease, Release, Heartbeat)
        for task in reversed(tasks):
            task.cancel()

    schedules = {event.release_id: event.consensus for event in listener.events if isinstance(event, ScheduledRelease)}
    figures = [(event.release_id, event.actual) for event in listener.events if isinstance(event, Release)]
    assert schedules == {"us.cpi.yoy:2025-01": 2.9, "us.nfp:2025-01": 170.0}
    assert figures == [("us.cpi.yoy:2025-01", 3.0)]
    assert all(isinstance(event, ScheduledRelease | Release | Heartbeat) for event in listener.events)


@pytest.mark.timeout(60)
async def test_a_broker_that_forgot_everything_is_told_again(mqtt_server: Server, tmp_path: Path) -> None:
    due = format_rfc3339(LiveClock.now() // NS_PER_S * NS_PER_S)
    path = tmp_path / "calendar.csv"
    path.write_text(f"ts_scheduled,indicator,period,actual,consensus,prior\n{due},us.cpi.yoy,2025-01,3.0,2.9,2.9\n")
    feed = CsvFile(CsvFeedConfig(path=str(path), poll_s=0.05), INDICATORS, LiveClock())
    connection = MqttConnection(MqttConfig(port=mqtt_server.port, client_id="bridge"))
    bridge = Bridge(feed, connection, LiveClock(), prefix="signald/v1", beat_every_s=0.1)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(bridge.run(startup_timeout_s=5))]
        async with asyncio.timeout(9):
            while connection.connections < 1:  # noqa: ASYNC110 - the connection knows no waiters
                await asyncio.sleep(0.01)
        await asyncio.to_thread(mqtt_server.kill)
        await asyncio.to_thread(mqtt_server.start)
        listener = Listener()
        hearing = MqttConnection(
            MqttConfig(port=mqtt_server.port, client_id="late"),
            subscriptions=[Subscription("signald/v1/#")],
            on_message=listener,
        )
        tasks.append(group.create_task(hearing.run()))
        await listener.until(ScheduledRelease, Heartbeat)  # the figure may have been said before we could hear it
        for task in reversed(tasks):
            task.cancel()

    assert {event.release_id for event in listener.events if isinstance(event, ScheduledRelease)} == {
        "us.cpi.yoy:2025-01"
    }
