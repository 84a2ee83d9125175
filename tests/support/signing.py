"""Keys to sign with, and the configuration that believes them."""

from pathlib import Path
from typing import NamedTuple

from signald.transports.ed25519 import Signer, make_key
from signald.transports.settings import Family, TrustedKey


class KeyPair(NamedTuple):
    """A private key in a file, and who believes it."""

    signer: Signer
    path: Path
    trusted: TrustedKey


def make_pair(
    directory: Path,
    key_id: str = "k1",
    *,
    source: str = "bls",
    families: tuple[Family, ...] = ("schedule", "release", "policy"),
    not_before: str = "",
    not_after: str = "",
) -> KeyPair:
    """A new pair, of ``source``."""
    path = directory / f"{key_id}.pem"
    public_key = make_key(path)
    trusted = TrustedKey(
        id=key_id,
        source=source,
        public_key=public_key,
        families=families,
        not_before=not_before,
        not_after=not_after,
    )
    return KeyPair(Signer(key_id, path), path, trusted)
