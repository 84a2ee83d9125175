"""How much everything that hangs on an object holds: to find what grows with what others say."""

from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping, Sized
from types import MethodType
from typing import Any, Final, cast

import msgspec

_SIZED: Final = (dict, list, set, deque, frozenset, OrderedDict, Counter)
_OURS: Final = ("signald.", "tests.")


def sizes(root: object, name: str) -> Counter[str]:
    """Entries of every container below ``root``, by the way to it; those of like things are added up."""
    found: Counter[str] = Counter()
    seen: set[int] = set()
    waiting = [(name, root)]
    while waiting:
        path, one = waiting.pop()
        if id(one) in seen or one is None or isinstance(one, (str, bytes, int, float)):
            continue
        seen.add(id(one))
        if isinstance(one, _SIZED):
            found[path] += len(cast("Sized", one))
        waiting += _below(path, cast("object", one))
    return found


def _below(path: str, one: object) -> Iterator[tuple[str, object]]:
    if isinstance(one, Mapping):
        yield from ((f"{path}[]", each) for each in cast("Mapping[object, object]", one).values())
    elif isinstance(one, (list, tuple, set, frozenset, deque)):
        yield from ((f"{path}[]", each) for each in tuple(cast("Iterable[object]", one)))
    elif type(one).__module__.startswith(_OURS) and not isinstance(one, type):
        for attribute in _attributes(one):
            yield f"{path}.{attribute}", getattr(one, attribute, None)
    elif isinstance(one, MethodType):
        yield path, one.__self__


def _attributes(one: object) -> Iterator[str]:
    if isinstance(one, msgspec.Struct):
        yield from one.__struct_fields__
        return
    yield from cast("dict[str, Any]", getattr(one, "__dict__", {}))
    for kind in type(one).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        yield from (slots,) if isinstance(slots, str) else slots
