"""Ed25519 keys (RFC 8032), which sign what we publish and tell who signed what came. Loads in a tenth of a second."""

import base64
import binascii
import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from signald.errors import ConfigError
from signald.transports.signatures import KEY_ID, SIGNATURE, signed_bytes

_KEY_BYTES: Final = 32
_OURS_ALONE: Final = 0o600
_WHERE: Final = "mqtt.sign_key_file"


class Signer:
    """Signs what we publish."""

    def __init__(self, key_id: str, path: Path) -> None:
        """Read the private key, a PEM file.

        Raises:
            ConfigError: It cannot be read, or is no Ed25519 key.
        """
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as failure:
            problem = f"{path}: {failure if isinstance(failure, OSError) else 'is no private key in PEM'}"
            raise ConfigError(_WHERE, problem) from None  # the cause may repeat what the file holds
        if not isinstance(key, Ed25519PrivateKey):
            problem = f"{path}: is no Ed25519 key"
            raise ConfigError(_WHERE, problem)
        self._key_id = key_id
        self._key = key

    def properties(self, topic: str, payload: bytes) -> tuple[tuple[str, str], tuple[str, str]]:
        """The user properties that go with ``payload`` on ``topic``, whole."""
        signature = self._key.sign(signed_bytes(topic, payload))
        return (KEY_ID, self._key_id), (SIGNATURE, base64.b64encode(signature).decode())


class Verifier:
    """One public key."""

    def __init__(self, public_key: str, *, where: str) -> None:
        """Take its 32 bytes in base64; raises ``ConfigError`` naming ``where`` if that is none."""
        try:
            raw = base64.b64decode(public_key, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != _KEY_BYTES:
            raise ConfigError(where, f"{public_key!r} is not an Ed25519 public key: 32 bytes in base64")
        self._key = Ed25519PublicKey.from_public_bytes(raw)

    def is_good(self, signature: str, topic: str, payload: bytes) -> bool:
        """Whether ``signature`` is this key's, of this topic and these bytes."""
        try:
            self._key.verify(base64.b64decode(signature, validate=True), signed_bytes(topic, payload))
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def make_key(path: Path) -> str:
    """Make a key pair: the private key goes into a new file ``path``, for its owner alone; the public one is returned.

    Raises:
        ConfigError: The file is there already, or cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OURS_ALONE), "wb") as file:
            file.write(pem)
    except OSError as failure:
        raise ConfigError(str(path), str(failure)) from failure
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()
