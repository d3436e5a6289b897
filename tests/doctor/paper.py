"""Certificates that are odd in one thing, but signed by the authority of the folder."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.pki.act import Act
from secure_chat.pki.authority import Leaf
from secure_chat.pki.hostname import read_host_names
from secure_chat.pki.keys import PublicKey
from secure_chat.pki.vault import Vault
from tests.acceptance.paper import authority_of, write

__all__ = [
    "DAY",
    "issue_host",
    "issue_member",
    "list_of",
    "register",
    "remake_authority",
    "sign_again",
]

DAY = 86_400.0


def register(certs: Path, leaf: Leaf, act: str = "issued") -> None:
    """Enter a certificate into the audit trail."""
    Vault(certs).audit.append([Act.of(act, leaf.identity, at=time.time(), by="test")])


def issue_member(certs: Path, name: str, *, begin: float = 0.0, life: float = DAY) -> Leaf:
    """Put a member's certificate and key into the folder, and into the registry.

    Args:
        certs: the folder.
        name: who.
        begin: in so many seconds.
        life: seconds.
    """
    leaf = authority_of(certs).issue_member(
        name, now=time.time() + begin, life=timedelta(seconds=life)
    )
    _put(leaf, certs / "clients" / name)
    register(certs, leaf)
    return leaf


def issue_host(certs: Path, *names: str, begin: float = 0.0, life: float = 90 * DAY) -> None:
    """Put another host certificate with these names into the folder."""
    leaf = authority_of(certs).issue_host(
        read_host_names(names), now=time.time() + begin, life=timedelta(seconds=life)
    )
    _put(leaf, certs / "host")


def sign_again(
    certs: Path, stem: str, *, days: int = 90, names: bool = True, key: PublicKey | None = None
) -> None:
    """Sign a certificate of the folder again with one difference.

    Args:
        certs: the folder.
        stem: its file without the ending, such as `clients/bob`.
        days: how long it is valid.
        names: False leaves out whom it is for.
        key: the key it is for; its old one unless given.
    """
    path = certs / f"{stem}.crt"
    old, now = x509.load_pem_x509_certificate(path.read_bytes()), datetime.now(UTC)
    builder = x509.CertificateBuilder(
        old.issuer,
        old.subject,
        key or old.public_key(),
        old.serial_number,
        now - timedelta(minutes=1),
        now + timedelta(days=days),
    )
    for extension in old.extensions:
        if names or not isinstance(extension.value, x509.SubjectAlternativeName):
            builder = builder.add_extension(extension.value, critical=extension.critical)
    made = builder.sign(authority_of(certs).key, hashes.SHA256())
    path.write_bytes(made.public_bytes(Encoding.PEM))


def remake_authority(
    certs: Path, change: Callable[[x509.Extension[x509.ExtensionType]], x509.ExtensionType | None]
) -> None:
    """Sign the authority's certificate again with other extensions.

    Args:
        certs: the folder.
        change: returns what stands in an extension's place, None for nothing.
    """
    authority = authority_of(certs)
    old = authority.certificate
    builder = x509.CertificateBuilder(
        old.subject,
        old.subject,
        old.public_key(),
        old.serial_number,
        old.not_valid_before_utc,
        old.not_valid_after_utc,
    )
    for extension in old.extensions:
        value = change(extension)
        if value is not None:
            builder = builder.add_extension(value, critical=extension.critical)
    made = builder.sign(authority.key, hashes.SHA256())
    (certs / "ca.crt").write_bytes(made.public_bytes(Encoding.PEM))


def list_of(certs: Path, *serials: str, begin: float = -DAY, end: float | None = DAY) -> None:
    """Put another list of revoked certificates into the folder.

    Args:
        certs: the folder.
        serials: what it lists.
        begin: since when, seconds from now.
        end: until when, seconds from now.
    """
    authority, now = authority_of(certs), datetime.now(UTC)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now + timedelta(seconds=begin))
        .next_update(now + timedelta(seconds=DAY if end is None else end))
    )
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(int(serial, 16))
        builder = builder.add_revoked_certificate(entry.revocation_date(now).build())
    made = builder.sign(authority.key, hashes.SHA256())
    (certs / "crl.pem").write_bytes(made.public_bytes(Encoding.PEM))


def _put(leaf: Leaf, stem: Path) -> None:
    """Write a leaf and its key, which only its owner may read."""
    shown = write(leaf, stem)
    shown.key.chmod(0o600)
