"""Requests for a certificate."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.errors import EnrolmentRefused
from secure_chat.limits import Limits
from secure_chat.pki.claim import Refusal
from secure_chat.pki.csr import make_request, read_request
from secure_chat.pki.keys import KeyType, new_key
from secure_chat.pki.profile import subject_of

KEY = new_key(KeyType.P256)
REQUEST = make_request(KEY, "alice")


@pytest.mark.parametrize("kind", KeyType)
def test_a_request_gives_its_public_key(kind: KeyType) -> None:
    """Of every kind of key that a certificate can have."""
    key = new_key(kind)
    assert read_request(make_request(key, "alice"), "alice") == key.public_key()


def test_nothing_but_the_key_is_taken_from_a_request() -> None:
    """What it says of names and purposes beside its subject is not even looked at."""
    alternative = x509.SubjectAlternativeName([x509.RFC822Name("bob@operator.securechat.internal")])
    builder = x509.CertificateSigningRequestBuilder(x509.Name([]))
    request = builder.add_extension(alternative, critical=True).sign(KEY, hashes.SHA256())
    pem = request.public_bytes(Encoding.PEM).decode()
    assert read_request(pem, "alice") == KEY.public_key()


def refused(pem: str, name: str = "alice") -> EnrolmentRefused:
    """Return the refusal of a request."""
    with pytest.raises(EnrolmentRefused) as refusal:
        read_request(pem, name)
    assert refusal.value.why
    assert refusal.value.hint
    return refusal.value


def test_a_request_for_another_name_is_refused() -> None:
    """Its holder might believe to be somebody else."""
    assert refused(REQUEST, "bob").code == Refusal.WRONG_NAME


def tampered(position: int) -> str:
    """Return a request with one bit turned, counted from its end."""
    der = bytearray(x509.load_pem_x509_csr(REQUEST.encode()).public_bytes(Encoding.DER))
    der[position] ^= 1
    body = base64.encodebytes(bytes(der)).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{body}-----END CERTIFICATE REQUEST-----\n"


@pytest.mark.parametrize("position", [-1, -40, -90])
def test_a_tampered_request_is_refused(position: int) -> None:
    """In its signature or in what is signed, one bit is enough."""
    assert refused(tampered(position)).code == Refusal.BAD_REQUEST


def test_somebody_elses_key_cannot_be_asked_for() -> None:
    """A request whose key was exchanged is not signed with it."""
    other = make_request(new_key(KeyType.P256), "alice")
    one = x509.load_pem_x509_csr(REQUEST.encode())
    two = x509.load_pem_x509_csr(other.encode())
    der = one.public_bytes(Encoding.DER).replace(
        one.tbs_certrequest_bytes, two.tbs_certrequest_bytes
    )
    body = base64.encodebytes(der).decode()
    pem = f"-----BEGIN CERTIFICATE REQUEST-----\n{body}-----END CERTIFICATE REQUEST-----\n"
    assert refused(pem).why == "it is not signed with the key it is for"


@pytest.mark.parametrize(
    "pem",
    [
        "",
        "garbage",
        "\ud800",
        REQUEST[:-60],
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        REQUEST + "x" * Limits().request_bytes,
    ],
    ids=["empty", "garbage", "surrogate", "cut", "no DER", "long"],
)
def test_what_is_no_request_is_refused(pem: str) -> None:
    """Whatever a peer sends is a refusal and nothing else."""
    assert refused(pem).code == Refusal.BAD_REQUEST


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256K1()),
        rsa.generate_private_key(public_exponent=65_537, key_size=2_048),
        dsa.generate_private_key(2_048),
    ],
    ids=["secp256k1", "RSA of 2048 bits", "DSA"],
)
def test_a_key_that_no_certificate_has_is_refused(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | dsa.DSAPrivateKey,
) -> None:
    """The kinds that can be used are named."""
    builder = x509.CertificateSigningRequestBuilder(subject_of("alice"))
    pem = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
    refusal = refused(pem)
    assert refusal.code == Refusal.BAD_REQUEST
    assert "P-256" in refusal.why
