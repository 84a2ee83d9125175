"""Compiled kernels on disk: a file each, believed only if its digest is right, replaced in one step.

A directory that cannot be written (an image's) is read all the same, and a file that cannot be used is as good as none:
the kernel is compiled again. Nothing computed depends on what lies here.
"""

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_DIGEST_BYTES: Final = 32
_KEPT_VERSIONS: Final = 8
"""Files kept of one kernel: other branches, interpreters and processors may share the directory."""


def digest_of(parts: Iterable[bytes]) -> str:
    """Name for what all ``parts`` together decide, as 32 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


def sources_below(folder: Path) -> Iterable[bytes]:
    """The text of every Python module directly in ``folder``, in the order of their names."""
    return (path.read_bytes() for path in sorted(folder.glob("*.py")))


class KernelStore:
    """The files of one directory.

    Args:
        folder: Made when something is first saved.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, name: str, key: str) -> bytes | None:
        """What was saved under ``name`` and ``key``; None if nothing was, or if it is damaged."""
        try:
            content = self._path(name, key).read_bytes()
        except OSError:
            return None
        digest, payload = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        return payload if hashlib.blake2b(payload, digest_size=_DIGEST_BYTES).digest() == digest else None

    def save(self, name: str, key: str, payload: bytes) -> bool:
        """Keep ``payload``; False if the directory cannot be written."""
        content = hashlib.blake2b(payload, digest_size=_DIGEST_BYTES).digest() + payload
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".saving-", delete=False) as file:
                file.write(content)
            saved = Path(file.name)
            saved.chmod(0o644)  # an image's cache is built by one user and read by another
            saved.replace(self._path(name, key))
            self._forget_old(name)
        except OSError:
            return False
        return True

    def _path(self, name: str, key: str) -> Path:
        return self.folder / f"{name}-{key}.kernel"

    def _forget_old(self, name: str) -> None:
        """Keep the newest few files of ``name``."""
        length = len(self._path(name, "0" * 32).name)
        ours = [path for path in self.folder.glob(f"{name}-*.kernel") if len(path.name) == length]
        ours.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in ours[_KEPT_VERSIONS:]:
            path.unlink(missing_ok=True)
