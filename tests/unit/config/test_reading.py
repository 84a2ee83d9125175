"""The configuration: what is wrong is named at once and in full, before anything is connected."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from signald.config import Config, ConsumerConfig, ReleasesConfig, find_file, load_config
from signald.errors import ConfigError
from signald.model.time import NS_PER_S
from signald.sources.venues.binance.config import BinanceConfig, BinanceUsdmConfig

SHIPPED = Path(__file__).resolve().parents[3] / "configs" / "signald.toml"
SECTIONS = [section for section in Config.__struct_fields__ if section not in {"venues", "consumers"}]


def load(tmp_path: Path, text: str, environ: Mapping[str, str] | None = None) -> Config:
    """What a file of this text and this environment give."""
    file = tmp_path / "signald.toml"
    file.write_text(text, encoding="utf-8")
    return load_config(file, environ or {})


def refusal(tmp_path: Path, text: str, environ: Mapping[str, str] | None = None) -> str:
    """What is said of a file of this text that cannot be used."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, environ)
    return str(caught.value)


def section_texts(text: str) -> dict[str, str]:
    """The lines of each section of a TOML file, comments included, commented sections too."""
    parts = re.split(r"^(?:# )?\[+([a-z]+)\]+", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def said(table: Mapping[str, Any]) -> dict[str, Any]:
    """A table without the keys that have no value, as JSON has it."""
    plain = json.loads(msgspec.json.encode(table))
    return {key: said(value) if isinstance(value, dict) else value for key, value in plain.items() if value is not None}


def test_without_a_file_every_key_has_its_default() -> None:
    assert load_config(None, {}) == Config()


def test_shipped_file_says_every_default_as_it_is() -> None:
    table = tomllib.loads(SHIPPED.read_text())
    defaults = said(msgspec.to_builtins(Config()))

    written = {(section, key): value for section in SECTIONS for key, value in table[section].items()}

    assert written == {(section, key): value for section in SECTIONS for key, value in defaults[section].items()}


def test_shipped_file_names_every_key_that_has_no_default() -> None:
    texts = section_texts(SHIPPED.read_text())

    unnamed = [
        f"{section}.{key}"
        for section in SECTIONS
        for key, value in msgspec.to_builtins(Config())[section].items()
        if value is None and not re.search(rf"^#.*\b{key}\b", texts[section], flags=re.MULTILINE)
    ]

    assert unnamed == []
    assert all(key in texts["consumers"] for key in ConsumerConfig.__struct_fields__)


def test_shipped_file_has_binances_own_addresses_and_limits() -> None:
    (table,) = tomllib.loads(SHIPPED.read_text())["venues"]

    assert table == json.loads(msgspec.json.encode(BinanceConfig(instruments=("BTCUSDT.BINANCE",))))


def test_every_unknown_key_is_named_at_once_with_the_nearest_known_one(tmp_path: Path) -> None:
    text = """
        metrix = 1
        [mqtt]
        prot = 1884
        [redis]
        uri = "redis://127.0.0.1"
        [[consumers]]
        name = "desk"
        juristiction = "SG"
        [[venues]]
        name = "binance"
        instruments = ["BTCUSDT.BINANCE"]
        stale_after = 5
        wss_url = "ws://127.0.0.1"
        [[venues]]
        name = "binanse"
    """

    said = refusal(tmp_path, text)

    assert said.startswith(f"{tmp_path / 'signald.toml'}: ")
    for part in (
        "metrix is not a key; did you mean metrics?",
        "mqtt.prot is not a key; did you mean mqtt.port?",
        "redis.uri is not a key; did you mean redis.url?",
        "consumers[0].juristiction is not a key; did you mean consumers[0].jurisdiction?",
        "metrix is not a key; did you mean metrics? (line 2)",
        "mqtt.prot is not a key; did you mean mqtt.port? (line 4)",
        "consumers[0].jurisdiction is missing (line 7)",
        "venues[0].stale_after is not a key; did you mean venues[0].stale_after_ms? (line 13)",
        "venues[0].wss_url is not a key; did you mean venues[0].ws_url? (line 14)",
        "venues[1].name: 'binanse' is not one of binance, binance_usdm, okx, bybit, coinbase, kraken, ",
        "did you mean binance? (line 16)",
    ):
        assert part in said


def test_unknown_key_that_resembles_nothing_still_names_a_known_one(tmp_path: Path) -> None:
    said = refusal(tmp_path, "[metrics]\nxyzzy = 1\n")

    assert re.search(r"metrics\.xyzzy is not a key; did you mean metrics\.(host|port)\?", said)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('[mqtt]\nport = "1883"\n', "mqtt.port"),
        ("[mqtt]\nport = 70000\n", "mqtt.port"),
        ("[mqtt]\nprotocol = 3\n", "mqtt.protocol"),
        ("[redis]\nstream_length = 0\n", "redis.stream_length"),
        ("[live]\nstartup_timeout_s = -1.0\n", "live.startup_timeout_s"),
        ("[journal]\nsegment_mb = 1.5\n", "journal.segment_mb"),
        ('mqtt = "127.0.0.1"\n', "mqtt"),
        ('[[consumers]]\nname = "desk"\njurisdiction = "Singapore"\n', "consumers[0].jurisdiction"),
        ('[[consumers]]\nname = "desk"\n', "consumers[0]"),
        ('[[venues]]\nname = "binance"\n', "venues[0]"),
        ('[[venues]]\nname = "binance"\ninstruments = "BTCUSDT.BINANCE"\n', "instruments"),
        ('[venues]\nname = "binance"\n', "venues"),
        ("venues = [1]\n", "venues[0]"),
    ],
)
def test_value_of_a_wrong_type_or_size_names_its_key(tmp_path: Path, text: str, field: str) -> None:
    assert field in refusal(tmp_path, text)


