"""What pages show besides commands: keys that there are, YAML that is some, notes that are true."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import yaml

from tests.support.pages import ALL, ROOT


def test_every_key_that_a_page_shows_exists() -> None:
    known = "".join(
        (ROOT / "configs" / name).read_text(encoding="utf-8") for name in ("signald.toml", "instruments.toml")
    )
    shown = [block for block in ALL if block.language == "toml" and not block.page.endswith("backtest-in-ci.md")]

    keys = {key for block in shown for table in tomllib.loads(block.text).values() for key in keys_of(table)}

    assert keys
    assert {key for key in keys if not re.search(rf"\b{key}\b", known)} == set()


def keys_of(table: Any) -> Iterator[str]:  # noqa: ANN401 - TOML
    """Keys of a table, or of each of several."""
    for one in table if isinstance(table, list) else [table]:
        yield from one


def test_yaml_that_a_page_shows_is_yaml() -> None:
    shown = [yaml.safe_load(block.text) for block in ALL if block.language == "yaml"]

    assert [type(each) for each in shown] == [dict] * len(shown)


def test_whoever_a_note_names_is_there() -> None:
    named = [
        (block.page, name)
        for block in ALL
        for name in re.findall(r"[\w./-]+/[\w./-]+", block.note)
        if block.note.startswith("run by") or "tests/" in name
    ]

    assert named
    assert [each for each in named if not (ROOT / each[1].rstrip(".")).exists()] == []
