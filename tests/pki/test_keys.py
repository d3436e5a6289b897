"""Private keys as PEM, with and without a passphrase."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519

from secure_chat.errors import IdentityError
from secure_chat.pki.keys import (
    KeyType,
    key_from_pem,
    key_is_encrypted,
    key_to_pem,
    new_key,
    same_key,
)


def never() -> bytes:
    """Stand for a person that must not be asked."""
    pytest.fail("the passphrase was asked for")


@pytest.mark.parametrize("kind", list(KeyType))
def test_each_kind_is_what_it_says(kind: KeyType) -> None:
    """The kinds are P-256, P-384, Ed25519, and RSA of 3072 bits with e = 65537."""
    key = new_key(kind)
    match kind:
        case KeyType.P256 | KeyType.P384:
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            assert key.curve.name == {"p256": "secp256r1", "p384": "secp384r1"}[kind]
        case KeyType.ED25519:
            assert isinstance(key, ed25519.Ed25519PrivateKey)
        case KeyType.RSA3072:
            assert isinstance(key, rsa.RSAPrivateKey)
            assert (key.key_size, key.public_key().public_numbers().e) == (3_072, 65_537)


@pytest.mark.parametrize("kind", list(KeyType))
def test_a_key_survives_the_file(kind: KeyType) -> None:
    """Written and read it is the same key, and nobody is asked when it is not encrypted."""
    key = new_key(kind)
    pem = key_to_pem(key)
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----")
    again = key_from_pem(pem, never, where="k")
    assert same_key(again, key.public_key())
    assert not same_key(again, new_key(kind).public_key())


def test_an_encrypted_key_opens_with_its_passphrase_only() -> None:
    """The right passphrase opens it; none and a wrong one are explained without its text."""
    key = new_key(KeyType.P256)
    pem = key_to_pem(key, b"open sesame")
    assert same_key(key_from_pem(pem, lambda: b"open sesame", where="k"), key.public_key())
    with pytest.raises(IdentityError, match="k is encrypted: no passphrase") as none:
        key_from_pem(pem, None, where="k")
    assert "--passphrase-file" in none.value.hint
    with pytest.raises(IdentityError, match="k cannot be opened: the passphrase is wrong") as wrong:
        key_from_pem(pem, lambda: b"shazam", where="k")
    assert "shazam" not in f"{wrong.value}{wrong.value.hint}"


def test_an_encrypted_key_of_the_old_form_is_known_too() -> None:
    """What OpenSSL calls traditional PEM is encrypted by a header, and opens too."""
    key = new_key(KeyType.P256)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.BestAvailableEncryption(b"open sesame"),
    )
    with pytest.raises(IdentityError, match="encrypted"):
        key_from_pem(pem, None, where="k")
    assert same_key(key_from_pem(pem, lambda: b"open sesame", where="k"), key.public_key())


def test_what_is_no_usable_key_is_explained() -> None:
    """Garbage, a public key and a key that cannot sign are refused alike."""
    public = new_key(KeyType.P256).public_key()
    for pem in (
        b"",
        b"garbage",
        public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        x25519.X25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    ):
        with pytest.raises(IdentityError, match="k is not a private key that can be used"):
            key_from_pem(pem, never, where="k")


def test_a_file_tells_whether_its_key_is_encrypted(tmp_path: Path) -> None:
    """The file's own text tells; a file that is not there needs no passphrase."""
    key = new_key(KeyType.ED25519)
    plain, closed = tmp_path / "plain", tmp_path / "closed"
    plain.write_bytes(key_to_pem(key))
    closed.write_bytes(key_to_pem(key, b"x"))
    assert not key_is_encrypted(plain)
    assert key_is_encrypted(closed)
    assert not key_is_encrypted(tmp_path / "missing")
