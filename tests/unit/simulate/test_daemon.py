from pathlib import Path

import pytest

from signald.config import load_config
from signald.simulate.daemon import DaemonPlan, config_text, daemon
from signald.simulate.place import Place

PLAN = DaemonPlan(
    mqtt_port=18_830,
    redis_port=16_379,
    metrics_port=19_464,
    clock_file=Path("/tmp/a place/clöck"),  # noqa: S108 - a name, no file
    journal=Path('/tmp/"journal"'),  # noqa: S108 - a name, no file
    places=[
        Place("binance", ("BTCUSDT.BINANCE",), "ws://127.0.0.1:5000", "http://127.0.0.1:5000"),
        Place("hyperliquid", ("BTC.HYPERLIQUID",), "ws://127.0.0.1:5001", "http://127.0.0.1:5001"),
    ],
)


def test_the_configuration_is_one_that_the_daemon_reads(tmp_path: Path) -> None:
    file = tmp_path / "signald.toml"
    file.write_text(config_text(PLAN), encoding="utf-8")

    config = load_config(file, {})

    assert config.mqtt.port == PLAN.mqtt_port
    assert config.redis.url == "redis://127.0.0.1:16379/0"
    assert config.live.clock_file == str(PLAN.clock_file)
    assert config.journal.path == str(PLAN.journal)
    assert config.metrics.port == PLAN.metrics_port
    assert [venue.name for venue in config.venues] == ["binance", "hyperliquid"]


def test_overrides_in_the_environment_are_kept_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNALD_JOURNAL__PATH", "/somewhere/else")
    monkeypatch.setenv("SIGNALD_KERNEL_CACHE", "/cache")

    plan = daemon(PLAN).plan(PLAN.metrics_port)

    assert plan.environment is not None
    assert "SIGNALD_JOURNAL__PATH" not in plan.environment
    assert plan.environment["SIGNALD_KERNEL_CACHE"] == "/cache"
