"""The TLS settings of both ends: the only place of the program where an SSLContext is built.

Built on any thread, then shared and never changed again: OpenSSL leaves changing a context in use
undefined, so a new certificate, key or revocation list makes new contexts for the connections to
come. It must never decide who is let in by anything but OpenSSL's verdict; the profile comes later.
"""

import errno
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from secure_chat.errors import IdentityError
from secure_chat.tls.keylog import write_keys

__all__ = [
    "ALPN",
    "ENROLMENT_ALPN",
    "Contexts",
    "HeardSocket",
    "Said",
    "client_contexts",
    "enrolment_host_contexts",
    "first_visit_contexts",
    "host_contexts",
    "second_visit_contexts",
]

ALPN: Final = "securechat/1"
ENROLMENT_ALPN: Final = "securechat-enroll/1"
"""The protocol of the enrolment listener; neither listener speaks the other one's."""

Said: TypeAlias = tuple[int, str, int, int, bytes]
"""One thing a handshake said: microseconds since its start, "read" or "write", the record's
content type, the message type, and the bytes as they were before encryption."""

Password: TypeAlias = Callable[[], bytes]

# Change cipher spec, alert and handshake. OpenSSL also reports record headers (256) and inner
# content types (257), and Python names their messages wrongly.
_KEPT_TYPES: Final = frozenset({20, 21, 22})

# Private in CPython and documented nowhere, so its absence only makes the records shorter.
_EAR: Final = "_msg_callback"

# From here on OpenSSL's own choice of groups begins with a post-quantum hybrid.
_OPENSSL_WITH_ML_KEM: Final = (3, 5)


class HeardSocket(ssl.SSLSocket):
    """A TLS socket that keeps what its handshake said, for the link that owns it."""

    # `link` fills these in before the first byte; a context used without a link records nothing.
    said: list[Said] | None = None
    monotonic: Callable[[], float]
    since: float
    most: int


@dataclass(frozen=True, slots=True)
class Contexts:
    """The settings of one end, in two forms of which a connection uses one after the other.

    Args:
        talking: for the handshake; reports every message of it.
        quiet: replaces it behind the handshake; reporting every record would cost microseconds.
        heard: whether this Python can report; without it a record has what public calls tell.
        keylog: whether the keys of every connection are written to a file.
    """

    talking: ssl.SSLContext
    quiet: ssl.SSLContext
    heard: bool
    keylog: bool = False


def host_contexts(  # noqa: PLR0913 # one file each
    ca: Path,
    certificate: Path,
    key: Path,
    crl: Path,
    password: Password | None = None,
    *,
    keylog: Path | None = None,
) -> Contexts:
    """Build the host's TLS settings; they work without a host too, for scanners and tests.

    TLS 1.3 only, a client certificate demanded and checked against `ca` and `crl`, no resumption
    (RFC 8446 section 2.2: a resumed session keeps its old verdict), ALPN `securechat/1`. A client
    that offers another ALPN or none completes the handshake; the caller refuses it behind it.

    Args:
        ca: the certificate authorities that clients may come from, PEM.
        certificate: the host's certificate, PEM.
        key: its private key, PEM.
        crl: one revocation list for each authority, PEM, possibly without entries.
        password: returns the key's passphrase; asked at most once.
        keylog: where the keys of every connection are written (`tls.keylog`); None for nowhere.

    Raises:
        IdentityError: a file is missing, unreadable, no PEM, or the key does not fit.
        StoreError: the key log cannot be written.
    """
    talking = _bare(ssl.PROTOCOL_TLS_SERVER)
    _trust(talking, ca)
    _trust(talking, crl)
    # The host's list holds leaves of its own authority only, and a client has no list at all.
    talking.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    _present(talking, certificate, key, password)
    return _pair(talking, ssl.PROTOCOL_TLS_SERVER, keylog)


