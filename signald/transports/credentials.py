"""Secrets and certificates that a connection needs, read from the files the configuration names."""

import ssl
from pathlib import Path

from signald.errors import ConfigError


def read_secret(path: str | None, *, key: str) -> str | None:
    """The first and only line of the file ``path``, without its end; ``None`` if no file is named.

    Args:
        path: The file.
        key: Configuration key that named it, for the error.

    Raises:
        ConfigError: It cannot be read.
    """
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as failure:
        raise ConfigError(key, f"{path}: {failure}") from failure


def client_tls(
    *, section: str, ca_file: str | None = None, cert_file: str | None = None, key_file: str | None = None
) -> ssl.SSLContext:
    """A context that verifies the server by ``ca_file`` (the system's if ``None``) and may show a certificate of ours.

    Raises:
        ConfigError: One of the files cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
        if cert_file is not None:
            context.load_cert_chain(cert_file, key_file)
    except OSError as failure:  # ssl.SSLError is one
        named = [f"{section}.{name}" for name in ("ca_file", "cert_file", "key_file")]
        raise ConfigError(", ".join(named), f"{ca_file}, {cert_file}, {key_file}: {failure}") from failure
    return context
