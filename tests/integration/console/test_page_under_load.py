"""The console with more than a desk has, and with a venue that dies."""

import contextlib
import json
import multiprocessing
import socket
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from playwright.sync_api import Browser, CDPSession, Page
from redis import Redis

from signald.app.console import serve_console
from signald.config import find_file, load_config
from signald.model.time import NS_PER_S
from signald.runtime.clock import LiveClock
from signald.simulate.child import free_port
from signald.simulate.servers import embedded_valkey
from signald.sinks.encoding import encode_data
from signald.sinks.exposition import listen
from tests.support.browser import browser, opened, picture
from tests.support.daemons import daemon
from tests.support.exchange import exchange_in_thread
from tests.support.servers import MQTT_SERVERS, installed
from tests.support.signals import sample_signal
from tests.support.waiting import eventually

__all__ = ["browser"]

INSTRUMENTS = [f"COIN{number}USDT.BINANCE" for number in range(40)]
SIGNALS = 1_000
FRAMES_A_SECOND = 50
TRIES = 8
HEAP_BYTES = 150 << 20
STALE_AFTER_S = 5
COUNT_FRAMES = """() => new Promise((done) => {
  let frames = 0;
  const began = performance.now();
  const next = () => {
    frames += 1;
    if (performance.now() - began < 1500) requestAnimationFrame(next);
    else done(1000 * frames / (performance.now() - began));
  };
  requestAnimationFrame(next);
})"""

pytestmark = pytest.mark.timeout(120)


class Desk:
    """What a busy daemon would write."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._written = 0

    def say(self, count: int) -> None:
        pipe = self._redis.pipeline()
        for _ in range(count):
            self._written += 1
            number = self._written
            signal = sample_signal(
                id=f"{number:032x}",
                instrument=INSTRUMENTS[number % 40],
                ts_ingest=LiveClock.now(),
                flags=("thin_history",),
            )
            pipe.xadd(
                "{signald}:signals",
                {
                    "id": signal.id,
                    "kind": signal.kind,
                    "instrument": signal.instrument or "",
                    "sequence": number,
                    "ts_scored": signal.ts_ingest,
                    "ts_publish": signal.ts_ingest,
                    "late_ms": 0,
                    "data": encode_data(signal),
                },
            )
        pipe.execute()

    def move_books(self, step: int) -> None:
        now = LiveClock.now()
        columns: dict[str, Any] = {"now": now, "instruments": INSTRUMENTS, "flags": [0] * 40, "state": [2] * 40}
        columns |= {name: [now] * 40 for name in ("ts_event", "ts_ingest")} | {"applied": [step] * 40}
        for name in ("bid", "bid_size", "ask", "ask_size", "mid", "microprice", "spread_bps"):
            columns[name] = [100.0 + number + step / 7 for number in range(40)]
        for name in ("bid_depth_5", "ask_depth_5", "bid_depth_25", "ask_depth_25"):
            columns[name] = [1e6 + 1_000 * step] * 40
        columns["imbalance"] = [((number + step) % 21 - 10) / 10 for number in range(40)]
        self._redis.hset("{signald}:status", "books", msgspec.json.encode(columns))

    def lose_a_venue(self) -> None:
        """Show a price over three venues of which one is gone."""
        now = LiveClock.now()
        names = ["BTCUSDT-PERP.BYBIT", "BTC-USDT.OKX", "BTCUSDT.BINANCE", "BTC-USD.COMPOSITE"]
        columns: dict[str, Any] = {"now": now, "instruments": names, "flags": [0] * 4, "state": [0, 2, 2, 2]}
        columns |= {name: [now - 9 * NS_PER_S] * 4 for name in ("ts_event", "ts_ingest")} | {"applied": [9] * 4}
        columns |= {name: [None, 95_010.25, 95_000.75, 95_005.25] for name in ("bid", "ask", "mid", "microprice")}
        for name in ("bid_depth_5", "ask_depth_5", "bid_depth_25", "ask_depth_25"):
            columns[name] = [None, 3_506_000.0, 4_160_000.0, 17_666_000.0]
        columns |= {name: [None, 0.01, 0.01, 10.25] for name in ("bid_size", "ask_size", "spread_bps")}
        columns |= {"imbalance": [None, 0.25, -0.5, 0.75]}
        columns |= {"basis_bps": [None, 10.25, -10.25, None], "share": [0.0, 0.5, 0.5, None]}
        columns |= {"venues": [None, None, None, 2], "dex_share": [None, None, None, 0.0]}
        self._redis.hset("{signald}:status", "books", msgspec.json.encode(columns))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Desk, str, int]]:
    """A console beside a Redis that nobody but the test writes to: desk, address, process id."""
    with embedded_valkey() as valkey, Redis(port=valkey.port) as redis:
        port = free_port()
        told = {
            "SIGNALD_REDIS__URL": f"redis://127.0.0.1:{valkey.port}/0",
            "SIGNALD_CONSOLE__PORT": str(port),
            "SIGNALD_CONSOLE__TOKEN_FILE": str(tmp_path / "token"),
            "SIGNALD_METRICS__PORT": str(free_port()),
        }
        config = load_config(find_file("configs/signald.toml"), told)
        with listen("127.0.0.1", port, section="console") as listener:
            arguments = (config, listener)
            process = multiprocessing.get_context("spawn").Process(target=serve_console, args=arguments, daemon=True)
            process.start()
        try:
            eventually(lambda: _answers(port), within_s=30)
            assert process.pid is not None
            yield Desk(redis), f"http://127.0.0.1:{port}/", process.pid
        finally:
            process.terminate()
            process.join(10)
            process.kill()


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/state")
        return json.loads(connection.getresponse().read())["redis"] is True
    except OSError:
        return False
    finally:
        connection.close()


def test_a_thousand_signals_and_forty_books_are_drawn_smoothly(desk: tuple[Desk, str, int], browser: Browser) -> None:
    busy, url, pid = desk
    busy.say(SIGNALS)
    busy.move_books(0)
    rates: list[float] = []
    costs: list[float] = []

    with opened(browser, url, viewport={"width": 1600, "height": 1000}) as page:
        page.wait_for_selector("#books tr:nth-child(40)")
        page.wait_for_selector("#signals li:nth-child(100)")

        probe = _probe(page)

        def measure() -> bool:
            began, asked = _measured(probe, "TaskDuration"), LiveClock.monotonic()
            page.evaluate("() => { window.rate = null; }")
            page.evaluate(f"() => {{ ({COUNT_FRAMES})().then((rate) => {{ window.rate = rate; }}); }}")
            for step in range(6):
                busy.say(5)
                busy.move_books(len(rates) * 10 + step)
                page.wait_for_timeout(200)
            page.wait_for_function("() => window.rate !== null")
            rates.append(page.evaluate("() => window.rate"))
            drawn = rates[-1] * (LiveClock.monotonic() - asked) / NS_PER_S
            costs.append((_measured(probe, "TaskDuration") - began) / drawn)
            return rates[-1] > FRAMES_A_SECOND

        # On a machine that others keep busy it is what a frame costs that counts, not how many there was time for.
        assert any(measure() for _ in range(TRIES)) or min(costs) < 1.0 / FRAMES_A_SECOND, (rates, costs)
        heap = _measured(probe, "JSHeapTotalSize")
        picture(page, "load")

    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4_096
    assert heap < HEAP_BYTES
    assert resident < HEAP_BYTES


def test_no_column_of_the_books_is_cut_off_when_a_venue_is_gone(desk: tuple[Desk, str, int], browser: Browser) -> None:
    busy, url, _ = desk
    busy.lose_a_venue()

    with opened(browser, url, viewport={"width": 1600, "height": 1000}) as page:
        page.wait_for_selector("#books tr:nth-child(4)")
        page.wait_for_selector(".health[data-level=alarm]")
        hidden = page.evaluate(
            "() => { const o = document.querySelector('.books .scroll'); return o.scrollWidth - o.clientWidth; }"
        )
        told = page.text_content("tr[data-instrument='BTC-USD.COMPOSITE'] td:nth-child(6)")
        picture(page, "books")

    assert hidden <= 0
    assert told == "2 venues"


def _probe(page: Page) -> CDPSession:
    """What measures the page from now on, tasks by the processor time that its own thread took for them."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    return session


