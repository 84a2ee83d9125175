"""Which hosts keep which books, and what is more than another host believes."""

from collections.abc import Sequence

import msgspec
import pytest

from signald.app.hosts import split
from signald.config import Config, find_file, load_config
from signald.errors import ConfigError
from signald.live.remote.arrivals import MOST_WRITERS
from signald.sources.registry import read_venue_config

CONFIG = load_config(find_file("configs/signald.toml"), {})


def keeping(names: Sequence[str], *, workers: int = 1) -> Config:
    """All venues of these names, one book each, on a host called tokyo."""
    venues = tuple(
        read_venue_config({"name": name, "instruments": [f"BTC{number}.X"]}, where="test")
        for number, name in enumerate(names)
    )
    return msgspec.structs.replace(
        CONFIG,
        venues=venues,
        live=msgspec.structs.replace(CONFIG.live, feed_workers=workers),
        board=msgspec.structs.replace(CONFIG.board, hosts={"tokyo": tuple(names)}),
    )


def test_a_host_keeps_what_it_is_given() -> None:
    ours, theirs = split(keeping(["binance", "okx"], workers=2))

    assert ours == ()
    assert [venue.name for venue in theirs["tokyo"]] == ["binance", "okx"]


def test_more_processes_than_are_believed_are_refused_before_anything_begins() -> None:
    most = [f"ccxt:exchange{number}" for number in range(MOST_WRITERS - 1)]
    split(keeping([*most, "binance"]))

    with pytest.raises(ConfigError, match=rf"board\.hosts\.tokyo: .*{MOST_WRITERS + 1} processes"):
        split(keeping([*most, "binance", "okx"], workers=2))
