"""Reads the configuration: the file, overlaid by the environment, checked at once."""

import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from signald.config.environment import ENV_PREFIX, overlay
from signald.config.file import Config, File
from signald.errors import ConfigError
from signald.sources.registry import VenueConfig, read_venue_config, venue_problems
from signald.sources.tables import key_lines, problems

_LONGEST: Final = 1 << 20
"""Bytes of a file. What is longer is none of ours, and costs seconds and a gigabyte to read."""
_DEEPEST: Final = 32


def load_config(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Read the file, lay the environment over it and check all of it.

    Args:
        path: The file; ``None``: defaults and environment only.
        environ: The process's environment.

    Raises:
        ConfigError: The file cannot be read, or keys or values in it are wrong. All are named at once, each with its
            line, unknown keys with the nearest known one.
    """
    where = str(path) if path is not None else "defaults"
    table = _read_toml(path) if path is not None else {}
    overlay(table, environ)
    if unfit := list(_unfit(table, "")):
        raise ConfigError(where, "\n  ".join(unfit))
    venues = table.pop("venues", [])
    found = list(problems(table, File, also_known=("venues",)))
    read = _read_venues(venues, found)
    if found:
        raise ConfigError(where, "\n  ".join(_with_lines(found, path, environ)))
    file = msgspec.convert(table, File)
    for name, count in Counter(consumer.name for consumer in file.consumers).items():
        if count > 1:
            raise ConfigError(where, f"consumers: {name!r} is listed {count} times")
    return Config(**{name: getattr(file, name) for name in File.__struct_fields__}, venues=read)


def find_file(name: str) -> Path:
    """A configured file: as named, or where it is missing and shipped with signald, the shipped one.

    Raises:
        ConfigError: Neither is there.
    """
    given = Path(name)
    if given.is_file():
        return given
    if given.parts[:1] == ("configs",):
        package = Path(__file__).parents[1]
        for shipped in (package / given, package.parent / given):
            if shipped.is_file():
                return shipped
    raise ConfigError(name, "no such file")


def _read_venues(tables: object, found: list[str]) -> tuple[VenueConfig, ...]:
    """Read what can be read; say of the rest what is wrong with it."""
    if not isinstance(tables, list):
        found.append("venues: write each venue as a [[venues]] table")
        return ()
    read: list[VenueConfig] = []
    for index, table in enumerate(cast("list[object]", tables)):
        where = f"venues[{index}]"
        if wrong := venue_problems(table, where=where):
            found += wrong
            continue
        try:
            read.append(read_venue_config(table, where=where))
        except ConfigError as error:
            found.append(str(error))
    return tuple(read)


def _with_lines(found: Sequence[str], path: Path | None, environ: Mapping[str, str]) -> Iterator[str]:
    """Each problem with the line of its key, unless the environment said it."""
    lines = {} if path is None else key_lines(path.read_text(encoding="utf-8"))
    for problem in found:
        key = re.split(r"[: ]", problem, maxsplit=1)[0]
        variable = ENV_PREFIX + "__".join(re.findall(r"\w+", key)).upper()
        line = (
            None
            if variable in environ or f"{variable}_FILE" in environ
            else lines.get(key, lines.get(key.rpartition(".")[0]))
        )
        yield problem if line is None else f"{problem} (line {line})"


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST + 1)
        if len(text) > _LONGEST:
            raise ConfigError(str(path), f"more than {_LONGEST:,} bytes are no configuration")
        return tomllib.loads(text.decode())
    except FileNotFoundError as error:
        raise ConfigError(str(path), "no such file") from error
    except (OSError, ValueError, RecursionError) as error:  # a number of thousands of digits is a plain ValueError
        raise ConfigError(str(path), str(error)) from error


def _unfit(found: object, key: str) -> Iterator[str]:
    """What no part can use, whatever it is for: numbers without an end, texts with NUL, tables without a bottom."""
    if key.count(".") > _DEEPEST:
        yield f"{key.partition('.')[0]}: is nested too deeply"
    elif isinstance(found, dict):
        for name, one in cast("dict[str, object]", found).items():
            yield from _unfit(one, f"{key}.{name}" if key else name)
    elif isinstance(found, list):
        for index, one in enumerate(cast("list[object]", found)):
            yield from _unfit(one, f"{key}[{index}]")
    elif isinstance(found, str) and "\0" in found:
        yield f"{key}: has a NUL"
    elif isinstance(found, float) and not math.isfinite(found):
        yield f"{key}: is not a finite number"
