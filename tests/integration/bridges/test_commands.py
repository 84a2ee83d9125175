"""``signald bridge NAME`` as a person starts it: a process, a feed that misbehaves, a real broker."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from websockets.asyncio.server import ServerConnection, serve

from signald.model.macro import Heartbeat, Release, ScheduledRelease
from signald.model.notices import Rejected
from signald.simulate.child import Server
from signald.transports.mqtt import MqttConnection, Subscription
from signald.transports.settings import MqttConfig
from tests.support.fake_server import fake_server
from tests.support.hearing import Listener
from tests.support.servers import MQTT_SERVERS, installed

NOW: Final = datetime.now(UTC).replace(second=0, microsecond=0)  # noqa: TID251 - what the world outside says
DUE: Final = NOW + timedelta(hours=3)
HEARD_WITHIN_S: Final = 30.0  # a process that imports much, on a loaded machine
PAYROLLS: Final = {
    "Date": f"{DUE:%Y-%m-%dT%H:%M:%S}",
    "Country": "United States",
    "Event": "Non Farm Payrolls",
    "ReferenceDate": "2025-01-31T00:00:00",
    "Actual": "",
    "Previous": "307K",
    "Forecast": "170K",
    "DateSpan": "0",
    "Revised": "256K",
}

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def mosquitto() -> Iterator[Server]:
    with installed(MQTT_SERVERS["mosquitto"]) as server:
        yield server


@pytest.fixture
def rumqttd() -> Iterator[Server]:
    with installed(MQTT_SERVERS["rumqttd"]) as server:
        yield server


def web_server(*answers: tuple[str, object]) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]:
    """Gives one answer after the other, the last for ever."""
    left = list(answers)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (await reader.readline()).strip():
            pass
        head, content = left[0] if len(left) == 1 else left.pop(0)
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        writer.write(f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()

    return talk


@asynccontextmanager
async def bridge(name: str, section: str, *, broker: Server, folder: Path) -> AsyncGenerator[Listener]:
    """The command, running, and what is heard of it; at the end it must go when asked."""
    file = folder / f"{name}.toml"
    file.write_text(f"[mqtt]\nport = {broker.port}\n[bridges.{name}]\n{section}", encoding="utf-8")
    listener = Listener()
    hearing = MqttConnection(
        MqttConfig(port=broker.port, client_id=f"hearing-{name}", session_expiry_s=0),
        subscriptions=[Subscription("signald/v1/#")],
        on_message=listener,
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SIGNALD_")}
    async with asyncio.TaskGroup() as group:
        task = group.create_task(hearing.run())
        await hearing.wait_connected(9.0)
        words = ("-m", "signald", "bridge", name, "--config", str(file))
        process = await asyncio.create_subprocess_exec(
            sys.executable, *words, cwd=folder, env=environment, stderr=asyncio.subprocess.PIPE
        )
        try:
            yield listener
            process.send_signal(signal.SIGTERM)
            _, said = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            task.cancel()
    assert process.returncode == 0, said.decode()
    assert not [event for event in listener.events if isinstance(event, Rejected)]


async def until(listener: Listener, is_so: Callable[[list[object]], bool]) -> None:
    async with asyncio.timeout(HEARD_WITHIN_S):
        while not is_so(listener.events):
            await listener.came()


def schedules(events: list[object]) -> dict[str, ScheduledRelease]:
    return {event.release_id: event for event in events if isinstance(event, ScheduledRelease)}


def figures(events: list[object]) -> list[tuple[str, float | None, float | None]]:
    return [(one.release_id, one.actual, one.revised_prior) for one in events if isinstance(one, Release)]


async def test_tradingeconomics_by_table_and_stream_through_refusals_and_broken_connections(
    mosquitto: Server, tmp_path: Path
) -> None:
    subscriptions: list[str] = []
    out = asyncio.Event()

    async def stream(connection: ServerConnection) -> None:
        subscriptions.append(str(await connection.recv()))
        await connection.send('{"topic":"keepalive"}')
        if len(subscriptions) == 1:
            await connection.send("nonsense")
            return  # the connection breaks here
        await out.wait()
        told = {name.lower(): value for name, value in PAYROLLS.items()}
        await connection.send(json.dumps(told | {"topic": "calendar", "actual": "143K"}))
        await connection.wait_closed()

    table = web_server(
        ("500 Internal Server Error", b""),
        ("429 Too Many Requests\r\nRetry-After: 1", b""),
        ("200 OK", [{**PAYROLLS, "Forecast": "soon"}, {**PAYROLLS, "Event": "Something Else"}, PAYROLLS]),
    )
    (tmp_path / "key").write_text("key:secret\n", encoding="utf-8")
    async with serve(stream, "127.0.0.1", 0) as streaming, fake_server(table) as port:  # pyright: ignore[reportArgumentType]
        ws_port = next(iter(streaming.sockets)).getsockname()[1]
        section = (
            f'rest_url = "http://127.0.0.1:{port}"\nws_url = "ws://127.0.0.1:{ws_port}"\n'
            f'key_file = "{tmp_path / "key"}"\npoll_s = 0.2\n'
        )
        async with bridge("tradingeconomics", section, broker=mosquitto, folder=tmp_path) as listener:
            await until(listener, lambda events: bool(schedules(events)))
            out.set()
            await until(listener, lambda events: bool(figures(events)))
            await listener.until(Heartbeat, within_s=HEARD_WITHIN_S)

    promised = schedules(listener.events)["us.nfp:2025-01"]
    assert (promised.consensus, promised.prior) == (170.0, 256.0)
    assert promised.ts_scheduled == int(DUE.timestamp()) * 10**9
    assert figures(listener.events) == [("us.nfp:2025-01", 143.0, 307.0)]
    assert json.loads(subscriptions[-1]) == {"topic": "subscribe", "to": "calendar"}


async def test_forexfactory_and_ics_tell_what_is_due(rumqttd: Server, tmp_path: Path) -> None:
    due = DUE.replace(minute=30)
    event = {"title": "CPI y/y", "country": "USD", "date": due.isoformat(), "forecast": "2.9%", "previous": "3.0%"}
    week = web_server(("429 Too Many Requests\r\nRetry-After: 1", b""), ("200 OK", [{"title": 5}, event]))
    agenda = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:1\r\n"
        f"DTSTART:{due:%Y%m%dT%H%M%SZ}\r\nSUMMARY:Producer Price Index for January 2025\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    calendar = web_server(("503 Service Unavailable", b""), ("200 OK", agenda.encode()))

    async with fake_server(week) as week_port, fake_server(calendar) as ics_port:  # pyright: ignore[reportArgumentType]
        export = f'url = "http://127.0.0.1:{week_port}"\npoll_s = 0.2\n'
        agendas = f'urls = ["http://127.0.0.1:{ics_port}/bls.ics"]\npoll_s = 0.2\n'
        async with (
            bridge("forexfactory", export, broker=rumqttd, folder=tmp_path) as weekly,
            bridge("ics", agendas, broker=rumqttd, folder=tmp_path) as agencys,
        ):
            await until(weekly, lambda events: any("us.cpi.yoy" in name for name in schedules(events)))
            await until(agencys, lambda events: any("us.ppi" in name for name in schedules(events)))

    [promised] = [one for one in schedules(weekly.events).values() if one.indicator == "us.cpi.yoy"]
    assert (promised.consensus, promised.prior) == (2.9, 3.0)
    assert {one.ts_scheduled for one in schedules(agencys.events).values() if "ppi" in one.indicator} == {
        int(due.timestamp()) * 10**9
    }


async def test_csv_is_told_anew_when_it_changes_and_again_to_a_broker_that_forgot(
    mosquitto: Server, tmp_path: Path
) -> None:
    header = "ts_scheduled,indicator,period,actual,consensus,prior\n"
    row = f"{NOW:%Y-%m-%dT%H:%M:%SZ},us.cpi.yoy,2025-01,{{}},2.9,2.9\n"
    path = tmp_path / "calendar.csv"
    path.write_text(header + "nonsense\n", encoding="utf-8")  # a file that is not right is no feed until it is

    section = f'path = "{path}"\npoll_s = 0.1\n'
    async with bridge("csv", section, broker=mosquitto, folder=tmp_path) as listener:
        path.write_text(header + row.format(""), encoding="utf-8")
        await until(listener, lambda events: bool(schedules(events)))
        path.write_text(header + row.format("3.0"), encoding="utf-8")
        await until(listener, lambda events: bool(figures(events)))
        heard = len(listener.events)
        await asyncio.to_thread(mosquitto.kill)
        await asyncio.to_thread(mosquitto.start)
        await until(listener, lambda events: bool(schedules(events[heard:])))

    assert figures(listener.events)[0] == ("us.cpi.yoy:2025-01", 3.0, None)
