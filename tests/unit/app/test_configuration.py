"""What is printed of a configuration can be read again, and holds no secret."""

from pathlib import Path

import pytest

from signald.app.configuration import MASK, as_toml, changed, effective
from signald.config import Config, load_config

HIDDEN = "hunter2"


def told(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "signald.toml"
    path.write_text(text)
    return load_config(path, {})


def test_what_is_in_force_can_be_read_again(tmp_path: Path) -> None:
    config = told(
        tmp_path,
        """
        [mqtt]
        host = "broker.example"
        [[venues]]
        name = "okx"
        instruments = ["BTC-USDT.OKX"]
        [[consumers]]
        name = "otc-desk-1"
        jurisdiction = "SG"
        """,
    )

    assert told(tmp_path, as_toml(effective(config))) == config
    assert told(tmp_path, as_toml(changed(config))) == config


def test_only_what_differs_from_the_defaults_is_changed(tmp_path: Path) -> None:
    config = told(tmp_path, "[releases]\nvalid_s = 200.0\nclose_after_s = 3600.0\n")

    assert changed(config) == {"releases": {"valid_s": 200.0}}
    assert changed(Config()) == {}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"redis://desk:{HIDDEN}@redis:6379/0", f"redis://desk:{MASK}@redis:6379/0"),
        (f"redis://:{HIDDEN}@redis:6379", f"redis://:{MASK}@redis:6379"),
        (f"redis+sentinel://:{HIDDEN}@a:1,b:2/main/0", f"redis+sentinel://:{MASK}@a:1,b:2/main/0"),
        (f"unix:///run/redis.sock?db=1&password={HIDDEN}", f"unix:///run/redis.sock?db={MASK}&password={MASK}"),
        (f"redis://desk:{HIDDEN}@[redis:6379", MASK),
        ("redis://redis:6379/0", "redis://redis:6379/0"),
    ],
)
def test_a_url_says_where_but_not_the_password(tmp_path: Path, url: str, shown: str) -> None:
    config = told(tmp_path, f'[redis]\nurl = "{url}"')

    assert effective(config)["redis"]["url"] == shown
    assert HIDDEN not in as_toml(effective(config))