def test_file_that_is_missing_or_no_toml_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"

    with pytest.raises(ConfigError, match=re.escape(f"{missing}: no such file")):
        load_config(missing, {})
    assert "line 1" in refusal(tmp_path, "port 1883\n")


def test_whole_number_will_do_where_seconds_are_wanted(tmp_path: Path) -> None:
    config = load(tmp_path, "[live]\nstartup_timeout_s = 3\n")

    assert config.live.startup_timeout_s == 3.0


def test_venues_are_read_as_their_own_kind(tmp_path: Path) -> None:
    text = """
        [[venues]]
        name = "binance"
        instruments = ["BTCUSDT.BINANCE", "ETHUSDT.BINANCE"]
        ws_url = "ws://127.0.0.1:5000"
        [[venues]]
        name = "binance_usdm"
        instruments = ["BTCUSDT-PERP.BINANCE"]
    """

    config = load(tmp_path, text)

    assert config.venues == (
        BinanceConfig(instruments=("BTCUSDT.BINANCE", "ETHUSDT.BINANCE"), ws_url="ws://127.0.0.1:5000"),
        BinanceUsdmConfig(instruments=("BTCUSDT-PERP.BINANCE",)),
    )


def test_environment_overrides_the_file_in_the_keys_own_type(tmp_path: Path) -> None:
    environ = {
        "SIGNALD_MQTT__PORT": "1884",
        "SIGNALD_MQTT__CLIENT_ID": "007",
        "SIGNALD_MQTT__TLS": "true",
        "SIGNALD_MQTT__PASSWORD_FILE": "/run/secrets/mqtt",
        "SIGNALD_LIVE__STARTUP_TIMEOUT_S": "2.5",
        "SIGNALD_DATA": "/no/configuration/key",
        "PATH": "/usr/bin",
    }

    config = load(tmp_path, '[mqtt]\nport = 1885\nhost = "broker"\n', environ)

    assert (config.mqtt.host, config.mqtt.port, config.mqtt.client_id) == ("broker", 1884, "007")
    assert (config.mqtt.tls, config.mqtt.password_file) == (True, "/run/secrets/mqtt")
    assert config.live.startup_timeout_s == 2.5