def client_contexts(
    ca: Path | None,
    certificate: Path | None,
    key: Path | None,
    password: Password | None = None,
    *,
    keylog: Path | None = None,
) -> Contexts:
    """Build a client's TLS settings: TLS 1.3 only, the host verified by authority and name.

    Args:
        ca: the certificate authorities that the host may come from, PEM; None trusts nobody, for
            a look at who is there: such a handshake ends when the host has shown itself.
        certificate: the client's certificate, PEM; None makes a stranger, whom a host refuses.
        key: its private key, PEM; None with a certificate means it stands in the same file.
        password: returns the key's passphrase; asked at most once.
        keylog: where the keys of every connection are written (`tls.keylog`); None for nowhere.

    Raises:
        IdentityError: a file is missing, unreadable, no PEM, or the key does not fit.
        StoreError: the key log cannot be written.
    """
    talking = _bare(ssl.PROTOCOL_TLS_CLIENT)
    if ca is not None:
        _trust(talking, ca)
    if certificate is not None:
        _present(talking, certificate, key, password)
    return _pair(talking, ssl.PROTOCOL_TLS_CLIENT, keylog)


def enrolment_host_contexts(
    certificate: Path,
    key: Path,
    password: Password | None = None,
    *,
    keylog: Path | None = None,
) -> Contexts:
    """Build the TLS settings of the enrolment listener: whoever comes has no certificate yet.

    None is asked for, so a handshake proves who the host is and nothing about the other end.

    Args:
        certificate: the host's certificate, PEM.
        key: its private key, PEM.
        password: returns the key's passphrase; asked at most once.
        keylog: where the keys of every connection are written (`tls.keylog`); None for nowhere.

    Raises:
        IdentityError: a file is missing, unreadable, no PEM, or the key does not fit.
        StoreError: the key log cannot be written.
    """
    talking = _bare(ssl.PROTOCOL_TLS_SERVER, ENROLMENT_ALPN)
    talking.verify_mode = ssl.CERT_NONE
    _present(talking, certificate, key, password)
    return _pair(talking, ssl.PROTOCOL_TLS_SERVER, keylog)


def first_visit_contexts() -> Contexts:
    """Build the TLS settings of a look at an enrolment listener: nothing is verified.

    Such a connection may be used to be told the authorities, whose public key the invitation
    names, and for nothing else: whatever is said over it, anybody may hear.
    """
    talking = _bare(ssl.PROTOCOL_TLS_CLIENT, ENROLMENT_ALPN)
    talking.check_hostname = False
    talking.verify_mode = ssl.CERT_NONE
    return _pair(talking, ssl.PROTOCOL_TLS_CLIENT, None)


def second_visit_contexts(authority: str) -> Contexts:
    """Build the TLS settings of an enrolment: the host verified by authority and name.

    Args:
        authority: the certificate of the one authority to trust, PEM.

    Raises:
        IdentityError: it is no certificate that OpenSSL can use.
    """
    talking = _bare(ssl.PROTOCOL_TLS_CLIENT, ENROLMENT_ALPN)
    try:
        talking.load_verify_locations(cadata=authority)
    except (OSError, ValueError) as error:
        raise IdentityError("the authority's certificate cannot be used", why=str(error)) from error
    return _pair(talking, ssl.PROTOCOL_TLS_CLIENT, None)


