"""What Prometheus is told: as its own parser reads it from the endpoint."""

import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from signald.errors import ConfigError
from signald.runtime.clock import LiveClock
from signald.simulate.child import is_free
from signald.sinks.exposition import MetricsServer
from signald.sinks.metrics import Metrics
from signald.sinks.redis import Confirmation, Publisher
from signald.transports.settings import RedisConfig
from tests.support.redis_reading import document
from tests.support.signals import sample_signal


def scrape(metrics: Metrics) -> dict[str, float]:
    """All samples of a real scrape, named as in the text."""
    with (
        MetricsServer(metrics, host="127.0.0.1", port=0) as server,
        urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=5) as answer,
    ):
        text = answer.read().decode()
    return dict(_samples(text))


def _samples(text: str) -> Iterator[tuple[str, float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            yield f"{sample.name}{{{labels}}}" if labels else sample.name, sample.value


def test_stages_are_histograms_in_seconds() -> None:
    metrics = Metrics(version="1.2.3")
    for duration_ns in (100_000, 100_000, 2_000_000):
        metrics.stages.observe("score", duration_ns)

    samples = scrape(metrics)

    assert samples["signald_stage_seconds_count{stage=score}"] == 3
    assert samples["signald_stage_seconds_sum{stage=score}"] == pytest.approx(0.0022)
    assert samples["signald_stage_seconds_bucket{le=0.000114688,stage=score}"] == 2
    assert samples["signald_stage_seconds_bucket{le=+Inf,stage=score}"] == 3
    assert samples["signald_stage_seconds_count{stage=publish}"] == 0


def test_counters_have_their_labels() -> None:
    metrics = Metrics(version="1.2.3")
    metrics.counts.frames["binance"] += 7
    metrics.counts.count_signal(sample_signal())

    samples = scrape(metrics)

    assert samples["signald_frames_total{venue=binance}"] == 7
    assert samples["signald_signals_total{kind=release,verdict=down}"] == 1
    assert any(name.startswith("signald_build_info{") and "version=1.2.3" in name for name in samples)


def test_watched_numbers_are_read_at_the_scrape() -> None:
    metrics = Metrics(version="1.2.3")
    kept = {"compilations": 0, "messages": 0}
    metrics.watch("signald_compilations_after_ready", "…", lambda: kept["compilations"])
    metrics.watch_counter("signald_messages_total", "…", lambda: kept["messages"])

    kept["compilations"], kept["messages"] = 1, 5
    samples = scrape(metrics)

    assert samples["signald_compilations_after_ready"] == 1
    assert samples["signald_messages_total"] == 5


def test_a_publisher_tells_how_far_behind_it_is() -> None:
    metrics = Metrics(version="1.2.3")
    publisher = Publisher(RedisConfig(), LiveClock())
    metrics.watch_publisher(publisher)
    publisher.publish(document(1))

    samples = scrape(metrics)

    assert samples["signald_redis_up"] == 0
    assert samples["signald_publisher_queue_depth"] == 1
    assert samples["signald_publisher_lag_seconds"] > 0
    assert samples["signald_publisher_published_total"] == 0


def test_a_confirmation_on_the_direct_path_is_a_latency() -> None:
    metrics = Metrics(version="1.2.3")

    metrics.confirm(Confirmation(document(1, ingested=1_000), sequence=1, late_ms=0, sent=400_000, replied=501_000))

    assert metrics.summarize() == (1, 500.0, 500.0, 500.0, 500.0)
    assert metrics.stages.read()["publish"].sum_ns == 101_000
    assert metrics.stages.read()["total"].sum_ns == 500_000


@pytest.mark.parametrize(
    ("late_ms", "changes"), [(3, {"ingested": 1}), (0, {"ingested": None}), (0, {"ingested": 1, "test": True})]
)
def test_what_was_late_or_a_test_is_no_releases_latency(late_ms: int, changes: dict[str, object]) -> None:
    metrics = Metrics(version="1.2.3")

    metrics.confirm(Confirmation(document(1, **changes), sequence=1, late_ms=late_ms, sent=2, replied=3))

    assert metrics.summarize().n == 0


def test_a_port_in_use_is_a_configuration_error() -> None:
    with MetricsServer(Metrics(version="1"), host="127.0.0.1", port=0) as first:
        second = MetricsServer(Metrics(version="1"), host="127.0.0.1", port=first.port)

        with pytest.raises(ConfigError, match=rf"metrics\.port: 127\.0\.0\.1:{first.port}: .*in use"):
            second.start()


def test_a_server_that_was_stopped_gives_its_port_back() -> None:
    server = MetricsServer(Metrics(version="1"), host="127.0.0.1", port=0)

    for _ in range(2):
        server.start()
        assert not is_free(server.port)
        server.stop()
        assert is_free(server.port)
    server.stop()
