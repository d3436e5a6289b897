"""Communities and certificates that `init-certs` would not make today."""

import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.pki.authority import Authority, Leaf
from secure_chat.pki.hostname import read_host_names
from secure_chat.pki.leaf import digest
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from tests.fakes import FakeClock

__all__ = ["Shown", "authority_of", "expire_host", "impostor", "long_ago", "old_community", "write"]

_AGE = timedelta(days=100)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate and its key on the disk, to be shown to a host.

    Args:
        certificate: PEM.
        key: PEM.
    """

    certificate: Path
    key: Path

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER certificate in lower-case hex."""
        import hashlib

        certificate = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def long_ago() -> float:
    """Return a moment 100 days before now, seconds since 1970 UTC."""
    return time.time() - _AGE.total_seconds()


def old_community(folder: Path) -> Path:
    """Make a community as it was made 100 days ago and is still valid; return its folder."""
    request = InitRequest(clients=("alice", "bob"), life=timedelta(days=397))
    init_certs(Vault(folder), request, FakeClock(wall=long_ago()))
    return folder


def authority_of(certs: Path) -> Authority:
    """Return the authority of a folder."""
    vault = Vault(certs)
    return Authority.load(vault.ca_crt.read_bytes(), vault.ca_key.read_bytes())


def impostor(genuine: Authority) -> Authority:
    """Return another authority that bears the same name."""
    key = ec.generate_private_key(ec.SECP256R1())
    old = genuine.certificate
    builder = x509.CertificateBuilder(
        old.subject,
        old.subject,
        key.public_key(),
        x509.random_serial_number(),
        old.not_valid_before_utc,
        old.not_valid_after_utc,
    )
    for extension in old.extensions:
        if not isinstance(extension.value, x509.SubjectKeyIdentifier):
            builder = builder.add_extension(extension.value, critical=extension.critical)
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return Authority(builder.add_extension(own, critical=False).sign(key, digest(key)), key)


def write(leaf: Leaf, stem: Path) -> Shown:
    """Write a leaf and its key beside each other."""
    shown = Shown(stem.with_suffix(".crt"), stem.with_suffix(".key"))
    shown.certificate.write_bytes(leaf.certificate_pem)
    shown.key.write_bytes(leaf.key_pem())
    return shown


def expire_host(certs: Path) -> None:
    """Replace the host's certificate by one that ended 99 days ago."""
    names = read_host_names(["localhost", "127.0.0.1"])
    leaf = authority_of(certs).issue_host(names, now=long_ago(), life=_DAY)
    write(leaf, certs / "host")
