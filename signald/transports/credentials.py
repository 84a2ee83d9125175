"""Secrets and certificates that a connection needs, read from the files the configuration names."""

import ssl
from pathlib import Path
from typing import Final

import structlog

from signald.errors import ConfigError
from signald.transports.settings import TlsVersion

_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


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
    *,
    section: str,
    ca_file: str | None = None,
    cert_file: str | None = None,
    key_file: str | None = None,
    crl_file: str | None = None,
    least: TlsVersion = "1.2",
) -> ssl.SSLContext:
    """A context that verifies the server by ``ca_file`` (the system's if ``None``) and may show a certificate of ours.

    With ``crl_file``, its authority's list of revoked certificates, a server is believed only if that list is in force
    and does not name it. No version of TLS before ``least`` is spoken.

    Raises:
        ConfigError: One of the files cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
        context.minimum_version = _VERSIONS[least]
        if crl_file is not None:
            context.load_verify_locations(crl_file)
            context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
        if cert_file is not None:
            context.load_cert_chain(cert_file, key_file)
    except OSError as failure:  # ssl.SSLError is one
        given = {"ca_file": ca_file, "cert_file": cert_file, "key_file": key_file, "crl_file": crl_file}
        named = ", ".join(f"{section}.{name}" for name, path in given.items() if path is not None)
        files = ", ".join(path for path in given.values() if path is not None)
        raise ConfigError(named or section, f"{files}: {failure}" if files else str(failure)) from failure
    return context


class Credentials:
    """What a connection shows of itself, read anew when a file has changed: nobody restarts for a new certificate.

    A connection that stands goes on with what it was made with. Files that cannot be used, such as a certificate whose
    key is still the former one, are said once, and the former ones are used until they can.
    """

    def __init__(
        self,
        *,
        section: str,
        tls: bool,
        ca_file: str | None = None,
        cert_file: str | None = None,
        key_file: str | None = None,
        crl_file: str | None = None,
        least: TlsVersion = "1.2",
        password_file: str | None = None,
    ) -> None:
        """Read all of them.

        Args:
            section: Of the configuration, for errors.
            tls: Whether TLS is spoken; else only the password counts.
            ca_file: Certificates to trust; the system's if ``None``.
            cert_file: Our certificate.
            key_file: Its key.
            crl_file: Certificates that are not to be trusted any more.
            least: The oldest version of TLS that is spoken.
            password_file: Holds the password.

        Raises:
            ConfigError: One of the files cannot be used.
        """
        self._section = section
        self._files = (ca_file, cert_file, key_file, crl_file) if tls else None
        self._least: TlsVersion = least
        self._password_file = password_file
        self._seen = self._look()
        self._refused: object = None
        self.context, self.password = self._read()

    @property
    def is_from_files(self) -> bool:
        """Whether there is a file that may change."""
        return self._password_file is not None or any(self._files or ())

    def refresh(self) -> None:
        """Take what the files hold now; reads from the disk, so not in the loop. Never fails."""
        if not self.is_from_files:
            return
        seen = self._look()
        if seen == self._seen:
            return
        try:
            self.context, self.password = self._read()
        except ConfigError as error:
            if seen != self._refused:
                log.error("credentials_not_reloaded", section=self._section, problem=str(error))  # noqa: TRY400 - the problem says it all
            self._refused = seen
            return
        self._seen = seen
        log.info("credentials_reloaded", section=self._section)

    def _read(self) -> tuple[ssl.SSLContext | None, str | None]:
        password = read_secret(self._password_file, key=f"{self._section}.password_file")
        if self._files is None:
            return None, password
        ca_file, cert_file, key_file, crl_file = self._files
        context = client_tls(
            section=self._section,
            ca_file=ca_file,
            cert_file=cert_file,
            key_file=key_file,
            crl_file=crl_file,
            least=self._least,
        )
        return context, password

    def _look(self) -> tuple[tuple[int, int, int] | None, ...]:
        """What tells one state of the files from another."""
        return tuple(_state(name) for name in (*(self._files or ()), self._password_file))


def _state(name: str | None) -> tuple[int, int, int] | None:
    try:
        found = None if name is None else Path(name).stat()
    except OSError:
        return None
    return None if found is None else (found.st_ino, found.st_size, found.st_mtime_ns)