def _bare(protocol: int, alpn: str = ALPN) -> ssl.SSLContext:
    """Return a context with everything but files.

    Built directly, because `create_default_context` writes the session keys to SSLKEYLOGFILE.
    """
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = protocol == ssl.PROTOCOL_TLS_CLIENT
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    # A common name is no host name (RFC 9525 section 6.3); Python's default falls back to it.
    context.hostname_checks_common_name = False
    context.options |= (
        ssl.Options.OP_NO_TICKET | ssl.Options.OP_NO_COMPRESSION | ssl.Options.OP_NO_RENEGOTIATION
    )
    # Some builds of Python take a cut line for an orderly end; a cut may have lost something.
    context.options &= ~ssl.Options.OP_IGNORE_UNEXPECTED_EOF
    context.set_alpn_protocols([alpn])
    if protocol == ssl.PROTOCOL_TLS_SERVER:
        context.num_tickets = 0
        if ssl.OPENSSL_VERSION_INFO[:2] < _OPENSSL_WITH_ML_KEM:
            # Python can name one group only before 3.15. X25519 is the one every TLS 1.3 client
            # offers first, and leaves out x448 and secp521r1, which scanners rightly object to.
            # From OpenSSL 3.5 on this would cut off the post-quantum hybrid, so it is left alone.
            # A Python built against an older OpenSSL cannot name it; then all groups stay.
            with suppress(ssl.SSLError, ValueError):
                context.set_ecdh_curve("X25519")
    return context


def _pair(talking: ssl.SSLContext, protocol: int, keylog: Path | None) -> Contexts:
    """Return `talking` with its ear, and a twin without files that takes over behind it.

    Without resumption and post-handshake authentication (both off) nothing behind the handshake
    needs a certificate or a key, so the twin has none; and the last secret is made inside it.
    """
    if keylog is not None:
        write_keys(talking, keylog)
    talking.sslsocket_class = HeardSocket
    # The ssl module's own property would turn four numbers of each message into enumerations
    # first, which costs more than keeping it; the one it inherits hands them over as they are.
    ear = getattr(super(ssl.SSLContext, ssl.SSLContext), _EAR, None)
    heard = ear is not None
    if ear is not None:
        ear.__set__(talking, _hear)
    return Contexts(talking, _bare(protocol), heard, keylog is not None)


def _hear(
    conn: Any, direction: str, _version: int, content_type: int, msg_type: int, data: bytes
) -> None:
    """Keep one message of a handshake.

    An exception here would surface out of `do_handshake`, so nothing is parsed here.
    """
    # Two of three calls are about what is not kept.
    if content_type in _KEPT_TYPES:
        said = getattr(conn, "said", None)
        if said is not None and len(said) < conn.most:
            at = int((conn.monotonic() - conn.since) * 1_000_000)
            said.append((at, direction, content_type, msg_type, data))


def _trust(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(cafile=path)
    except (OSError, ValueError) as error:
        raise _unusable(error, path) from error


def _present(
    context: ssl.SSLContext, certificate: Path, key: Path | None, password: Password | None
) -> None:
    asked = False

    def tell() -> bytes:
        """Stand between OpenSSL and the terminal, where it would ask by itself."""
        nonlocal asked
        asked = True
        if password is not None:
            return password()
        raise IdentityError(
            f"the key {key or certificate} is locked",
            why="it is encrypted and no passphrase was given",
            hint="give its passphrase with --passphrase-file",
        )

    try:
        context.load_cert_chain(certificate, key, tell)
    except (OSError, ValueError) as error:
        raise _unusable(error, certificate, key, asked=asked) from error


def _unusable(
    error: OSError | ValueError, *paths: Path | None, asked: bool = False
) -> IdentityError:
    """Return what a file that cannot be loaded means to a person.

    Args:
        error: as the ssl module raised it.
        paths: the files it may be about.
        asked: whether a passphrase was asked for; OpenSSL does not tell a wrong one from no PEM.
    """
    names = " and ".join(str(path) for path in paths if path is not None)
    if isinstance(error, ssl.SSLError):
        if error.reason == "KEY_VALUES_MISMATCH":
            why = "the key does not belong to the certificate"
        elif asked:
            why = "the passphrase is wrong, or the key is damaged"
        else:
            why = "not a PEM file of the right kind"
    elif isinstance(error, OSError) and error.errno == errno.ENOENT:
        why = "there is no such file"
    else:
        why = getattr(error, "strerror", None) or str(error)
    return IdentityError(
        f"cannot use {names}", why=why, hint="`securechat init-certs` makes what is missing"
    )
