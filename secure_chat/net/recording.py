"""What a worker knows of one handshake, and how it becomes a record.

`Evidence` is made on the worker's thread, in constant time; `record_of` parses and runs on the
disk thread. Neither must ever carry key bytes or message bodies.
"""

import secrets
import string
from functools import lru_cache
from hashlib import sha256
from typing import Final, TypeAlias

from msgspec import Struct

from secure_chat.clock import rfc3339
from secure_chat.handshakes.record import (
    CertificateSeen,
    Choice,
    HandshakeRecord,
    MessageSeen,
    Offer,
    Schemes,
)
from secure_chat.limits import Limits
from secure_chat.tls.certificate import certificate_facts
from secure_chat.tls.context import Said
from secure_chat.tls.hello import ClientHello
from secure_chat.tls.link import Link
from secure_chat.tls.names import CIPHERS, EXTENSIONS, GROUPS, SCHEMES, VERSIONS, named
from secure_chat.tls.naming import shortened
from secure_chat.tls.reason import End, Failure, Reason, advice, from_code, sentence
from secure_chat.tls.transcript import Heard, Transcript, read_transcript

__all__ = ["Address", "Evidence", "gather", "new_uid", "reason_for", "record_of"]

Address: TypeAlias = tuple[str, int]

_LIMITS: Final = Limits()
_MOST: Final = _LIMITS.offers_recorded
_KINDS: Final = 64

_LETTERS: Final = string.ascii_letters + string.digits
_UID_LETTERS: Final = 17
# More than 17 letters of 62 can hold, so that each of them is as likely as the others.
_UID_BITS: Final = 128


class Evidence(Struct, frozen=True, kw_only=True, gc=False):
    """One finished handshake, good or bad, as the worker saw it.

    Args:
        end: which end this is.
        uid: random, this end's name for the connection.
        started: when the connection was adopted, seconds since 1970 UTC.
        duration_ms: from then until welcome, refusal or deadline.
        orig: the client's address and port.
        resp: the host's address and port.
        said: what the handshake said (`Link.said`).
        server_name: what a client dialled; None on the host, where the hello may tell.
        established: whether the connection was welcomed.
        failure: why not; `Failure(Reason.OK)` when it was.
        version: the TLS version agreed on, where this Python does not report messages; and so are
            the next three.
        cipher: the cipher suite agreed on.
        alpn: the application protocol agreed on.
        certificate: the peer's in DER.
        name: who the client's checked certificate says it is, None when it was not accepted.
        keylog: whether this end writes the keys of its connections to a file.
    """

    end: End
    uid: str
    started: float
    duration_ms: float
    orig: Address
    resp: Address
    said: tuple[Said, ...] = ()
    server_name: str | None = None
    established: bool = False
    failure: Failure
    version: str | None = None
    cipher: str | None = None
    alpn: str | None = None
    certificate: bytes | None = None
    name: str | None = None
    keylog: bool = False


def new_uid() -> str:
    """Return a name for a connection that no other one has, in the form Zeek uses."""
    number, letters = secrets.randbits(_UID_BITS), ["C"]
    for _ in range(_UID_LETTERS):
        number, at = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[at])
    return "".join(letters)


def reason_for(code: str) -> Reason:
    """Return the reason that a close code of the protocol stands for.

    Args:
        code: a word of `wire.messages.Code`; `bye` before the welcome means it was closed.
    """
    return Reason.CLOSED if code == "bye" else from_code(code)


def gather(  # noqa: PLR0913, PLR0917 # one fact each, from whoever knows it
    link: Link, uid: str, started: float, duration: float, name: str, failure: Failure | None
) -> Evidence:
    """Return what is known of a handshake that is over.

    Args:
        link: it, before it is closed.
        uid: this end's name for the connection.
        started: when it was adopted, seconds since 1970 UTC.
        duration: seconds since then.
        name: who the client is, "" when it was not accepted.
        failure: why not; None when it was accepted.
    """
    host, heard = link.server_side, link.heard
    return Evidence(
        end="host" if host else "client",
        uid=uid,
        started=started,
        duration_ms=round(duration * 1_000, 3),
        orig=link.remote if host else link.local,
        resp=link.local if host else link.remote,
        said=tuple(link.said),
        server_name=link.server_name,
        established=failure is None,
        failure=failure or Failure(Reason.OK),
        version=None if heard else link.version,
        cipher=None if heard else link.cipher,
        alpn=None if heard else link.alpn,
        certificate=None if heard else link.certificate(),
        name=name or None,
        keylog=link.keylog,
    )


