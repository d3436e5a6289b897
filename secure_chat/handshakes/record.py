"""One handshake as one value, and as one line of JSON that outlives the program.

Pure values, made and read on any thread. Names that Zeek's `ssl.log` has are Zeek's, so tools that
know it can read these. It must never hold key bytes or what was said behind the handshake.
"""

import re
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

__all__ = [
    "CertificateSeen",
    "Choice",
    "End",
    "HandshakeRecord",
    "MessageSeen",
    "Offer",
    "Schemes",
    "decode",
    "encode",
    "other",
    "seconds",
]

End: TypeAlias = Literal["host", "client"]
"""Which end wrote a record."""


def other(end: End) -> End:
    """Return the end at the other side."""
    return "client" if end == "host" else "host"


# Nothing in a record refers back to it, so the garbage collector need not look at it (gc=False).


class MessageSeen(Struct, frozen=True, gc=False):
    """One message of the handshake.

    Args:
        direction: `sent` or `received`, from the end that wrote the record.
        type: its name in the standard.
        bytes: its length before encryption.
        at_us: microseconds since the connection began.
    """

    direction: str
    type: str
    bytes: int
    at_us: int


class Schemes(Struct, frozen=True, gc=False):
    """What each end signed its part of the handshake with; null when it did not come to that."""

    host: str | None = None
    client: str | None = None


class Offer(Struct, frozen=True, kw_only=True, gc=False):
    """What a ClientHello offered, each list in the client's own order, by the names of IANA.

    A number without a name is four hex digits; the values of GREASE (RFC 8701) are kept. Of a list
    beyond all measure the first values stand here (`Limits.offers_recorded`).

    Args:
        versions: of TLS.
        ciphers: cipher suites.
        groups: key exchange groups.
        shares: the groups it sent a key for.
        schemes: signature schemes.
        alpn: application protocols.
        extensions: the types of all extensions.
    """

    versions: tuple[str, ...] = ()
    ciphers: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    alpn: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()


class Choice(Struct, frozen=True, kw_only=True, gc=False):
    """What the host answered beside version, cipher, group and protocol.

    Args:
        extensions: the types in ServerHello and EncryptedExtensions, by name.
        asked: whether it asked for a client certificate.
        authorities: the subjects of the authorities it asked for (RFC 4514), if it named any.
        schemes: the signature schemes it accepts from a client.
    """

    extensions: tuple[str, ...] = ()
    asked: bool = False
    authorities: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()


class CertificateSeen(Struct, frozen=True, kw_only=True, gc=False):
    """What stands in a certificate, read without judging it; null is what cannot be read.

    Texts and lists are a stranger's; they are bounded (`Limits.text_chars`, `names_recorded`).

    Args:
        fingerprint: SHA-256 of the DER in lower-case hex.
        size: of the DER, bytes.
        subject: RFC 4514.
        issuer: RFC 4514.
        serial: lower-case hex without leading zeros.
        not_before: RFC 3339 in UTC.
        not_after: RFC 3339 in UTC.
        names: alternative names as `DNS:localhost`, `IP:127.0.0.1`, `email:a@b`, `URI:...`; of
            other kinds only the kind, as `other:directoryName`.
        key: its key: `ECDSA P-256`, `RSA 3072`, `Ed25519`.
        signature: the algorithm it is signed with: `ecdsa-with-SHA256`.
        usages: what its key may be used for: `digitalSignature`.
        purposes: what it may be used for: `serverAuth`, `clientAuth`.
        authority: whether it may issue certificates.
    """

    fingerprint: str
    size: int
    subject: str | None = None
    issuer: str | None = None
    serial: str | None = None
    not_before: str | None = None
    not_after: str | None = None
    names: tuple[str, ...] = ()
    key: str | None = None
    signature: str | None = None
    usages: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    authority: bool | None = None


