"""A certificate authority for one test, and a server certificate for loopback."""

import datetime as dt
import ipaddress
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Certificates(NamedTuple):
    """Files that a server and its clients need."""

    ca: Path
    certificate: Path
    key: Path
    revoked: Path


def make_certificates(
    directory: Path, *, address: str = "127.0.0.1", ends_in_days: int = 1, is_revoked: bool = False
) -> Certificates:
    """An authority and a certificate for ``address`` that it has signed, valid until so many days from now.

    ``revoked`` is the authority's list of revoked certificates, in which this one stands if it ``is_revoked``.
    """
    directory.mkdir(exist_ok=True)
    ca_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test's authority")])
    ca = (
        _builder(ca_name, ca_name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    server_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test's server")])
    addresses = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    server = (
        _builder(server_name, ca_name, server_key.public_key(), ends_in_days)
        .add_extension(addresses, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    files = Certificates(*(directory / name for name in ("ca.pem", "server.pem", "server.key", "crl.pem")))
    revoked = _revocations(ca_name, [server.serial_number] if is_revoked else []).sign(ca_key, hashes.SHA256())
    files.revoked.write_bytes(revoked.public_bytes(serialization.Encoding.PEM))
    files.ca.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    files.certificate.write_bytes(server.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        server_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return files


def _revocations(issuer: x509.Name, serials: list[int]) -> x509.CertificateRevocationListBuilder:
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 - a list is for the machine's day
    revocations = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer)
        .last_update(now - dt.timedelta(days=1))
        .next_update(now + dt.timedelta(days=1))
    )
    for serial in serials:
        one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - dt.timedelta(hours=1))
        revocations = revocations.add_revoked_certificate(one.build())
    return revocations


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, ends_in_days: int = 1
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 - a certificate is for the machine's day
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=9))
        .not_valid_after(now + dt.timedelta(days=ends_in_days))
    )
