"""Says of each message, when it comes, whether who sent it may: by its signature, and by what its source must do.

The verdict goes on record with the message. A replay believes it, and needs no keys: they may be others by then.
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias
from urllib.parse import unquote

import msgspec

from signald.errors import UNREADABLE, ConfigError
from signald.model.time import NS_PER_S, Nanos, parse_rfc3339
from signald.pipeline import Seal
from signald.sources.calendars.mqtt.source import MAX_PAYLOAD_BYTES
from signald.transports.settings import Family, SignaturesConfig, Unsigned
from signald.transports.signatures import Shown, shown

Verdict: TypeAlias = Literal[
    "signed", "unsigned", "missing", "unknown_key", "wrong_key", "expired_key", "forged", "outdated"
]
"""The first two are taken, the second marked; the others are refused."""

_COMMANDS: Final = frozenset({"policy", "expectations", "control"})
_LONGEST_ID: Final = 64


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What of a payload tells who sent it, and when: no field that its reader skips, or a wrong one would hide who."""

    source: str = ""
    ts_event: str = ""


class _Ordered(msgspec.Struct, frozen=True, kw_only=True):
    """The same of a command."""

    source: str = msgspec.field(name="by", default="")
    ts_event: str = ""


class _Verifies(Protocol):
    def is_good(self, signature: str, topic: str, payload: bytes) -> bool: ...


class _Key(NamedTuple):
    verifier: _Verifies
    source: str
    families: tuple[Family, ...]
    begins: Nanos
    ends: Nanos


class Seals:
    """Judges signatures by the keys and the rules of one configuration."""

    def __init__(self, config: SignaturesConfig, *, prefix: str) -> None:
        """Read the keys.

        Args:
            config: Keys and rules.
            prefix: What every topic begins with; it is signed, too.

        Raises:
            ConfigError: A key is none, or two have one id.
        """
        self._config = config
        self._prefix = f"{prefix}/"
        self._keys: dict[str, _Key] = {}
        self._decode = msgspec.json.Decoder(_Said).decode
        self._decode_command = msgspec.json.Decoder(_Ordered).decode
        if not config.keys:
            return
        from signald.transports.ed25519 import Verifier  # noqa: PLC0415 - not for those who believe everybody

        for number, key in enumerate(config.keys):
            where = f"signatures.keys[{number}]"
            if key.id in self._keys:
                raise ConfigError(where, f"{key.id!r} is the id of another key, too")
            verifier = Verifier(key.public_key, where=f"{where}.public_key")
            try:
                begins, ends = (parse_rfc3339(ts) if ts else None for ts in (key.not_before, key.not_after))
            except ValueError as error:
                raise ConfigError(where, str(error)) from error
            self._keys[key.id] = _Key(verifier, key.source, key.families, begins or 0, ends or 2**63)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is asked of anybody: no message needs to be looked at."""
        config = self._config
        return not self._keys and config.unsigned == "accept" and set(config.sources.values()) <= {"accept"}

    def judge(self, topic: str, payload: bytes, properties: Sequence[tuple[str, str]], now: Nanos) -> Seal | None:
        """The verdict on a message on ``topic``, below the prefix; ``None``: nothing is to be said of it."""
        family = _family_of(topic)
        if family is None:
            return None
        said = self._said(payload, family)
        source = self._speaker(topic, family, said)
        proof = shown(properties)
        verdict = self._verdict(topic, payload, proof, family=family, source=source)
        if verdict == "signed" and not self._is_in_time(family, said, now):
            verdict = "outdated"
        elif verdict == "signed" and not self._is_in_force(proof, now):
            verdict = "expired_key"
        return None if verdict is None else Seal(verdict, (proof.key_id or "")[:_LONGEST_ID])

    def _verdict(self, topic: str, payload: bytes, proof: Shown, *, family: Family, source: str) -> Verdict | None:
        """The same without regard to time."""
        if proof.key_id is None or proof.signature is None:
            return self._unsigned(source, "missing")
        key = self._keys.get(proof.key_id)
        if key is None:
            return self._unsigned(source, "unknown_key")
        if key.source != source or family not in key.families:
            return "wrong_key"
        is_good = key.verifier.is_good(proof.signature, self._prefix + topic, payload)
        return "signed" if is_good else "forged"

    def _unsigned(self, source: str, refusal: Verdict) -> Verdict | None:
        rule: Unsigned = self._config.sources.get(source, self._config.unsigned)
        if rule == "refuse":
            return refusal
        return "unsigned" if rule == "flag" else None

    def _speaker(self, topic: str, family: Family, said: _Said | _Ordered) -> str:
        return said.source if family in _COMMANDS else unquote(topic.rpartition("/")[2])

    def _said(self, payload: bytes, family: Family) -> _Said | _Ordered:
        if len(payload) > MAX_PAYLOAD_BYTES:
            return _Said()  # refused unread by whoever reads it, too
        try:
            return self._decode_command(payload) if family == "control" else self._decode(payload)
        except UNREADABLE:
            return _Said()  # whatever it is will be refused by whoever reads it

    def _is_in_time(self, family: Family, said: _Said | _Ordered, now: Nanos) -> bool:
        """Whether the message is of our time: one that was kept for later use is not. Schedules are kept by brokers."""
        try:
            ts_event = parse_rfc3339(said.ts_event)
        except ValueError:
            return False
        window_s = self._config.control_window_s if family == "control" else self._config.window_s
        window_ns = round(window_s * NS_PER_S)
        return ts_event - now <= window_ns and (family == "schedule" or now - ts_event <= window_ns)

    def _is_in_force(self, proof: Shown, now: Nanos) -> bool:
        key = self._keys[proof.key_id or ""]
        return key.begins <= now < key.ends


def _family_of(topic: str) -> Family | None:
    """Of what kind a message on ``topic`` is; ``None``: of one that is not signed."""
    levels = [unquote(level) for level in topic.split("/", 2)]
    match levels:
        case ["calendar", "schedule", *_]:
            return "schedule"
        case ["calendar", "release", *_]:
            return "release"
        case ["policy", *_]:
            return "policy"
        case ["expectations", *_]:
            return "expectations"
        case ["control", *_]:
            return "control"
        case _:
            return None
