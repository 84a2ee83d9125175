"""Whatever bytes a configuration is made of: a sound one, or one error, soon and without much memory."""

import tracemalloc
from pathlib import Path

import pytest

from signald.config import load_config
from signald.errors import ConfigError

BAD = {
    "arrays nested 200,000 deep": b"a = " + b"[" * 200_000 + b"]" * 200_000,
    "tables nested 2,000 deep": b"[a" + b".a" * 2_000 + b"]\nx = 1\n",
    "a NUL": b'[mqtt]\nhost = "a\0b"\n',
    "a NUL that is written with an escape": b'[journal]\npath = "a\\u0000b"\n',
    "a NUL in a list": b'[guard]\nimportant = ["us.cpi.*", "\\u0000"]\n',
    "invalid UTF-8": b'[mqtt]\nhost = "\xff\xfe"\n',
    "half a surrogate": b'[mqtt]\nhost = "\\ud800"\n',
    "5,000 digits": b"[mqtt]\nport = " + b"9" * 5_000 + b"\n",
    "a port beyond a word": b"[mqtt]\nport = 99999999999999999999\n",
    "an exponent beyond any float": b"[live]\nstartup_timeout_s = 1e99999\n",
    "infinity": b"[releases]\nvalid_s = inf\n",
    "not a number": b"[releases]\nvalid_s = nan\n",
    "100 MB": b'[mqtt]\nhost = "' + b"x" * 100_000_000 + b'"\n',
    "a table that is a number": b"mqtt = 1\n",
    "venues that are no tables": b"venues = [1, 'x']\n",
    "a key that stands twice": b"[mqtt]\nport = 1\nport = 2\n",
    "nothing but brackets": b"[" * 100_000,
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_used_is_one_error(tmp_path: Path, what: str) -> None:
    path = tmp_path / "signald.toml"
    path.write_bytes(BAD[what])
    tracemalloc.start()

    with pytest.raises(ConfigError) as refused:
        load_config(path, {})

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(path) in str(refused.value)
    assert len(str(refused.value)) < 10_000
    assert most < 32 << 20


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="directory"):
        load_config(tmp_path, {})
