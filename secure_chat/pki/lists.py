"""One authority's list of revoked certificates: signed, and read back.

Pure, on any thread. A list is valid until its authority's own end, so that one which nobody
renewed can never lock everybody out; it carries since when and why each certificate is revoked.

Source: RFC 5280 section 5.
"""

from collections.abc import Iterable
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.pki.leaf import Revocation, digest, moment
from secure_chat.pki.profile import BACKDATE
from secure_chat.pki.reason import Reason

__all__ = ["authority_identifier", "number_of", "revocations_in", "said", "sign_list"]

# RFC 5280 section 5.3.1: better no reason than "unspecified".
_SAID: Final = frozenset(Reason) - {Reason.UNSPECIFIED}


def sign_list(
    certificate: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    revoked: Iterable[Revocation],
    *,
    now: float,
    after: int = -1,
) -> bytes:
    """Sign a list, as PEM.

    Args:
        certificate: the authority's.
        key: its private key.
        revoked: all certificates of this authority that do not count any more.
        now: seconds since 1970 UTC; also makes the list's number.
        after: the number of the list before, which the new one's must exceed even when the clock
            was set back.
    """
    begin = max(moment(now) - BACKDATE, certificate.not_valid_before_utc)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(certificate.subject)
        .last_update(begin)
        .next_update(certificate.not_valid_after_utc)
        .add_extension(x509.CRLNumber(max(int(now * 1_000), after + 1)), critical=False)
        .add_extension(authority_identifier(certificate), critical=False)
    )
    for entry in revoked:
        builder = builder.add_revoked_certificate(_line(entry))
    return builder.sign(key, digest(key)).public_bytes(Encoding.PEM)


def revocations_in(listed: x509.CertificateRevocationList) -> list[Revocation]:
    """Return what a list says, in its order."""
    return [
        Revocation(
            f"{entry.serial_number:x}", entry.revocation_date_utc.timestamp(), _reason_of(entry)
        )
        for entry in listed
    ]


def number_of(listed: x509.CertificateRevocationList) -> int:
    """Return a list's number, -1 when it has none."""
    try:
        return listed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return -1


def said(reason: str) -> str:
    """Return a reason as a list says it; "" for one that it does not say."""
    return reason if reason in _SAID else ""


def authority_identifier(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """Return what names an authority in everything that it signs: its key's digest alone."""
    own = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _line(entry: Revocation) -> x509.RevokedCertificate:
    builder = (
        x509.RevokedCertificateBuilder()
        .serial_number(int(entry.serial, 16))
        .revocation_date(moment(entry.at))
    )
    if reason := said(entry.reason):
        builder = builder.add_extension(x509.CRLReason(x509.ReasonFlags(reason)), critical=False)
    return builder.build()


def _reason_of(entry: x509.RevokedCertificate) -> str:
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return ""
    return said(str(reason.value))
