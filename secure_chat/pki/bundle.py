"""Several authorities in one file: bundles of certificates and of lists of revoked ones, in PEM.

Pure, on any thread. During a change-over from one authority to another both are trusted: `ca.crt`
then holds two certificates, the one that issues first, and `crl.pem` one list for each.
"""

import re
from collections.abc import Iterable
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

__all__ = [
    "certificates_in",
    "common_name",
    "is_authority",
    "issued_by",
    "issuer_of",
    "list_of",
    "lists_in",
    "pem_of",
    "signed_by",
]

_LIST: Final = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)


def certificates_in(pem: bytes) -> list[x509.Certificate]:
    """Return the certificates of a bundle, in their order.

    Raises:
        ValueError: there is none, or one of them cannot be read.
    """
    return x509.load_pem_x509_certificates(pem)


def lists_in(pem: bytes) -> list[x509.CertificateRevocationList]:
    """Return the lists of revoked certificates of a bundle, in their order.

    Raises:
        ValueError: there is none, or one of them cannot be read.
    """
    found = [x509.load_pem_x509_crl(block) for block in _LIST.findall(pem)]
    if not found:
        raise ValueError("there is no list of revoked certificates in PEM in it")
    return found


def pem_of(parts: Iterable[x509.Certificate | x509.CertificateRevocationList]) -> bytes:
    """Return a bundle of certificates or of lists."""
    return b"".join(part.public_bytes(Encoding.PEM) for part in parts)


def common_name(certificate: x509.Certificate) -> str:
    """Return the first common name of a certificate's subject, "" when it has none."""
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def is_authority(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate says that it is an authority's; what it is worth is not judged."""
    try:
        wanted = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return False
    return wanted.value.ca


def issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Tell whether an authority issued a certificate: the names fit and so does the signature."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def issuer_of(
    certificate: x509.Certificate, authorities: Iterable[x509.Certificate]
) -> x509.Certificate | None:
    """Return the authority that issued a certificate, None when it was none of them."""
    return next((one for one in authorities if issued_by(certificate, one)), None)


def signed_by(revoked: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    """Tell whether a list of revoked certificates is an authority's own."""
    try:
        key = authority.public_key()
        # A key that cannot sign lists is a TypeError.
        return bool(revoked.is_signature_valid(key))  # type: ignore[arg-type]
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def list_of(
    lists: Iterable[x509.CertificateRevocationList], authority: x509.Certificate
) -> x509.CertificateRevocationList | None:
    """Return the list that an authority signed, None when there is none."""
    return next((one for one in lists if signed_by(one, authority)), None)