def _measured(probe: CDPSession, name: str) -> float:
    metrics = probe.send("Performance.getMetrics")["metrics"]
    return next(one["value"] for one in metrics if one["name"] == name)


def test_who_comes_when_it_is_full_is_told_so(desk: tuple[Desk, str, int]) -> None:
    port = urlsplit(desk[1]).port
    assert port is not None

    with contextlib.ExitStack() as others:
        for _ in range(256):
            others.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
        eventually(lambda: _status(port) == HTTPStatus.SERVICE_UNAVAILABLE)

    eventually(lambda: _status(port) == HTTPStatus.OK)


def _status(port: int) -> int:
    with contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("GET", "/state")
        return connection.getresponse().status


def test_killed_venue_turns_red_within_its_staleness(tmp_path: Path, browser: Browser) -> None:
    with (
        installed(MQTT_SERVERS["rumqttd"]) as broker,
        embedded_valkey() as valkey,
        exchange_in_thread() as venue,
    ):
        port = free_port()
        there = {
            "ws_url": venue.exchange.ws_url,
            "rest_url": venue.exchange.rest_url,
            "stale_after_ms": 1_000 * STALE_AFTER_S,
        }
        console = {"enabled": True, "port": port, "token_file": "token"}
        with daemon(
            tmp_path / "daemon", mqtt_port=broker.port, redis_port=valkey.port, venue=there, console=console
        ) as running:
            running.wait_for("ready")
            eventually(lambda: _answers(port), within_s=30)
            with opened(browser, f"http://127.0.0.1:{port}/") as page:
                health = "tr[data-instrument='BTCUSDT.BINANCE'] .health"
                page.wait_for_selector(f"{health}[data-level=ok]")
                calm = page.evaluate(f'() => getComputedStyle(document.querySelector("{health}")).backgroundColor')

                venue.stop()
                page.wait_for_selector(f"{health}[data-level=alarm]", timeout=1_000 * STALE_AFTER_S)

                words = page.text_content(health)
                red = page.evaluate(f'() => getComputedStyle(document.querySelector("{health}")).backgroundColor')
                picture(page, "killed")
            running.terminate()

    assert words in {"disconnected", "stale", "resyncing", "syncing"}
    assert (calm, red) == ("rgba(0, 0, 0, 0)", "rgb(179, 33, 26)")
