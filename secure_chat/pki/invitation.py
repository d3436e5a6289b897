"""The line an invited person is handed: host, name, whom to trust, and a secret good once.

    securechat://chat.example.org:65433/carol#AUTHORITY.SECRET

Pure, on any thread. What stands behind `#` is what a browser would keep to itself. The authority is
named by SHA-256 of its public key (the SubjectPublicKeyInfo, RFC 7469 section 2.4), so a new
certificate for the same key is still the same authority. The line must never be put into an error,
a record or a log: who has it can become that person.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from secure_chat.errors import UsageError
from secure_chat.pki.hostname import is_dns_name
from secure_chat.pki.identity import is_name

__all__ = ["MOST_BYTES", "SCHEME", "Invitation", "looks_like_one", "pin_of", "reachable_name"]

SCHEME: Final = "securechat://"
MOST_BYTES: Final = 4_096
"""More than any line has, with the blanks and line ends that a mail puts into it."""

_HIGHEST_PORT: Final = 65_535
_HERE: Final = "127.0.0.1"
# 43 letters hold 32 bytes and 27 hold 20 bytes, in base64url without padding (RFC 4648 section 5).
_FORM: Final = re.compile(
    r"securechat://(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9.-]{1,253}):([0-9]{1,5})"
    r"/([a-z0-9._-]{1,32})#([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{16,64})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What an invitation says.

    Args:
        host: a name or an address, without brackets.
        port: of the enrolment listener.
        name: whose certificate it gives.
        authority: SHA-256 of the public key of the authority that issued the host's certificate,
            in base64url (`pin_of`).
        secret: shown to nobody but that host, and to it only once it has proved who it is.
    """

    host: str
    port: int
    name: str
    authority: str
    secret: str = field(repr=False)

    @classmethod
    def read(cls, text: str) -> "Invitation":
        """Read a line as a person pasted it; blanks and line ends in it are taken away.

        Args:
            text: the line and nothing else.

        Raises:
            UsageError: it is no invitation; the error repeats nothing of it.
        """
        found = _FORM.fullmatch("".join(text.split()))
        if found is None:
            raise _unreadable("it must read securechat://HOST:PORT/NAME#LETTERS.LETTERS")
        host, port, name, authority, secret = found.groups()
        host = host.strip("[]").lower()
        if not 0 < int(port) <= _HIGHEST_PORT or not _is_host(host) or not is_name(name):
            raise _unreadable("its address or its name cannot be one")
        return cls(host=host, port=int(port), name=name, authority=authority, secret=secret)

    @property
    def address(self) -> str:
        """Where the enrolment listener is, an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def line(self) -> str:
        """The whole of it as one line, the secret included."""
        return f"{SCHEME}{self.address}/{self.name}#{self.authority}.{self.secret}"


def looks_like_one(text: str) -> bool:
    """Tell whether somebody put an invitation, or a part of one, where something else belongs."""
    return text.lower().startswith(SCHEME) or "#" in text


def pin_of(certificate: x509.Certificate) -> str:
    """Return SHA-256 of a certificate's public key in base64url without padding."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key)
    return base64.urlsafe_b64encode(digest.finalize()).rstrip(b"=").decode("ascii")


def reachable_name(names: Sequence[str]) -> str:
    """Return the name of a host that others are to dial: the first that is not local.

    A name without a dot, such as a computer's own, rarely means anything elsewhere.

    Args:
        names: what its certificate is valid for.
    """
    return next((name for name in names if not _is_local(name)), _HERE)


def _is_local(name: str) -> bool:
    try:
        address = ip_address(name)
    except ValueError:
        return "." not in name or name.endswith((".localhost", ".localdomain"))
    return address.is_loopback or address.is_unspecified


def _is_host(text: str) -> bool:
    try:
        return not getattr(ip_address(text), "scope_id", None)
    except ValueError:
        return is_dns_name(text)


def _unreadable(why: str) -> UsageError:
    return UsageError(
        "this is no invitation",
        why=why,
        hint="Paste the whole line that `securechat invite` printed, or ask for it again.",
    )
