"""The kinds of key a certificate can have; apart from `pki.keys` so that naming one is cheap.

A plain value. The command line names these kinds, and must not load a cryptography library to
show its help.
"""

from enum import StrEnum

__all__ = ["KeyType"]


class KeyType(StrEnum):
    """The kinds of key that `init-certs` makes; an authority is p256 or p384."""

    P256 = "p256"
    P384 = "p384"
    ED25519 = "ed25519"
    RSA3072 = "rsa3072"
