"""An id is written once: it depends on kind, instrument and causes, and on nothing else."""

import re

from signald.model.identity import cause_key, signal_id


def test_an_id_is_32_hex_digits_and_never_changes() -> None:
    key = cause_key("us.cpi.yoy:2025-01", 0, 3.0)

    made = signal_id("release", "BTCUSDT.BINANCE", [key])

    assert re.fullmatch(r"[0-9a-f]{32}", made)
    assert made == "10c63caf7b17fad0bc1602154427fc2a"


def test_no_instrument_is_not_an_empty_one() -> None:
    assert signal_id("missed", None, ["k"]) != signal_id("missed", "", ["k"])


def test_parts_do_not_run_into_one_another() -> None:
    assert signal_id("ab", "c", []) != signal_id("a", "bc", [])
    assert signal_id("a", "b", ["c"]) != signal_id("a", "b", ["", "c"])
    assert cause_key("a", "b") != cause_key("ab")


def test_a_figure_and_its_correction_to_none_differ() -> None:
    assert cause_key("us.cpi.yoy:2025-01", 1, None) != cause_key("us.cpi.yoy:2025-01", 1, 3.0)
