"""Identity of a signal: the same causes give the same id on every replica, after every restart and in replay."""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

import msgspec

from signald.model.instruments import InstrumentId

_ID_BYTES = 16
_ENCODER = msgspec.json.Encoder()


def cause_key(*parts: str | float | None) -> str:
    """One cause as one string, such as release_id, figure number and value; different parts give different keys.

    It is the compact JSON of the parts, so that ``("a", "b")``, ``("ab",)`` and ``("a", None)`` stay apart, and a
    number is written in its shortest form.
    """
    return _ENCODER.encode(parts).decode()


def signal_id(kind: str, instrument: InstrumentId | None, keys: Sequence[str]) -> str:
    """Hash kind, instrument and the sorted ``keys`` of the causes into 32 lower-case hex digits.

    The order of ``keys`` does not count, nor does a key that is given twice. Every part goes into the hash behind
    its length, so that no two different inputs share an encoding.
    """
    digest = _begun(kind, instrument).copy()
    digest.update(b"".join([_framed(key) for key in sorted(set(keys))]))
    return digest.hexdigest()


@lru_cache(maxsize=1_024)
def _begun(kind: str, instrument: InstrumentId | None) -> blake2b:
    """A hash that kind and instrument have gone into: there are few of them, and they are the same each time."""
    digest = blake2b(digest_size=_ID_BYTES, person=b"signald.id.1")
    digest.update(_framed(kind) + (b"-" if instrument is None else b"+" + _framed(instrument)))
    return digest


def _framed(part: str) -> bytes:
    encoded = part.encode()
    return len(encoded).to_bytes(4, "big") + encoded
