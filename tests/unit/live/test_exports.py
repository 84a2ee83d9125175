"""What books' sources count, as a scrape shows it."""

import urllib.request
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from signald.core.board import Board
from signald.live.exports import watch_frames
from signald.sinks.exposition import MetricsServer
from signald.sinks.metrics import Metrics
from signald.sources.registry import build_source, read_venue_config
from signald.sources.venues.bybit import source as _compiled  # noqa: F401 - to compile takes longer than a test may
from tests.support.instruments import BYBIT_PERP

NOW: Final = 1_739_367_000_000_000_000
FRAME: Final = (
    b'{"topic":"orderbook.50.%s","type":"%s","ts":1739367000123,'
    b'"data":{"s":"BTCUSDT","b":[["%s","1"]],"a":[["100.2","2"]],"u":%d,"seq":1},"cts":1739367000120}'
)


def scraped(metrics: Metrics) -> dict[str, float]:
    """The counters of frames, by the word between `signald_` and `_frames_total`."""
    with (
        MetricsServer(metrics, host="127.0.0.1", port=0) as server,
        urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=5) as answer,
    ):
        families = list(text_string_to_metric_families(answer.read().decode()))
    samples = {sample.name: sample.value for family in families for sample in family.samples}
    ends = ("signald_", "_frames_total")
    return {
        name.removeprefix(ends[0]).removesuffix(ends[1]): value
        for name, value in samples.items()
        if name.endswith(ends[1])
    }


def test_a_scrape_counts_every_frame_that_is_not_routine() -> None:
    config = read_venue_config({"name": "bybit", "instruments": [BYBIT_PERP.id]}, where="test")
    source = build_source(config, [BYBIT_PERP], Board([BYBIT_PERP.id]))
    metrics = Metrics(version="1.2.3")
    watch_frames(metrics, [source])
    before = scraped(metrics)

    source.on_connected(NOW)
    for frame in (
        FRAME % (b"BTCUSDT", b"snapshot", b"99.9", 100),
        (FRAME % (b"BTCUSDT", b"delta", b"99.8", 101)).replace(b":", b" : ", 1),
        FRAME % (b"BTCUSDT", b"delta", b"99.75", 102),
        FRAME % (b"ETHUSDT", b"delta", b"99.8", 7),
        b'{"success":true,"ret_msg":"","conn_id":"d8bu1olk","req_id":"","op":"subscribe"}',
        (FRAME % (b"BTCUSDT", b"delta", b"99.8", 103))[:-30],
    ):
        source.on_frame(frame, NOW)

    wanted = {"slow": 2, "malformed": 1, "refined": 1, "unknown_symbol": 1, "other_kind": 1}
    assert before == dict.fromkeys(wanted, 0)
    assert scraped(metrics) == wanted
