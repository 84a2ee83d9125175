"""The contract's signatures as they go with a message: two user properties of MQTT 5, over topic, NUL and payload."""

from collections.abc import Sequence
from typing import Final, NamedTuple

KEY_ID: Final = "key_id"
SIGNATURE: Final = "signature"


class Shown(NamedTuple):
    """What a message shows of its signer: ``None`` of what it does not show, or shows twice."""

    key_id: str | None
    signature: str | None


def signed_bytes(topic: str, payload: bytes) -> bytes:
    """What is signed; a topic has no NUL in it."""
    return topic.encode("utf-8", "surrogatepass") + b"\0" + payload


def shown(user_properties: Sequence[tuple[str, str]]) -> Shown:
    """What a message shows of its signer; two of a kind are as good as none: which one would count?"""
    found: dict[str, list[str]] = {KEY_ID: [], SIGNATURE: []}
    for name, value in user_properties:
        if name in found:
            found[name].append(value)
    key_id, signature = (values[0] if len(values) == 1 else None for values in found.values())
    return Shown(key_id, signature)
