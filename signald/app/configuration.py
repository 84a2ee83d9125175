"""The configuration in force, for people: file, environment and defaults in one, no secret in it."""

from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import msgspec
import tomli_w

from signald.config import Config

MASK = "********"


def effective(config: Config) -> dict[str, Any]:
    """Every key with the value that counts; keys without one are left out.

    Passwords live in files, of which only the name stands here; what a URL says of who we are is masked.
    """
    return cast("dict[str, Any]", _shown(msgspec.to_builtins(config)))


def changed(config: Config) -> dict[str, Any]:
    """Of :func:`effective`, only what differs from the defaults."""
    return _difference(effective(config), effective(Config()))


def as_toml(table: dict[str, Any]) -> str:
    """``table`` as TOML, which may be used as a configuration again once the masks are replaced."""
    return tomli_w.dumps(table)


def _difference(table: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in table.items():
        default = defaults.get(key)
        if isinstance(value, dict) and isinstance(default, dict):
            inner = _difference(cast("dict[str, Any]", value), cast("dict[str, Any]", default))
            if inner:
                out[key] = inner
        elif value != default:
            out[key] = value
    return out


def _shown(value: object) -> object:
    match value:
        case dict():
            items = cast("dict[str, object]", value).items()
            return {key: _shown(inner) for key, inner in items if inner is not None}
        case list() | tuple():
            return [_shown(inner) for inner in cast("list[object]", value)]
        case str() if "://" in value:
            return _without_secrets(value)
        case _:
            return value


def _without_secrets(url: str) -> str:
    """``url`` with its password and every value of its query masked: any of them may be a key."""
    try:
        parts = urlsplit(url)
    except ValueError:  # not to be read, so not to be shown
        return MASK
    who, at, where = parts.netloc.rpartition("@")
    user, colon, _ = who.partition(":")
    masked = f"{user}:{MASK}" if colon else user
    query = f"?{_masked_query(parts.query)}" if parts.query else ""
    return f"{parts.scheme}://{masked}{at}{where}{parts.path}{query}"


def _masked_query(query: str) -> str:
    names = [pair.partition("=")[0] for pair in query.split("&") if pair]
    return urlencode([(name, MASK) for name in names], safe="*")