def test_environment_reaches_into_venues_and_consumers(tmp_path: Path) -> None:
    text = """
        [[venues]]
        name = "binance"
        instruments = ["BTCUSDT.BINANCE"]
        [[consumers]]
        name = "desk"
        jurisdiction = "SG"
    """
    environ = {
        "SIGNALD_VENUES__0__WS_URL": "ws://127.0.0.1:5000",
        "SIGNALD_VENUES__0__INSTRUMENTS": '["ETHUSDT.BINANCE"]',
        "SIGNALD_VENUES__0__STALE_AFTER_MS": "700",
        "SIGNALD_CONSUMERS__0__JURISDICTION": "CH",
    }

    config = load(tmp_path, text, environ)

    assert config.venues == (
        BinanceConfig(instruments=("ETHUSDT.BINANCE",), ws_url="ws://127.0.0.1:5000", stale_after_ms=700),
    )
    assert config.consumers == (ConsumerConfig(name="desk", jurisdiction="CH"),)


def test_secret_is_read_from_the_file_that_the_environment_names(tmp_path: Path) -> None:
    secret = tmp_path / "redis-url"
    secret.write_text("redis://:hush@127.0.0.1:6379/0\n", encoding="utf-8")

    config = load(tmp_path, "", {"SIGNALD_REDIS__URL_FILE": str(secret)})

    assert config.redis.url == "redis://:hush@127.0.0.1:6379/0"


def test_secret_that_cannot_be_read_names_its_variable(tmp_path: Path) -> None:
    said = refusal(tmp_path, "", {"SIGNALD_REDIS__URL_FILE": str(tmp_path / "missing")})

    assert said.startswith("SIGNALD_REDIS__URL_FILE: cannot read ")


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("SIGNALD_MQTT__PROT", "1884", "mqtt.prot is not a key; did you mean mqtt.port?"),
        ("SIGNALD_MQTT__PORT", "many", "mqtt.port"),
        ("SIGNALD_METRIX__PORT", "1", "metrix is not a key; did you mean metrics?"),
        ("SIGNALD_VENUES__7__WS_URL", "ws://x", "there is no venues.7.ws_url to override"),
        ("SIGNALD_VENUES__FIRST__WS_URL", "ws://x", "there is no venues.first.ws_url to override"),
        ("SIGNALD_MQTT__PORT__DEEP", "1", "mqtt.port"),
    ],
)
def test_override_that_fits_nowhere_is_an_error(tmp_path: Path, name: str, value: str, part: str) -> None:
    text = '[mqtt]\nport = 1883\n[[venues]]\nname = "binance"\ninstruments = []\n'

    assert part in refusal(tmp_path, text, {name: value})


def test_moments_of_a_release_become_nanoseconds() -> None:
    rules = ReleasesConfig(arm_before_s=1.5, late_after_s=60).rules()

    assert (rules.arm_before_ns, rules.late_after_ns) == (1_500_000_000, 60 * NS_PER_S)


def test_shipped_files_are_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert find_file("configs/signald.toml").read_bytes() == SHIPPED.read_bytes()


def test_file_of_ones_own_comes_before_the_shipped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "configs" / "model.json"
    own.parent.mkdir()
    own.write_text("{}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert find_file("configs/model.json").read_text() == "{}"


def test_file_that_is_nowhere_is_an_error(tmp_path: Path) -> None:
    missing = str(tmp_path / "model.json")

    with pytest.raises(ConfigError, match="no such file"):
        find_file(missing)


def test_a_list_or_a_table_is_overridden_as_toml_writes_it() -> None:
    lists = {"SIGNALD_CALENDAR__SOURCES": '["bls", "wire"]', "SIGNALD_CALENDAR__QUORUMS": '{ "us.cpi.*" = 2 }'}

    calendar = load_config(None, lists).calendar

    assert calendar.sources == ("bls", "wire")
    assert calendar.quorums == {"us.cpi.*": 2}
    with pytest.raises(ConfigError, match=r"calendar\.sources"):
        load_config(None, {"SIGNALD_CALENDAR__SOURCES": "bls"})
