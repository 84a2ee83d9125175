import subprocess
import sys
from pathlib import Path

import pytest

from signald.core.board import Board
from signald.errors import ConfigError
from signald.sources.registry import build_source, read_venue_config
from tests.support.instruments import BTCUSDT

ROOT = Path(__file__).resolve().parents[3]
SPOT = {"name": "binance", "instruments": ["BTCUSDT.BINANCE"]}


def test_a_venue_has_its_own_addresses_by_default() -> None:
    venue = read_venue_config(SPOT, where="test")

    assert (venue.name, venue.instruments) == ("binance", ("BTCUSDT.BINANCE",))
    assert (venue.ws_url, venue.rest_url) == ("wss://stream.binance.com:9443", "https://api.binance.com")


def test_one_dialect_is_registered_under_two_names() -> None:
    venue = read_venue_config({**SPOT, "name": "binance_usdm", "ws_url": "ws://127.0.0.1:1"}, where="test")

    assert (venue.name, venue.ws_url, venue.rest_url) == (
        "binance_usdm",
        "ws://127.0.0.1:1",
        "https://fapi.binance.com",
    )


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({**SPOT, "name": "binence"}, r"name: 'binence' is not one of .*; did you mean binance\?"),
        ({"instruments": []}, "name: None is not one of"),
        ("binance", "name: None is not one of"),
        ({**SPOT, "stale_after": 1}, r"stale_after is not a key; did you mean .*stale_after_ms\?"),
        ({**SPOT, "stale_after_ms": 0}, "stale_after_ms"),
        ({**SPOT, "snapshot_limit": 17}, "snapshot_limit"),
        ({"name": "binance"}, "instruments"),
    ],
)
def test_a_wrong_table_is_refused_by_key_and_value(table: object, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        read_venue_config(table, where="signald.toml: venues[0]")


def test_a_source_is_built_for_its_instruments() -> None:
    source = build_source(read_venue_config(SPOT, where="test"), [BTCUSDT], Board([BTCUSDT.id]))

    assert source.instruments == ("BTCUSDT.BINANCE",)


def test_nothing_is_imported_before_it_is_configured() -> None:
    program = "import sys, signald.sources.registry as r; r.read_venue_config(" + repr(SPOT) + ", where='test');"
    program += "print('signald.sources.venues.binance.source' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout.strip() == "False"
