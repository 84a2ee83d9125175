"""``signald status`` against a real server."""

import asyncio

import msgspec
import pytest

from signald.app.status import read_status
from signald.config import Config, find_file, load_config
from signald.errors import UnreachableError
from signald.live.agenda import calendar_state
from signald.runtime.clock import LiveClock
from signald.simulate.child import Server
from signald.sinks.status import StatusBoard
from tests.support.calendar import heartbeat, scheduled
from tests.support.engine import build_engine, tell
from tests.support.recording import until_seen
from tests.support.redis_reading import reading


def config(port: int) -> Config:
    told = {"SIGNALD_REDIS__URL": f"redis://127.0.0.1:{port}/0", "SIGNALD_LIVE__STARTUP_TIMEOUT_S": "1"}
    return load_config(find_file("configs/signald.toml"), told)


async def _write(port: int, now: int) -> None:
    engine = build_engine()
    tell(engine, scheduled(ts_scheduled=now + 60 * 10**9, ts_ingest=now - 10**9), heartbeat(at=now))
    board = StatusBoard(config(port).redis)
    state = {"now": now, **msgspec.structs.asdict(calendar_state(engine.windows, engine.sources, now))}
    async with asyncio.TaskGroup() as group, reading(port) as reader:
        running = group.create_task(board.run())
        board.put("daemon", {"ready": True})
        board.put("calendar", state)

        async def names() -> list[str]:
            return sorted(await reader.table("{signald}:status"))

        await until_seen(names, ["calendar", "daemon"])
        running.cancel()


def test_the_state_that_was_written_is_read(redis_server: Server) -> None:
    asyncio.run(_write(redis_server.port, LiveClock.now()))

    report = read_status(config(redis_server.port))

    assert (report.ready, report.stale) == (True, False)
    (release,) = report.calendar.releases
    assert (release.release_id, release.armed) == ("us.cpi.yoy:2025-01", True)
    assert [(one.source, one.alive) for one in release.sources] == [("bls", True), ("wire", False)]


def test_a_server_without_a_daemon_tells_so(redis_server: Server) -> None:
    assert read_status(config(redis_server.port)).ts_written is None


def test_no_server_is_unreachable() -> None:
    with pytest.raises(UnreachableError):
        read_status(config(1))
