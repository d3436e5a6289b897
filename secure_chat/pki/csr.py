"""Requests for a certificate (PKCS#10): made where the key is, read where certificates are issued.

Pure. All that is taken from a request is its public key, and that only when the request was signed
with the private half: name, role and everything else of the certificate are the issuer's to say.

Source: RFC 2986.
"""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from secure_chat.errors import EnrolmentRefused
from secure_chat.limits import Limits
from secure_chat.pki.claim import Refusal
from secure_chat.pki.keys import PrivateKey, PublicKey
from secure_chat.pki.leaf import digest
from secure_chat.pki.profile import KEY_KINDS, is_usable_key, subject_of

__all__ = ["make_request", "read_request"]


def make_request(key: PrivateKey, name: str) -> str:
    """Return a request for a certificate, as PEM, signed with the key it is for.

    Args:
        key: the private key that the certificate shall speak for.
        name: who asks.
    """
    builder = x509.CertificateSigningRequestBuilder(subject_of(name))
    algorithm: hashes.SHA256 | hashes.SHA384 | None = hashes.SHA256()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        algorithm = digest(key)
    elif isinstance(key, ed25519.Ed25519PrivateKey):
        algorithm = None
    return builder.sign(key, algorithm).public_bytes(Encoding.PEM).decode("ascii")


def read_request(pem: str, name: str) -> PublicKey:
    """Return the public key of a request.

    Args:
        pem: the request as a peer sent it.
        name: whom the certificate is going to be for.

    Raises:
        EnrolmentRefused: it is too long, no request, not signed with its own key, for another
            name, or its key is of a kind that no certificate has.
    """
    if len(pem) > Limits().request_bytes:
        raise _bad("it is too long")
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        signed = request.is_signature_valid
        names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        key = request.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _bad("it cannot be read as a PKCS#10 request in PEM") from error
    if not signed:
        raise _bad("it is not signed with the key it is for")
    if any(entry.value != name for entry in names):
        raise EnrolmentRefused(
            Refusal.WRONG_NAME,
            "the certificate request is for another name",
            why=f"a certificate for {name} was to be had, and nothing else",
            hint="make the request for that name",
        )
    if not isinstance(key, PublicKey) or not is_usable_key(key):
        raise _bad(f"its key is not {KEY_KINDS}")
    return key


def _bad(why: str) -> EnrolmentRefused:
    return EnrolmentRefused(
        Refusal.BAD_REQUEST,
        "the certificate request cannot be used",
        why=why,
        hint="make a new key and ask again",
    )
