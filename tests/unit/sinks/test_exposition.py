"""What several processes tell is one process's to serve."""

import contextlib
import math
import socket
import struct
import threading
import urllib.request
from http import HTTPStatus
from urllib.error import HTTPError

import pytest

from signald.sinks.exposition import MOST_CONNECTIONS, Exposition, MetricsServer, Page
from signald.sinks.metrics import Metrics
from signald.sinks.page import NumberPage
from signald.sinks.stages import LatencyRing, Stages
from tests.support.waiting import eventually


def told(metrics: Metrics) -> Page:
    """The numbers as they stand in memory that is shared."""
    numbers = NumberPage()
    metrics.tell(numbers)
    return Page(numbers, metrics.stages, metrics.latencies)


def by_name(exposition: Exposition) -> dict[str, float]:
    return {key.name: value for key, value in exposition.samples().items()}


def test_counters_are_added_up_and_the_highest_gauge_counts() -> None:
    one, two = Metrics(version="1"), Metrics(version="1")
    for metrics, pause, offset in ((one, 2.0, math.nan), (two, 5.0, 0.25)):
        metrics.watch_counter("signald_gc_pauses_total", "", lambda pause=pause: pause)
        metrics.watch("signald_gc_longest_pause_seconds", "", lambda pause=pause: pause)
        metrics.watch("signald_clock_offset_seconds", "", lambda offset=offset: offset)

    samples = by_name(Exposition([told(one), told(two)]))

    assert samples["signald_gc_pauses_total"] == 7
    assert samples["signald_gc_longest_pause_seconds"] == 5
    assert samples["signald_clock_offset_seconds"] == 0.25


def test_stages_are_added_up_and_latencies_are_exact() -> None:
    feed, signal = Metrics(version="1"), Metrics(version="1")
    feed.stages.observe("frame", 1_000)
    signal.stages.observe("score", 2_000)
    for us in range(1, 1_001):
        signal.latencies.record(us * 1_000)

    with (
        MetricsServer(told(feed), told(signal), host="127.0.0.1", port=0) as server,
        urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=5) as answer,
    ):
        text = answer.read().decode()

    assert 'signald_stage_seconds_count{stage="frame"} 1.0' in text
    assert 'signald_stage_seconds_count{stage="score"} 1.0' in text
    assert 'signald_release_latency_seconds{quantile="0.99"} 0.00099' in text
    assert 'signald_release_latency_seconds{quantile="1"} 0.001' in text
    assert "signald_release_latency_count 1000.0" in text


def test_what_shared_memory_holds_outlives_the_process_that_wrote_it() -> None:
    stages, latencies, numbers = bytearray(Stages.SIZE), bytearray(LatencyRing.size(8)), bytearray(NumberPage.SIZE)
    gone = Metrics(version="1", stages=Stages(stages), latencies=LatencyRing(8, latencies))
    gone.counts.frames["binance"] += 3
    gone.latencies.record(1_000)
    gone.tell(NumberPage(numbers))
    del gone

    page = Page(NumberPage(numbers), Stages(stages), LatencyRing(8, latencies))

    assert by_name(Exposition([page]))["signald_frames_total"] == 3
    assert page.latencies.summarize().n == 1


def test_a_probe_is_told_whether_this_daemon_is_ready() -> None:
    ready: list[bool] = []

    with MetricsServer(told(Metrics(version="1")), host="127.0.0.1", port=0, is_ready=lambda: bool(ready)) as server:
        url = f"http://127.0.0.1:{server.port}/ready"
        with pytest.raises(HTTPError, match="503"):
            urllib.request.urlopen(url, timeout=5)
        ready.append(True)
        with urllib.request.urlopen(url, timeout=5) as answer:
            said = answer.read()

    assert said == b"ready\n"


def test_who_says_nothing_gives_way_to_who_asks() -> None:
    with (
        MetricsServer(told(Metrics(version="1")), host="127.0.0.1", port=0) as server,
        contextlib.ExitStack() as silent,
    ):
        threads = threading.active_count()
        for _ in range(3 * MOST_CONNECTIONS):
            silent.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=5)).sendall(b"GET /")

        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        eventually(lambda: threading.active_count() <= threads + MOST_CONNECTIONS)

    gave_way = next(line for line in text.splitlines() if line.startswith("signald_metrics_gave_way_total "))
    assert float(gave_way.split()[1]) == 2 * MOST_CONNECTIONS + 1


def test_an_answer_that_nobody_reads_gives_way(capfd: pytest.CaptureFixture[str]) -> None:
    with MetricsServer(told(Metrics(version="1")), host="127.0.0.1", port=0) as server:
        for _ in range(MOST_CONNECTIONS):
            with socket.create_connection(("127.0.0.1", server.port), timeout=5) as leaving:
                leaving.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                leaving.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")

        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=5) as answer:
            assert answer.status == HTTPStatus.OK

    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "asked",
    [
        b"\0" * 1_000,
        b"\xff\xfe /metrics HTTP/1.1\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\n" + b"a: b\r\n" * 1_000 + b"\r\n",
        b"GET /metrics HTTP/1.1\r\nx: " + b"y" * 1_000_000 + b"\r\n\r\n",
        b"GET /%00%ff%2e%2e/ HTTP/1.1\r\n\r\n",
        b"GET /metrics?name[]=%ff&name[]=%00 HTTP/1.1\r\n\r\n",
        b"GET /metrics HTTP/9999999999999999999.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /metrics HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\nx",
        b"GET /metrics HTTP/1.1\r\naccept: " + b"*/*;q=" * 5_000 + b"\r\n\r\n",
    ],
    ids=lambda asked: repr(asked[:30]),
)
def test_what_makes_no_sense_is_answered_or_ended_and_others_are_served(
    asked: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with MetricsServer(told(Metrics(version="1")), host="127.0.0.1", port=0) as server:
        with (
            socket.create_connection(("127.0.0.1", server.port), timeout=5) as hostile,
            contextlib.suppress(OSError),
        ):
            hostile.sendall(asked)
            hostile.shutdown(socket.SHUT_WR)
            while hostile.recv(1 << 16):
                pass

        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=5) as answer:
            assert answer.status == HTTPStatus.OK

    assert "Traceback" not in capfd.readouterr().err
