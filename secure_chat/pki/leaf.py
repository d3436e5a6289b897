"""The parts certificates are made of: serial numbers, validity, key usage, and what comes out.

Pure values for `pki.authority`, which alone signs.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.errors import IdentityError
from secure_chat.pki.identity import Identity
from secure_chat.pki.keys import PrivateKey, key_to_pem
from secure_chat.pki.profile import BACKDATE

__all__ = ["Leaf", "Revocation", "digest", "key_usage", "moment", "new_serial", "validity"]


@dataclass(frozen=True, slots=True)
class Revocation:
    """One line of the list of revoked certificates.

    Args:
        serial: lower-case hex.
        at: since when, seconds since 1970 UTC.
        reason: a word of `pki.reason`, or empty.
    """

    serial: str
    at: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate just issued.

    Args:
        certificate: the certificate.
        identity: what the profile reads from it.
        key: its private key when it was made here, None when only the public half was given.
    """

    certificate: x509.Certificate
    identity: Identity
    key: PrivateKey | None

    @property
    def certificate_pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self, passphrase: bytes | None = None) -> bytes:
        """Return the private key as PKCS#8 PEM, encrypted when a passphrase is given."""
        if self.key is None:
            raise IdentityError("the private key of this certificate is not here")
        return key_to_pem(self.key, passphrase)


def new_serial() -> int:
    """Return a positive serial number of 20 octets with 158 random bits (RFC 5280 4.1.2.2)."""
    return secrets.randbits(158) | 1 << 158


def validity(now: float, life: timedelta) -> tuple[datetime, datetime]:
    """Return begin and end; the begin is set back so that clocks may differ a little."""
    start = moment(now)
    begin = start - min(BACKDATE, life / 10)
    return begin.replace(microsecond=0), start + life


def moment(now: float) -> datetime:
    """Return seconds since 1970 as whole seconds of UTC, as certificates hold them."""
    return datetime.fromtimestamp(int(now), UTC)


def digest(key: ec.EllipticCurvePrivateKey) -> hashes.SHA256 | hashes.SHA384:
    """Return the digest that fits the curve's strength."""
    return hashes.SHA384() if key.key_size > 256 else hashes.SHA256()  # noqa: PLR2004 - bits of P-256


def key_usage(*, authority: bool) -> x509.KeyUsage:
    """Return what a key may do: an authority signs certificates and lists, a leaf signs."""
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
