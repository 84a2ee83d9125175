"""What a metric is here: a name, and how its numbers are read from what there is to tell."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from signald.console.facts import Facts
from signald.model.time import Nanos

Values: TypeAlias = Iterable[tuple[tuple[str, ...], float]]


class Told(NamedTuple):
    """What there is to tell at one scrape.

    Attributes:
        now: signald's time.
        facts: Of documents.
        parts: Of the status, as pages see it.
        pages: How many are open.
        redis_up: Whether Redis answers.
        processes: Process ids by what they do.
        refused: Requests that showed a wrong token, or came from an address that did so too often.
        beyond: Requests refused by the limit that they were beyond.
    """

    now: Nanos
    facts: Facts
    parts: Mapping[str, Any]
    pages: int
    redis_up: bool
    processes: Mapping[str, int]
    refused: int = 0
    beyond: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric: what it is called, what it means, its labels, and where its numbers are."""

    name: str
    documentation: str
    labels: tuple[str, ...]
    read: Callable[[Told], Values]