class HandshakeRecord(
    Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={
        "orig_h": "id.orig_h",
        "orig_p": "id.orig_p",
        "resp_h": "id.resp_h",
        "resp_p": "id.resp_p",
    },
):
    """One handshake as one end saw it.

    Args:
        ts: when it began, RFC 3339 in UTC.
        uid: random, the writing end's name for the connection.
        orig_h: the client's address.
        orig_p: the client's port.
        resp_h: the host's address.
        resp_p: the host's port.
        end: which end wrote this, `host` or `client`.
        established: whether the connection was welcomed.
        reason: how it ended, a word of `tls.reason.Reason`.
        advice: what to do next, "" when there is nothing.
        sentence: what happened, in words.
        text: OpenSSL's or the host's own words.
        verify_code: OpenSSL's X509_V_ERR number when this end refused a certificate.
        hello: ClientHello.random in hex; it joins the records of both ends.
        name: who the client's certificate says it is, once it was accepted.
        version: the TLS version chosen.
        cipher: the cipher suite chosen.
        curve: the key exchange group chosen.
        server_name: the host name the client asked for.
        resumed: always false; this program resumes nothing.
        last_alert: the alert that ended it.
        next_protocol: the application protocol chosen (ALPN).
        ssl_history: one letter a message, the client's large.
        cert_chain_fps: SHA-256 of the host's certificates, leaf first.
        client_cert_chain_fps: SHA-256 of the client's certificates, leaf first.
        subject: of the host's certificate (RFC 4514).
        issuer: of the host's certificate.
        client_subject: of the client's certificate.
        client_issuer: of the client's certificate.
        validation_status: `ok`, or OpenSSL's words about the certificate; null when unjudged.
        ja4: the client's fingerprint.
        sigalgs: what both ends signed with.
        offered: what the client offered; null when no ClientHello was read.
        chosen: what the host answered; null when it did not.
        host_chain: the host's certificates, leaf first.
        client_chain: the client's certificates, leaf first; a refused client's too.
        duration_ms: until welcome, refusal or deadline.
        messages: what was said, in order.
        keylog: whether this end wrote the keys of its connections to a file (`--keylog`).
        count: how many handshakes this line stands for; above 1 in a flood.
    """

    ts: str
    uid: str
    orig_h: str
    orig_p: int
    resp_h: str
    resp_p: int
    end: str
    established: bool
    reason: str
    advice: str = ""
    sentence: str = ""
    text: str = ""
    verify_code: int | None = None
    hello: str | None = None
    name: str | None = None
    version: str | None = None
    cipher: str | None = None
    curve: str | None = None
    server_name: str | None = None
    resumed: bool = False
    last_alert: str | None = None
    next_protocol: str | None = None
    ssl_history: str = ""
    cert_chain_fps: tuple[str, ...] = ()
    client_cert_chain_fps: tuple[str, ...] = ()
    subject: str | None = None
    issuer: str | None = None
    client_subject: str | None = None
    client_issuer: str | None = None
    validation_status: str | None = None
    ja4: str | None = None
    sigalgs: Schemes = Schemes()
    offered: Offer | None = None
    chosen: Choice | None = None
    host_chain: tuple[CertificateSeen, ...] = ()
    client_chain: tuple[CertificateSeen, ...] = ()
    duration_ms: float = 0.0
    messages: tuple[MessageSeen, ...] = ()
    keylog: bool = False
    count: int = 1


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(HandshakeRecord)
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")


def encode(record: HandshakeRecord) -> bytes:
    """Return the record as one line of ASCII JSON, line end included."""
    line = _ENCODER.encode(record)
    if not line.isascii():
        # A subject may hold anything; in ASCII it cannot reach a terminal that shows the file.
        line = _NOT_ASCII.sub(_escaped, line.decode("utf-8")).encode("ascii")
    return line + b"\n"


def decode(line: bytes) -> HandshakeRecord | None:
    """Return the record of one line, None when it is torn or no record.

    Fields that this version does not know are ignored.

    Args:
        line: with or without its line end.
    """
    try:
        return _DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def seconds(text: str) -> float | None:
    """Return the seconds since 1970 of an RFC 3339 time, None when it is none.

    Args:
        text: such as 2026-11-22T12:00:00Z; a date alone means its beginning, no zone means UTC.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _escaped(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
