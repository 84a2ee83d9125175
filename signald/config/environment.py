"""What the environment says, laid over what the file says."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from signald.config.file import File
from signald.errors import ConfigError

ENV_PREFIX: Final = "SIGNALD_"


def overlay(table: dict[str, Any], environ: Mapping[str, str]) -> None:
    """Write each ``SIGNALD_SECTION__KEY`` (or the content of the file named by ``…_FILE``) into ``table``."""
    for name in sorted(environ):
        if not name.startswith(ENV_PREFIX) or "__" not in name:
            continue
        *outer, key = name.removeprefix(ENV_PREFIX).lower().split("__")
        value = environ[name]
        struct = _section_type(outer)
        if struct is not None and key.endswith("_file") and key not in struct.__struct_fields__:
            key, value = key.removesuffix("_file"), _secret(name, value)
        _place(table, [*outer, key], _typed(struct, key, value), name=name)


def _section_type(path: Sequence[str]) -> type[msgspec.Struct] | None:
    """The struct of a top-level section; ``None`` for anything deeper or unknown."""
    if len(path) != 1:
        return None
    for found in msgspec.structs.fields(File):
        if found.name == path[0] and isinstance(found.type, type) and issubclass(found.type, msgspec.Struct):
            return found.type
    return None


def _typed(struct: type[msgspec.Struct] | None, key: str, value: str) -> object:
    """``value`` as the key's own type where it is known, else as TOML would read it, else as text."""
    if struct is not None:
        for found in msgspec.structs.fields(struct):
            if found.name == key and value[:1] not in {"[", "{"}:
                try:
                    return msgspec.convert(value, found.type, strict=False)
                except msgspec.ValidationError:
                    return value
        if value[:1] not in {"[", "{"}:
            return value
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return value


def _secret(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(name, f"cannot read {path}: {error}") from error


def _place(table: dict[str, Any], path: Sequence[str], value: object, *, name: str) -> None:
    node: Any = table
    for depth, part in enumerate(path):
        last = depth == len(path) - 1
        try:
            if isinstance(node, dict):
                inner = cast("dict[str, Any]", node)
                node = inner.__setitem__(part, value) if last else inner.setdefault(part, {})
            else:
                items = cast("list[Any]", node)
                node = items.__setitem__(int(part), value) if last else items[int(part)]
        except (IndexError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(name, f"there is no {'.'.join(path)} to override") from error
