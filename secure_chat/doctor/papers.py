"""A certificate of the folder with its key, read as far as they can be.

Reads what `folder.look` found and may ask for a passphrase; it judges nothing. A private key never
leaves `read_paper`: only its public half is kept.
"""

import warnings
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.doctor.folder import Place
from secure_chat.errors import CertificateRefused, IdentityError
from secure_chat.pki.bundle import certificates_in
from secure_chat.pki.identity import Identity
from secure_chat.pki.keys import Passphrase, key_from_pem, key_is_encrypted
from secure_chat.pki.profile import read_host, read_member

__all__ = ["KeyState", "Kind", "Paper", "anew", "read_paper"]

Kind: TypeAlias = Literal["ca", "host", "client"]

KeyState: TypeAlias = Literal["missing", "unreadable", "damaged", "locked", "wrong", "open"]
"""What is known of a private key; `wrong` is one that the passphrase given does not open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A certificate with its key.

    Args:
        kind: whose it is.
        place: the certificate's file.
        key_place: the key's file, without its content.
        certificate: what the file holds, None when it is no certificate.
        older: for an authority, those behind it, which are trusted too during a change-over.
        identity: what a host's or member's certificate says, None when it breaks the profile.
        rule: which rule of the profile it breaks, "" when it breaks none.
        why: that rule in words.
        key: what is known of the key.
        encrypted: whether the key's file is locked by a passphrase.
        fits: whether an open key belongs to the certificate.
    """

    kind: Kind
    place: Place
    key_place: Place
    certificate: x509.Certificate | None = field(default=None, repr=False)
    older: tuple[x509.Certificate, ...] = field(default=(), repr=False)
    identity: Identity | None = None
    rule: str = ""
    why: str = ""
    key: KeyState = "missing"
    encrypted: bool = False
    fits: bool = False

    @property
    def name(self) -> str:
        """What the certificate's file is called, without its ending."""
        return self.place.path.stem

    @property
    def serial(self) -> str:
        """Its serial number as the registry writes it, "" without a certificate."""
        return "" if self.certificate is None else f"{self.certificate.serial_number:x}"

    @property
    def authorities(self) -> tuple[x509.Certificate, ...]:
        """For an authority, all that are trusted, the issuing one first."""
        return () if self.certificate is None else (self.certificate, *self.older)

    @property
    def life(self) -> tuple[float, float] | None:
        """Its begin and end in seconds since 1970 UTC."""
        if self.certificate is None:
            return None
        begin, end = self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc
        return begin.timestamp(), end.timestamp()


def read_paper(kind: Kind, place: Place, key: Place, passphrase: Passphrase | None) -> Paper:
    """Return what a certificate's file and its key's file hold.

    Args:
        kind: whose it is.
        place: the certificate's file.
        key: the key's file.
        passphrase: asked when the key is locked, and only then.

    Raises:
        IdentityError: the passphrase cannot be had.
    """
    certificates = _certificates(place.data)
    certificate = certificates[0] if certificates else None
    identity, rule, why = _judged(kind, certificate)
    encrypted = key.data is not None and key_is_encrypted(key.path)
    state, public = _key(key, passphrase, encrypted=encrypted)
    return Paper(
        kind=kind,
        place=place,
        key_place=replace(key, data=None),
        certificate=certificate,
        older=tuple(certificates[1:]) if kind == "ca" else (),
        identity=identity,
        rule=rule,
        why=why,
        key=state,
        encrypted=encrypted,
        fits=public is not None and public == _public(certificate),
    )


def anew(paper: Paper, *, owner: bool) -> str:
    """Return how one comes to a new certificate in the place of another.

    Args:
        paper: the other.
        owner: whether this is the folder of somebody who issues certificates.
    """
    if not owner:
        return "ask whoever runs the host for a new one"
    if paper.kind == "ca":
        return (
            "run `securechat init-certs --force`, which backs up the old set first, and give"
            " everybody their new files"
        )
    option = f" --client {paper.name}" if paper.kind == "client" else ""
    return f"move it and its key away and run `securechat init-certs{option}`"


def _certificates(pem: bytes | None) -> list[x509.Certificate]:
    if pem is None:
        return []
    with warnings.catch_warnings():
        # The library warns of some oddities on stderr; the profile refuses all of them.
        warnings.simplefilter("ignore")
        try:
            return certificates_in(pem)
        except ValueError:
            return []


def _judged(kind: Kind, certificate: x509.Certificate | None) -> tuple[Identity | None, str, str]:
    """Return what the profile reads, or which rule forbids it and why."""
    if kind == "ca" or certificate is None:
        return None, "", ""
    read = read_host if kind == "host" else read_member
    try:
        return read(certificate.public_bytes(Encoding.DER)), "", ""
    except CertificateRefused as error:
        return None, error.code, error.why


def _key(
    place: Place, passphrase: Passphrase | None, *, encrypted: bool
) -> tuple[KeyState, object]:
    """Return what is known of a key, and its public half when it could be opened."""
    if place.data is None:
        return ("unreadable" if place.trouble else "missing"), None
    if encrypted:
        if passphrase is None:
            return "locked", None
        # Asked outside of the attempt: a passphrase that cannot be had is no wrong one.
        passphrase()
    try:
        return "open", key_from_pem(place.data, passphrase, where=place.name).public_key()
    except IdentityError:
        return ("wrong" if encrypted else "damaged"), None


def _public(certificate: x509.Certificate | None) -> object:
    if certificate is None:
        return None
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
