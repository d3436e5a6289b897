"""Certificates for tests, one difference each, made with cryptography alone."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)

CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
HOST = ExtendedKeyUsageOID.SERVER_AUTH


def named(common_name: str) -> x509.Name:
    """Return a name with nothing but a common name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def usage(*, ca: bool) -> x509.KeyUsage:
    """Return the key usage of an authority or of a leaf."""
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass(frozen=True)
class Wish:
    """What a leaf is to look like."""

    subject: str = "alice"
    purpose: x509.ObjectIdentifier = CLIENT
    names: Sequence[x509.GeneralName] = (x509.RFC822Name("alice@member.securechat.internal"),)
    since: dt.datetime = NOW - DAY
    until: dt.datetime = NOW + DAY
    aki: bool = True

    def but(self, **changes: object) -> "Wish":
        """Return the same wish with one difference."""
        return replace(self, **changes)  # type: ignore[arg-type] # a test that misspells fails


MEMBER = Wish()
HOST_WISH = Wish(
    subject="localhost",
    purpose=HOST,
    names=(x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))),
)


@dataclass(frozen=True)
class Leaf:
    """A certificate and its key on disk."""

    certificate: Path
    key: Path
    der: bytes
    serial: int

    @property
    def fingerprint(self) -> str:
        """Return SHA-256 of the DER certificate in lower-case hex."""
        digest = hashes.Hash(hashes.SHA256())
        digest.update(self.der)
        return digest.finalize().hex()


@dataclass
class Authority:
    """A certificate authority in a folder of its own."""

    folder: Path
    subject: str = "test CA"
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.certificate = self._own()
        self.ca = self.folder / "ca.crt"
        self.ca.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        self.crl = self.revoke()

    def issue(
        self,
        file: str,
        wish: Wish = MEMBER,
        password: bytes | None = None,
        posing_as: "Authority | None" = None,
    ) -> Leaf:
        """Issue one leaf into `file`.crt and `file`.key, perhaps naming another's key as ours."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(wish.subject))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(wish.since)
            .not_valid_after(wish.until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage(ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([wish.purpose]), critical=False)
            .add_extension(x509.SubjectAlternativeName(wish.names), critical=False)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
        )
        if wish.aki:
            ours = (posing_as or self).key.public_key()
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ours), critical=False
            )
        certificate = builder.sign(self.key, hashes.SHA256())
        paths = self.folder / f"{file}.crt", self.folder / f"{file}.key"
        paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
        locked = NoEncryption() if password is None else BestAvailableEncryption(password)
        paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
        der = certificate.public_bytes(Encoding.DER)
        return Leaf(*paths, der, certificate.serial_number)

    def revoke(self, *serials: int) -> Path:
        """Write a revocation list with these serials and return its path."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(NOW - DAY)
            .next_update(NOW + DAY)
            .add_extension(x509.CRLNumber(1), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
        )
        for serial in serials:
            entry = x509.RevokedCertificateBuilder().serial_number(serial)
            builder = builder.add_revoked_certificate(entry.revocation_date(NOW - DAY).build())
        path = self.folder / f"crl{len(serials)}.pem"
        path.write_bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM))
        return path

    def _own(self) -> x509.Certificate:
        public = self.key.public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(named(self.subject))
            .issuer_name(named(self.subject))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - 10 * DAY)
            .not_valid_after(NOW + 10 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage(ca=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False
            )
            .sign(self.key, hashes.SHA256())
        )
