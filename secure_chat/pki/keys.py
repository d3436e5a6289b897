"""Private keys: made, written as PEM and read again, always with an explicit passphrase.

Pure values and bytes, used on every thread; never opens a file but to look whether a key in it
is encrypted, never prompts by itself, never puts key bytes into an error.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from secure_chat.errors import IdentityError
from secure_chat.pki.keytype import KeyType

__all__ = [
    "KeyType",
    "Passphrase",
    "PrivateKey",
    "PublicKey",
    "key_from_pem",
    "key_is_encrypted",
    "key_to_pem",
    "new_key",
    "same_key",
]

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
PublicKey: TypeAlias = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

# Asked only when a key turns out to be encrypted; the same shape that `load_cert_chain` takes.
Passphrase: TypeAlias = Callable[[], bytes]

_ENCRYPTED: Final = (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED")


def new_key(kind: KeyType) -> PrivateKey:
    """Make a fresh private key of the wanted kind."""
    if kind is KeyType.ED25519:
        return ed25519.Ed25519PrivateKey.generate()
    if kind is KeyType.RSA3072:
        return rsa.generate_private_key(public_exponent=65_537, key_size=3_072)
    return ec.generate_private_key(ec.SECP384R1() if kind is KeyType.P384 else ec.SECP256R1())


def key_to_pem(key: PrivateKey, passphrase: bytes | None = None) -> bytes:
    """Return the key as PKCS#8 PEM, encrypted when a passphrase is given."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        encryption = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


def key_from_pem(pem: bytes, passphrase: Passphrase | None, *, where: str) -> PrivateKey:
    """Read a private key.

    Args:
        pem: the file's bytes.
        passphrase: asked once, and only when the key is encrypted.
        where: the file's name, for the error.

    Raises:
        IdentityError: it is no private key of a usable kind, it is encrypted and nobody knows
            the passphrase, or the passphrase is wrong.
    """
    secret: bytes | None = None
    if _encrypted(pem):
        if passphrase is None:
            raise IdentityError(
                f"{where} is encrypted",
                why="no passphrase was given",
                hint="give the file that holds the passphrase with --passphrase-file",
            )
        secret = passphrase()
    try:
        key = serialization.load_pem_private_key(pem, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unreadable(where, secret) from error
    if not isinstance(key, PrivateKey):
        raise _unreadable(where, None)
    return key


def same_key(private: PrivateKey, public: object) -> bool:
    """Tell whether `public` is the public half of `private`."""
    return private.public_key() == public


def key_is_encrypted(path: Path) -> bool:
    """Tell whether the key in this file needs a passphrase; an unreadable file does not."""
    try:
        return _encrypted(path.read_bytes())
    except OSError:
        return False


def _encrypted(pem: bytes) -> bool:
    return any(mark in pem for mark in _ENCRYPTED)


def _unreadable(where: str, secret: bytes | None) -> IdentityError:
    if secret is not None:
        return IdentityError(
            f"{where} cannot be opened",
            why="the passphrase is wrong, or the file is damaged",
            hint="check the passphrase; it is the first line of the file given",
        )
    return IdentityError(
        f"{where} is not a private key that can be used",
        why="expected PEM with an EC, Ed25519 or RSA key",
        hint="put the right file back, or move it away and run `securechat init-certs`",
    )