def record_of(evidence: Evidence) -> HandshakeRecord:
    """Return the record of a handshake; parses, so it belongs on the disk thread.

    Args:
        evidence: as `gather` made it.
    """
    end, failure = evidence.end, evidence.failure
    heard = read_transcript(evidence.said)
    host_chain, client_chain = _chains(evidence, heard)
    host_leaf = host_chain[0] if host_chain else _NOT_SHOWN
    client_leaf = client_chain[0] if client_chain else _NOT_SHOWN
    by_peer = failure.by_peer(end)
    return HandshakeRecord(
        ts=rfc3339(evidence.started),
        uid=evidence.uid,
        orig_h=evidence.orig[0],
        orig_p=evidence.orig[1],
        resp_h=evidence.resp[0],
        resp_p=evidence.resp[1],
        end=end,
        established=evidence.established,
        reason=failure.reason,
        advice="" if evidence.established else advice(failure.reason, end, by_peer=by_peer),
        sentence=sentence(failure.reason, end, by_peer=by_peer),
        text=failure.text,
        verify_code=failure.verify_code,
        hello=heard.hello,
        name=evidence.name,
        version=heard.version or _zeek_version(evidence.version),
        cipher=heard.cipher or evidence.cipher,
        curve=heard.curve,
        server_name=_server_name(heard, evidence),
        last_alert=_last_alert(failure, heard),
        next_protocol=heard.alpn or evidence.alpn,
        ssl_history=heard.history,
        cert_chain_fps=tuple(certificate.fingerprint for certificate in host_chain),
        client_cert_chain_fps=tuple(certificate.fingerprint for certificate in client_chain),
        subject=host_leaf.subject,
        issuer=host_leaf.issuer,
        client_subject=client_leaf.subject,
        client_issuer=client_leaf.issuer,
        validation_status=_validation(evidence),
        ja4=heard.ja4,
        sigalgs=Schemes(host=heard.host_scheme, client=heard.client_scheme),
        offered=None if heard.client is None else _offered(heard.client),
        chosen=_chosen(heard),
        host_chain=host_chain,
        client_chain=client_chain,
        duration_ms=evidence.duration_ms,
        messages=tuple(_seen(message, end) for message in heard.messages),
        keylog=evidence.keylog,
    )


def _seen(message: Heard, end: End) -> MessageSeen:
    ours = message.by_client == (end == "client")
    direction = "sent" if ours else "received"
    return MessageSeen(direction, message.type, message.size, message.at_us)


def _offered(hello: ClientHello) -> Offer:
    """Return what a client offered; clients of one kind all offer the same."""
    return _remembered_offer(hello) if hello.common else _offer(hello)


def _offer(hello: ClientHello) -> Offer:
    return Offer(
        # Before TLS 1.3 a client named only the newest one, in the field itself.
        versions=_names(VERSIONS, hello.versions or (hello.legacy_version,)),
        ciphers=_names(CIPHERS, hello.ciphers),
        groups=_names(GROUPS, hello.groups),
        shares=_names(GROUPS, hello.shares),
        schemes=_names(SCHEMES, hello.schemes),
        alpn=tuple(name.decode("ascii", "backslashreplace") for name in hello.alpn[:_MOST]),
        extensions=_names(EXTENSIONS, hello.extensions),
    )


_remembered_offer: Final = lru_cache(maxsize=_KINDS)(_offer)


def _chosen(heard: Transcript) -> Choice | None:
    if heard.server is None:
        return None
    return Choice(
        extensions=_names(EXTENSIONS, heard.server.extensions + heard.chosen),
        asked=heard.asked,
        authorities=heard.authorities,
        schemes=_names(SCHEMES, heard.asked_schemes),
    )


def _names(table: dict[int, str], numbers: tuple[int, ...]) -> tuple[str, ...]:
    listed = numbers[:_MOST]
    try:
        return tuple([table[number] for number in listed])
    except KeyError:
        return tuple([named(table, number) for number in listed])


def _server_name(heard: Transcript, evidence: Evidence) -> str | None:
    name = heard.server_name or evidence.server_name
    return None if name is None else shortened(name)


_Chain: TypeAlias = tuple[CertificateSeen, ...]


def _chains(evidence: Evidence, heard: Transcript) -> tuple[_Chain, _Chain]:
    """Return the chains of host and client; unheard, at least the peer's leaf is known."""
    host, client = heard.host_chain, heard.client_chain
    if evidence.certificate:
        peer = (evidence.certificate,)
        host, client = (host, client or peer) if evidence.end == "host" else (host or peer, client)
    return tuple(map(_described, host)), tuple(map(_described, client))


def _described(certificate: bytes) -> CertificateSeen:
    """Return what a record says of a certificate.

    The same few come again and again, one's own with every handshake, so they are remembered; but
    not large ones, which a stranger may send at will.
    """
    small = len(certificate) <= _LIMITS.certificate_bytes
    return _remembered(certificate) if small else _read(certificate)


def _read(certificate: bytes) -> CertificateSeen:
    facts = certificate_facts(certificate)
    return CertificateSeen(
        fingerprint=sha256(certificate).hexdigest(),
        size=len(certificate),
        subject=facts.subject,
        issuer=facts.issuer,
        serial=facts.serial,
        not_before=facts.not_before,
        not_after=facts.not_after,
        names=facts.names,
        key=facts.key,
        signature=facts.signature,
        usages=facts.usages,
        purposes=facts.purposes,
        authority=facts.authority,
    )


_remembered: Final = lru_cache(maxsize=_LIMITS.certificates_remembered)(_read)
_NOT_SHOWN: Final = CertificateSeen(fingerprint="", size=0)
# Where this end lets the other one in without a look at a certificate.
_UNJUDGED: Final[dict[End, frozenset[Reason]]] = {
    "host": frozenset({Reason.INTRODUCED, Reason.ENROLLED}),
    "client": frozenset({Reason.INTRODUCED}),
}


def _validation(evidence: Evidence) -> str | None:
    if evidence.failure.reason in _UNJUDGED[evidence.end]:
        return None
    if evidence.established:
        return "ok"
    return evidence.failure.text if evidence.failure.verify_code is not None else None


def _last_alert(failure: Failure, heard: Transcript) -> str | None:
    """Return the alert that ended it; a cut makes OpenSSL add one that means nothing."""
    if failure.reason in {Reason.OK, Reason.CLOSED}:
        return failure.alert_received
    told = failure.alert_received or failure.alert_sent
    return told or (heard.alerts[-1][1] if heard.alerts else None)


def _zeek_version(version: str | None) -> str | None:
    return None if version is None else version.replace(".", "")
