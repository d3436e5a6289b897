"""The certificate authority: makes itself, issues leaves, signs the list of revoked ones.

Pure, PEM in and values out, on whatever thread asks; it opens no file and asks no clock. What it
issues has passed the profile before it is handed out, so nothing else can ever be issued.

Sources: RFC 5280 sections 4 and 5; the choice of extensions is the project's own profile.
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from secure_chat.errors import IdentityError, UsageError
from secure_chat.pki.hostname import HostNames
from secure_chat.pki.identity import Identity, Role, is_name
from secure_chat.pki.keys import (
    KeyType,
    Passphrase,
    PrivateKey,
    PublicKey,
    key_from_pem,
    key_to_pem,
    new_key,
    same_key,
)
from secure_chat.pki.leaf import (
    Leaf,
    Revocation,
    digest,
    key_usage,
    moment,
    new_serial,
    validity,
)
from secure_chat.pki.lists import authority_identifier, sign_list
from secure_chat.pki.profile import (
    LONGEST_LIFE,
    fingerprint_of,
    mailbox,
    read_host,
    read_member,
    serial_of,
    subject_of,
)

__all__ = ["AUTHORITY_KEY_TYPES", "LONGEST_AUTHORITY_LIFE", "Authority", "Leaf", "Revocation"]

AUTHORITY_KEY_TYPES: Final = (KeyType.P256, KeyType.P384)
LONGEST_AUTHORITY_LIFE: Final = timedelta(days=3_660)
_ORGANIZATION: Final = "securechat"
_DNS_COMMON_NAME_CHARS: Final = 64


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority with its private key; make one with `create` or `load`.

    Args:
        certificate: its own certificate.
        key: its private key, P-256 or P-384.
        previous: during a change-over the older authority, when its key can be used too: it goes
            on signing its own list and the host's certificate.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    previous: "Authority | None" = None

    @classmethod
    def create(
        cls,
        *,
        now: float,
        life: timedelta = timedelta(days=3_650),
        key_type: KeyType = KeyType.P256,
    ) -> "Authority":
        """Make a new authority with a name of its own.

        Args:
            now: seconds since 1970 UTC.
            life: how long from now; at most 3660 days.
            key_type: p256 or p384; verifiers refuse an Ed25519 authority.

        Raises:
            UsageError: the life is too long or the key is of another kind.
        """
        if life > LONGEST_AUTHORITY_LIFE:
            raise UsageError(
                "an authority cannot live that long",
                why=f"the longest life is {LONGEST_AUTHORITY_LIFE.days}d",
                hint="give a shorter --ca-life",
            )
        key = new_key(key_type)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise UsageError(f"an authority cannot have a key of the kind {key_type}")
        # Two authorities of one name would be told apart by key identifiers only, and people
        # read names, so each gets its own.
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANIZATION),
                x509.NameAttribute(NameOID.COMMON_NAME, f"securechat CA {secrets.token_hex(4)}"),
            ]
        )
        begin, end = validity(now, life)
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), new_serial(), begin, end)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(key_usage(authority=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(key, digest(key))
        )
        return cls(certificate, key)

    @classmethod
    def load(
        cls,
        certificate_pem: bytes,
        key_pem: bytes,
        passphrase: Passphrase | None = None,
        *,
        where: str = "ca.key",
        previous: "Authority | None" = None,
    ) -> "Authority":
        """Read an authority back.

        Args:
            certificate_pem: what `certificate_pem` gave.
            key_pem: what `key_pem` gave.
            passphrase: asked once, and only when the key is encrypted.
            where: the key's file, for errors.
            previous: the older authority during a change-over.

        Raises:
            IdentityError: they cannot be read or do not belong together.
        """
        try:
            certificate = x509.load_pem_x509_certificate(certificate_pem)
            public = certificate.public_key()
        except ValueError as error:
            raise IdentityError("the authority's certificate cannot be read") from error
        key = key_from_pem(key_pem, passphrase, where=where)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not same_key(key, public):
            raise IdentityError(
                f"{where} is not the key of the authority's certificate",
                hint="put back the two files that were made together",
            )
        return cls(certificate, key, previous)

    @property
    def certificate_pem(self) -> bytes:
        """The authority's certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def name(self) -> str:
        """Its common name, which every certificate it issues carries as issuer."""
        return str(self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)

    @property
    def not_before(self) -> int:
        """Since when it is valid, seconds since 1970 UTC."""
        return int(self.certificate.not_valid_before_utc.timestamp())

    @property
    def not_after(self) -> int:
        """Until when it may issue, seconds since 1970 UTC."""
        return int(self.certificate.not_valid_after_utc.timestamp())

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its DER certificate in lower-case hex."""
        return fingerprint_of(self.certificate)

    @property
    def serial(self) -> str:
        """Its own serial number in lower-case hex."""
        return serial_of(self.certificate)

    def key_pem(self, passphrase: bytes | None = None) -> bytes:
        """Return its private key as PKCS#8 PEM, encrypted when a passphrase is given."""
        return key_to_pem(self.key, passphrase)

    def issue_member(
        self,
        name: str,
        role: Role = Role.MEMBER,
        *,
        now: float,
        life: timedelta,
        key: PrivateKey | PublicKey | KeyType = KeyType.P256,
    ) -> Leaf:
        """Issue a certificate to a person.

        Args:
            name: who; see `pki.identity.is_name`.
            role: member or operator.
            now: seconds since 1970 UTC.
            life: how long from now; cut at this authority's own end.
            key: the person's key, or the kind of key to make for them.

        Raises:
            UsageError: the name cannot be used or the life is longer than 397 days.
            IdentityError: this authority has expired.
        """
        if not is_name(name):
            raise bad_name(name)
        names = [x509.RFC822Name(mailbox(name, role))]
        return self._issue(
            _Wish(name, names, ExtendedKeyUsageOID.CLIENT_AUTH, read_member), now, life, key
        )

    def issue_host(
        self,
        names: HostNames,
        *,
        now: float,
        life: timedelta,
        key: PrivateKey | PublicKey | KeyType = KeyType.P256,
    ) -> Leaf:
        """Issue a certificate to a host.

        Args:
            names: what it is valid for; the first one becomes its name.
            now: seconds since 1970 UTC.
            life: how long from now; cut at this authority's own end.
            key: the host's key, or the kind of key to make for it.

        Raises:
            UsageError: there is no name, the first is too long, or the life is.
            IdentityError: this authority has expired.
        """
        entries: list[x509.GeneralName] = [x509.DNSName(name) for name in names.dns]
        entries += [x509.IPAddress(address) for address in names.ips]
        texts = [*names.dns, *(str(address) for address in names.ips)]
        if not texts or len(texts[0]) > _DNS_COMMON_NAME_CHARS:
            raise UsageError(
                "the host certificate needs a first name of at most 64 characters",
                hint="name the host with --host-name, the shortest name first",
            )
        return self._issue(
            _Wish(texts[0], entries, ExtendedKeyUsageOID.SERVER_AUTH, read_host), now, life, key
        )

    def crl(self, revoked: Iterable[Revocation], *, now: float, after: int = -1) -> bytes:
        """Sign the list of revoked certificates, as PEM; see `pki.lists`.

        Args:
            revoked: all certificates of this authority that do not count any more.
            now: seconds since 1970 UTC.
            after: the number of the list before, which the new one's exceeds.
        """
        return sign_list(self.certificate, self.key, revoked, now=now, after=after)

    def _issue(
        self,
        wish: "_Wish",
        now: float,
        life: timedelta,
        key: PrivateKey | PublicKey | KeyType,
    ) -> Leaf:
        begin, end = self._leaf_validity(now, life)
        private = new_key(key) if isinstance(key, KeyType) else key
        public = private.public_key() if isinstance(private, PrivateKey) else private
        name = subject_of(wish.name)
        certificate = (
            x509.CertificateBuilder(
                self.certificate.subject, name, public, new_serial(), begin, end
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(key_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([wish.purpose]), critical=False)
            .add_extension(x509.SubjectAlternativeName(wish.entries), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(authority_identifier(self.certificate), critical=False)
            .sign(self.key, digest(self.key))
        )
        identity = wish.read(certificate.public_bytes(Encoding.DER))
        return Leaf(certificate, identity, private if isinstance(private, PrivateKey) else None)

    def _leaf_validity(self, now: float, life: timedelta) -> tuple[datetime, datetime]:
        if life > LONGEST_LIFE:
            raise UsageError(
                "a certificate cannot live that long",
                why=f"the longest life is {LONGEST_LIFE.days}d",
                hint="give a shorter --life",
            )
        left = self.certificate.not_valid_after_utc - moment(now)
        if left <= timedelta(0):
            raise IdentityError(
                "the authority has expired and can issue nothing any more",
                hint="run `securechat init-certs --force`, which backs up the old set",
            )
        begin, end = validity(now, min(life, left))
        return max(begin, self.certificate.not_valid_before_utc), end


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a leaf shall say, and the part of the profile that it has to pass."""

    name: str
    entries: "list[x509.GeneralName] | list[x509.RFC822Name]"
    purpose: x509.ObjectIdentifier
    read: Callable[[bytes], Identity]


def bad_name(name: str) -> UsageError:
    """Return the error for a name that nobody can have."""
    return UsageError(
        f"{name!r} cannot be anybody's name",
        why=(
            "a name has 1 to 32 lower-case letters and digits with single . _ - between them, "
            "and is not reserved (system, host, server, admin, all, names of devices)"
        ),
        hint="choose another name, for example carol or carol-laptop",
    )
