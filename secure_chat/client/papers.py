"""Whether what a host answers to a renewal may take the place of the certificate in use.

Pure, on the client's disk thread. Nothing is written here, and nothing may be written that has not
passed `judge`.

What makes new authorities trustworthy is the way they came: over a connection whose host was
verified by the authorities that we trust already, and that host may name their successors. So
`judge` must only be given what was read from such a connection, as everything a client reads is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.errors import CertificateRefused, IdentityError
from secure_chat.pki.bundle import certificates_in, is_authority, issued_by, pem_of
from secure_chat.pki.identity import Identity
from secure_chat.pki.keys import PrivateKey, same_key
from secure_chat.pki.profile import read_member

__all__ = ["Papers", "judge"]

_MOST_AUTHORITIES: Final = 8
_HINT: Final = "the one in use stays; whoever runs the host should look into it"


@dataclass(frozen=True, slots=True)
class Papers:
    """A renewed certificate that may be used.

    Args:
        certificate: it, as PEM and nothing else.
        authorities: whom to trust from now on, as PEM and nothing else.
        identity: what the certificate says.
    """

    certificate: bytes
    authorities: bytes
    identity: Identity


def judge(  # noqa: PLR0913 -- the answer, and each thing it must fit
    certificate: str,
    authorities: str,
    *,
    key: PrivateKey,
    present: Identity,
    now: float,
    ours: Sequence[x509.Certificate] | None = None,
) -> Papers:
    """Return what a host has answered to a renewal, ready to be written, or refuse it.

    Args:
        certificate: the new certificate, PEM.
        authorities: whom to trust from now on, PEM.
        key: the key in use.
        present: the certificate in use.
        now: seconds since 1970 UTC.
        ours: the authorities that are trusted whatever the host says, where they are not the
            host's to change; None where they are.

    Raises:
        IdentityError: it is not a certificate that may take the present one's place.
    """
    leaf, identity = _leaf(certificate)
    if identity.name != present.name:
        raise _refused(f"it is a certificate for {identity.name}")
    if identity.serial == present.serial:
        raise _refused("it is the certificate in use and no new one")
    if not same_key(key, leaf.public_key()):
        raise _refused("it is for another key than ours")
    if not identity.not_before <= now < identity.not_after:
        raise _refused("it is not valid at this moment, by this computer's clock")
    found = _authorities(authorities, now)
    issuers = [one for one in found if issued_by(leaf, one)]
    if not issuers:
        raise _refused("none of the authorities that came with it has issued it")
    if ours is not None and not any(issuer in ours for issuer in issuers):
        raise _refused("the authority that issued it is not in this folder's ca.crt")
    return Papers(leaf.public_bytes(Encoding.PEM), pem_of(found), identity)


def _leaf(pem: str) -> tuple[x509.Certificate, Identity]:
    try:
        leaf = x509.load_pem_x509_certificate(pem.encode())
        return leaf, read_member(leaf.public_bytes(Encoding.DER))
    except CertificateRefused as error:
        raise _refused(error.why) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _refused("it cannot be read") from error


def _authorities(pem: str, now: float) -> list[x509.Certificate]:
    """Return the authorities of a bundle; one that has ended meanwhile is simply left out."""
    try:
        found = certificates_in(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _refused("the authorities that came with it cannot be read") from error
    if len(found) > _MOST_AUTHORITIES:
        raise _refused(f"it came with more than {_MOST_AUTHORITIES} authorities")
    if not all(is_authority(one) and _may_issue(one) and issued_by(one, one) for one in found):
        raise _refused("one of the authorities that came with it is none")
    return [one for one in found if _holds(one, now)]


def _may_issue(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return False


def _holds(certificate: x509.Certificate, now: float) -> bool:
    begin = certificate.not_valid_before_utc.timestamp()
    return begin <= now < certificate.not_valid_after_utc.timestamp()


def _refused(why: str) -> IdentityError:
    return IdentityError("the host's answer to the renewal cannot be used", why=why, hint=_HINT)
