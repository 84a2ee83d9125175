import msgspec
import pytest

from signald.app.status import as_lines, report_of
from signald.errors import SinkError
from signald.live.agenda import calendar_state
from tests.support.calendar import T0, heartbeat, scheduled
from tests.support.engine import build_engine, tell

SECOND = 1_000_000_000


def written(*, ready: bool = True) -> dict[str, bytes]:
    engine = build_engine()
    tell(engine, scheduled(), heartbeat(at=T0 - 60 * SECOND))
    now = T0 - 55 * SECOND
    calendar = {"now": now, **msgspec.structs.asdict(calendar_state(engine.windows, engine.sources, now))}
    return {"daemon": msgspec.json.encode({"ready": ready, "now": now}), "calendar": msgspec.json.encode(calendar)}


def test_what_the_daemon_wrote_is_read_back() -> None:
    report = report_of(written(), now=T0 - 54 * SECOND)

    assert (report.ready, report.stale, report.ts_written) == (True, False, T0 - 55 * SECOND)
    assert [(one.release_id, one.consensus) for one in report.calendar.releases] == [("us.cpi.yoy:2025-01", 2.9)]
    assert as_lines(report) == ["daemon: ready, last wrote at 2025-02-12T13:29:05Z", "source bls: alive"]


def test_a_daemon_that_stopped_writing_is_not_running() -> None:
    report = report_of(written(), now=T0)

    assert report.stale
    assert as_lines(report)[0].startswith("daemon: not running")


def test_a_daemon_that_starts_is_not_ready() -> None:
    assert not report_of(written(ready=False), now=T0 - 54 * SECOND).ready


def test_an_empty_server_tells_of_no_daemon() -> None:
    report = report_of({}, now=T0)

    assert (report.ready, report.stale, report.ts_written) == (False, True, None)
    assert as_lines(report) == ["daemon: not running, has never written"]


def test_what_is_not_ours_is_refused() -> None:
    with pytest.raises(SinkError, match="signald"):
        report_of({"calendar": b'{"releases":7}'}, now=T0)
