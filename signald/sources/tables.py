"""Tables of a configuration: all that is wrong with one, said at once, each with its key and the nearest known one."""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast, get_args, get_origin

import msgspec

_HEADER: Final = re.compile(r"\s*\[(?P<array>\[)?(?P<name>[\w .-]+)\]")
_KEY: Final = re.compile(r"""\s*(?P<name>["\w.-][" \w.-]*?)\s*=""")


def problems(
    table: Mapping[str, Any], struct: type[msgspec.Struct], *, prefix: str = "", also_known: tuple[str, ...] = ()
) -> Iterator[str]:
    """What keeps ``table`` from being read as ``struct``.

    Args:
        table: As TOML gives it.
        struct: The type it is to be.
        prefix: What every key's name is preceded by, such as ``mqtt.`` or ``venues[0].``.
        also_known: Keys that somebody else reads.
    """
    fields = {found.encode_name: found for found in msgspec.structs.fields(struct)}
    tag = struct.__struct_config__.tag_field
    known = [*([] if tag is None else [tag]), *fields, *also_known]
    for key, value in table.items():
        if key in fields:
            yield from _value_problems(value, fields[key].type, name=f"{prefix}{key}")
        elif key not in known:
            yield f"{prefix}{key} is not a key; did you mean {prefix}{nearest(key, known)}?"
    for key, found in fields.items():
        if found.required and key not in table:
            yield f"{prefix}{key} is missing"


def nearest(name: object, known: Iterable[str]) -> str:
    """The one of ``known`` that looks most like ``name``."""
    return difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.0)[0]


def key_lines(text: str) -> dict[str, int]:
    """The line, from one on, on which each table and key of a TOML document stands; ``venues[0].name`` in an array's.

    https://toml.io/en/v1.0.0#table; keys of inline tables and of arrays are their outer key's.
    """
    found: dict[str, int] = {}
    counts: Counter[str] = Counter()
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = header["name"].replace(" ", "")
            if header["array"]:
                counts[table] += 1
                table = f"{table}[{counts[table] - 1}]"
            found[table] = number
            table += "."
        elif key := _KEY.match(line):
            found.setdefault(table + key["name"].replace(" ", "").replace('"', ""), number)
    return found


def _value_problems(value: object, kind: Any, *, name: str) -> Iterator[str]:  # noqa: ANN401 - any type annotation
    if isinstance(value, dict) and _is_struct(kind):
        found = list(problems(cast("dict[str, Any]", value), kind, prefix=f"{name}."))
        if found:
            yield from found
            return
    elif isinstance(value, list) and get_origin(kind) is tuple and _is_struct(get_args(kind)[0]):
        for index, item in enumerate(cast("list[object]", value)):
            yield from _value_problems(item, get_args(kind)[0], name=f"{name}[{index}]")
        return
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        yield f"{name}{path.rstrip('`')}: {text}"


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
