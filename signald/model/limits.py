"""What a record's key says of a message that was refused for its size or its rate: a replay says the same of it."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from signald.model.notices import Rejected
from signald.model.time import Nanos

LIMITED = "limited:"
"""Stands before reason, number and topic in the key of a message that was refused for its size or its rate."""

_LONGEST_CHANNEL: Final = 256  # characters of a topic that was beyond a limit
_BEYOND: Final[Mapping[str, tuple[Literal["too_long", "too_often"], str]]] = {
    "too_long": ("too_long", "{} bytes are more than a message may have"),
    "long_topic": ("too_long", "{} bytes are more than a topic may have"),
    "too_often": ("too_often", "{} more came than may of one source in so short a time"),
}


class Limit(NamedTuple):
    """Which limit a message was beyond: its bytes, or how many were refused since that was last on record."""

    reason: str
    number: int


def limited(limit: Limit, topic: str) -> str:
    """``topic``, or what of it is worth keeping, as it stands in a record's key with the limit that was passed."""
    return f"{LIMITED}{limit.reason}:{limit.number}:{topic[:_LONGEST_CHANNEL]}"


def limit_of(key: str) -> Limit | None:
    """The limit that the message of this ``key`` was beyond; ``None``: none."""
    if not key.startswith(LIMITED):
        return None
    _, reason, number, _ = key.split(":", 3)
    return Limit(reason, int(number))


def beyond(topic: str, limit: Limit, now: Nanos) -> Rejected:
    """What is said of a message that was beyond a limit."""
    reason, problem = _BEYOND[limit.reason]
    return Rejected(channel=topic, reason=reason, field="", problem=problem.format(limit.number), ts_ingest=now)
